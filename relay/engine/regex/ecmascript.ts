/**
 * Regex: the ECMAScript grammar with its Annex B leniencies. Validity is the native engine's own verdict (its
 * constructor only parses), so this reader may assume a valid pattern and has to get nothing but the meaning right.
 */
import { repeat } from './ast.ts'
import type { Node } from './ast.ts'
import { closeOver } from './casing.ts'
import { complement, LAST_POINT, ranges } from './charset.ts'
import type { CharSet } from './charset.ts'
import { classSet } from './ecmascript-class.ts'
import { escapedPoint, escapedSet } from './ecmascript-escape.ts'
import { folded } from './ecmascript-mode.ts'
import type { Mode } from './ecmascript-mode.ts'
import { RegexError } from './error.ts'
import { Cursor, Grammar, repeatDigits } from './parse.ts'
import type { Flags, Scope } from './parse.ts'
import { ASCII_WORDS } from './sets.ts'

/** The line terminators of the language: line feed, carriage return, line and paragraph separator. */
const LINES: CharSet = ranges(0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029)

/** Parses a pattern. Throws RegexError for what is invalid, and for backreferences, lookaround and set operations. */
export function parseEcmascript(pattern: string, flags: string): Node {
  try {
    void new RegExp(pattern, flags)
  } catch (error) {
    throw new RegexError(error instanceof Error ? error.message : 'invalid pattern', { cause: error })
  }
  const unicode = /[uv]/.test(flags)
  const mode = { cursor: new Cursor(pattern, unicode), unicode, sets: flags.includes('v'), ...countGroups(pattern) }
  return new Ecmascript(mode).parse({
    ignoreCase: flags.includes('i'),
    multiline: flags.includes('m'),
    dotAll: flags.includes('s'),
    verbose: false,
    ascii: true,
  })
}

/** Word characters for `\b` with flags i and u: the long s and the Kelvin sign join them. */
function foldedWords(): CharSet {
  wordsWithEquals ??= closeOver(ASCII_WORDS, 'unicode')
  return wordsWithEquals
}

let wordsWithEquals: CharSet | undefined

function countGroups(pattern: string): { named: boolean; groups: number } {
  const openings = pattern.replace(/\\[^]|\[(?:\\[^]|[^\]\\])*\]/g, '').match(/\((?!\?)|\(\?<(?![=!])/g) ?? []
  return { named: openings.some((opening) => opening.length > 1), groups: openings.length }
}

class Ecmascript extends Grammar {
  readonly #mode: Mode

  constructor(mode: Mode) {
    super(mode.cursor)
    this.#mode = mode
  }

  protected override term(scope: Scope, items: Node[]): void {
    let node = this.#atom(scope.flags)
    const { cursor } = this
    const counted = cursor.match(/\{(\d+)(,?)(\d*)\}/y)
    if (counted) node = repeatDigits(node, counted[1] ?? '', counted[2] === '' ? counted[1] : counted[3])
    else if (cursor.take('*')) node = repeat(node, 0, Infinity)
    else if (cursor.take('+')) node = repeat(node, 1, Infinity)
    else if (cursor.take('?')) node = repeat(node, 0, 1)
    else {
      items.push(node)
      return
    }
    cursor.take('?')
    items.push(node)
  }

  #atom(flags: Flags): Node {
    const { cursor } = this
    if (cursor.take('^')) {
      return flags.multiline
        ? { type: 'assert', kind: 'lineStart', lines: LINES }
        : { type: 'assert', kind: 'textStart' }
    }
    if (cursor.take('$')) {
      return flags.multiline ? { type: 'assert', kind: 'lineEnd', lines: LINES } : { type: 'assert', kind: 'textEnd' }
    }
    if (cursor.take('(')) return this.#group(flags)
    if (cursor.take('.')) return { type: 'set', set: flags.dotAll ? [0, LAST_POINT] : complement(LINES, LAST_POINT) }
    if (cursor.take('[')) return { type: 'set', set: classSet(this.#mode, flags) }
    if (cursor.take('\\')) return this.#escape(flags)
    return this.#literal(cursor.next(), flags)
  }

  #literal(point: number, flags: Flags): Node {
    return { type: 'set', set: folded([point, point], this.#mode, flags) }
  }

  #group(flags: Flags): Node {
    const { cursor } = this
    if (cursor.match(/\?<?[=!]/y)) throw new RegexError('lookaround is not supported')
    const modifiers = cursor.match(/\?([ims]*)(-?)([ims]*):/y)
    if (!modifiers) {
      cursor.match(/\?<[^>]*>/y)
      return this.group(flags)
    }
    const [, on = '', , off = ''] = modifiers
    const switched = (letter: string, now: boolean): boolean => (on.includes(letter) || now) && !off.includes(letter)
    return this.group({
      ...flags,
      ignoreCase: switched('i', flags.ignoreCase),
      multiline: switched('m', flags.multiline),
      dotAll: switched('s', flags.dotAll),
    })
  }

  #escape(flags: Flags): Node {
    const mode = this.#mode
    const { cursor } = this
    const boundary = cursor.match(/[bB]/y)
    if (boundary) {
      const words = flags.ignoreCase && mode.unicode ? foldedWords() : ASCII_WORDS
      return { type: 'assert', kind: boundary[0] === 'b' ? 'boundary' : 'notBoundary', words }
    }
    if (this.#isBackreference()) throw new RegexError('backreferences are not supported')
    const set = escapedSet(mode, flags)
    if (set) return { type: 'set', set }
    return this.#literal(escapedPoint(mode, false), flags)
  }

  #isBackreference(): boolean {
    const { cursor, unicode, named, groups } = this.#mode
    if (cursor.at('k')) return unicode || named
    const digits = /[1-9]\d*/y
    digits.lastIndex = cursor.index
    const number = digits.exec(cursor.text)?.[0]
    return number !== undefined && (unicode || Number(number) <= groups)
  }
}
