/**
 * From what a rule gives to the name of a variant. The daemon prints the result as JSON, with `<`, `>` and `&` escaped,
 * and removes every quotation mark; so `2.0` names the variant "2", and names with such characters are never found.
 */
import { LogicError } from '../../logic/error.ts'
import { textLess } from '../../logic/go-text.ts'

/** Texts that print as themselves. */
const PLAIN = /^[^"\\<>&\p{Cc}\p{Cs}\u2028\u2029]*$/u

const ESCAPED = /[<>&\u2028\u2029]/g

/** Characters of a printed result, beyond any variant's name: printing is bounded like all other work of a rule. */
const MAX_LENGTH = 100_000

/** The variant's name, or null when the rule gives none. Throws LogicError for results that JSON cannot hold. */
export function variantName(result: unknown): string | null {
  if (result === null || result === undefined) return null
  if (typeof result === 'string' && (isPlainly(result) || PLAIN.test(result))) return result
  if (typeof result === 'boolean') return result ? 'true' : 'false'
  const parts: string[] = []
  print(result, parts, { left: MAX_LENGTH })
  return parts.join('').replaceAll('"', '')
}

/** Names are short and made of letters, digits and the like: seen faster than a pattern is run. */
function isPlainly(text: string): boolean {
  if (text.length > 24) return false
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    const isLetter = (unit | 0x20) >= 0x61 && (unit | 0x20) <= 0x7a
    if (!isLetter && !(unit >= 0x30 && unit <= 0x39) && unit !== 0x2d && unit !== 0x5f) return false
  }
  return true
}

function print(value: unknown, parts: string[], room: { left: number }): void {
  const put = (text: string): void => {
    room.left -= text.length
    if (room.left < 0) throw new LogicError('the result is too long to name a variant')
    parts.push(text)
  }
  if (typeof value === 'string') return put(quote(value))
  if (typeof value === 'number') return put(printNumber(value))
  if (Array.isArray(value)) {
    put('[')
    for (const [index, element] of value.entries()) {
      if (index > 0) put(',')
      print(element, parts, room)
    }
    return put(']')
  }
  if (typeof value !== 'object' || value === null) return put(String(value))
  put('{')
  const members = Object.entries(value).sort(([a], [b]) => (textLess(a, b) ? -1 : 1))
  for (const [index, [name, member]] of members.entries()) {
    put(`${index > 0 ? ',' : ''}${quote(name)}:`)
    print(member, parts, room)
  }
  put('}')
}

function printNumber(value: number): string {
  if (!Number.isFinite(value)) throw new LogicError('the result is not a finite number')
  return Object.is(value, -0) ? '-0' : String(value)
}

function quote(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    ESCAPED,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
