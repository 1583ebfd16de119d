/**
 * Percentages and progressive rollouts. Both hash the flag's key with the user's, so whoever is early in one is early in
 * every rollout of that flag.
 *
 * The vendor adds percentages up in the random order of Go's maps, and with decimals the sum may differ by one step
 * between two calls. Here they are added in the order of the buckets, so an answer never flips.
 */
import { textLess } from '../../logic/go-text.ts'
import type { Context } from '../../outcome.ts'
import type { Decision, Frame, Range, Rule, Term } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { fnv1a } from '../../splits/fnv1a.ts'
import type { Progressive } from './document.ts'
import { clock } from './subject.ts'

/** Steps of a bucket scale per percent. */
const SCALE = 1_000
const WHOLE = 100 * SCALE

/** What lowering a split needs: the hashed parts, and how to serve a variation or the error of a wrong configuration. */
export interface Splitting {
  readonly flagKey: string
  readonly key: Term
  readonly serve: (variation: string) => Decision
  readonly wrong: (message: string) => Decision
}

/** Shares in the order of their names, the last name first; the scale is as long as the shares together. */
export function lowerPercentage(shares: ReadonlyMap<string, number>, splitting: Splitting): Decision {
  const sorted = [...shares].sort(([a], [b]) => (textLess(b, a) ? -1 : 1))
  const modulus = Math.trunc(sorted.reduce((sum, [, share]) => sum + share, 0) * SCALE) >>> 0
  const ranges: Range[] = []
  let start = 0
  for (const [name, share] of sorted) {
    const end = start + share * SCALE
    const [from, to] = [Math.trunc(start), Math.trunc(end)]
    if (from < to) ranges.push({ from, to, then: splitting.serve(name) })
    start = end
  }
  const [first] = ranges
  if (first !== undefined && first.from <= 0 && first.to >= Math.max(modulus, 1)) return first.then
  const { key } = splitting
  const bucket = {
    name: `fnv1a(${JSON.stringify(splitting.flagKey)} + ${key.name}) mod ${modulus}`,
    reads: key.reads,
    of: (frame: Frame): number => (modulus === 0 ? 0 : hash(splitting, frame) % modulus),
  }
  const otherwise = splitting.wrong('the percentages leave a gap in which this context falls')
  return { kind: 'split', bucket, ranges, ends: 'half-open', otherwise }
}

function hash({ flagKey, key }: Splitting, frame: Frame): number {
  const text = key.read(frame)
  return fnv1a(`${flagKey}${typeof text === 'string' ? text : ''}`)
}

/** Before the beginning everybody has the initial variation, after the end the end variation has its final share. */
export function lowerProgressive({ initial, end }: Progressive, splitting: Splitting): Decision {
  const [begin, finish] = [initial.date, end.date]
  if (initial.variation === undefined || end.variation === undefined) {
    return splitting.wrong('the progressive rollout lacks a variation')
  }
  if (begin === undefined || finish === undefined || finish <= begin) {
    return splitting.wrong('the progressive rollout lacks a date, or ends before it begins')
  }
  const before = splitting.serve(initial.variation)
  const after = splitting.serve(end.variation)
  const from = (initial.percentage ?? 0) * SCALE
  const wanted = end.percentage ?? 0
  const to = (wanted === 0 || wanted > 100 ? 100 : wanted) * SCALE
  const { key } = splitting
  const final: Decision = {
    kind: 'split',
    bucket: {
      name: `fnv1a(${JSON.stringify(splitting.flagKey)} + ${key.name}) mod ${WHOLE}`,
      reads: key.reads,
      of: (frame) => hash(splitting, frame) % WHOLE,
    },
    ranges: [{ from: 0, to: Math.trunc(to), then: after }],
    ends: 'half-open',
    otherwise: before,
  }
  const first = seconds(begin)
  const slope = (to - from) / (seconds(finish) - first)
  const reached = (now: number): number => Math.trunc(from + (seconds(now) - first) * slope)
  const position: Term = {
    name: `fnv1a(${JSON.stringify(splitting.flagKey)} + ${key.name}) mod ${WHOLE} is below the ramp`,
    reads: key.reads,
    volatile: 'clock',
    // Whoever is reached from the beginning, or never, has the same answer all the way up.
    volatileFor: (context: Context): boolean => {
      if (clock.at(context) !== undefined) return false
      const own = hash(splitting, { context, now: 0, random: () => 0 }) % WHOLE
      return Math.trunc(Math.min(from, to)) <= own && own < Math.max(from, to)
    },
    read: (frame) => hash(splitting, frame) % WHOLE < reached(frame.now),
  }
  const rules: Rule[] = [
    { name: 'before the rollout', if: { kind: 'time', until: Math.ceil(begin) }, then: before },
    { name: 'after the rollout', if: { kind: 'time', from: Math.ceil(finish) }, then: final },
    { name: 'on the ramp', if: { kind: 'test', term: position, predicate: YES }, then: after },
  ]
  return { kind: 'rules', rules, otherwise: before }
}

const YES = predicate('is', true, (value) => value === true)

/** Whole seconds since the epoch. */
function seconds(moment: number): number {
  return Math.floor(moment / 1_000)
}
