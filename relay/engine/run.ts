/**
 * The state of one evaluation. A Ruleset keeps one and begins it anew for every question, so that asking allocates
 * nothing; the clock is looked at only when a rule does, because reading it costs more than most evaluations.
 */
import type { Context } from './outcome.ts'
import type { Frame, Plan } from './plan.ts'

/** A frame plus what flags need of the evaluation they take part in. */
export interface Run extends Frame {
  /** Differs from one question of a caller to the next; flags remember their answer to the current one. */
  readonly id: number
  /** Whether a `note` was asked since the caller's question. */
  noted: boolean
}

const EMPTY: Context = Object.freeze({})

export class ReusedRun implements Run {
  context: Context = EMPTY
  id = 0
  noted = false
  readonly random: () => number
  readonly #clock: Plan['clock']
  #given: number | undefined
  #now: number | undefined

  constructor(clock: Plan['clock'], random: () => number) {
    this.#clock = clock
    this.random = random
  }

  /** Starts over for another question. `now` in ms since the epoch; without it the system clock tells. */
  begin(context: Context, now: number | undefined): this {
    this.context = context
    this.#given = now
    this.#now = undefined
    this.id++
    return this
  }

  /** The moment that the context names, else the caller's, else the system's; the same throughout the question. */
  get now(): number {
    this.#now ??= this.#named() ?? this.#given ?? Date.now()
    return this.#now
  }

  #named(): number | undefined {
    try {
      return this.#clock?.at(this.context)
    } catch {
      // A getter of the caller's that throws names no moment.
      return undefined
    }
  }
}
