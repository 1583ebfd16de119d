/**
 * The fast evaluator: links the Plan of one flag, on the flag's first evaluation.
 *
 * Linking is lazy so that swapping in a document with twenty thousand flags costs nothing for flags nobody asks for.
 * A linked flag hands out prepared outcomes; errors inside a leaf end in the flag's `fault` and never escape.
 * explain.ts walks the same Plan step by step and must agree with this file: tests hold the two against each other.
 */
import { Circles } from './circles.ts'
import { references, standsAlone } from './inspect.ts'
import { Abort, LinkedFlag } from './linked-flag.ts'
import type { Links } from './linked-flag.ts'
import {
  ALL,
  ALWAYS,
  ANY,
  BUCKET,
  CALL,
  Check,
  holds,
  NEVER,
  NOT,
  PASS,
  RULES,
  SPLIT,
  Step,
  SWITCH,
  TEST,
} from './linked.ts'
import type { Decide } from './linked.ts'
import type { Condition, Decision, OutcomeSpec, Plan, SegmentPlan } from './plan.ts'
import type { Run } from './run.ts'

type Holds = (run: Run) => boolean

const NEVER_HOLDS: Condition = { kind: 'never' }
const PASSING: Step = new Step({ kind: PASS })

/** What `isError` of a `flag` condition is by default. */
export function hasErrorCode(spec: OutcomeSpec): boolean {
  return spec.errorCode !== undefined
}

/** One segment, linked on its first use; `active` while it is being evaluated. */
interface LinkedSegment {
  active: boolean
  check: Check | undefined
}

/** Links decisions and conditions of one Plan. */
export class Linker implements Links {
  /** Of keys that the plan has twice, the last. */
  readonly flags: ReadonlyMap<string, LinkedFlag>
  readonly circlesFromReferences: boolean
  readonly #plan: Plan
  readonly #segments: ReadonlyMap<string, SegmentPlan>
  readonly #linkedSegments = new Map<string, LinkedSegment>()
  readonly #circles: Circles

  private constructor(plan: Plan, flags: ReadonlyMap<string, LinkedFlag>) {
    this.flags = flags
    this.circlesFromReferences = plan.circlesFrom === 'references'
    this.#plan = plan
    this.#segments = plan.segments
    this.#circles = new Circles((key) => {
      const flag = this.flags.get(key)
      return flag === undefined ? [] : references(plan, flag.plan.decide)
    })
  }

  /** A step is one flag. */
  static *of(plan: Plan): Generator<void, Linker> {
    const flags = new Map<string, LinkedFlag>()
    const linker = new Linker(plan, flags)
    for (const flag of plan.flags) {
      flags.set(flag.key, new LinkedFlag(flag, linker))
      yield
    }
    return linker
  }

  circular(key: string): boolean {
    return this.#circles.has(key)
  }

  alone(decision: Decision): boolean {
    return standsAlone(this.#plan, decision)
  }

  decision(decision: Decision, flag: LinkedFlag): Decide {
    return flag.once(decision, () => this.#link(decision, flag))
  }

  #link(decision: Decision, flag: LinkedFlag): Decide {
    switch (decision.kind) {
      case 'serve':
        return flag.outcome(decision.outcome)
      case 'pass':
        return PASSING
      case 'rules':
        return new Step({
          kind: RULES,
          checks: decision.rules.map((rule) => this.condition(rule.if)),
          thens: decision.rules.map((rule) => this.decision(rule.then, flag)),
          otherwise: this.decision(decision.otherwise, flag),
        })
      case 'split':
        return new Step({
          kind: SPLIT,
          bucket: decision.bucket,
          ranges: decision.ranges,
          closed: decision.ends === 'closed',
          thens: decision.ranges.map((range) => this.decision(range.then, flag)),
          otherwise: this.decision(decision.otherwise, flag),
        })
      case 'switch':
        return new Step({
          kind: SWITCH,
          on: decision.on,
          cases: new Map([...decision.cases].map(([text, then]) => [text, this.decision(then, flag)])),
          none: this.decision(decision.none, flag),
          otherwise: this.decision(decision.otherwise, flag),
        })
      default:
        return decision satisfies never
    }
  }

  condition(condition: Condition): Check {
    switch (condition.kind) {
      case 'always':
        return new Check({ kind: ALWAYS })
      case 'never':
        return new Check({ kind: NEVER })
      case 'all':
      case 'any': {
        const parts = condition.of.map((part) => this.condition(part))
        const [only] = parts
        if (only !== undefined && parts.length === 1) return only
        return new Check({ kind: condition.kind === 'all' ? ALL : ANY, parts })
      }
      case 'not':
        return new Check({ kind: NOT, parts: [this.condition(condition.of)] })
      case 'test':
        return new Check({ kind: TEST, term: condition.term, predicate: condition.predicate })
      case 'bucket': {
        const { bucket, from, to, ends } = condition
        return new Check({ kind: BUCKET, bucket, from, to, closed: ends === 'closed' })
      }
      default:
        return new Check({ kind: CALL, call: this.#call(condition) })
    }
  }

  #call(
    condition: Exclude<Condition, { kind: 'always' | 'never' | 'all' | 'any' | 'not' | 'test' | 'bucket' }>,
  ): Holds {
    switch (condition.kind) {
      case 'segment':
        return this.#segment(condition)
      case 'flag':
        return this.#flag(condition)
      case 'asking': {
        const other = this.flags.get(condition.key)
        return () => other?.active === true
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
            return holds(part, run)
          } catch (thrown) {
            if (!(thrown instanceof Abort)) throw thrown
            return holds(instead, run)
          }
        }
      }
      case 'note': {
        const part = this.condition(condition.of)
        return (run) => {
          run.noted = true
          return holds(part, run)
        }
      }
      default:
        return condition satisfies never
    }
  }

  #segment({ id, onCycle = NEVER_HOLDS }: Extract<Condition, { kind: 'segment' }>): Holds {
    const segment = this.#segments.get(id)
    if (segment === undefined) return () => false
    let linked = this.#linkedSegments.get(id)
    if (linked === undefined) {
      linked = { active: false, check: undefined }
      this.#linkedSegments.set(id, linked)
    }
    const state = linked
    const cycle = this.condition(onCycle)
    return (run) => {
      if (state.active) return holds(cycle, run)
      state.active = true
      try {
        state.check ??= this.condition(segment.condition)
        return holds(state.check, run)
      } finally {
        state.active = false
      }
    }
  }

  #flag(condition: Extract<Condition, { kind: 'flag' }>): Holds {
    const other = this.flags.get(condition.key)
    if (other === undefined) return () => false
    const { holds: accepts, onError, isError = hasErrorCode } = condition
    const onCycle = this.condition(condition.onCycle)
    const abort = onError === undefined ? undefined : new Abort(onError)
    return (run) => {
      if (other.active) return holds(onCycle, run)
      const { spec } = other.asked(run)
      if (abort !== undefined && isError(spec)) throw abort
      return accepts(spec)
    }
  }
}
