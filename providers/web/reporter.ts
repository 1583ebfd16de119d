/**
 * Exposures and tracked events, on their way to the relay: once each, in batches, within bounds. A page may end at any
 * moment, so what waits is sent by `keepalive` requests when the page is hidden; what cannot be sent is counted.
 */
import type { EvaluationContext, TrackingEventDetails } from '@openfeature/web-sdk'
import { fullJitter } from '../shared/backoff.ts'
import type { FlagState } from './state.ts'
import type { Refusal, Wire } from './wire.ts'

/** Events kept while the relay cannot be reached. */
const MOST_WAITING = 1_000
/** Exposures remembered as reported. */
const MOST_KNOWN = 2_000
/** Characters of one batch: browsers refuse `keepalive` bodies of more than 64 KiB. */
const MOST_SENT = 20_000
/** Milliseconds in which events gather to a batch. */
const GATHER = 5_000

interface Batch {
  /** Names the batch, so that sending it twice counts once. */
  readonly body: string
  readonly events: number
  sending: boolean
}

export class Reporter {
  /** Events that were lost: no room here or at the relay, or refused. */
  dropped = 0
  /** Nothing is tried again meanwhile. */
  closed = false
  readonly #wire: Wire
  readonly #known = new Set<string>()
  /** Each as JSON. */
  #waiting: string[] = []
  /** Sent, but not known to have arrived. */
  readonly #batches = new Set<Batch>()
  #timer: unknown
  #attempt = 0
  /** The relay has no such route. */
  #off = false

  constructor(wire: Wire) {
    this.#wire = wire
  }

  /** Events that have not arrived yet. */
  get waiting(): number {
    return [...this.#batches].reduce((sum, { events }) => sum + events, this.#waiting.length)
  }

  exposure(flag: string, variant: string | undefined, { hash, revision }: FlagState, targetingKey?: string): void {
    const identity = JSON.stringify([flag, variant, hash])
    const known = this.#known.delete(identity)
    this.#known.add(identity)
    if (known) return
    for (const oldest of this.#known) {
      if (this.#known.size <= MOST_KNOWN) break
      this.#known.delete(oldest)
    }
    this.#put({ type: 'exposure', flag, variant, targetingKey, timestamp: this.#wire.around.now(), revision })
  }

  /** Never throws. */
  track(name: string, { targetingKey }: EvaluationContext, details?: TrackingEventDetails): void {
    const { value, ...attributes } = details ?? {}
    const number = Number.isFinite(value) ? { value } : {}
    this.#put({ type: 'track', name, targetingKey, timestamp: this.#wire.around.now(), ...number, attributes })
  }

  /** Sends all that waits; `last`: the page may be gone before the answer. */
  async flush(last = false): Promise<void> {
    const { clearTimeout, random } = this.#wire.around
    clearTimeout(this.#timer)
    this.#timer = undefined
    while (this.#waiting.length) {
      let [size, events] = [0, 0]
      for (const { length } of this.#waiting) {
        size += length
        if (size > MOST_SENT && events) break
        events++
      }
      const name = [random(), random()].join('-')
      const body = `{"batch":"${name}","events":[${this.#waiting.splice(0, events).join()}]}`
      this.#batches.add({ body, events, sending: false })
    }
    await Promise.all([...this.#batches].filter(({ sending }) => last || !sending).map((it) => this.#send(it, last)))
  }

  async #send(batch: Batch, keepalive: boolean): Promise<void> {
    batch.sending = true
    try {
      const response = await this.#wire.post('/v1/track', batch.body, { keepalive })
      const { dropped = 0 } = (await response.json()) as { dropped?: number }
      if (this.#batches.delete(batch)) this.dropped += dropped
      this.#attempt = 0
    } catch (error) {
      batch.sending = false
      const { status = 0 } = error as Partial<Refusal>
      if (status >= 400 && status < 500 && status !== 429) {
        this.#off ||= status === 404
        if (this.#batches.delete(batch)) this.dropped += batch.events
      } else this.#later(GATHER + fullJitter(this.#attempt++, this.#wire.around.random))
    }
  }

  /** Leaves out what a relay would refuse the whole batch for. */
  #put({ targetingKey, ...event }: Event): void {
    try {
      if (this.#off || !isText(event.name ?? event.flag) || this.waiting >= MOST_WAITING) throw new Error()
      this.#waiting.push(JSON.stringify({ ...event, ...(isText(targetingKey) && { targetingKey }) }))
      this.#later(GATHER)
    } catch {
      // Also what has no JSON: a circle in the attributes.
      this.dropped++
    }
  }

  #later(milliseconds: number): void {
    if (this.closed) return
    this.#timer ??= this.#wire.around.setTimeout(() => void this.flush(), milliseconds)
  }
}

interface Event {
  readonly type: string
  readonly name?: string
  readonly flag?: string
  readonly targetingKey?: string | undefined
  readonly [member: string]: unknown
}

/** Not empty, and as long as a relay takes it. */
function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.length <= 1_024
}
