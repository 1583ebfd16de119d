/**
 * Regex: sets of characters as sorted, disjoint, inclusive ranges in one flat array [low, high, low, high, ...].
 * Everything a pattern can say about one character (classes, escapes, properties, case) ends up as such a set, so the
 * matcher needs to know nothing about syntax.
 */

/** Flat sorted disjoint inclusive ranges of code points (or UTF-16 units). */
export type CharSet = readonly number[]

export const LAST_UNIT = 0xffff
export const LAST_POINT = 0x10ffff

/** The set of the given [low, high] pairs, which may overlap and come in any order. */
export function ranges(...flat: number[]): CharSet {
  return union([flat])
}

/** The set of all characters that are in one of the given lists of ranges. */
export function union(sets: readonly CharSet[]): CharSet {
  const pairs: [number, number][] = []
  for (const set of sets) {
    for (let index = 0; index + 1 < set.length; index += 2) pairs.push([set[index] ?? 0, set[index + 1] ?? 0])
  }
  pairs.sort((left, right) => left[0] - right[0])
  const merged: number[] = []
  for (const [low, high] of pairs) {
    const last = merged.length - 1
    if (last > 0 && low <= (merged[last] ?? 0) + 1) merged[last] = Math.max(merged[last] ?? 0, high)
    else merged.push(low, high)
  }
  return merged
}

/** Everything from 0 to `last` that is not in the set. */
export function complement(set: CharSet, last: number): CharSet {
  const result: number[] = []
  let from = 0
  for (let index = 0; index + 1 < set.length && from <= last; index += 2) {
    const low = set[index] ?? 0
    if (low > from) result.push(from, Math.min(low - 1, last))
    from = Math.max(from, (set[index + 1] ?? 0) + 1)
  }
  if (from <= last) result.push(from, last)
  return result
}

/** What is in `set` and not in `taken`. */
export function subtract(set: CharSet, taken: CharSet): CharSet {
  return complement(union([complement(set, LAST_POINT), taken]), LAST_POINT)
}

/** True when the character is in the set. */
export function contains(set: CharSet, point: number): boolean {
  let low = 0
  let high = set.length >> 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (point > (set[middle * 2 + 1] ?? 0)) low = middle + 1
    else high = middle
  }
  return low < set.length >> 1 && point >= (set[low * 2] ?? 0)
}

/** How many characters the set holds. */
export function size(set: CharSet): number {
  let count = 0
  for (let index = 0; index + 1 < set.length; index += 2) count += (set[index + 1] ?? 0) - (set[index] ?? 0) + 1
  return count
}
