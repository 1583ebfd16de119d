/**
 * Regex: the syntax of Python's re for text patterns. Text is walked by code points, `\d \w \s \b` know Unicode unless
 * flag a is set, `$` also matches before a final line feed. Searching everywhere; who needs `re.match` puts `\A` first.
 */
import type { Node } from './ast.ts'
import type { Folding } from './casing.ts'
import { complement, LAST_POINT, ranges, union } from './charset.ts'
import type { CharSet } from './charset.ts'
import { RegexError } from './error.ts'
import { Cursor } from './parse.ts'
import type { Flags, Scope } from './parse.ts'
import { PerlGrammar, startingFlags } from './perl.ts'
import { ASCII_DIGITS, ASCII_WORDS } from './sets.ts'
import { property } from './unicode.ts'

const ASCII_BLANKS: CharSet = ranges(0x09, 0x0d, 0x20, 0x20)

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
])

/** Built once: the boundary set must be one object, see context.ts. */
let unicodeWords: CharSet | undefined

function words(flags: Flags): CharSet {
  if (flags.ascii) return ASCII_WORDS
  unicodeWords ??= union([property('L'), property('N'), [0x5f, 0x5f]])
  return unicodeWords
}

/** Parses a Python pattern; flags are letters of `aimsux`. */
export function parsePython(pattern: string, flags: string): Node {
  return new Python(new Cursor(pattern, true)).parse(startingFlags(flags, 'aimsux'))
}

class Python extends PerlGrammar {
  protected override readonly dollar: 'textEnd' | 'finalEnd' = 'finalEnd'
  protected override readonly counted: RegExp = /\{(?!\})(\d*)(,?)(\d*)\}/y
  protected override readonly repeatsAssertions: boolean = false
  override readonly classRules: PerlGrammar['classRules'] = { setBeforeHyphen: false, subtraction: false }
  readonly #names = new Set<string>()

  protected override folding(flags: Flags): Folding {
    return flags.ascii ? 'ascii' : 'python'
  }

  protected override skipIgnored(flags: Flags): boolean {
    return this.cursor.match(/\(\?#[^)]*\)/y) !== undefined || super.skipIgnored(flags)
  }

  protected override specialGroup(scope: Scope): Node | undefined {
    const { cursor } = this
    const start = cursor.index
    if (cursor.match(/<?[=!]/y)) throw new RegexError('lookaround is not supported')
    if (cursor.at('>')) throw new RegexError('atomic groups are not supported')
    if (cursor.at('(')) throw new RegexError('conditionals are not supported')
    if (cursor.at('P=')) throw new RegexError('backreferences are not supported')
    const name = cursor.match(/P<([\p{ID_Start}_][\p{ID_Continue}]*)>/uy)?.[1]
    if (name !== undefined) {
      if (this.#names.has(name)) throw new RegexError(`group name ${name} is used twice`)
      this.#names.add(name)
      return this.group(scope.flags)
    }
    const inline = this.inlineFlags('aimsux', scope.flags)
    if (!inline) throw new RegexError('unknown group syntax (?')
    if (inline.scoped) return this.group(inline.flags)
    if (start !== 2 || cursor.text.slice(start, cursor.index).match(/^\)|-/)) {
      throw new RegexError('inline flags for the whole pattern must stand at its start')
    }
    scope.flags = inline.flags
    return undefined
  }

  protected override assertion(flags: Flags): Node | undefined {
    const letter = this.cursor.match(/[AZzbB]/y)?.[0]
    if (letter === undefined) return undefined
    if (letter === 'A') return { type: 'assert', kind: 'textStart' }
    if (letter === 'Z' || letter === 'z') return { type: 'assert', kind: 'textEnd' }
    // Before 3.14 an empty text has no place that is not a boundary.
    return { type: 'assert', kind: letter === 'b' ? 'boundary' : 'notBoundaryInText', words: words(flags) }
  }

  override escapedSet(flags: Flags): CharSet | undefined {
    const letter = this.cursor.match(/[dDwWsS]/y)?.[0]
    if (letter === undefined) return undefined
    const lower = letter.toLowerCase()
    const set = lower === 'd' ? digits(flags) : lower === 'w' ? words(flags) : blanks(flags)
    return letter === lower ? set : complement(set, LAST_POINT)
  }

  override classExtra(): undefined {
    return undefined
  }

  override escapedPoint(inClass: boolean): number {
    const { cursor } = this
    const octal = cursor.match(inClass ? /[0-7]{1,3}/y : /0[0-7]{0,2}|[1-7][0-7]{2}/y)
    if (octal) {
      const value = parseInt(octal[0], 8)
      if (value > 0xff) throw new RegexError(`octal escape \\${octal[0]} is beyond 0o377`)
      return value
    }
    if (!inClass && cursor.match(/[1-9]/y)) throw new RegexError('backreferences are not supported')
    if (inClass && cursor.take('b')) return 0x08
    const hex = cursor.match(/x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})/y)
    const point = hex ? parseInt(hex[1] ?? hex[2] ?? hex[3] ?? '', 16) : cursor.next()
    if (point > LAST_POINT) throw new RegexError('character beyond Unicode')
    if (hex) return point
    const text = String.fromCodePoint(point)
    const control = CONTROLS.get(text)
    if (control !== undefined) return control
    if (/[a-z0-9]/i.test(text)) throw new RegexError(`unknown escape \\${text}`)
    return point
  }
}

function digits(flags: Flags): CharSet {
  return flags.ascii ? ASCII_DIGITS : property('Nd')
}

/** Unicode white space and the four separators U+001C to U+001F. */
function blanks(flags: Flags): CharSet {
  return flags.ascii ? ASCII_BLANKS : union([property('White_Space'), [0x1c, 0x1f]])
}
