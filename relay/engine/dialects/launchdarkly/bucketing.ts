/**
 * Rollouts: a hash of flag and key puts everybody at one place between 0 and 1, and the weights, summed one by one, say
 * whose place that is. The sums are made in the engine's own width, because a user at a boundary would else fall on the
 * other side.
 */
import type { Bucket, Decision, Frame, OutcomeSpec, Range } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { sha1Prefixed } from '../../splits/sha1.ts'
import { malformed } from './answers.ts'
import type { Answers, Way } from './answers.ts'
import type { Rollout, Serving } from './document.ts'
import type { Options } from './profile.ts'
import { literal } from './reference.ts'

/** Weights are parts of this. */
const WHOLE = 100_000
/** The largest number of 15 hexadecimal digits, rounded to a double. */
const LARGEST = 2 ** 60

/** What is hashed: whose key and salt, by which attribute of which kind. */
export interface Unit {
  readonly key: string
  readonly salt: string
  readonly seed?: number | undefined
  readonly contextKind: string | undefined
  /** Undefined for the context's key. */
  readonly bucketBy: string | undefined
  /** What a context without that kind gets instead of bucket 0. */
  readonly absent?: number
}

/** From 0 to 1; 0 where the attribute cannot be hashed. Undefined when the attribute's reference is not valid. */
export function bucketOf(unit: Unit, { profile, subject }: Options): Bucket | undefined {
  const { key, salt, seed, bucketBy, contextKind, absent = 0 } = unit
  const kind = contextKind === undefined ? 'user' : contextKind === '' ? profile.emptyKind : contextKind
  const by = bucketBy === undefined || bucketBy === '' ? ['key'] : named(bucketBy, contextKind)
  if (by === undefined) return undefined
  const prefix = seed === undefined || (seed === 0 && profile.zeroIsNoSeed) ? `${key}.${salt}` : String(seed)
  const value = subject.attribute(kind, by)
  const present = subject.has(kind)
  const { round } = profile
  const hash = sha1Prefixed(`${prefix}.`)
  const of = (frame: Frame): number => {
    const read = value.read(frame)
    const text = typeof read === 'string' ? read : Number.isInteger(read) ? String(read) : undefined
    if (text !== undefined) return round(round(hash(text)) / LARGEST)
    return present.read(frame) === true ? 0 : absent
  }
  return { name: `sha1(${JSON.stringify(prefix)} + ${value.name})`, reads: value.reads, of }

  function named(reference: string, from: string | undefined): readonly string[] | undefined {
    return from === undefined || from === '' ? literal(reference) : profile.reference(reference)
  }
}

/** A weight as a part of the whole. */
export function share(weight: number | undefined, { profile }: Options): number {
  return weight === undefined ? profile.noWeight : profile.round(profile.round(weight) / WHOLE)
}

/** What a rule or the fallthrough of a flag serves. */
export function lowerServing(
  flag: { readonly key: string; readonly salt: string },
  serving: Serving | undefined,
  way: Way,
  answers: Answers,
  options: Options,
): Decision {
  if (serving === undefined) return served(malformed('the flag has no fallthrough', false))
  const { variation, rollout } = serving
  if (variation !== undefined) return served(answers.variation(variation, way))
  const last = rollout?.variations.at(-1)
  if (rollout === undefined || last === undefined) {
    return served(malformed('neither a variation nor a rollout with variations is served', false))
  }
  const bucketBy = rollout.experiment ? undefined : rollout.bucketBy
  const bucket = bucketOf({ ...rollout, key: flag.key, salt: flag.salt, bucketBy }, options)
  if (bucket === undefined) return served(malformed('the rollout has an invalid bucketBy', false))
  const answer = (variation: number | undefined, inExperiment: boolean): Decision =>
    served(answers.variation(variation, { ...way, split: true, ...(inExperiment ? { inExperiment } : {}) }))
  const split = (counts: boolean): Decision => ({
    kind: 'split',
    bucket,
    ends: 'half-open',
    ranges: ranges(rollout, options, (each) => answer(each.variation, counts && !each.untracked)),
    // Whoever is beyond all weights counts even without a context of the kind.
    otherwise: answer(last.variation, rollout.experiment && !last.untracked),
  })
  if (!rollout.experiment) return split(false)
  const { contextKind } = rollout
  const kind = contextKind === undefined ? 'user' : contextKind === '' ? options.profile.emptyKind : contextKind
  return {
    kind: 'rules',
    rules: [
      {
        name: `experiment on kind ${kind}`,
        if: { kind: 'test', term: options.subject.has(kind), predicate: predicate('is', true, (has) => has === true) },
        then: split(true),
      },
    ],
    otherwise: split(false),
  }
}

/** The first variation whose sum of weights is above the bucket; sums that do not grow leave nothing to a variation. */
function ranges(
  { variations }: Rollout,
  options: Options,
  then: (each: Rollout['variations'][number]) => Decision,
): Range[] {
  let sum = 0
  let from = 0
  return variations.map((each) => {
    sum = options.profile.round(sum + share(each.weight, options))
    const range = { from, to: sum, then: then(each) }
    if (sum > from) from = sum
    return range
  })
}

function served(outcome: OutcomeSpec): Decision {
  return { kind: 'serve', outcome }
}
