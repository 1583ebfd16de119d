/**
 * A Ruleset: one compiled document. Immutable, so a reader that took a reference sees one version throughout.
 */
import { project } from './context.ts'
import { Explainer } from './explain.ts'
import type { Explanation } from './explain.ts'
import { inspectAll, spread } from './inspect-all.ts'
import type { Names, Whole } from './inspect-all.ts'
import { inspect } from './inspect.ts'
import type { Facts } from './inspect.ts'
import type { Linker } from './link.ts'
import type { LinkedFlag } from './linked-flag.ts'
import { flat, Outcome } from './outcome.ts'
import type { Context, Evaluation, Metadata, ValueType } from './outcome.ts'
import type { OutcomeSpec, Plan } from './plan.ts'
import { ReusedRun } from './run.ts'
import { finish } from './steps.ts'

export interface EvaluateOptions {
  /** Milliseconds since the epoch. Default: the system clock. */
  readonly now?: number
}

/** Which flags a caller may see: `all`, or only those the document marks visible to clients. */
export type Scope = 'all' | 'client'

interface RulesetParts {
  readonly dialect: string
  readonly options: string
  readonly revision: string
  readonly plan: Plan
  /** Of that plan. */
  readonly linker: Linker
  readonly random: () => number
}

/** Of a key that no flag has: its answer never changes while this Ruleset lives. */
const NO_FACTS: Facts = {
  reads: [],
  flags: new Set(),
  segments: new Set(),
  boundaries: [],
  volatile: new Set(),
  volatileFor: new Set(),
}

export class Ruleset {
  /** Name of the dialect. */
  readonly dialect: string
  /** The dialect's options as JSON text. */
  readonly options: string
  /** Hash of dialect, options and document bytes: equal on every replica that holds the same. */
  readonly revision: string
  /** Keys of all flags in document order. */
  readonly keys: readonly string[]
  /** Metadata of the whole flag set. */
  readonly metadata: Metadata
  /** The compiled plan; for `changes` and tests, not for evaluation. */
  readonly plan: Plan
  readonly #linker: Linker
  readonly #listed: readonly LinkedFlag[]
  readonly #facts = new Map<LinkedFlag, Facts>()
  readonly #run: ReusedRun
  #whole: Whole | undefined

  constructor({ dialect, options, revision, plan, linker, random }: RulesetParts) {
    this.dialect = dialect
    this.options = options
    this.revision = revision
    this.plan = plan
    this.metadata = flat(plan.metadata ?? {})
    this.#linker = linker
    this.#listed = [...this.#linker.flags.values()].filter((flag) => flag.plan.hidden !== true)
    this.keys = Object.freeze(this.#listed.map((flag) => flag.plan.key))
    this.#run = new ReusedRun(plan.clock, random)
  }

  /** The answer for one flag. Never throws; a type that does not fit gives TYPE_MISMATCH. */
  evaluate(key: string, context: Context, type?: ValueType, options?: EvaluateOptions): Evaluation {
    return this.outcome(key, context, type, options).evaluation
  }

  /** As `evaluate`, with the prepared JSON text of the answer. */
  outcome(key: string, context: Context, type?: ValueType, options?: EvaluateOptions): Outcome {
    const flag = this.#find(key)
    if (flag === undefined) return this.#missing(key, type)
    const outcome = flag.run(this.#run.begin(context, options?.now))
    return type === undefined ? outcome : outcome.as(type)
  }

  /** Every flag's answer for one context and one moment, in document order. */
  evaluateAll(context: Context, options?: EvaluateOptions): Evaluation[] {
    return this.outcomes(context, options).map((outcome) => outcome.evaluation)
  }

  /** As `evaluateAll`, with the prepared JSON texts. */
  outcomes(context: Context, options?: EvaluateOptions, scope: Scope = 'all'): Outcome[] {
    const run = this.#run.begin(context, options?.now)
    const outcomes: Outcome[] = []
    for (const flag of this.#listed) {
      if (scope === 'client' && flag.plan.clientVisible === false) continue
      outcomes.push(flag.run(run))
    }
    return outcomes
  }

  /** The same outcome as `evaluate`, and the steps that led to it. */
  explain(key: string, context: Context, options?: EvaluateOptions): Explanation {
    const flag = this.#find(key)
    if (flag === undefined) return { ...this.#missing(key).evaluation, trace: [] }
    const run = new ReusedRun(this.plan.clock, this.#run.random).begin(context, options?.now)
    const explainer = new Explainer(this.plan, this.#linker, run)
    return { ...explainer.flag(flag).evaluation, trace: explainer.trace }
  }

  /** Whether the document marks the flag visible to callers of this scope; false for unknown flags. */
  visible(key: string, scope: Scope): boolean {
    const flag = this.#find(key)
    return flag !== undefined && (scope === 'all' || flag.plan.clientVisible !== false)
  }

  /** What one flag, or all flags together, depend on. Computed once. */
  facts(key?: string): Facts {
    if (key === undefined) return finish(this.inspecting()).facts
    const flag = this.#find(key)
    if (flag === undefined) return NO_FACTS
    let facts = this.#facts.get(flag)
    if (facts === undefined) {
      facts = inspect(this.plan, this.#linker.flags, [flag.plan.key])
      this.#facts.set(flag, facts)
    }
    return facts
  }

  /** What `facts()` of all flags together needs, with pauses; at once when it is known. */
  *inspecting(): Generator<void, Whole> {
    this.#whole ??= yield* inspectAll(this.plan, this.#linker.flags)
    return this.#whole
  }

  /**
   * A text that is equal for two moments and contexts only if the answers are too; undefined when those of this context
   * never may be taken as equal (chance, a clock without listed moments, or a context that cannot be read). For one
   * flag, or for all.
   */
  projection(context: Context, now: number, key?: string): string | undefined {
    const facts = this.facts(key)
    try {
      return this.#project(context, now, facts)
    } catch {
      // A getter that throws, a circle or endless depth: only callers within the process can hand these over.
      return undefined
    }
  }

  #project(context: Context, now: number, facts: Facts): string | undefined {
    for (const applies of facts.volatileFor) if (applies(context)) return undefined
    let passed = 0
    while (passed < facts.boundaries.length && (facts.boundaries[passed] ?? Infinity) <= now) passed++
    if (this.plan.readsAll?.(context) === true) return `${passed}|*${project(context, '*')}`
    return `${passed}|${project(context, facts.reads)}`
  }

  /** The next moment after `now` at which some answer may change by itself, in ms since the epoch; else undefined. */
  nextTransition(now: number): number | undefined {
    return this.facts().boundaries.find((moment) => moment > now)
  }

  /** The flags whose answers may change by themselves after `from` and until `to`, ms since the epoch; in document order. */
  transitions(from: number, to: number): readonly string[] {
    const { timed, users } = finish(this.inspecting())
    const names: Names = { flags: new Set(), segments: new Set() }
    for (const { kind, name, boundaries } of timed) {
      for (const moment of boundaries) if (from < moment && moment <= to) names[kind].add(name)
    }
    if (names.flags.size === 0 && names.segments.size === 0) return []
    finish(spread(users, names))
    return this.keys.filter((key) => names.flags.has(key))
  }

  #find(key: string): LinkedFlag | undefined {
    return this.#linker.flags.get(key) ?? this.#alias(key)
  }

  #alias(key: string): LinkedFlag | undefined {
    const meant = this.plan.keyOf?.(key)
    return meant === undefined ? undefined : this.#linker.flags.get(meant)
  }

  #missing(key: string, type?: ValueType): Outcome {
    return new Outcome(key, this.plan.missing?.(key, type) ?? notFound(key))
  }
}

function notFound(key: string): OutcomeSpec {
  return {
    reason: 'ERROR',
    errorCode: 'FLAG_NOT_FOUND',
    errorDetails: `flag ${JSON.stringify(key)} was not found`,
  }
}
