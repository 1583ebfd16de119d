/**
 * References between flags, and between segments, can branch at every step: a document of a few dozen items could keep
 * an evaluation busy for ever. The editor cannot make such documents, so they are refused before anybody asks.
 */

/** Steps that following all references of one item may take, and how deep they may go. */
const MOST_STEPS = 2_000
const DEEPEST = 100

/** Whether an evaluation that follows every reference from here, and turns back where a circle closes, stays small. */
export function isBounded(start: string, references: (key: string) => readonly string[]): boolean {
  const path = new Set<string>()
  let steps = 0
  const follow = (key: string): boolean => {
    if (path.has(key)) return true
    if (++steps > MOST_STEPS || path.size >= DEEPEST) return false
    path.add(key)
    const bounded = references(key).every(follow)
    path.delete(key)
    return bounded
  }
  return follow(start)
}
