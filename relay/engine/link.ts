/**
 * The fast evaluator: turns the Plan of one flag into closures, on the flag's first evaluation.
 *
 * Linking is lazy so that swapping in a document with twenty thousand flags costs nothing for flags nobody asks for.
 * A linked flag hands out prepared outcomes; errors inside a leaf end in the flag's `fault` and never escape.
 * explain.ts walks the same Plan step by step and must agree with this file: tests hold the two against each other.
 */
import { Circles } from './circles.ts'
import { references } from './inspect.ts'
import { Abort, LinkedFlag } from './linked-flag.ts'
import type { Decide, Links } from './linked-flag.ts'
import type { Condition, Decision, OutcomeSpec, Plan, Range, SegmentPlan } from './plan.ts'
import type { Run } from './run.ts'

type Holds = (run: Run) => boolean

const NEVER: Condition = { kind: 'never' }

/** What `isError` of a `flag` condition is by default. */
export function hasErrorCode(spec: OutcomeSpec): boolean {
  return spec.errorCode !== undefined
}

/** One segment, linked on its first use; `active` while it is being evaluated. */
interface LinkedSegment {
  active: boolean
  holds: Holds | undefined
}

/** Links decisions and conditions of one Plan. */
export class Linker implements Links {
  readonly flags: ReadonlyMap<string, LinkedFlag>
  readonly circlesFromReferences: boolean
  readonly #segments: ReadonlyMap<string, SegmentPlan>
  readonly #linkedSegments = new Map<string, LinkedSegment>()
  readonly #circles: Circles

  constructor(plan: Plan) {
    this.circlesFromReferences = plan.circlesFrom === 'references'
    this.#segments = plan.segments
    this.flags = new Map(plan.flags.map((flag) => [flag.key, new LinkedFlag(flag, this)]))
    this.#circles = new Circles((key) => {
      const flag = this.flags.get(key)
      return flag === undefined ? [] : references(plan, flag.plan.decide)
    })
  }

  circular(key: string): boolean {
    return this.#circles.has(key)
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
        return parts.length === 1 && parts[0] !== undefined ? parts[0] : (run) => each(parts, run, true)
      }
      case 'any': {
        const parts = condition.of.map((part) => this.condition(part))
        return parts.length === 1 && parts[0] !== undefined ? parts[0] : (run) => !each(parts, run, false)
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
        return this.#segment(condition)
      case 'flag':
        return this.#flag(condition)
      case 'asking': {
        const other = this.flags.get(condition.key)
        return () => other?.active === true
      }
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
      case 'recover': {
        const part = this.condition(condition.of)
        const instead = this.condition(condition.instead)
        return (run) => {
          try {
            return part(run)
          } catch (thrown) {
            if (!(thrown instanceof Abort)) throw thrown
            return instead(run)
          }
        }
      }
      case 'note': {
        const part = this.condition(condition.of)
        return (run) => {
          run.noted = true
          return part(run)
        }
      }
      default:
        return condition satisfies never
    }
  }

  #segment({ id, onCycle = NEVER }: Extract<Condition, { kind: 'segment' }>): Holds {
    const segment = this.#segments.get(id)
    if (segment === undefined) return () => false
    let linked = this.#linkedSegments.get(id)
    if (linked === undefined) {
      linked = { active: false, holds: undefined }
      this.#linkedSegments.set(id, linked)
    }
    const state = linked
    const cycle = this.condition(onCycle)
    return (run) => {
      if (state.active) return cycle(run)
      state.active = true
      try {
        state.holds ??= this.condition(segment.condition)
        return state.holds(run)
      } finally {
        state.active = false
      }
    }
  }

  #flag(condition: Extract<Condition, { kind: 'flag' }>): Holds {
    const other = this.flags.get(condition.key)
    if (other === undefined) return () => false
    const { holds, onError, isError = hasErrorCode } = condition
    const onCycle = this.condition(condition.onCycle)
    const abort = onError === undefined ? undefined : new Abort(onError)
    return (run) => {
      if (other.active) return onCycle(run)
      const { spec } = other.asked(run)
      if (abort !== undefined && isError(spec)) throw abort
      return holds(spec)
    }
  }
}

/** Whether every part gives `wanted`. A loop, because a callback for `every` would be allocated on each evaluation. */
function each(parts: readonly Holds[], run: Run, wanted: boolean): boolean {
  for (let index = 0; index < parts.length; index++) if (parts[index]?.(run) !== wanted) return false
  return true
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
