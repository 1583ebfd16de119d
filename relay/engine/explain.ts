/**
 * The readable evaluation: walks the Plan step by step and writes down what it saw.
 *
 * It answers "why did I get this?" and is the reference that the fast evaluator (link.ts) is tested against, so it
 * shares leaves and outcomes with it but none of its control flow.
 */
import { hasErrorCode } from './link.ts'
import { rangeOf, within } from './linked.ts'
import type { Linker } from './link.ts'
import { Abort, UNDECIDED } from './linked-flag.ts'
import type { LinkedFlag } from './linked-flag.ts'
import type { Evaluation, Outcome } from './outcome.ts'
import type { Condition, Decision, Plan } from './plan.ts'
import type { Run } from './run.ts'

/** One step of an evaluation. `depth` nests steps: a rule's conditions lie one deeper than the rule. */
export interface Step {
  readonly depth: number
  /** What was looked at, in the vendor's own names: `rule 2`, `country IsOneOf ["NL"]`, `segment beta`. */
  readonly what: string
  /** What came of it: `true`, `false`, a bucket such as `0.4216`, `serves variant on`. */
  readonly result: string
}

/** The outcome of `evaluate` and the path that led to it. */
export interface Explanation extends Evaluation {
  readonly trace: readonly Step[]
}

/** Explains one flag. Never throws. */
export class Explainer {
  readonly trace: Step[] = []
  readonly #plan: Plan
  readonly #linker: Linker
  readonly #run: Run
  readonly #active = new Set<string>()
  readonly #activeSegments = new Set<string>()
  readonly #answered = new Map<LinkedFlag, { readonly outcome: Outcome; readonly noted: boolean }>()
  #depth = 0
  #noted = false

  constructor(plan: Plan, linker: Linker, run: Run) {
    this.#plan = plan
    this.#linker = linker
    this.#run = run
  }

  /** The answer to the caller; asked once per explainer. */
  flag(flag: LinkedFlag): Outcome {
    const outcome = this.#plan.circlesFrom === 'references' ? this.#evaluate(flag) : this.#asked(flag)
    return this.#noted ? flag.noted(outcome) : outcome
  }

  /** Walks a flag once, however many others ask it. */
  #answerOf(flag: LinkedFlag): Outcome {
    const known = this.#answered.get(flag)
    if (known !== undefined) {
      this.#note(`flag ${flag.plan.key}`, `as above: ${describe(known.outcome.evaluation)}`)
      this.#noted ||= known.noted
      return known.outcome
    }
    const notedBefore = this.#noted
    this.#noted = false
    const walk = (): Outcome => this.#asked(flag)
    const outcome = this.#nested(`flag ${flag.plan.key}`, walk, (answer) => describe(answer.evaluation))
    if (flag.reusable) this.#answered.set(flag, { outcome, noted: this.#noted })
    this.#noted ||= notedBefore
    return outcome
  }

  #asked(flag: LinkedFlag): Outcome {
    this.#active.add(flag.plan.key)
    try {
      return this.#evaluate(flag)
    } finally {
      this.#active.delete(flag.plan.key)
    }
  }

  #evaluate(flag: LinkedFlag): Outcome {
    try {
      const outcome = this.#decide(flag.plan.decide, flag)
      if (outcome !== undefined) return outcome
      throw new Abort(UNDECIDED)
    } catch (thrown) {
      const outcome = flag.failed(thrown)
      this.#note('evaluation ended early', `${outcome.spec.errorCode}: ${outcome.spec.errorDetails ?? ''}`)
      return outcome
    }
  }

  #note(what: string, result: string): void {
    this.trace.push({ depth: this.#depth, what, result })
  }

  /** Writes the heading before the steps inside it and its result afterwards. */
  #nested<T>(what: string, inside: () => T, result: (value: T) => string): T {
    const at = this.trace.length
    this.trace.push({ depth: this.#depth, what, result: '' })
    this.#depth++
    try {
      const value = inside()
      this.trace[at] = { depth: this.#depth - 1, what, result: result(value) }
      return value
    } finally {
      this.#depth--
    }
  }

  #decide(decision: Decision, flag: LinkedFlag): Outcome | undefined {
    switch (decision.kind) {
      case 'serve': {
        const outcome = flag.outcome(decision.outcome)
        this.#note('serve', describe(outcome.evaluation))
        return outcome
      }
      case 'pass':
        return undefined
      case 'rules': {
        for (const rule of decision.rules) {
          if (!this.#nested(rule.name, () => this.#holds(rule.if), matches)) continue
          const outcome = this.#decide(rule.then, flag)
          if (outcome !== undefined) return outcome
          this.#note(rule.name, 'passes on')
        }
        return this.#decide(decision.otherwise, flag)
      }
      case 'split': {
        const bucket = decision.bucket.of(this.#run)
        const chosen = decision.ranges[rangeOf(bucket, decision.ranges, decision.ends === 'closed')]
        this.#note(
          `bucket of ${decision.bucket.name}`,
          chosen === undefined ? `${bucket} is in no range` : `${bucket} is in ${chosen.from}…${chosen.to}`,
        )
        return this.#decide(chosen?.then ?? decision.otherwise, flag)
      }
      case 'switch': {
        const value = decision.on.read(this.#run)
        this.#note(decision.on.name, show(value))
        if (value === null || value === undefined) return this.#decide(decision.none, flag)
        const chosen = typeof value === 'string' ? decision.cases.get(value) : undefined
        return this.#decide(chosen ?? decision.otherwise, flag)
      }
      default:
        return decision satisfies never
    }
  }

  #holds(condition: Condition): boolean {
    switch (condition.kind) {
      case 'always':
        return true
      case 'never':
        return false
      case 'all':
        return this.#nested('all of', () => condition.of.every((part) => this.#holds(part)), String)
      case 'any':
        return this.#nested('any of', () => condition.of.some((part) => this.#holds(part)), String)
      case 'not':
        return this.#nested('not', () => !this.#holds(condition.of), String)
      case 'test': {
        const { term, predicate } = condition
        const value = term.read(this.#run)
        const holds = predicate.test(value)
        const operand = predicate.operand === undefined ? '' : ` ${show(predicate.operand)}`
        this.#note(`${term.name} (${show(value)}) ${predicate.name}${operand}`, String(holds))
        return holds
      }
      case 'segment': {
        const segment = this.#plan.segments.get(condition.id)
        if (segment === undefined) return false
        if (this.#activeSegments.has(condition.id)) {
          this.#note(`segment ${condition.id}`, 'is already being evaluated: a cycle')
          return this.#holds(condition.onCycle ?? { kind: 'never' })
        }
        return this.#nested(`segment ${condition.id}`, () => this.#inSegment(condition.id, segment.condition), String)
      }
      case 'flag':
        return this.#nested(condition.name, () => this.#asks(condition), String)
      case 'asking': {
        const holds = this.#active.has(condition.key)
        this.#note(`flag ${condition.key} is already being evaluated`, String(holds))
        return holds
      }
      case 'bucket': {
        const bucket = condition.bucket.of(this.#run)
        const holds = within(bucket, condition.from, condition.to, condition.ends === 'closed')
        this.#note(`bucket of ${condition.bucket.name} (${bucket}) in ${condition.from}…${condition.to}`, String(holds))
        return holds
      }
      case 'time': {
        const { from = -Infinity, until = Infinity } = condition
        const holds = this.#run.now >= from && this.#run.now < until
        this.#note(`now in ${date(from)}…${date(until)}`, String(holds))
        return holds
      }
      case 'fail':
        throw new Abort(condition.outcome)
      case 'recover':
        try {
          return this.#holds(condition.of)
        } catch (thrown) {
          if (!(thrown instanceof Abort)) throw thrown
          this.#note('an error', `${thrown.outcome.errorDetails ?? thrown.outcome.reason}; evaluation goes on`)
          return this.#holds(condition.instead)
        }
      case 'note':
        this.#noted = true
        this.#note(condition.name, 'noted')
        return this.#holds(condition.of)
      default:
        return condition satisfies never
    }
  }

  #inSegment(id: string, condition: Condition): boolean {
    this.#activeSegments.add(id)
    try {
      return this.#holds(condition)
    } finally {
      this.#activeSegments.delete(id)
    }
  }

  #asks(condition: Extract<Condition, { kind: 'flag' }>): boolean {
    const other = this.#linker.flags.get(condition.key)
    if (other === undefined) return false
    if (this.#active.has(condition.key)) {
      this.#note(`flag ${condition.key}`, 'is already being evaluated: a cycle')
      return this.#holds(condition.onCycle)
    }
    const { spec } = this.#answerOf(other)
    const { isError = hasErrorCode } = condition
    if (condition.onError !== undefined && isError(spec)) throw new Abort(condition.onError)
    return condition.holds(spec)
  }
}

function describe(evaluation: Evaluation): string {
  const { value, variant, reason, errorCode } = evaluation
  if (errorCode !== undefined) return `${reason} ${errorCode}`
  const served = value === undefined ? 'no value, the caller’s default applies' : `value ${show(value)}`
  return `${served}${variant === undefined ? '' : `, variant ${variant}`}, ${reason}`
}

const matches = (holds: boolean): string => (holds ? 'matches' : 'does not match')

function show(value: unknown): string {
  if (value === undefined) return 'absent'
  const text = printed(value)
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

function date(moment: number): string {
  if (!Number.isFinite(moment)) return 'any time'
  const date = new Date(moment)
  // Documents may name moments beyond the end of the calendar.
  return Number.isNaN(date.getTime()) ? `${moment} ms` : date.toISOString()
}

/** Never throws: what cannot be printed was read all the same, and the explanation must go on as the answer did. */
function printed(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value
  } catch {
    return `${typeof value} that cannot be shown`
  }
}
