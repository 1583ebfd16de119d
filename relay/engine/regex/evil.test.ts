/**
 * Proves that no accepted pattern can stall the process: known catastrophic patterns against subjects pumped to 4,096
 * characters. Work is counted in instructions, not time, so the bound holds on any machine.
 */
import { describe, expect, it } from 'vitest'
import { EVIL_PAIRS } from '../testing/evil-patterns.ts'
import { linearRegex, RegexError } from './linear.ts'
import type { LinearRegex } from './linear.ts'

const LENGTH = 4096

/** Pattern, what is repeated, what follows and spoils the match. */
const EVIL: readonly (readonly [pattern: string, pump: string, tail: string])[] = [
  ['^(a+)+$', 'a', '!'],
  ['(a+)+$', 'a', '!'],
  ['^(a*)*$', 'a', '!'],
  ['^(a|a)*$', 'a', '!'],
  ['^(a|aa)+$', 'a', '!'],
  ['^(a|a?)+$', 'a', '!'],
  ['^(a?){20}a{20}$', 'a', '!'],
  ['^((a+)+)+$', 'a', '!'],
  ['^(.*)*$', 'a', '\n'],
  ['(.*a){12}$', 'a', '!'],
  ['^(.*a){12}$', 'a', '!'],
  ['(x+x+)+y', 'x', ''],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a', ''],
  [
    '^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$',
    'a',
    '!',
  ],
  ['^([\\w.+-]+)*@example\\.com$', 'a', '!'],
  ['^(\\w+\\s?)*$', 'a ', '!'],
  ['(\\w+\\s?)+$', 'ab ', '!'],
  ['\\s+$', ' ', 'x'],
  ['^\\s*(\\s*,\\s*)*\\s*$', ' , ', 'x'],
  ['^(\\d+)*$', '1', 'x'],
  ['^(?:\\d+,?)+$', '1', 'x'],
  ['^(([^/]+)/)*$', 'a/', '!a'],
  ['<(?:"[^"]*"|[^>])*$', '"', '>'],
  ['^(?:.*?,){11}P', '1,', ''],
  ['^(0|[1-9]\\d*)(\\.(0|[1-9]\\d*))*(-[\\w.]*)*\\+$', '1.', ''],
  ['(?:a|b|ab)*c', 'ab', ''],
  ['([a-z]+)*\\d', 'a', ''],
  ['^(?:(?:(?:a*)*)*)*b$', 'a', ''],
  ['.*.*.*=.*', 'x', ''],
  ['.*.*=.*', 'x=', '\n'],
  ['(?:.|\\n)*?end', 'a\n', ''],
  ['^(?:[^()]|\\([^()]*\\))*$', '(', ')'],
  ['\\b\\w+\\b.*\\b\\w+\\b.*\\b\\w+\\b!', 'a ', ''],
  ['(\\B|a)*b', 'a', ''],
  ['(?:^a*$|^b)*c', 'a', '\n'],
  ['[\\s\\S]*[\\s\\S]*[\\s\\S]*x{3}', 'x', 'y'.repeat(2)],
  ['^(a|b)*a(a|b){12}c$', 'aabab', ''],
  ['(a{0,30}){0,30}b', 'a', ''],
  ['(?:a?){200}a{200}b', 'a', ''],
  ['^[\\w-]+(\\.[\\w-]+)*@([\\w-]+\\.)+[a-z]{2,}$', 'a.', '!'],
  ['^((https?|ftp):\\/\\/)?(\\w+\\.?)+(\\/\\S*)*$', 'w', '~'],
  ['(\\p{L}+\\p{M}*)+$', 'é', '!'],
]

describe('catastrophic patterns', () => {
  it.each(EVIL)('%s', (pattern, pump, tail) => {
    const flags = pattern.includes('\\p') ? 'u' : ''
    const subject = pump.repeat(Math.ceil((LENGTH - tail.length) / pump.length)).slice(0, LENGTH - tail.length) + tail
    const regex = linearRegex(pattern, flags, 'ecmascript', { maxSubject: Infinity })
    expect(regex.engine).toBe('automaton')
    const half = linearRegex(pattern, flags, 'ecmascript', { maxSubject: Infinity })
    half.test(subject.slice(LENGTH / 2))
    regex.test(subject)
    // Linear: never more than every instruction once per character, and twice the text at most doubles the work.
    expect(regex.steps).toBeLessThan((LENGTH + 2) * 2000)
    expect(regex.steps).toBeLessThan(half.steps * 2.1 + 50_000)
  })

  it('does nothing twice: a warm pattern answers from remembered transitions', () => {
    const regex = linearRegex('^(a+)+$')
    const subject = `${'a'.repeat(LENGTH)}!`
    regex.test(subject)
    const cold = regex.steps
    expect(cold).toBeLessThan(100)
    regex.test(subject)
    expect(regex.steps).toBe(cold)
  })

  it('keeps its memory bounded and its answers right when states never repeat', () => {
    const regex = linearRegex('(?:a|b)*a(?:a|b){14}c', '', 'ecmascript', { native: false })
    let subject = ''
    for (let index = 0; subject.length < 20_000; index++)
      subject += (index * 2654435761).toString(2).replaceAll('0', 'b').replaceAll('1', 'a')
    expect(regex.test(subject)).toBe(false)
    expect(regex.test(`${subject}a${'b'.repeat(14)}c`)).toBe(true)
    expect(regex.test(`${subject}b${'b'.repeat(14)}c`)).toBe(false)
  })
})

describe('long runs of one letter, when nothing more is remembered', () => {
  it.each([
    ['(a{0,30}){0,30}b', 'a'.repeat(4000), false],
    ['(a{0,30}){0,30}b', `${'a'.repeat(4000)}cb`, true],
    ['^(?:a{0,30}){0,30}b$', `${'a'.repeat(900)}b`, true],
    ['^(?:a{0,30}){0,30}b$', `${'a'.repeat(901)}b`, false],
    ['(?:a{0,30}){0,30}$', `${'a'.repeat(4000)}\n`, true],
    ['(?:a{1,30}){1,30}c\\b', `${'a'.repeat(4000)}ca ${'a'.repeat(4000)}c`, true],
    ['(?:a{1,30}){1,30}c\\b', `${'a'.repeat(4000)}ca ${'a'.repeat(4000)}ca`, false],
  ])('%s', (pattern, subject, expected) => {
    const regex = linearRegex(pattern, '', 'ecmascript', { native: false, maxSubject: Infinity })
    expect(regex.test(subject)).toBe(expected)
  })
})

describe('the default limit of the subject', () => {
  it.each(['ecmascript', 're2', 'dotnet', 'python'] as const)('keeps every evil pair small in %s', (syntax) => {
    let most = 0
    for (const [pattern, pump, tail] of EVIL_PAIRS) {
      const regex = tryRegex(pattern, syntax)
      for (const length of [256, 1024, LENGTH]) {
        const before = regex?.steps ?? 0
        const repeated = pump.repeat(Math.ceil(length / pump.length)).slice(0, length - tail.length)
        regex?.test(repeated + tail)
        most = Math.max(most, (regex?.steps ?? 0) - before)
      }
    }
    expect(most).toBeGreaterThan(10_000)
    expect(most).toBeLessThan(3_500_000)
  })

  it('refuses no long list of names and no long text for a short pattern', () => {
    const names = Array.from({ length: 300 }, (_, index) => `person-${index}@shop\\.example`)
    const regex = linearRegex(`^(?:${names.join('|')})$`, '', 're2')
    expect(regex.test('person-299@shop.example')).toBe(true)
    expect(linearRegex('(?:x|y)+b$', '', 're2').test(`${'x'.repeat(50_000)}b`)).toBe(true)
  })
})

function tryRegex(pattern: string, syntax: 'ecmascript' | 're2' | 'dotnet' | 'python'): LinearRegex | undefined {
  try {
    return linearRegex(pattern, '', syntax)
  } catch (error) {
    if (error instanceof RegexError) return undefined
    throw error
  }
}

describe('what cannot be linear or would be too large is refused by name', () => {
  it.each([
    ['(a)\\1', '', /backreferences/],
    ['(?<n>a)\\k<n>', '', /backreferences/],
    ['a(?=b)', '', /lookaround/],
    ['a(?!b)', '', /lookaround/],
    ['(?<=a)b', '', /lookaround/],
    ['(?<!a)b', '', /lookaround/],
    ['[\\p{L}--[a-z]]', 'v', /set operations/],
    ['\\p{RGI_Emoji}', 'v', /properties of strings/],
    ['(?:a{1000}){1000}', '', /too large/],
    ['a{99999999999}', '', /too large/],
    ['(', '', /Unterminated group/],
    ['a**', '', /Nothing to repeat/],
    ['a', 'q', /flags/],
    [`${'('.repeat(300)}${')'.repeat(300)}`, '', /nested deeper/],
  ])('%s %s', (pattern, flags, message) => {
    expect(() => linearRegex(pattern, flags)).toThrow(message)
  })

  it('takes another limit of states, and a limit of the subject', () => {
    expect(() => linearRegex('a{20}', '', 'ecmascript', { maxStates: 20 })).toThrow(/more than 20 states/)
    expect(linearRegex('a+', '', 'ecmascript', { maxSubject: 3 }).test('aaaa')).toBe(false)
    expect(linearRegex('a+', '', 'ecmascript', { maxSubject: 4 }).test('aaaa')).toBe(true)
  })
})

describe('the native engine', () => {
  it.each([
    'abc',
    '^a.c$',
    '@example\\.com$',
    '^.*@example\\.com$',
    'colou?r',
    '^(?:beta|internal)-\\d+$',
    '^(a|b)?c{1,3}',
  ])('runs %s', (pattern) => expect(linearRegex(pattern).engine).toBe('native'))
  it.each(['a+', '.*a', '^a*b*$', '^(?:a+)+$', '(?:a{0,30}){0,30}', '^(?:ab)*$', '^a*|b', '(?:^|x)a*b'])(
    'does not run %s',
    (pattern) => expect(linearRegex(pattern).engine).toBe('automaton'),
  )
  it('keeps no place between tests with flag g, and looks at the start only with flag y', () => {
    const global = linearRegex('ab', 'g')
    expect([global.test('ab'), global.test('ab')]).toEqual([true, true])
    const sticky = linearRegex('b', 'y')
    expect([sticky.test('ab'), sticky.test('ba'), sticky.test('ba')]).toEqual([false, true, true])
  })
})
