/**
 * Regex: which characters have a Unicode property, asked of the JavaScript engine itself, so our tables are always as
 * old or new as the runtime's. A native pattern of one property escape cannot backtrack.
 */
import { LAST_POINT, LAST_UNIT, ranges } from './charset.ts'
import type { CharSet } from './charset.ts'
import { RegexError } from './error.ts'

/** Code points asked about at once; small enough that high and low surrogates never meet and pair up. */
const CHUNK = 0x400

const LOW_SURROGATES: readonly string[] = Array.from({ length: CHUNK }, (_, low) => String.fromCharCode(0xdc00 | low))

/** Valid names are finite; invalid ones throw before they are stored. */
const known = new Map<string, CharSet>()

/** All code points matched by `\p{name}`; `name` as in ECMAScript, e.g. `Lu`, `Script=Greek`. Unknown: RegexError. */
export function property(name: string): CharSet {
  const stored = known.get(name)
  if (stored) return stored
  if (!/^[\w=]+$/.test(name)) throw new RegexError(`unknown Unicode property \\p{${name}}`)
  let run: RegExp
  try {
    run = new RegExp(`\\p{${name}}+`, 'gu')
  } catch {
    throw new RegexError(`unknown Unicode property \\p{${name}}`)
  }
  const flat: number[] = []
  for (let start = 0; start <= LAST_POINT; start += CHUNK) {
    for (const { index, 0: text } of chunk(start).matchAll(run)) {
      const width = start < 0x10000 ? 1 : 2
      flat.push(start + index / width, start + (index + text.length) / width - 1)
    }
  }
  const set = ranges(...flat)
  known.set(name, set)
  return set
}

function chunk(start: number): string {
  if (start <= LAST_UNIT) return String.fromCharCode(...Array.from({ length: CHUNK }, (_, offset) => start + offset))
  const high = String.fromCharCode(0xd800 | ((start - 0x10000) >> 10))
  return high + LOW_SURROGATES.join(high)
}
