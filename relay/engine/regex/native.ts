/**
 * Regex: decides when the native engine is safe, because it is several times faster on the short literal patterns most
 * rules consist of. The bound is on its worst case, backtracking, and deliberately rough.
 *
 * A backtracking engine tries, from one start position, at most every path through the pattern. Let `paths` bound
 * their number and `length` the characters one path can take:
 *  - without unlimited repeats both are constants, so a search costs at most text * paths * length;
 *  - one unlimited repeat of a single character can stop at text + 1 places, and behind each of them at most
 *    paths * length work follows. If the pattern can begin only at the start of the text there is one start position,
 *    so the search again costs at most text * paths * length.
 * Anything else, and any product above the limit, goes to our own matcher.
 */
import { isAnchored } from './ast.ts'
import type { Node } from './ast.ts'

const MOST_WORK = 256

interface Cost {
  readonly paths: number
  readonly length: number
  readonly unlimited: number
}

/** True when native matching costs at most 256 steps per character of the text. */
export function isSafeNatively(node: Node): boolean {
  const { paths, length, unlimited } = cost(node)
  return paths * (length + 1) <= MOST_WORK && (unlimited === 0 || (unlimited === 1 && isAnchored(node)))
}

function cost(node: Node): Cost {
  if (node.type === 'set') return { paths: 1, length: 1, unlimited: 0 }
  if (node.type === 'repeat') {
    const item = cost(node.item)
    if (node.max !== Infinity) return repeated(item, node.min, node.max)
    const required = repeated(item, node.min, node.min)
    return node.item.type === 'set' ? { ...required, unlimited: 1 } : { ...required, unlimited: Infinity }
  }
  if (node.type === 'sequence') {
    return node.items.map(cost).reduce((left, right) => ({
      paths: left.paths * right.paths,
      length: left.length + right.length,
      unlimited: left.unlimited + right.unlimited,
    }))
  }
  if (node.type === 'either') {
    return node.items.map(cost).reduce((left, right) => ({
      paths: left.paths + right.paths,
      length: Math.max(left.length, right.length),
      unlimited: left.unlimited + right.unlimited,
    }))
  }
  return { paths: 1, length: 0, unlimited: 0 }
}

/** From `min` to `max` rounds of the item; gives up counting as soon as the answer is "too much". */
function repeated(item: Cost, min: number, max: number): Cost {
  let paths = 0
  for (let round = min; round <= max && paths <= MOST_WORK; round++) paths += item.paths ** round
  const unlimited = item.unlimited === 0 ? 0 : max > 1 ? Infinity : item.unlimited
  return { paths, length: item.length * max, unlimited }
}
