/**
 * Exposures and tracking events on their way out. Bounded in bytes, because a sink that hangs must cost a bounded amount
 * of memory and no request; what does not fit is dropped and counted by whoever offers it.
 *
 * A batch that a sink could not deliver is offered to it again, then dropped: one that can never be delivered must not
 * stand in the way of all others.
 */
import { Buffer } from 'node:buffer'
import type { Timers } from '../upstream/clock.ts'
import type { TrackEvent } from '../serve/track/batch.ts'

/** Where events go in the end. */
export interface TrackSink {
  /** Rejects when the events could not be delivered. Never called again before it has settled. */
  deliver(batch: TrackDelivery): Promise<void>
}

export interface TrackDelivery {
  readonly environment: string
  /** JSON texts of events. */
  readonly events: readonly string[]
}

export type TrackLoss = 'failed' | 'unsent'

export interface TrackQueueParts {
  /** Undefined: events are taken, counted and let go of. */
  readonly sink: TrackSink | undefined
  readonly maxBytes: number
  readonly timers: Timers
  /** Told of events that were accepted and never delivered. */
  readonly lost: (environment: string, why: TrackLoss, count: number) => void
}

interface Waiting {
  readonly environment: string
  readonly json: string
  readonly bytes: number
}

/** How long events gather before they are handed on, ms. */
const GATHER_MS = 1_000
const MOST_EVENTS = 1_000
const ATTEMPTS = 3
const RETRY_MS = 1_000
/** Bookkeeping of an event besides its bytes, roughly. */
const OVERHEAD = 64

export class TelemetryQueue {
  readonly #parts: TrackQueueParts
  #waiting: Waiting[] = []
  #bytes = 0
  #timer: object | undefined
  #delivering: Promise<void> | undefined

  constructor(parts: TrackQueueParts) {
    this.#parts = parts
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  offer(environment: string, { json }: TrackEvent): boolean {
    const bytes = Buffer.byteLength(json) + OVERHEAD
    if (this.#bytes + bytes > this.#parts.maxBytes) return false
    if (this.#parts.sink === undefined) return true
    this.#waiting.push({ environment, json, bytes })
    this.#bytes += bytes
    this.#timer ??= this.#parts.timers.setTimeout(() => {
      this.#timer = undefined
      void this.#deliverAll()
    }, GATHER_MS)
    return true
  }

  /** Hands everything on; what is not delivered within `ms` is lost and counted. Resolves then. */
  async flush(ms: number): Promise<void> {
    const { timers } = this.#parts
    timers.clearTimeout(this.#timer)
    let timer: object | undefined
    const late = new Promise<void>((resolve) => {
      timer = timers.setTimeout(resolve, ms)
    })
    await Promise.race([this.#deliverAll(), late])
    timers.clearTimeout(timer)
    for (const { environment } of this.#waiting) this.#parts.lost(environment, 'unsent', 1)
    this.#waiting = []
    this.#bytes = 0
  }

  #deliverAll(): Promise<void> {
    this.#delivering ??= this.#run().finally(() => {
      this.#delivering = undefined
    })
    return this.#delivering
  }

  async #run(): Promise<void> {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      const { environment } = first
      const batch = this.#waiting.filter((one) => one.environment === environment).slice(0, MOST_EVENTS)
      const delivered = await this.#deliver({ environment, events: batch.map(({ json }) => json) })
      // Emptied by a flush that did not wait for this.
      if (this.#waiting[0] !== first) return
      if (!delivered) this.#parts.lost(environment, 'failed', batch.length)
      const settled = new Set(batch)
      this.#waiting = this.#waiting.filter((one) => !settled.has(one))
      for (const { bytes } of batch) this.#bytes -= bytes
    }
  }

  async #deliver(delivery: TrackDelivery): Promise<boolean> {
    const { sink, timers } = this.#parts
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        await sink?.deliver(delivery)
        return true
      } catch {
        if (attempt === ATTEMPTS) break
        await new Promise<void>((resolve) => {
          timers.setTimeout(resolve, RETRY_MS * attempt * (0.5 + timers.random()))
        })
      }
    }
    return false
  }
}
