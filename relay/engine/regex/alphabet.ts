/**
 * Regex: characters the pattern cannot tell apart are one letter. The matcher then remembers transitions for a handful
 * of letters instead of a million code points, and looks at the sets once per letter, not once per character.
 */
import { RegexTooLarge } from './error.ts'
import type { CharSet } from './charset.ts'

/** Direct look-up below this, binary search above. */
const DIRECT = 256

/** Most steps spent on dividing characters; reached only by thousands of different large classes in one pattern. */
const LIMIT = 5_000_000

/** Letters 0 … size - 1; `samples[letter]` is one character of it. */
export interface Alphabet {
  readonly size: number
  readonly samples: readonly number[]
  letterOf(point: number): number
}

/** Divides all characters by the sets: two share a letter exactly if every set contains both or neither. */
export function divide(sets: readonly CharSet[]): Alphabet {
  const starts = intervalStarts(sets)
  const letters = new Int32Array(starts.length)
  let size = 1
  let steps = 0
  for (const set of sets) {
    const renamed = new Map<number, number>()
    let interval = 0
    for (let index = 0; index + 1 < set.length; index += 2) {
      const high = set[index + 1] ?? 0
      interval = intervalOf(starts, set[index] ?? 0)
      for (; interval < starts.length && (starts[interval] ?? 0) <= high; interval++) {
        if (++steps > LIMIT) throw new RegexTooLarge('pattern is too large: too many different character classes')
        const old = letters[interval] ?? 0
        let fresh = renamed.get(old)
        if (fresh === undefined) {
          fresh = size++
          renamed.set(old, fresh)
        }
        letters[interval] = fresh
      }
    }
  }
  return numbered(starts, letters)
}

/** Splitting leaves unused numbers behind: count again from zero. */
function numbered(starts: Int32Array, letters: Int32Array): Alphabet {
  const names = new Map<number, number>()
  const samples: number[] = []
  for (let interval = 0; interval < starts.length; interval++) {
    const old = letters[interval] ?? 0
    let name = names.get(old)
    if (name === undefined) {
      name = names.size
      names.set(old, name)
      samples.push(starts[interval] ?? 0)
    }
    letters[interval] = name
  }
  const direct = Int32Array.from({ length: DIRECT }, (_, point) => letters[intervalOf(starts, point)] ?? 0)
  const letterOf = (point: number): number => (point < DIRECT ? direct[point] : letters[intervalOf(starts, point)]) ?? 0
  return { size: samples.length, samples, letterOf }
}

function intervalStarts(sets: readonly CharSet[]): Int32Array {
  const starts = new Set([0])
  for (const set of sets) {
    for (let index = 0; index + 1 < set.length; index += 2) starts.add(set[index] ?? 0).add((set[index + 1] ?? 0) + 1)
  }
  return Int32Array.from(starts).sort()
}

/** Index of the last interval that starts at or before the character. */
function intervalOf(starts: Int32Array, point: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= point) low = middle
    else high = middle - 1
  }
  return low
}
