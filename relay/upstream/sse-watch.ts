/**
 * Tells a quiet stream from a dead one. A half-open connection gives no error, ever; without this the relay would serve
 * yesterday's flags and call itself live.
 */
import type { TimerHandle, Timers } from './clock.ts'

/** Aborts a connection that fell silent, and one whose event never ends. One timer for both. */
export class Watch {
  readonly #timers: Timers
  readonly #idle: number
  readonly #eventDeadline: number
  readonly #controller = new AbortController()
  #timer: TimerHandle | undefined
  #dueAt = Infinity
  #heardAt: number
  #eventSince: number | undefined
  /** What went wrong, once `signal` is aborted. */
  expired: string | undefined

  constructor(timers: Timers, idle: number, eventDeadline: number) {
    this.#timers = timers
    this.#idle = idle
    this.#eventDeadline = eventDeadline
    this.#heardAt = timers.monotonic()
    this.#arm()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Bytes arrived; `pending` when an event is not complete yet. */
  heard(pending: boolean): void {
    this.#heardAt = this.#timers.monotonic()
    this.#eventSince = pending ? (this.#eventSince ?? this.#heardAt) : undefined
    // Later deadlines wait for the timer to fire; only an earlier one must move it.
    if (this.#deadline() < this.#dueAt) this.#arm()
  }

  stop(): void {
    this.#timers.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #deadline(): number {
    const whole = this.#eventSince === undefined ? Infinity : this.#eventSince + this.#eventDeadline
    return Math.min(this.#heardAt + this.#idle, whole)
  }

  #arm(): void {
    this.#timers.clearTimeout(this.#timer)
    this.#dueAt = this.#deadline()
    this.#timer = this.#timers.setTimeout(() => this.#check(), this.#dueAt - this.#timers.monotonic())
  }

  #check(): void {
    const now = this.#timers.monotonic()
    if (now < this.#deadline()) return this.#arm()
    const silent = now >= this.#heardAt + this.#idle
    this.expired = silent ? `was silent for ${this.#idle} ms` : `did not finish an event in ${this.#eventDeadline} ms`
    this.#timer = undefined
    this.#controller.abort()
  }
}
