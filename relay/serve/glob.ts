/**
 * Globs over flag keys: `*` stands for any characters, `?` for one. Matched without regular expressions, in time
 * bounded by both lengths, because a pattern of many stars must not be able to stop the process.
 */

/** Whether the whole text matches the pattern. */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0
  let star = -1
  let resume = 0
  let position = 0
  while (position < text.length) {
    const wanted = pattern[at]
    if (wanted === '*') {
      star = at++
      resume = position
    } else if (wanted === '?' || wanted === text[position]) {
      at++
      position++
    } else if (star >= 0) {
      at = star + 1
      position = ++resume
    } else {
      return false
    }
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
