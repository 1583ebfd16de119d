/**
 * Counts what a store did and reports trouble sparingly: a full disk fails every save, and a log line for each would
 * bury the one line that matters.
 */
import type { Clock } from '../upstream/clock.ts'
import { StoreError } from './store.ts'
import type { Problem, StoreStatus } from './store.ts'

/** At most one report per kind of trouble in this time. Milliseconds. */
const REPORT_EVERY = 3_600_000

/** Receives a problem at most once per hour and kind. */
export type Report = (problem: Problem) => void

/** The books of one store. */
export class Tally {
  readonly #where: string
  readonly #clock: Clock
  readonly #report: Report
  readonly #reportedAt = new Map<string, number>()
  #status: StoreStatus = { state: 'idle', saves: 0, failures: 0 }

  constructor(where: string, clock: Clock, report: Report | undefined) {
    this.#where = where
    this.#clock = clock
    this.#report = report ?? (() => undefined)
  }

  get status(): StoreStatus {
    return this.#status
  }

  /** An operation went through; `saved` when it also wrote. */
  succeeded(saved: boolean): void {
    if (this.#status.state === 'closed') return
    const saves = this.#status.saves + (saved ? 1 : 0)
    this.#status = { ...this.#status, state: 'available', saves, lastSuccessAt: this.#clock.now() }
  }

  /** An operation failed. Returns the error, for throwing. */
  failed(error: StoreError): StoreError {
    const lastError = { at: this.#clock.now(), message: error.message, kind: error.kind }
    const state = this.#status.state === 'closed' ? 'closed' : 'unavailable'
    this.#status = { ...this.#status, state, failures: this.#status.failures + 1, lastError }
    const last = this.#reportedAt.get(error.kind)
    if (last === undefined || this.#clock.monotonic() - last >= REPORT_EVERY) {
      this.#reportedAt.set(error.kind, this.#clock.monotonic())
      this.#report({ where: this.#where, message: error.message })
    }
    return error
  }

  closed(): void {
    this.#status = { ...this.#status, state: 'closed' }
  }
}
