/**
 * Regex: ECMAScript escapes after the backslash, shared by atoms and classes. Annex B turns most malformed escapes of
 * non-unicode patterns into literals; real rules contain them, so each is honoured as the native engine does.
 */
import { complement, LAST_POINT } from './charset.ts'
import type { CharSet } from './charset.ts'
import { folded } from './ecmascript-mode.ts'
import type { Mode } from './ecmascript-mode.ts'
import { RegexError } from './error.ts'
import type { Flags } from './parse.ts'
import { ASCII_DIGITS, ASCII_WORDS, ECMASCRIPT_BLANKS } from './sets.ts'
import { property } from './unicode.ts'

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
])

/** `\d \w \s`, their complements and `\p{…}`; undefined when the escape is something else. Not yet case-folded. */
export function escapedSet(mode: Mode, flags: Flags): CharSet | undefined {
  const { cursor } = mode
  const named = mode.unicode ? cursor.match(/([pP])\{([^}]*)\}/y) : undefined
  if (named) {
    const set = propertySet(named[2] ?? '', mode)
    // V8 does not fold this one property when flag v is set, against the standard; we answer as it does.
    if (mode.sets && named[2] === 'ASCII') return named[1] === 'P' ? complement(set, LAST_POINT) : set
    if (named[1] === 'P') {
      return mode.sets
        ? complement(folded(set, mode, flags), LAST_POINT)
        : folded(complement(set, LAST_POINT), mode, flags)
    }
    return folded(set, mode, flags)
  }
  const letter = cursor.match(/[dDwWsS]/y)?.[0]
  if (letter === undefined) return undefined
  const lower = letter.toLowerCase()
  const set = lower === 'd' ? ASCII_DIGITS : lower === 's' ? ECMASCRIPT_BLANKS : folded(ASCII_WORDS, mode, flags)
  return letter === lower ? set : complement(set, LAST_POINT)
}

function propertySet(name: string, mode: Mode): CharSet {
  if (mode.sets && /^(?:Basic_Emoji|Emoji_Keycap_Sequence|RGI_\w+)$/.test(name)) {
    throw new RegexError(`properties of strings are not supported: \\p{${name}}`)
  }
  return property(name)
}

/** Any other escape: the one character it stands for. */
export function escapedPoint(mode: Mode, inClass: boolean): number {
  const { cursor } = mode
  const { index } = cursor
  const control = cursor.match(inClass && !mode.unicode ? /c([a-zA-Z0-9_])/y : /c([a-zA-Z])/y)
  if (control) return (control[1] ?? '').charCodeAt(0) & 0x1f
  if (cursor.at('c') && !mode.unicode) return 0x5c
  const hex =
    cursor.match(/x([0-9a-fA-F]{2})/y) ?? (mode.unicode ? unicodeEscape(mode) : cursor.match(/u([0-9a-fA-F]{4})/y))
  if (hex) {
    const low = hex[2] === undefined ? undefined : parseInt(hex[2], 16)
    const first = parseInt(hex[1] ?? '', 16)
    return low === undefined ? first : 0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00)
  }
  const octal = cursor.match(/[0-3][0-7]{0,2}|[4-7][0-7]?/y)
  if (octal) return parseInt(octal[0], 8)
  const simple = CONTROLS.get(cursor.text.charAt(index)) ?? (inClass && cursor.at('b') ? 0x08 : undefined)
  const point = cursor.next()
  return simple ?? point
}

function unicodeEscape({ cursor }: Mode): RegExpExecArray | undefined {
  return (
    cursor.match(/u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})/y) ??
    cursor.match(/u([0-9a-fA-F]{4})/y) ??
    cursor.match(/u\{([0-9a-fA-F]+)\}/y)
  )
}
