/**
 * Regex: which characters count as equal when case is ignored. Every regex dialect has its own answer (does `k` match
 * the Kelvin sign? does `s` match the long s?), so the groups of equals are built per folding, lazily, from the
 * runtime's own case tables; a literal then becomes the set of its equals and matching needs no folding at all.
 */
import { contains, LAST_UNIT, ranges, size, union } from './charset.ts'
import type { CharSet } from './charset.ts'
import { property } from './unicode.ts'

/**
 * `units`: ECMAScript without u. `unicode`: simple case folding (ECMAScript with u or v, RE2).
 * `lower`: .NET, equal simple lower case. `python`: equal upper case of the simple lower case. `ascii`: A-Z only.
 */
export type Folding = 'units' | 'unicode' | 'lower' | 'python' | 'ascii'

type Groups = { all: readonly (readonly number[])[]; byPoint: Map<number, readonly number[]> }

const built = new Map<Folding, Groups>()

/** Up to this many characters are looked up one by one; larger sets are tested against every group. */
const FEW = 64

/** The set plus every character that equals one of its members under the folding. */
export function closeOver(set: CharSet, folding: Folding): CharSet {
  const groups = built.get(folding) ?? build(folding)
  const added: number[] = []
  if (size(set) <= FEW) {
    for (let index = 0; index + 1 < set.length; index += 2) {
      for (let point = set[index] ?? 0; point <= (set[index + 1] ?? 0); point++) {
        for (const equal of groups.byPoint.get(point) ?? []) added.push(equal, equal)
      }
    }
  } else {
    for (const group of groups.all) {
      if (group.some((point) => contains(set, point))) for (const equal of group) added.push(equal, equal)
    }
  }
  return added.length === 0 ? set : union([set, ranges(...added)])
}

function build(folding: Folding): Groups {
  const byKey = new Map<string, Set<number>>()
  for (const point of casedPoints()) {
    for (const key of keysOf(point, folding)) {
      const group = byKey.get(key) ?? new Set()
      group.add(point)
      byKey.set(key, group)
    }
  }
  const candidates = folding === 'unicode' ? connected(byKey.values()).flatMap(splitByEngine) : [...byKey.values()]
  const all = candidates.map((group) => Array.from(group)).filter((group) => group.length > 1)
  const byPoint = new Map(all.flatMap((group) => group.map((point) => [point, group] as const)))
  const groups = { all, byPoint }
  built.set(folding, groups)
  return groups
}

/** Everything some case mapping changes, and what it changes into. */
function casedPoints(): Set<number> {
  const points = new Set<number>()
  const changing = property('Changes_When_Casemapped')
  for (let index = 0; index + 1 < changing.length; index += 2) {
    for (let point = changing[index] ?? 0; point <= (changing[index + 1] ?? 0); point++) {
      const text = String.fromCodePoint(point)
      points.add(point)
      for (const mapped of [text.toLowerCase(), text.toUpperCase()]) {
        if (isOnePoint(mapped)) points.add(mapped.codePointAt(0) ?? 0)
      }
    }
  }
  return points
}

function keysOf(point: number, folding: Folding): string[] {
  const text = String.fromCodePoint(point)
  const lower = text.toLowerCase()
  const upper = text.toUpperCase()
  if (folding === 'unicode') return [lower, upper, lower.toUpperCase(), upper.toLowerCase()]
  if (folding === 'python') return [(text === '\u0130' ? 'i' : isOnePoint(lower) ? lower : text).toUpperCase()]
  if (point > (folding === 'ascii' ? 0x7f : LAST_UNIT)) return []
  if (folding === 'ascii') return [lower]
  if (folding === 'lower') return [isOnePoint(lower) ? lower : text]
  const ascii = upper.charCodeAt(0) < 0x80
  return [upper.length !== 1 || (point >= 0x80 && ascii) ? text : upper]
}

function isOnePoint(text: string): boolean {
  return text.length === 1 || (text.length === 2 && (text.codePointAt(0) ?? 0) > LAST_UNIT)
}

/** Joins groups that share a member. */
function connected(groups: Iterable<Set<number>>): Set<number>[] {
  const owner = new Map<number, Set<number>>()
  for (const group of groups) {
    const joined = new Set(group)
    for (const point of group) for (const other of owner.get(point) ?? []) joined.add(other)
    for (const point of joined) owner.set(point, joined)
  }
  return [...new Set(owner.values())]
}

/** The tables above only suggest equals (dotless i shares an upper case with i); the native engine has the last word. */
function splitByEngine(group: Set<number>): Set<number>[] {
  const parts: Set<number>[] = []
  let rest = [...group]
  while (rest.length > 1) {
    const equalsFirst = new RegExp(`^\\u{${(rest[0] ?? 0).toString(16)}}$`, 'iu')
    parts.push(new Set(rest.filter((point) => equalsFirst.test(String.fromCodePoint(point)))))
    rest = rest.filter((point) => !equalsFirst.test(String.fromCodePoint(point)))
  }
  return parts
}
