/**
 * The loop every polling source runs: one timer, one attempt at a time, no terminal state but `stop()`. Kept apart from
 * files and HTTP because reconnects multiply exactly where two error handlers each schedule the next attempt.
 */
import type { BackoffOptions } from './backoff.ts'
import { backoffDelay } from './backoff.ts'
import type { TimerHandle, Timers } from './clock.ts'
import type { SourceSink, SourceStatus, UpstreamDocument } from './source.ts'
import { UpstreamError } from './upstream-error.ts'

/** What one attempt found. It throws `UpstreamError` when it found nothing. */
export type AttemptResult = { readonly document: UpstreamDocument } | 'unchanged'

/** How a loop behaves. Milliseconds. */
export interface SupervisorOptions {
  readonly timers: Timers
  /** One try. Must settle in bounded time and obey the signal. */
  readonly attempt: (signal: AbortSignal) => Promise<AttemptResult>
  /** Between successes, before jitter. */
  readonly interval: number
  /** Share of the interval that varies either way: 0.1 is ±10 %. */
  readonly jitter: number
  /** Least time between the starts of two attempts, however often `refresh` is called. */
  readonly floor: number
  readonly backoff?: BackoffOptions
  /** Overrides the backoff: how long to wait after this failure. */
  readonly delayAfter?: (failures: number, error: UpstreamError) => number
}

/** The loop itself; sources delegate `start`, `refresh`, `status` and `stop` to it. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #timers: Timers
  #sink: SourceSink | undefined
  #timer: TimerHandle | undefined
  #attempt: { readonly controller: AbortController; readonly done: Promise<void> } | undefined
  #refreshWanted = false
  #startedAt = -Infinity
  /** Monotonic time of the pending attempt. */
  #dueAt = Infinity
  /** Monotonic time before which upstream asked not to be called, not even by `refresh`. */
  #notBefore = -Infinity
  #firstSuccess = true
  #status: SourceStatus = { state: 'starting', consecutiveFailures: 0 }

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#timers = options.timers
  }

  start(sink: SourceSink): void {
    if (this.#sink !== undefined) throw new Error('a source is started once')
    this.#sink = sink
    if (this.#status.state !== 'stopped') this.#begin()
  }

  refresh(): void {
    if (this.#sink === undefined || this.#status.state === 'stopped') return
    if (this.#attempt !== undefined) {
      this.#refreshWanted = true
      return
    }
    const wait = this.#earliest()
    if (this.#dueAt > this.#timers.monotonic() + wait) this.#schedule(wait)
  }

  status(): SourceStatus {
    return this.#status
  }

  async stop(): Promise<void> {
    this.#timers.clearTimeout(this.#timer)
    this.#timer = undefined
    const { nextAttemptAt: _, ...rest } = this.#status
    this.#status = { ...rest, state: 'stopped' }
    this.#attempt?.controller.abort()
    await this.#attempt?.done
  }

  /** Milliseconds until an attempt that somebody asked for may start. */
  #earliest(): number {
    const allowed = Math.max(this.#startedAt + this.#options.floor, this.#notBefore)
    return Math.max(0, allowed - this.#timers.monotonic())
  }

  #schedule(delay: number): void {
    this.#timers.clearTimeout(this.#timer)
    this.#dueAt = this.#timers.monotonic() + delay
    this.#status = { ...this.#status, nextAttemptAt: this.#timers.now() + delay }
    this.#timer = this.#timers.setTimeout(() => this.#begin(), delay)
  }

  #begin(): void {
    this.#timer = undefined
    this.#dueAt = Infinity
    this.#startedAt = this.#timers.monotonic()
    const { nextAttemptAt: _, ...rest } = this.#status
    this.#status = rest
    const controller = new AbortController()
    this.#attempt = { controller, done: this.#run(controller.signal) }
  }

  async #run(signal: AbortSignal): Promise<void> {
    let delay: number
    try {
      const result = await this.#options.attempt(signal)
      if (signal.aborted) return
      delay = this.#succeeded(result)
    } catch (error) {
      if (signal.aborted) return
      delay = this.#failed(toUpstreamError(error))
    }
    this.#attempt = undefined
    if (this.#status.state === 'stopped') return
    if (this.#refreshWanted) {
      this.#refreshWanted = false
      // After a failure the retry serves the refresh too: asking during an outage must not turn into a storm.
      if (this.#status.consecutiveFailures === 0) delay = Math.min(delay, this.#earliest())
    }
    this.#schedule(delay)
  }

  #succeeded(result: AttemptResult): number {
    const now = this.#timers.now()
    const { lastError: _, ...rest } = this.#status
    this.#status = { ...rest, state: 'live', lastSuccessAt: now, consecutiveFailures: 0 }
    this.#tell((sink) => (result === 'unchanged' ? sink.unchanged(now) : sink.document(result.document)))
    const { interval, jitter } = this.#options
    // The first gap takes any phase of the interval, so that replicas started together do not poll together.
    const share = this.#firstSuccess ? this.#timers.random() : 1 - jitter + 2 * jitter * this.#timers.random()
    this.#firstSuccess = false
    return Math.max(this.#options.floor, Math.floor(interval * share))
  }

  #failed(error: UpstreamError): number {
    const failures = this.#status.consecutiveFailures + 1
    const status = error.status === undefined ? {} : { status: error.status }
    const lastError = { at: this.#timers.now(), message: error.message, kind: error.kind, ...status }
    this.#status = { ...this.#status, state: 'retrying', consecutiveFailures: failures, lastError }
    this.#tell((sink) => sink.failed(error))
    const delay =
      this.#options.delayAfter?.(failures, error) ??
      backoffDelay(failures, error, this.#timers.random(), this.#options.backoff)
    if (error.retryAfter !== undefined) this.#notBefore = this.#timers.monotonic() + delay
    return delay
  }

  #tell(call: (sink: SourceSink) => void): void {
    const sink = this.#sink
    if (sink === undefined) return
    try {
      call(sink)
    } catch (cause) {
      const error = new UpstreamError('internal', 'the receiver of a source threw', { cause })
      const lastError = { at: this.#timers.now(), message: error.message, kind: error.kind }
      this.#status = { ...this.#status, lastError }
    }
  }
}

function toUpstreamError(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error
  return new UpstreamError('internal', 'an attempt failed in an unexpected way', { cause: error })
}
