/**
 * Regex: ECMAScript character classes. The order of union, case folding and complement differs between flags u and v
 * and is observable (`[^\P{Lu}]` with i), so it is spelled out here and nowhere else.
 */
import { complement, LAST_POINT, union } from './charset.ts'
import type { CharSet } from './charset.ts'
import { folded } from './ecmascript-mode.ts'
import type { Mode } from './ecmascript-mode.ts'
import { escapedPoint, escapedSet } from './ecmascript-escape.ts'
import { RegexError } from './error.ts'
import type { Flags } from './parse.ts'

/** Reads a class behind its opening bracket, up to and including the closing one. */
export function classSet(mode: Mode, flags: Flags): CharSet {
  const { cursor } = mode
  const negated = cursor.take('^')
  const plain: CharSet[] = []
  const escaped: CharSet[] = []
  const add = (part: number | CharSet): void => {
    if (typeof part === 'number') plain.push([part, part])
    else escaped.push(part)
  }
  while (!cursor.take(']')) {
    if (mode.sets) refuseSetOperations(mode)
    const from = member(mode, flags)
    if (!cursor.at('-') || cursor.at('-]')) {
      add(from)
      continue
    }
    cursor.take('-')
    const to = member(mode, flags)
    if (typeof from === 'number' && typeof to === 'number') plain.push([from, to])
    // Annex B: a set on either side makes the hyphen an ordinary member.
    else [from, 0x2d, to].forEach(add)
  }
  // With v each escape has folded by itself and stays as it is; else the whole class folds once more.
  const set = mode.sets
    ? union([folded(union(plain), mode, flags), ...escaped])
    : folded(union([...plain, ...escaped]), mode, flags)
  return negated ? complement(set, LAST_POINT) : set
}

function member(mode: Mode, flags: Flags): number | CharSet {
  if (!mode.cursor.take('\\')) return mode.cursor.next()
  return escapedSet(mode, flags) ?? escapedPoint(mode, true)
}

function refuseSetOperations({ cursor }: Mode): void {
  if (cursor.match(/\[|--|&&|\\q/y)) throw new RegexError('set operations in classes (flag v) are not supported')
}
