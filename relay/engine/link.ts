/**
 * The fast evaluator: turns the Plan of one flag into closures, on the flag's first evaluation.
 *
 * Linking is lazy so that swapping in a document with twenty thousand flags costs nothing for flags nobody asks for.
 * A linked flag hands out prepared outcomes; errors inside a leaf end in the flag's `fault` and never escape.
 * explain.ts walks the same Plan step by step and must agree with this file: tests hold the two against each other.
 */
import { Outcome } from './outcome.ts'
import type { Condition, Decision, FlagPlan, Frame, OutcomeSpec, Plan, Range, SegmentPlan } from './plan.ts'

/** A frame plus what one `evaluateAll` has already answered, by flag index; absent outside of it. */
export interface Run extends Frame {
  memo: readonly (Outcome | undefined)[] | undefined
}

type Decide = (run: Run) => Outcome | undefined
type Holds = (run: Run) => boolean

/** Thrown by `fail` conditions; carries the spec because a shared segment serves many flags. */
export class Abort {
  readonly outcome: OutcomeSpec

  constructor(outcome: OutcomeSpec) {
    this.outcome = outcome
  }
}

const GENERAL: OutcomeSpec = {
  reason: 'ERROR',
  errorCode: 'GENERAL',
  errorDetails: 'the flag could not be evaluated for this context',
}
/** When every rule passes: a defect of the dialect, not of the document. */
export const UNDECIDED: OutcomeSpec = {
  reason: 'ERROR',
  errorCode: 'GENERAL',
  errorDetails: 'no rule of the flag decided',
}

/** One flag of a Ruleset, ready to run. */
export class LinkedFlag {
  readonly plan: FlagPlan
  readonly index: number
  /** True while this flag is being evaluated, so that a flag that asks itself is noticed. */
  active = false
  readonly #linker: Linker
  readonly #outcomes = new Map<OutcomeSpec, Outcome>()
  readonly #linked = new Map<Decision, Decide>()
  #decide: Decide | undefined

  constructor(plan: FlagPlan, index: number, linker: Linker) {
    this.plan = plan
    this.index = index
    this.#linker = linker
  }

  /** Never throws. */
  run(run: Run): Outcome {
    this.#decide ??= this.#linker.decision(this.plan.decide, this)
    this.active = true
    try {
      return this.#decide(run) ?? this.outcome(UNDECIDED)
    } catch (thrown) {
      return this.failed(thrown)
    } finally {
      this.active = false
    }
  }

  /** The outcome that stands for whatever a leaf threw. */
  failed(thrown: unknown): Outcome {
    return this.outcome(thrown instanceof Abort ? thrown.outcome : (this.plan.fault ?? GENERAL))
  }

  /** Links a decision once, however many places of the plan share it: else shared parts would multiply. */
  once(decision: Decision, link: () => Decide): Decide {
    let linked = this.#linked.get(decision)
    if (linked === undefined) {
      linked = link()
      this.#linked.set(decision, linked)
    }
    return linked
  }

  /** The one Outcome object of a spec, so that answers are shared and their JSON is made once. */
  outcome(spec: OutcomeSpec): Outcome {
    let outcome = this.#outcomes.get(spec)
    if (outcome === undefined) {
      outcome = new Outcome(this.plan.key, spec, this.plan.coerce)
      this.#outcomes.set(spec, outcome)
    }
    return outcome
  }
}

/** Links decisions and conditions of one Plan. */
export class Linker {
  readonly flags: ReadonlyMap<string, LinkedFlag>
  readonly #segments: ReadonlyMap<string, SegmentPlan>
  readonly #linkedSegments = new Map<string, Holds>()
  readonly #cyclic: (key: string) => boolean

  /** `cyclic` tells whether a flag can come to ask itself: its answer then depends on who asks, so none is reused. */
  constructor(plan: Plan, cyclic: (key: string) => boolean) {
    this.#cyclic = cyclic
    this.#segments = plan.segments
    this.flags = new Map(plan.flags.map((flag, index) => [flag.key, new LinkedFlag(flag, index, this)]))
  }

  decision(decision: Decision, flag: LinkedFlag): Decide {
    return flag.once(decision, () => this.#link(decision, flag))
  }

  #link(decision: Decision, flag: LinkedFlag): Decide {
    switch (decision.kind) {
      case 'serve': {
        const outcome = flag.outcome(decision.outcome)
        return () => outcome
      }
      case 'pass':
        return () => undefined
      case 'rules':
        return this.#rules(decision, flag)
      case 'split':
        return this.#split(decision, flag)
      case 'switch': {
        const { on } = decision
        const cases = new Map([...decision.cases].map(([text, then]) => [text, this.decision(then, flag)]))
        const none = this.decision(decision.none, flag)
        const otherwise = this.decision(decision.otherwise, flag)
        return (run) => {
          const value = on.read(run)
          if (value === null || value === undefined) return none(run)
          return ((typeof value === 'string' ? cases.get(value) : undefined) ?? otherwise)(run)
        }
      }
      default:
        return decision satisfies never
    }
  }

  #rules(decision: Extract<Decision, { kind: 'rules' }>, flag: LinkedFlag): Decide {
    const conditions = decision.rules.map((rule) => this.condition(rule.if))
    const decisions = decision.rules.map((rule) => this.decision(rule.then, flag))
    const otherwise = this.decision(decision.otherwise, flag)
    return (run) => {
      for (let index = 0; index < conditions.length; index++) {
        if (conditions[index]?.(run) !== true) continue
        const outcome = decisions[index]?.(run)
        if (outcome !== undefined) return outcome
      }
      return otherwise(run)
    }
  }

  #split(decision: Extract<Decision, { kind: 'split' }>, flag: LinkedFlag): Decide {
    const { bucket, ranges, ends } = decision
    const decisions = ranges.map((range) => this.decision(range.then, flag))
    const otherwise = this.decision(decision.otherwise, flag)
    return (run) => {
      const chosen = rangeOf(bucket.of(run), ranges, ends === 'closed')
      return (decisions[chosen] ?? otherwise)(run)
    }
  }

  condition(condition: Condition): Holds {
    switch (condition.kind) {
      case 'always':
        return () => true
      case 'never':
        return () => false
      case 'all': {
        const parts = condition.of.map((part) => this.condition(part))
        return parts.length === 1 && parts[0] !== undefined ? parts[0] : (run) => parts.every((part) => part(run))
      }
      case 'any': {
        const parts = condition.of.map((part) => this.condition(part))
        return parts.length === 1 && parts[0] !== undefined ? parts[0] : (run) => parts.some((part) => part(run))
      }
      case 'not': {
        const part = this.condition(condition.of)
        return (run) => !part(run)
      }
      case 'test': {
        const { term, predicate } = condition
        return (run) => predicate.test(term.read(run))
      }
      case 'segment':
        return this.#segment(condition.id)
      case 'flag':
        return this.#flag(condition)
      case 'bucket': {
        const { bucket, from, to } = condition
        const closed = condition.ends === 'closed'
        return (run) => within(bucket.of(run), from, to, closed)
      }
      case 'time': {
        const { from = -Infinity, until = Infinity } = condition
        return (run) => run.now >= from && run.now < until
      }
      case 'fail': {
        const abort = new Abort(condition.outcome)
        return () => {
          throw abort
        }
      }
      default:
        return condition satisfies never
    }
  }

  #segment(id: string): Holds {
    return (run) => {
      let holds = this.#linkedSegments.get(id)
      if (holds === undefined) {
        const segment = this.#segments.get(id)
        holds = segment === undefined ? () => false : this.condition(segment.condition)
        this.#linkedSegments.set(id, holds)
      }
      return holds(run)
    }
  }

  #flag(condition: Extract<Condition, { kind: 'flag' }>): Holds {
    const other = this.flags.get(condition.key)
    if (other === undefined) return () => false
    const { holds, onError } = condition
    const onCycle = this.condition(condition.onCycle)
    const abort = onError === undefined ? undefined : new Abort(onError)
    const reusable = !this.#cyclic(condition.key)
    return (run) => {
      const known = reusable ? run.memo?.[other.index] : undefined
      if (known === undefined && other.active) return onCycle(run)
      const { spec } = known ?? other.run(run)
      if (abort !== undefined && spec.errorCode !== undefined) throw abort
      return holds(spec)
    }
  }
}

/** Index of the first range that contains the bucket, or -1; NaN is in none. */
export function rangeOf(bucket: number, ranges: readonly Range[], closed: boolean): number {
  for (let index = 0; index < ranges.length; index++) {
    const range = ranges[index]
    if (range !== undefined && within(bucket, range.from, range.to, closed)) return index
  }
  return -1
}

export function within(bucket: number, from: number, to: number, closed: boolean): boolean {
  return from <= bucket && (closed ? bucket <= to : bucket < to)
}
