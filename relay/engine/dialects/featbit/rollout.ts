/**
 * Rollouts: intervals of a bucket scale from 0 to 1, both ends included, the first that holds the bucket wins. Whether
 * an exposure belongs to an experiment hangs on a second bucket, so each interval has two prepared answers.
 */
import type { Bucket, Decision, OutcomeSpec, Range, Term } from '../../plan.ts'
import { md5Words } from '../../splits/md5.ts'
import type { Answers, Way } from './answers.ts'
import type { Flag, Interval, Rollout } from './document.ts'
import type { Profile } from './profile.ts'

/** Where in the flag a rollout stands. */
interface Place {
  readonly kind: 'RuleMatch' | 'FallThrough'
  readonly rule?: { readonly id: string; readonly name: string }
  /** Whether its exposures may belong to an experiment at all. */
  readonly includedInExpt: boolean
}

export function lowerRollout(flag: Flag, rollout: Rollout, place: Place, answers: Answers, profile: Profile): Decision {
  const { dispatchKey, intervals } = rollout
  const single = place.kind === 'RuleMatch' ? 'TARGETING_MATCH' : 'DEFAULT'
  const way: Omit<Way, 'sendToExperiment'> = { ...place, reason: intervals.length > 1 ? 'SPLIT' : single }
  const by = dispatchKey === null || profile.isBlank(dispatchKey) ? profile.userKey : profile.attribute(dispatchKey)
  const missing = answers.error('GENERAL', 'malformed flag: a rollout names a variation that does not exist')
  const serve = (id: string, sendToExperiment: boolean): Decision => {
    const full = { ...way, sendToExperiment }
    return served(answers.variation(id, full) ?? (profile.servesNothing ? answers.unset(full) : missing))
  }
  const experiment = (interval: Interval): Decision => {
    if (flag.exptIncludeAllTargets) return serve(interval.id, true)
    const share = place.includedInExpt ? Math.min(1, experimentShare(interval)) : 0
    const no = serve(interval.id, false)
    return splitBy(bucketOf(`expt${flag.key}`, by, profile), [range(0, share, serve(interval.id, true))], no)
  }
  const none = profile.servesNothing
    ? answers.nothing({ ...way, sendToExperiment: flag.exptIncludeAllTargets })
    : answers.error('GENERAL', 'malformed flag: no interval of the rollout holds the bucket')
  const ranges = intervals.map((interval) => range(interval.from, interval.to, experiment(interval)))
  return splitBy(bucketOf(flag.key, by, profile), ranges, served(none))
}

const served = (outcome: OutcomeSpec): Decision => ({ kind: 'serve', outcome })

/** The experiment's share of all users as a share of the interval's own; 0 when the document does not say. */
function experimentShare({ from, to, ends, exptRollout }: Interval): number {
  const width = ends === 2 ? to - from : 0
  return exptRollout === 0 || width === 0 ? 0 : exptRollout / width
}

/** An interval from 0 to almost 1 holds everybody, one from 0 to 0 nobody, bucket 0 included. */
function range(from: number, to: number, then: Decision): Range {
  if (from === 0 && 1 - to < 1e-5) return { from: -Infinity, to: Infinity, then }
  return from === 0 && to === 0 ? { from: NaN, to: NaN, then } : { from, to, then }
}

/** A split without the ranges that nobody reaches, and no split at all where everybody reaches the same. */
function splitBy(bucket: Bucket, all: readonly Range[], otherwise: Decision): Decision {
  const possible = all.filter(({ from, to }) => from <= to)
  const everybody = possible.findIndex(({ from, to }) => from === -Infinity && to === Infinity)
  const ranges = everybody === -1 ? possible : possible.slice(0, everybody + 1)
  const [first] = ranges
  if (first === undefined) return otherwise
  return everybody === 0 ? first.then : { kind: 'split', bucket, ranges, ends: 'closed', otherwise }
}

/** |the digest's first four bytes as a signed number| / 2^31: from 0 to 1, both included. */
function bucketOf(prefix: string, by: Term, { dispatchText }: Profile): Bucket {
  return {
    name: `md5(${JSON.stringify(prefix)} + ${by.name})`,
    reads: by.reads,
    of: (frame): number => Math.abs((md5Words(`${prefix}${dispatchText(by.read(frame))}`)[0] ?? 0) / 2 ** 31),
  }
}
