/**
 * One connection kept open, whatever it is made of: come about, live, end, come back. The supervisor owns every wait, so
 * that an end, a timeout and an unreadable message of one connection can never each schedule the next one, and no answer
 * of the server is the last: refusals only lengthen the waits.
 */
import { backoffDelay } from './backoff.ts'
import type { BackoffOptions } from './backoff.ts'
import type { Timers } from './clock.ts'
import type { SourceStatus } from './source.ts'
import { Supervisor } from './supervisor.ts'
import type { AttemptResult } from './supervisor.ts'
import { UpstreamError } from './upstream-error.ts'

/** What a server said: an event, a message. */
export interface StreamEvent {
  /** `message` where the server named none, or its protocol has no names. */
  readonly type: string
  /** Text; may be empty. */
  readonly data: string
  /** By which a later connection can resume after it; empty when there is none. */
  readonly id: string
}

/** What a connection reports to. Called synchronously. */
export interface EventReceiver {
  /** Connected; `resumed` when the server was told where the last connection ended. */
  opened(resumed: boolean): void
  /** An `UpstreamError` thrown here ends the connection as a failure; the next one does not resume. */
  event(event: StreamEvent, origin: string): void
  /** Bytes arrived, be it a comment. */
  alive(): void
  /** The connection ended, or none came about. `error` is undefined when the server ended it in the ordinary way. */
  closed(error: UpstreamError | undefined): void
}

/** Events of a server, by whatever protocol. Nothing but `stop()` ends it. */
export interface EventStream {
  start(receiver: EventReceiver): void
  /** Connects now instead of at the end of a wait; an open connection stays. */
  refresh(): void
  status(): SourceStatus
  stop(): Promise<void>
}

/** How a protocol tells what happens to its connection. */
export interface Life {
  opened(resumed: boolean): void
  event(event: StreamEvent): void
  alive(): void
  /** Waits before later connections are at least this long, ms. */
  retry(milliseconds: number): void
}

/** Times in milliseconds. */
export interface ConnectionOptions {
  readonly timers: Timers
  readonly backoff?: BackoffOptions
  /** A connection that lasted this long counts as a success, however it ends. Default 30,000. */
  readonly healthyAfter?: number
}

/** Waits after an ordinary end spread over at least this. */
const SPREAD = 1_000
/** The longest `retry` that is believed. */
const LONGEST_RETRY = 300_000

/** The loop; each protocol says how one connection goes. */
export abstract class Connection implements EventStream {
  readonly #options: ConnectionOptions
  readonly #timers: Timers
  readonly #supervisor: Supervisor
  #receiver: EventReceiver | undefined
  #openSince: number | undefined
  #failures = 0
  #lastEnd: 'ordinary' | 'failed' = 'failed'
  #retry = 0
  #aliveAt: number | undefined

  constructor(options: ConnectionOptions) {
    this.#options = options
    this.#timers = options.timers
    this.#supervisor = new Supervisor({
      timers: options.timers,
      attempt: (signal) => this.#live(signal),
      // Attempts only ever end by an error; what follows is decided by `delayAfter`.
      interval: SPREAD,
      jitter: 1,
      floor: 1_000,
      delayAfter: (_, error) => this.#delay(error),
    })
  }

  /**
   * Lives through one connection. Resolves when the server ended it in the ordinary way, else throws. Must obey the
   * signal, and end a connection whose peer is silent.
   */
  protected abstract live(stopped: AbortSignal, life: Life): Promise<void>

  /** Where it leads, safe to log. */
  protected abstract origin(): string

  start(receiver: EventReceiver): void {
    if (this.#receiver !== undefined) throw new Error('a stream is started once')
    this.#receiver = receiver
    this.#supervisor.start({ document() {}, unchanged() {}, failed: (error) => this.#ended(error) })
  }

  refresh(): void {
    if (this.#openSince === undefined) this.#supervisor.refresh()
  }

  status(): SourceStatus {
    const status = this.#supervisor.status()
    const success = this.#aliveAt === undefined ? {} : { lastSuccessAt: this.#aliveAt }
    if (this.#openSince === undefined || status.state === 'stopped') {
      return { ...status, ...success, consecutiveFailures: this.#failures }
    }
    return { state: 'live', ...success, consecutiveFailures: 0 }
  }

  stop(): Promise<void> {
    return this.#supervisor.stop()
  }

  async #live(stopped: AbortSignal): Promise<AttemptResult> {
    const origin = this.origin()
    const unlessStopped = (act: (receiver: EventReceiver) => void): void => {
      if (!stopped.aborted && this.#receiver !== undefined) act(this.#receiver)
    }
    await this.live(stopped, {
      opened: (resumed) =>
        unlessStopped((receiver) => {
          this.#openSince = this.#timers.monotonic()
          this.#aliveAt = this.#timers.now()
          receiver.opened(resumed)
        }),
      event: (event) => unlessStopped((receiver) => receiver.event(event, origin)),
      alive: () =>
        unlessStopped((receiver) => {
          this.#aliveAt = this.#timers.now()
          receiver.alive()
        }),
      retry: (milliseconds) => {
        this.#retry = Math.min(milliseconds, LONGEST_RETRY)
      },
    })
    throw new OrdinaryEnd(`${origin} ended the stream`)
  }

  #ended(error: UpstreamError): void {
    const since = this.#openSince
    this.#openSince = undefined
    const healthy = since !== undefined && this.#timers.monotonic() - since >= (this.#options.healthyAfter ?? 30_000)
    const ordinary = error instanceof OrdinaryEnd && healthy
    this.#lastEnd = ordinary ? 'ordinary' : 'failed'
    if (healthy) this.#failures = 0
    if (!ordinary) this.#failures += 1
    this.#receiver?.closed(ordinary ? undefined : error)
  }

  #delay(error: UpstreamError): number {
    const random = this.#timers.random()
    if (this.#lastEnd === 'ordinary') return this.#retry + Math.floor(random * Math.max(SPREAD, this.#retry))
    return this.#retry + backoffDelay(this.#failures, error, random, this.#options.backoff)
  }
}

/** The server ended the connection as the protocol provides for: deployments and load balancers do it all day. */
class OrdinaryEnd extends UpstreamError {
  constructor(message: string) {
    super('network', message)
  }
}
