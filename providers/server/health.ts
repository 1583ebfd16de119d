/**
 * What the provider has told the world of itself: ready, stale or in error. A connection that is lost and back within
 * the grace is nobody's business; every state that was announced is taken back by `ready`, once.
 *
 *      pending ──► ready ◄──────────────┐
 *         │          │ lost for staleAfterMs, then errorAfterMs
 *         └──► error ◄─ stale ──────────┘ fresh
 */
import type { RelayError } from './relay-error.ts'
import type { Timers } from './timers.ts'

export type Announced = 'pending' | 'ready' | 'stale' | 'error'

export interface HealthEvents {
  ready(message: string): void
  stale(message: string): void
  error(message: string, fatal: boolean): void
}

export interface HealthOptions {
  readonly timers: Timers
  readonly staleAfterMs: number
  readonly errorAfterMs: number | undefined
  /** Whether there is anything to answer from while the relay is away. */
  readonly hasValues: () => boolean
  readonly events: HealthEvents
}

export class Health {
  announced: Announced = 'pending'
  /** Since when the relay is lost, ms since the epoch. */
  lostSince: number | undefined
  /** What is wrong now. */
  lastError: RelayError | undefined
  readonly #options: HealthOptions
  #fatal = false
  #timers: unknown[] = []

  constructor(options: HealthOptions) {
    this.#options = options
  }

  /** The outcome of initialization is told to its caller, not as an event. Only the first counts. */
  begin(announced: 'ready' | 'error', fatal: boolean = false): void {
    if (this.announced !== 'pending') return
    this.announced = announced
    this.#fatal = fatal
  }

  /** The relay is heard, and what it serves is what we have. */
  fresh(): void {
    this.#stop()
    this.lostSince = undefined
    this.lastError = undefined
    this.#fatal = false
    if (this.announced !== 'stale' && this.announced !== 'error') return
    this.announced = 'ready'
    this.#options.events.ready('the relay is back')
  }

  lost(error: RelayError): void {
    this.lastError = error
    if (error.kind === 'refused' && !this.#options.hasValues()) {
      this.#stop()
      this.#announceError(error.message, true)
      return
    }
    if (this.lostSince !== undefined) return
    const { timers, staleAfterMs, errorAfterMs, hasValues, events } = this.#options
    this.lostSince = timers.now()
    const reason = (): string => this.lastError?.message ?? error.message
    this.#timers = [
      timers.setTimeout(() => {
        if (!hasValues()) return this.#announceError(reason(), false)
        if (this.announced !== 'ready') return
        this.announced = 'stale'
        events.stale(reason())
      }, staleAfterMs),
    ]
    if (errorAfterMs === undefined) return
    this.#timers.push(timers.setTimeout(() => this.#announceError(reason(), false), errorAfterMs))
  }

  close(): void {
    this.#stop()
    this.announced = 'pending'
  }

  #announceError(message: string, fatal: boolean): void {
    if (this.announced === 'pending') return
    // A key that turns out to be refused is news, also where nobody was there before.
    if (this.announced === 'error' && (this.#fatal || !fatal)) return
    this.announced = 'error'
    this.#fatal = fatal
    this.#options.events.error(message, fatal)
  }

  #stop(): void {
    for (const timer of this.#timers) this.#options.timers.clearTimeout(timer)
    this.#timers = []
  }
}
