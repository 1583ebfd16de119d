/**
 * Regex: what every dialect's pattern is parsed into. Captures, greediness and laziness are gone: they decide which
 * match is found, never whether there is one, and that is all this folder answers.
 */
import type { CharSet } from './charset.ts'

/** `words`: what `\b` takes for word characters. `notBoundaryInText` holds where `notBoundary` does, but never in ''. */
export type Assertion =
  | { type: 'assert'; kind: 'textStart' | 'textEnd' | 'finalEnd' }
  | { type: 'assert'; kind: 'lineStart' | 'lineEnd'; lines: CharSet }
  | { type: 'assert'; kind: 'boundary' | 'notBoundary' | 'notBoundaryInText'; words: CharSet }

/** `max` may be Infinity. `finalEnd` is the end of text or the place before a line feed that ends it. */
export type Node =
  | { type: 'empty' }
  | { type: 'set'; set: CharSet }
  | { type: 'sequence'; items: readonly Node[] }
  | { type: 'either'; items: readonly Node[] }
  | { type: 'repeat'; item: Node; min: number; max: number }
  | Assertion

export const EMPTY: Node = { type: 'empty' }

/** Items one after the other. */
export function sequence(items: readonly Node[]): Node {
  const kept = items.filter((item) => item.type !== 'empty')
  return kept.length > 1 ? { type: 'sequence', items: kept } : (kept[0] ?? EMPTY)
}

/** Any one of the items. */
export function either(items: readonly Node[]): Node {
  return items.length > 1 ? { type: 'either', items } : (items[0] ?? EMPTY)
}

/** `item` from `min` to `max` times. What takes no room is the same once or often, so such repeats vanish here. */
export function repeat(item: Node, min: number, max: number): Node {
  if (max === 0 || item.type === 'empty') return EMPTY
  if (item.type === 'assert') return min === 0 ? EMPTY : item
  return min === 1 && max === 1 ? item : { type: 'repeat', item, min, max }
}

/** True when every match must begin at the start of the text, so the search need not begin anywhere else. */
export function isAnchored(node: Node): boolean {
  if (node.type === 'assert') return node.kind === 'textStart'
  if (node.type === 'sequence') return node.items.slice(0, 1).some(isAnchored)
  if (node.type === 'either') return node.items.every(isAnchored)
  return node.type === 'repeat' && node.min > 0 && isAnchored(node.item)
}
