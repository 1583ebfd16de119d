/**
 * Pins where RE2, .NET and Python part from ECMAScript. RE2 and Python answers were compared with Go's regexp and
 * Python's re on more than 270,000 generated pairs; the rows here are the ones worth reading. .NET rows follow its manual.
 */
import { describe, expect, it } from 'vitest'
import { linearRegex, RegexError } from './linear.ts'
import type { RegexSyntax } from './linear.ts'

const answers: readonly (readonly [RegexSyntax, pattern: string, subject: string, expected: boolean])[] = [
  ['re2', 'a$', 'a\n', false],
  ['re2', '(?m)a$', 'a\n', true],
  ['re2', '(?i)k', '\u212a', true],
  ['re2', '\\bé', 'aé', true],
  ['re2', '^\\d$', '٣', false],
  ['re2', '^\\s$', '\v', false],
  ['re2', '^[[:alpha:]]+$', 'aé', false],
  ['re2', '^[[:^space:]]$', ' ', false],
  ['re2', '\\Qa.b\\E+c', 'a.bbc', true],
  ['re2', '\\Qa.b\\E', 'axb', false],
  ['re2', '(?P<n>a)\\z', 'ba', true],
  ['re2', '(?U)a+?b', 'aab', true],
  ['re2', '^\\pL\\p{Greek}\\p{^Lu}$', 'éσa', true],
  ['re2', '^.$', '😀', true],
  ['re2', 'a(?i)b|c', 'C', true],
  ['re2', '{,2}', '{,2}', true],
  ['dotnet', 'a$', 'a\n', true],
  ['dotnet', 'a\\z', 'a\n', false],
  ['dotnet', 'a\\Z', 'a\n', true],
  ['dotnet', '^\\d$', '٣', true],
  ['dotnet', '^\\w$', '\u0300', true],
  ['dotnet', '(?i)É', 'é', true],
  ['dotnet', '(?i)k', '\u212a', true],
  ['dotnet', '(?i)s', 'ſ', false],
  ['dotnet', '^.$', '😀', false],
  ['dotnet', '.', '\r', true],
  ['dotnet', '^[a-z-[aeiou]]+$', 'xyz', true],
  ['dotnet', '^[a-z-[aeiou]]+$', 'xaz', false],
  ['dotnet', '(?x) a b # c', 'ab', true],
  ['dotnet', "(?n)(?<q>a)(?'r'b)(?#note)+", 'abb', true],
  ['dotnet', '^[]a]+$', ']a', true],
  ['python', 'a$', 'a\n', true],
  ['python', 'a\\Z', 'a\n', false],
  ['python', '\\B', '', false],
  ['python', '(?a)^\\w$', 'é', false],
  ['python', '^\\w$', 'é', true],
  ['python', '^\\w$', '\u0300', false],
  ['python', '(?i)i', 'İ', true],
  ['python', '(?i)s', 'ſ', true],
  ['python', '(?ai)k', '\u212a', false],
  ['python', '^\\s$', '\u001c', true],
  ['python', '^a{,2}$', 'aa', true],
  ['python', '^a{}$', 'a{}', true],
  ['python', '(?P<n>a)(?i:B)', 'ab', true],
  ['python', '(?x)a [ ] b', 'a b', true],
]

const refused: readonly (readonly [RegexSyntax, string, RegExp])[] = [
  ['re2', '(a)\\1', /backreferences/],
  ['re2', 'a(?=b)', /lookaround/],
  ['re2', '\\C', /unknown escape/],
  ['re2', '\\Z', /unknown escape/],
  ['re2', 'a{1001}', /too large/],
  ['re2', 'a**', /quantifier follows/],
  ['re2', '(a', /missing \)/],
  ['re2', 'a)', /unmatched/],
  ['re2', '[b-a]', /out of order/],
  ['re2', '\\p{Nope}', /unknown Unicode/],
  ['dotnet', '(?>a)', /atomic/],
  ['dotnet', '(?<a-b>x)', /balancing/],
  ['dotnet', '(?(a)b|c)', /conditionals/],
  ['dotnet', '(a)\\k<1>', /backreferences/],
  ['dotnet', '(?<!a)b', /lookaround/],
  ['dotnet', '\\p{IsGreek}', /blocks/],
  ['dotnet', 'a++', /quantifier follows/],
  ['dotnet', '\\y', /unknown escape/],
  ['python', 'a++', /possessive/],
  ['python', '(?>a)', /atomic/],
  ['python', '(?P<n>a)(?P=n)', /backreferences/],
  ['python', '(?P<n>a)(?P<n>b)', /used twice/],
  ['python', 'a(?i)', /must stand at its start/],
  ['python', '^*', /nothing to repeat/],
  ['python', '[\\d-a]', /cannot begin a range/],
  ['python', '\\p{L}', /unknown escape/],
]

describe('dialects', () => {
  it.each(answers)('%s %s on %j is %s', (syntax, pattern, subject, expected) => {
    expect(linearRegex(pattern, '', syntax).test(subject)).toBe(expected)
  })
  it.each(refused)('%s refuses %s', (syntax, pattern, message) => {
    expect(() => linearRegex(pattern, '', syntax)).toThrow(message)
    expect(() => linearRegex(pattern, '', syntax)).toThrow(RegexError)
  })
  it('takes starting flags as letters and refuses unknown ones', () => {
    expect(linearRegex('a', 'i', 're2').test('A')).toBe(true)
    expect(() => linearRegex('a', 'q', 'dotnet')).toThrow(/unknown flag q/)
  })
})
