/**
 * The two LaunchDarklys: the Node SDK (`node`) and the Go evaluation engine (`go`), which the vendor's own relay runs,
 * disagree at the edges. What differs is declared here as properties; lowering reads these and never asks for a
 * profile's name.
 */
import { DocumentError } from '../../problem.ts'
import { goDate, nodeDate } from './dates.ts'
import type { OperatorProfile } from './operators.ts'
import { goReference, nodeReference } from './reference.ts'
import type { ParseReference } from './reference.ts'
import { goVersion, nodeVersion } from './semver.ts'
import { launchdarkly, openfeature } from './subject.ts'
import type { Subject } from './subject.ts'

export interface Profile extends OperatorProfile {
  readonly reference: ParseReference
  /** What an empty text as a context kind means. */
  readonly emptyKind: string
  /** An error in a clause is forgotten when another clause follows it. */
  readonly losesErrors: boolean
  /** A circle of prerequisites is remembered while the others are asked, and found one flag late. */
  readonly circlesLate: boolean
  /** A prerequisite whose variation or rollout is malformed makes the whole answer an error, instead of failing. */
  readonly everyErrorSpreads: boolean
  /** Seed 0 is no seed. */
  readonly zeroIsNoSeed: boolean
  /** The values of a context target of kind `user` count, where it has any. */
  readonly ownUserValues: boolean
  /** A weighted segment rule matches contexts without the rollout's kind, as bucket 0, unless its weight is 0. */
  readonly weighsAbsentKinds: boolean
  /** A rule without the member `clauses` matches everybody. */
  readonly matchesWithoutClauses: boolean
  /** A big segment without a generation is reported also for contexts that have no key for it; generation 0 is one. */
  readonly generationFirst: boolean
  /** Rounds weights and buckets to the width in which the engine computes them. */
  readonly round: (number: number) => number
  /** The weight of a rollout's variation that has none. */
  readonly noWeight: number
}

const node: Profile = {
  regex: 'ecmascript',
  runs: isJavaScriptPattern,
  date: nodeDate,
  version: nodeVersion,
  reference: nodeReference,
  emptyKind: '',
  losesErrors: true,
  circlesLate: true,
  everyErrorSpreads: true,
  zeroIsNoSeed: true,
  ownUserValues: false,
  weighsAbsentKinds: true,
  matchesWithoutClauses: false,
  generationFirst: false,
  round: (number) => number,
  noWeight: NaN,
}

const go: Profile = {
  regex: 're2',
  runs: () => false,
  date: goDate,
  version: goVersion,
  reference: goReference,
  emptyKind: 'user',
  losesErrors: false,
  circlesLate: false,
  everyErrorSpreads: false,
  zeroIsNoSeed: false,
  ownUserValues: true,
  weighsAbsentKinds: false,
  matchesWithoutClauses: true,
  generationFirst: true,
  round: Math.fround,
  noWeight: 0,
}

const PROFILES: ReadonlyMap<unknown, Profile> = new Map([
  ['node', node],
  ['go', go],
])

const CONTEXTS: ReadonlyMap<unknown, Subject> = new Map([
  ['openfeature', openfeature],
  ['launchdarkly', launchdarkly],
])

export interface Options {
  /** `profile`: `node` (default) or `go`. */
  readonly profile: Profile
  /** `contexts`: the form in which callers give contexts, `openfeature` (default) or `launchdarkly`. */
  readonly subject: Subject
}

/** Throws DocumentError for options that this dialect does not have. */
export function readOptions(options: Readonly<Record<string, unknown>>): Options {
  const { profile: name = 'node', contexts = 'openfeature' } = options
  const profile = PROFILES.get(name)
  const subject = CONTEXTS.get(contexts)
  if (profile === undefined) throw unknown('profile', PROFILES)
  if (subject === undefined) throw unknown('contexts', CONTEXTS)
  return { profile, subject }
}

function unknown(option: string, known: ReadonlyMap<unknown, unknown>): DocumentError {
  return new DocumentError('', `options.${option} must be one of ${[...known.keys()].join(', ')}`)
}

function isJavaScriptPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern).source !== ''
  } catch {
    return false
  }
}
