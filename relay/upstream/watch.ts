/**
 * Tells a quiet stream from a dead one. A half-open connection gives no error, ever; without this the relay would serve
 * yesterday's flags and call itself live.
 */
import type { TimerHandle, Timers } from './clock.ts'

/** Something to be done now and then while a connection is open, such as showing that we live. */
export interface Beat {
  /** Milliseconds. */
  readonly every: number
  readonly act: () => void
}

/** Aborts a connection that fell silent, and one whose event never ends. One timer for both, and for the beat. */
export class Watch {
  readonly #timers: Timers
  readonly #idle: number
  readonly #eventDeadline: number
  readonly #controller = new AbortController()
  readonly #beat: Beat | undefined
  #beatAt: number
  #timer: TimerHandle | undefined
  #dueAt = Infinity
  #heardAt: number
  #eventSince: number | undefined
  /** What went wrong, once `signal` is aborted. */
  expired: string | undefined

  constructor(timers: Timers, idle: number, eventDeadline: number, beat?: Beat) {
    this.#timers = timers
    this.#idle = idle
    this.#eventDeadline = eventDeadline
    this.#heardAt = timers.monotonic()
    this.#beat = beat
    this.#beatAt = beat === undefined ? Infinity : this.#heardAt + beat.every
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
    if (this.#next() < this.#dueAt) this.#arm()
  }

  /** A sign of life that says nothing of an event on its way. */
  stillThere(): void {
    this.#heardAt = this.#timers.monotonic()
  }

  stop(): void {
    this.#timers.clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #deadline(): number {
    const whole = this.#eventSince === undefined ? Infinity : this.#eventSince + this.#eventDeadline
    return Math.min(this.#heardAt + this.#idle, whole)
  }

  #next(): number {
    return Math.min(this.#deadline(), this.#beatAt)
  }

  #arm(): void {
    this.#timers.clearTimeout(this.#timer)
    this.#dueAt = this.#next()
    this.#timer = this.#timers.setTimeout(() => this.#check(), this.#dueAt - this.#timers.monotonic())
  }

  #check(): void {
    const now = this.#timers.monotonic()
    if (now < this.#deadline()) {
      if (this.#beat !== undefined && now >= this.#beatAt) {
        this.#beatAt = now + this.#beat.every
        this.#beat.act()
      }
      return this.#arm()
    }
    const silent = now >= this.#heardAt + this.#idle
    this.expired = silent ? `was silent for ${this.#idle} ms` : `did not finish an event in ${this.#eventDeadline} ms`
    this.#timer = undefined
    this.#controller.abort()
  }
}
