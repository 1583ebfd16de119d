/**
 * Exposures and tracking events on their way to the relay: held in bounded memory, sent in batches, each batch under one
 * name so that sending it twice counts once. Nothing here throws or makes an evaluation wait; what is lost is counted.
 */
import { RelayError } from './relay-error.ts'
import { delayAfter } from './schedule.ts'
import { pause } from './timers.ts'
import type { Timers } from './timers.ts'
import { discard } from './transport.ts'
import type { Transport } from './transport.ts'

export type TrackedEvent = ExposureEvent | TrackEvent

export interface ExposureEvent {
  readonly type: 'exposure'
  readonly flag: string
  readonly variant?: string
  readonly targetingKey?: string
  readonly timestamp: number
  readonly revision?: string
}

export interface TrackEvent {
  readonly type: 'track'
  readonly name: string
  readonly targetingKey?: string
  readonly timestamp: number
  readonly value?: number
  readonly attributes?: object
}

export interface EventCounts {
  readonly queued: number
  readonly sent: number
  readonly dropped: number
}

export interface QueueOptions {
  readonly transport: Transport
  readonly timers: Timers
  readonly maxQueuedEvents: number
  readonly flushMs: number
}

/** A relay takes 1,000 events at a time. */
const BATCH = 500
/** How often one batch is tried before it is dropped. */
const ATTEMPTS = 8
/** How often one batch is halved to find what is wrong in it: enough for one event among all. */
const HALVINGS = 12

export class EventQueue {
  readonly #options: QueueOptions
  readonly #abort = new AbortController()
  #events: TrackedEvent[] = []
  #timer: unknown
  #sending: Promise<void> | undefined
  #inFlight = 0
  #sent = 0
  #dropped = 0
  #closed = false

  constructor(options: QueueOptions) {
    this.#options = options
  }

  get counts(): EventCounts {
    return { queued: this.#events.length + this.#inFlight, sent: this.#sent, dropped: this.#dropped }
  }

  add(event: TrackedEvent): void {
    const { timers, maxQueuedEvents, flushMs } = this.#options
    if (this.#closed) {
      this.#dropped++
      return
    }
    this.#events.push(event)
    if (this.#events.length > maxQueuedEvents) {
      this.#events.shift()
      this.#dropped++
    }
    if (this.#events.length >= BATCH) void this.flush()
    else this.#timer ??= timers.setTimeout(() => void this.flush(), flushMs)
  }

  /** Counts an event that no relay would take. */
  refuse(): void {
    this.#dropped++
  }

  /** Sends what is there. Resolves when it is gone, one way or the other; never rejects. */
  flush(): Promise<void> {
    this.#options.timers.clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  /** Takes nothing more, and gives what is there up to `deadline` milliseconds. Idempotent. */
  async close(deadline: number): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.counts.queued > 0)
      await Promise.race([this.flush(), pause(this.#options.timers, deadline, this.#abort.signal)])
    this.#abort.abort()
    this.#dropped += this.#events.length
    this.#events = []
    this.#options.timers.clearTimeout(this.#timer)
  }

  async #send(): Promise<void> {
    while (this.#events.length > 0 && !this.#abort.signal.aborted) {
      const events = this.#events.splice(0, BATCH)
      this.#inFlight = events.length
      await this.#deliver(events, { halvings: HALVINGS })
      this.#inFlight = 0
    }
  }

  async #deliver(events: readonly TrackedEvent[], left: { halvings: number }): Promise<void> {
    const { timers } = this.#options
    const batch = nameOf(timers)
    const text = JSON.stringify({ batch, events })
    for (let failures = 1; failures <= ATTEMPTS && !this.#abort.signal.aborted; failures++) {
      try {
        const refused = await this.#post(text)
        this.#dropped += refused
        this.#sent += events.length - refused
        return
      } catch (thrown) {
        const error = RelayError.from(thrown)
        const tooMuch = error.status === 413 || (error.status === 400 && left.halvings-- > 0)
        if (tooMuch && events.length > 1) return await this.#deliverHalves(events, left)
        if (error.status === 400 || error.status === 404 || error.status === 413) break
        await pause(timers, delayAfter(error, failures, timers), this.#abort.signal)
      }
    }
    this.#dropped += events.length
  }

  async #deliverHalves(events: readonly TrackedEvent[], left: { halvings: number }): Promise<void> {
    const middle = Math.ceil(events.length / 2)
    await this.#deliver(events.slice(0, middle), left)
    await this.#deliver(events.slice(middle), left)
  }

  /** How many of them the relay had no room for. */
  #post(body: string): Promise<number> {
    const { transport } = this.#options
    return transport.ask('/v1/track', { method: 'POST', body, signal: this.#abort.signal }, async (response) => {
      if (response.status !== 202) {
        await discard(response)
        throw transport.failure(response, 'track')
      }
      const { dropped } = (await response.json()) as { dropped?: unknown }
      return typeof dropped === 'number' ? dropped : 0
    })
  }
}

/** 104 random bits. */
function nameOf(timers: Timers): string {
  const part = (): string => Math.floor(timers.random() * 2 ** 52).toString(36)
  return `${part()}-${part()}`
}
