/**
 * Linked conditions and decisions: the nodes that link.ts makes of a Plan, and the two functions that walk them.
 *
 * Data and a switch instead of a function per node, because a call whose target differs from node to node costs more than
 * most conditions; nodes of one class each, so that every access finds its member at the same place.
 */
import type { Outcome } from './outcome.ts'
import type { Bucket, Predicate, Range, Term } from './plan.ts'
import type { Run } from './run.ts'

/** Numbers, since a switch on them is a table. */
export const ALWAYS = 0
export const NEVER = 1
export const TEST = 2
export const ALL = 3
export const ANY = 4
export const NOT = 5
export const BUCKET = 6
/** A function of its own: what is rare, or keeps something between questions. */
export const CALL = 7

type CheckKind =
  | typeof ALWAYS
  | typeof NEVER
  | typeof TEST
  | typeof ALL
  | typeof ANY
  | typeof NOT
  | typeof BUCKET
  | typeof CALL

interface CheckForm {
  readonly kind: CheckKind
  readonly term?: Term
  readonly predicate?: Predicate
  readonly parts?: readonly Check[]
  readonly bucket?: Bucket
  readonly from?: number
  readonly to?: number
  readonly closed?: boolean
  readonly call?: (run: Run) => boolean
}

/** A linked condition. */
export class Check {
  readonly kind: CheckKind
  readonly term: Term | undefined
  readonly predicate: Predicate | undefined
  readonly parts: readonly Check[]
  readonly bucket: Bucket | undefined
  readonly from: number
  readonly to: number
  readonly closed: boolean
  readonly call: ((run: Run) => boolean) | undefined

  constructor(form: CheckForm) {
    this.kind = form.kind
    this.term = form.term
    this.predicate = form.predicate
    this.parts = form.parts ?? []
    this.bucket = form.bucket
    this.from = form.from ?? 0
    this.to = form.to ?? 0
    this.closed = form.closed ?? false
    this.call = form.call
  }
}

/**
 * Whether the condition holds. Throws what its leaves throw. Few variables, here and in `decide`: each takes room on the
 * stack, and what has to fit there is a chain of a thousand flags that ask one another.
 */
export function holds(check: Check | undefined, run: Run): boolean {
  if (check === undefined) return false
  switch (check.kind) {
    case ALWAYS:
      return true
    case TEST:
      return check.predicate?.test(check.term?.read(run)) === true
    case ALL:
      for (let index = 0; index < check.parts.length; index++) if (!holds(check.parts[index], run)) return false
      return true
    case ANY:
      for (let index = 0; index < check.parts.length; index++) if (holds(check.parts[index], run)) return true
      return false
    case NOT:
      return !holds(check.parts[0], run)
    case BUCKET:
      return inside(check, check.bucket?.of(run) ?? Number.NaN)
    case CALL:
      return check.call?.(run) === true
    case NEVER:
      return false
    default:
      return check.kind satisfies never
  }
}

/** Reads the ends itself: numbers with a fraction are allocated anew to be handed on from where they are kept. */
function inside(check: Check, bucket: number): boolean {
  return check.from <= bucket && (check.closed ? bucket <= check.to : bucket < check.to)
}

export const RULES = 0
export const SPLIT = 1
export const SWITCH = 2
export const PASS = 3

interface StepForm {
  readonly kind: typeof RULES | typeof SPLIT | typeof SWITCH | typeof PASS
  readonly checks?: readonly Check[]
  readonly thens?: readonly Decide[]
  readonly bucket?: Bucket
  readonly ranges?: readonly Range[]
  readonly closed?: boolean
  readonly on?: Term
  readonly cases?: ReadonlyMap<string, Decide>
  readonly none?: Decide
  readonly otherwise?: Decide
}

/** A linked decision: the outcome itself where there is nothing to decide. */
export type Decide = Outcome | Step

/** A linked decision that has something to decide. */
export class Step {
  readonly kind: StepForm['kind']
  readonly checks: readonly Check[]
  readonly thens: readonly Decide[]
  readonly bucket: Bucket | undefined
  readonly ranges: readonly Range[]
  readonly closed: boolean
  readonly on: Term | undefined
  readonly cases: ReadonlyMap<string, Decide> | undefined
  readonly none: Decide | undefined
  readonly otherwise: Decide | undefined

  constructor(form: StepForm) {
    this.kind = form.kind
    this.checks = form.checks ?? []
    this.thens = form.thens ?? []
    this.bucket = form.bucket
    this.ranges = form.ranges ?? []
    this.closed = form.closed ?? false
    this.on = form.on
    this.cases = form.cases
    this.none = form.none
    this.otherwise = form.otherwise
  }
}

/** The outcome of a decision; undefined when it passes. Throws what its leaves throw. */
export function decide(decision: Decide | undefined, run: Run): Outcome | undefined {
  if (!(decision instanceof Step)) return decision
  switch (decision.kind) {
    case RULES:
      for (let index = 0; index < decision.checks.length; index++) {
        if (!holds(decision.checks[index], run)) continue
        const outcome = decide(decision.thens[index], run)
        if (outcome !== undefined) return outcome
      }
      return decide(decision.otherwise, run)
    case SPLIT:
      return decide(branch(decision, run), run)
    case SWITCH:
      return decide(caseOf(decision, run), run)
    case PASS:
      return undefined
    default:
      return decision.kind satisfies never
  }
}

function branch({ bucket, ranges, closed, thens, otherwise }: Step, run: Run): Decide | undefined {
  const chosen = bucket === undefined ? -1 : rangeOf(bucket.of(run), ranges, closed)
  return chosen === -1 ? otherwise : thens[chosen]
}

function caseOf({ on, cases, none, otherwise }: Step, run: Run): Decide | undefined {
  const value = on?.read(run)
  if (value === null || value === undefined) return none
  return (typeof value === 'string' ? cases?.get(value) : undefined) ?? otherwise
}

/** Index of the first range that contains the bucket, or -1; NaN is in none. */
export function rangeOf(bucket: number, ranges: readonly Range[], closed: boolean): number {
  for (let index = 0; index < ranges.length; index++) {
    const range = ranges[index]
    if (range === undefined || !(range.from <= bucket)) continue
    if (closed ? bucket <= range.to : bucket < range.to) return index
  }
  return -1
}

export function within(bucket: number, from: number, to: number, closed: boolean): boolean {
  return from <= bucket && (closed ? bucket <= to : bucket < to)
}
