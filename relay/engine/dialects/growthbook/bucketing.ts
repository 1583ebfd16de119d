/**
 * Where users fall: the vendor's two hashes on the scale 0…1, bucket ranges, filters and namespaces. Ends matter: a
 * rollout by coverage contains its end, everything else does not, and the users at the border would change sides.
 */
import type { Bucket, Condition } from '../../plan.ts'
import { fnv1aCodeUnits } from '../../splits/fnv1a.ts'
import type { BucketRange, Filter, Rule } from './document.ts'
import type { Subject } from './subject.ts'

/** 0…1 in steps of a thousandth (version 1) or a ten-thousandth (version 2); NaN for other versions. */
export function hash(seed: string, value: string, version: number): number {
  // The order of seed and value is not the same in both.
  if (version === 2) return (fnv1aCodeUnits(String(fnv1aCodeUnits(seed + value))) % 10_000) / 10_000
  if (version === 1) return (fnv1aCodeUnits(value + seed) % 1_000) / 1_000
  return NaN
}

/** Whether a version of the hash exists; where it does not, nobody is included. */
export function isHashVersion(version: number): boolean {
  return version === 1 || version === 2
}

export interface Hashing {
  readonly attribute: string
  readonly fallback?: string | undefined
  readonly seed: string
  readonly version: number
}

/** NaN where there is nobody to hash. */
export function bucketOf(subject: Subject, { attribute, fallback, seed, version }: Hashing): Bucket {
  const { reads, of } = subject.unit(attribute, fallback)
  const hashed = fallback === undefined ? attribute : `${attribute} or ${fallback}`
  const name = `hash ${version} of ${hashed} with seed ${JSON.stringify(seed)}`
  // A version that does not exist looks at nobody: an attribute that has no text form is then no failure either.
  if (!isHashVersion(version)) return { name, reads: [], of: () => NaN }
  return {
    name,
    reads,
    of: ({ context }) => {
      const { value } = of(context)
      return value === '' ? NaN : hash(seed, String(value), version)
    },
  }
}

/** Who a force rule reaches; undefined when it reaches everybody. */
export function rollout(rule: Rule, hashing: Hashing, subject: Subject): Condition | undefined {
  const { range, coverage } = rule
  if (range === undefined && coverage === undefined) return undefined
  if (range === undefined && coverage === 0) return { kind: 'never' }
  const bucket = bucketOf(subject, hashing)
  return range === undefined
    ? { kind: 'bucket', bucket, from: 0, to: coverage ?? 0, ends: 'closed' }
    : within(bucket, range)
}

/** Holds for users that some range of every filter contains. */
export function filtered(filters: readonly Filter[], subject: Subject): Condition[] {
  return filters.map(({ seed, ranges, attribute = 'id', hashVersion }): Condition => {
    const bucket = bucketOf(subject, { attribute, seed, version: hashVersion || 2 })
    return { kind: 'any', of: ranges.map((range) => within(bucket, range)) }
  })
}

/** The older form of one filter, on the attribute that the experiment hashes. */
export function inNamespace(
  [id, ...range]: NonNullable<Rule['namespace']>,
  hashing: Hashing,
  subject: Subject,
): Condition {
  return within(bucketOf(subject, { ...hashing, seed: `__${id}`, version: 1 }), range)
}

function within(bucket: Bucket, [from, to]: BucketRange): Condition {
  return { kind: 'bucket', bucket, from, to, ends: 'half-open' }
}

/** One range per weight. Weights that are not one per variation, or do not add up to about 1, become equal ones. */
export function bucketRanges(variations: number, coverage: number = 1, weights?: readonly number[]): BucketRange[] {
  const covered = Math.min(Math.max(coverage, 0), 1)
  let from = 0
  return (usable(weights, variations) ?? equalWeights(variations)).map((weight) => {
    const range: BucketRange = [from, from + covered * weight]
    from += weight
    return range
  })
}

function usable(weights: readonly number[] | undefined, variations: number): readonly number[] | undefined {
  if (weights?.length !== variations) return undefined
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return sum < 0.99 || sum > 1.01 ? undefined : weights
}

function equalWeights(variations: number): number[] {
  return Array.from({ length: variations }, () => 1 / variations)
}
