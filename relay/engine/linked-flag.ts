/**
 * One flag that is ready to run: its plan, its linked decision and the outcomes it has handed out so far.
 *
 * It keeps what belongs to one evaluation (is it under way, did it note something, what did it throw) apart from
 * link.ts, which only knows how a piece of a Plan becomes a function.
 */
import { decide } from './linked.ts'
import type { Decide } from './linked.ts'
import { Outcome } from './outcome.ts'
import type { Decision, FlagPlan, OutcomeSpec } from './plan.ts'
import type { Run } from './run.ts'

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

/** What a flag needs from whoever links it. */
export interface Links {
  readonly circlesFromReferences: boolean
  /** Whether the flag can come to ask itself: its answer then depends on who asks, so none is reused. */
  circular(key: string): boolean
  /** Whether nothing but the decision counts when a caller asks. */
  alone(decision: Decision): boolean
  decision(decision: Decision, flag: LinkedFlag): Decide
}

/** One flag of a Ruleset, ready to run. */
export class LinkedFlag {
  readonly plan: FlagPlan
  /** True while this flag is being evaluated, so that a flag that asks itself is noticed. */
  active = false
  readonly #links: Links
  // Made when they are needed: of twenty thousand flags most are asked seldom or never.
  #outcomes: Map<OutcomeSpec, Outcome> | undefined
  #noted: Map<Outcome, Outcome> | undefined
  #linked: Map<Decision, Decide> | undefined
  #decide: Decide | undefined
  /** The decision again once it is known that nothing else counts: the way that most questions take. */
  #direct: Decide | undefined
  #alone: boolean | undefined
  #reusable: boolean | undefined
  /** The run that `#answer` belongs to. */
  #answeredIn = 0
  #answer: Outcome | undefined
  #answerNoted = false

  constructor(plan: FlagPlan, links: Links) {
    this.plan = plan
    this.#links = links
  }

  /** The answer to a caller. Never throws. */
  run(run: Run): Outcome {
    const direct = this.#direct
    if (direct === undefined) return this.#ask(run)
    try {
      return decide(direct, run) ?? this.outcome(UNDECIDED)
    } catch (thrown) {
      return this.failed(thrown)
    }
  }

  #ask(run: Run): Outcome {
    this.#alone ??= this.#links.alone(this.plan.decide)
    if (this.#alone) this.#direct = this.#decide
    run.noted = false
    const outcome = this.#links.circlesFromReferences && !this.reusable ? this.#evaluate(run) : this.asked(run)
    return run.noted ? this.noted(outcome) : outcome
  }

  /** The answer to another flag; found again when a second one asks within the same run. Never throws. */
  asked(run: Run): Outcome {
    if (this.#answeredIn === run.id && this.#answer !== undefined) {
      if (this.#answerNoted) run.noted = true
      return this.#answer
    }
    const notedBefore = run.noted
    run.noted = false
    this.active = true
    // Not through `#evaluate`, which would be one more frame for each flag of a chain.
    try {
      this.#decide ??= this.#links.decision(this.plan.decide, this)
      return this.#keep(decide(this.#decide, run) ?? this.outcome(UNDECIDED), run)
    } catch (thrown) {
      return this.#keep(this.failed(thrown), run)
    } finally {
      this.active = false
      if (notedBefore) run.noted = true
    }
  }

  #keep(outcome: Outcome, run: Run): Outcome {
    if (!this.reusable) return outcome
    this.#answeredIn = run.id
    this.#answer = outcome
    this.#answerNoted = run.noted
    return outcome
  }

  /** Whether its answer is the same whoever asks. */
  get reusable(): boolean {
    this.#reusable ??= !this.#links.circular(this.plan.key)
    return this.#reusable
  }

  #evaluate(run: Run): Outcome {
    try {
      this.#decide ??= this.#links.decision(this.plan.decide, this)
      return decide(this.#decide, run) ?? this.outcome(UNDECIDED)
    } catch (thrown) {
      return this.failed(thrown)
    }
  }

  /** The form of an answer that tells of a note. */
  noted(outcome: Outcome): Outcome {
    this.#noted ??= new Map()
    let answer = this.#noted.get(outcome)
    if (answer === undefined) {
      const { key, coerce, noted = (spec) => spec } = this.plan
      answer = new Outcome(key, noted(outcome.spec), coerce)
      this.#noted.set(outcome, answer)
    }
    return answer
  }

  /** The outcome that stands for whatever a leaf threw. */
  failed(thrown: unknown): Outcome {
    return this.outcome(thrown instanceof Abort ? thrown.outcome : (this.plan.fault ?? GENERAL))
  }

  /** Links a decision once, however many places of the plan share it: else shared parts would multiply. */
  once(decision: Decision, link: () => Decide): Decide {
    this.#linked ??= new Map()
    let linked = this.#linked.get(decision)
    if (linked === undefined) {
      linked = link()
      this.#linked.set(decision, linked)
    }
    return linked
  }

  /** The one Outcome object of a spec, so that answers are shared and their JSON is made once. */
  outcome(spec: OutcomeSpec): Outcome {
    this.#outcomes ??= new Map()
    let outcome = this.#outcomes.get(spec)
    if (outcome === undefined) {
      outcome = new Outcome(this.plan.key, spec, this.plan.coerce)
      this.#outcomes.set(spec, outcome)
    }
    return outcome
  }
}
