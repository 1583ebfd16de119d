/**
 * Stops asking what does not answer. A hung Redis costs each caller its whole timeout; after a few of those the circuit
 * opens and failing is free, until one trial at a time finds it well again.
 *
 *     closed ──3 failures──► open ──pause over──► trial ──success──► closed
 *                             ▲                     └──failure──► open, for twice as long
 */
import type { Timers } from '../upstream/clock.ts'

/** Milliseconds and counts. */
export interface BreakerOptions {
  readonly timers: Pick<Timers, 'monotonic' | 'random'>
  /** Failures in a row that open the circuit. Default 3. */
  readonly threshold?: number
  /** The first pause, halved at most by jitter. Default 500. */
  readonly pause?: number
  /** The longest pause. Default 5,000. */
  readonly longest?: number
}

/** One circuit. Every `true` of `allows` is followed by `succeeded` or `failed`. */
export class Breaker {
  readonly #options: BreakerOptions
  #failures = 0
  #openUntil = -Infinity
  #trying = false

  constructor(options: BreakerOptions) {
    this.#options = options
  }

  /** May this call go out? While open, one call is let through after each pause. */
  allows(): boolean {
    if (!this.open) return true
    if (this.#trying || this.#options.timers.monotonic() < this.#openUntil) return false
    this.#trying = true
    return true
  }

  get open(): boolean {
    return this.#failures >= (this.#options.threshold ?? 3)
  }

  succeeded(): void {
    this.#failures = 0
    this.#trying = false
  }

  failed(): void {
    const { timers, threshold = 3, pause = 500, longest = 5_000 } = this.#options
    this.#failures += 1
    this.#trying = false
    if (!this.open) return
    const ceiling = Math.min(longest, pause * 2 ** Math.min(this.#failures - threshold, 20))
    this.#openUntil = timers.monotonic() + (ceiling / 2) * (1 + timers.random())
  }
}
