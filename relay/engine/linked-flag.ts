/**
 * One flag that is ready to run: its plan, its linked decision and the outcomes it has handed out so far.
 *
 * It keeps what belongs to one evaluation (is it under way, did it note something, what did it throw) apart from
 * link.ts, which only knows how a piece of a Plan becomes a function.
 */
import { Outcome } from './outcome.ts'
import type { Decision, FlagPlan, Frame, OutcomeSpec } from './plan.ts'

/** A frame plus the state of one evaluation. */
export interface Run extends Frame {
  /** What one `evaluateAll` has already answered, by flag index; absent outside of it. */
  memo: readonly (Outcome | undefined)[] | undefined
  /** Whether a `note` was asked since the caller's question. */
  noted: boolean
}

/** A linked decision; undefined when it passes. */
export type Decide = (run: Run) => Outcome | undefined

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
  decision(decision: Decision, flag: LinkedFlag): Decide
}

/** One flag of a Ruleset, ready to run. */
export class LinkedFlag {
  readonly plan: FlagPlan
  readonly index: number
  /** True while this flag is being evaluated, so that a flag that asks itself is noticed. */
  active = false
  readonly #links: Links
  readonly #outcomes = new Map<OutcomeSpec, Outcome>()
  readonly #noted = new Map<Outcome, Outcome>()
  readonly #tellsOfNote = new Set<Outcome>()
  readonly #linked = new Map<Decision, Decide>()
  #decide: Decide | undefined

  constructor(plan: FlagPlan, index: number, links: Links) {
    this.plan = plan
    this.index = index
    this.#links = links
  }

  /** The answer to a caller. Never throws. */
  run(run: Run): Outcome {
    run.noted = false
    const outcome = this.#links.circlesFromReferences ? this.#evaluate(run) : this.asked(run)
    return run.noted ? this.noted(outcome) : outcome
  }

  /** The answer to another flag. Never throws. */
  asked(run: Run): Outcome {
    this.active = true
    try {
      return this.#evaluate(run)
    } finally {
      this.active = false
    }
  }

  #evaluate(run: Run): Outcome {
    try {
      this.#decide ??= this.#links.decision(this.plan.decide, this)
      return this.#decide(run) ?? this.outcome(UNDECIDED)
    } catch (thrown) {
      return this.failed(thrown)
    }
  }

  /** The form of an answer that tells of a note. */
  noted(outcome: Outcome): Outcome {
    let answer = this.#noted.get(outcome)
    if (answer === undefined) {
      const { key, coerce, noted = (spec) => spec } = this.plan
      answer = new Outcome(key, noted(outcome.spec), coerce)
      this.#noted.set(outcome, answer)
      this.#tellsOfNote.add(answer)
    }
    return answer
  }

  /** Whether an answer to a caller came with a note, so that a flag that reuses it passes the note on. */
  tellsOfNote(outcome: Outcome): boolean {
    return this.#tellsOfNote.has(outcome)
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
