/**
 * Keeps hold of the relay's document: one loop, one connection, one timer. It streams; where a stream cannot be had
 * (a proxy that holds it back, a relay without that route) it asks for the document itself between attempts.
 *
 *      ┌──► connecting ──► live ──┐ ended, cut, silent
 *      │         │ failed         │
 *      └──── waiting ◄────────────┘          close(): closed, from anywhere
 */
import { readEvents } from '../shared/event-stream.ts'
import type { StreamEvent } from '../shared/event-stream.ts'
import { RelayError } from './relay-error.ts'
import { delayAfter } from './schedule.ts'
import { pause } from './timers.ts'
import type { Timers } from './timers.ts'
import { discard } from './transport.ts'
import type { Transport } from './transport.ts'

export interface FeedSink {
  /** A document; `stale` when the relay knows that there is a newer one. Tells whether it was taken. Never rejects. */
  document(bytes: Uint8Array, via: 'stream' | 'poll', stale: boolean): boolean | Promise<boolean>
  /** The relay said that what was taken last is what it serves. */
  current(): void
  /** The relay is not heard any more, or was not reached. */
  lost(error: RelayError): void
}

export type Connection = 'idle' | 'connecting' | 'live' | 'waiting' | 'closed'

export interface FeedOptions {
  readonly transport: Transport
  readonly timers: Timers
  /** Poll this often instead of streaming. Milliseconds. */
  readonly pollMs: number | undefined
  readonly sink: FeedSink
}

/** Relays write at least every 25 s. */
const SILENCE_MS = 60_000
/** A stream begins with its first event at once; a proxy may hold it back. */
const FIRST_EVENT_MS = 2_500

export class DocumentFeed {
  connection: Connection = 'idle'
  /** When the relay was heard last, ms since the epoch. */
  heardAt: number | undefined
  readonly #options: FeedOptions
  readonly #abort = new AbortController()
  #lastEventId = ''
  #etag = ''
  #failures = 0
  /** How long the relay wants to be left alone after a stream that ended. Milliseconds. */
  #retry: number | undefined

  constructor(options: FeedOptions) {
    this.#options = options
  }

  start(): void {
    if (this.connection === 'idle') void this.#run()
  }

  close(): void {
    this.connection = 'closed'
    this.#abort.abort()
  }

  async #run(): Promise<void> {
    const { timers, pollMs, sink } = this.#options
    const { signal } = this.#abort
    while (!signal.aborted) {
      this.connection = 'connecting'
      let wait: number
      try {
        await (pollMs === undefined ? this.#stream() : this.#poll())
        this.#failures = 0
        wait = (pollMs ?? 0) * (0.9 + 0.2 * timers.random())
      } catch (thrown) {
        const error = RelayError.from(thrown)
        if (signal.aborted) return
        wait = await this.#failed(error, sink)
      }
      if (signal.aborted) return
      this.connection = pollMs === undefined ? 'waiting' : 'live'
      await pause(timers, wait, signal)
    }
  }

  /** How long to wait now. */
  async #failed(error: RelayError, sink: FeedSink): Promise<number> {
    const { timers, pollMs } = this.#options
    this.connection = 'waiting'
    this.#failures++
    const wait = delayAfter(error, this.#failures, timers)
    if (error.kind === 'unfit' && pollMs === undefined && (await this.#polledInstead())) return Math.max(wait, 1_000)
    if (error.kind !== 'ended' && error.kind !== 'cut') {
      sink.lost(error)
      return wait
    }
    // A relay that says goodbye is not lost: it moves clients about, and told them when to come back.
    if (error.kind === 'cut') sink.lost(error)
    this.#failures = 0
    return this.#retry ?? wait
  }

  #polledInstead(): Promise<boolean> {
    return this.#poll().then(
      () => true,
      () => false,
    )
  }

  /** Never resolves: a stream that ends is something to recover from. */
  async #stream(): Promise<never> {
    const { transport, timers } = this.#options
    const abort = new AbortController()
    const stop = (): void => abort.abort()
    this.#abort.signal.addEventListener('abort', stop)
    const watch = new Watch(timers, SILENCE_MS, stop)
    const early = timers.setTimeout(() => void this.#polledInstead(), FIRST_EVENT_MS)
    let begun = false
    try {
      const response = await transport.open('/v1/document/stream', {
        headers: {
          accept: 'text/event-stream',
          ...(this.#lastEventId === '' ? undefined : { 'last-event-id': this.#lastEventId }),
        },
        signal: abort.signal,
      })
      if (response.status !== 200 || !/^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')) {
        await discard(response)
        if (response.status === 200) throw new RelayError('unfit', 'stream: the answer is not an event stream')
        throw transport.failure(response, 'stream')
      }
      if (response.body === null) throw new RelayError('unfit', 'stream: the answer has no body')
      await readEvents(response.body, {
        alive: () => {
          watch.heard()
          this.heardAt = timers.now()
        },
        retry: (milliseconds) => (this.#retry = milliseconds),
        event: (event) => {
          if (abort.signal.aborted || !this.#hear(event)) return
          timers.clearTimeout(early)
          begun = true
          this.connection = 'live'
        },
      })
      throw new RelayError(begun ? 'ended' : 'unfit', begun ? 'the stream ended' : 'stream: it ended before an event')
    } catch (thrown) {
      if (watch.expired) throw new RelayError('unfit', `stream: nothing was heard for ${SILENCE_MS} ms`)
      const error = RelayError.from(thrown)
      throw begun && error.kind === 'network' ? new RelayError('cut', error.message, { cause: error }) : error
    } finally {
      timers.clearTimeout(early)
      watch.stop()
      abort.abort()
      this.#abort.signal.removeEventListener('abort', stop)
    }
  }

  /** Whether it was one of the events that say what the relay serves. */
  #hear({ type, data, id }: StreamEvent): boolean {
    const { sink } = this.#options
    if (type === 'current') {
      sink.current()
    } else if (type === 'document') {
      // Said before the document, which may be megabytes that nobody should search.
      const stale = data.slice(0, data.indexOf('"document":')).includes('"stale":true')
      const remember = (taken: boolean): void => {
        if (taken && !stale) this.#lastEventId = id
      }
      const taken = sink.document(new TextEncoder().encode(data), 'stream', stale)
      if (typeof taken === 'boolean') remember(taken)
      else void taken.then(remember)
    } else {
      return false
    }
    return true
  }

  async #poll(): Promise<void> {
    const { transport, sink } = this.#options
    const headers = this.#etag === '' ? {} : { 'if-none-match': this.#etag }
    await transport.ask('/v1/document', { headers, signal: this.#abort.signal }, async (response) => {
      if (response.status === 304) {
        await discard(response)
        this.#heard()
        sink.current()
        return
      }
      if (response.status !== 200) {
        await discard(response)
        throw transport.failure(response, 'document')
      }
      const bytes = new Uint8Array(await response.arrayBuffer())
      this.#heard()
      if (await sink.document(bytes, 'poll', false)) this.#etag = response.headers.get('etag') ?? ''
    })
  }

  #heard(): void {
    this.heardAt = this.#options.timers.now()
  }
}

/** Calls once when nothing was heard for a while; one timer, however often something is heard. */
class Watch {
  expired = false
  readonly #timers: Timers
  readonly #silence: number
  readonly #call: () => void
  #heardAt: number
  #timer: unknown

  constructor(timers: Timers, silence: number, call: () => void) {
    this.#timers = timers
    this.#silence = silence
    this.#call = call
    this.#heardAt = timers.now()
    this.#arm(silence)
  }

  heard(): void {
    this.#heardAt = this.#timers.now()
  }

  stop(): void {
    this.#timers.clearTimeout(this.#timer)
  }

  #arm(delay: number): void {
    this.#timer = this.#timers.setTimeout(() => {
      const left = this.#heardAt + this.#silence - this.#timers.now()
      if (left > 0) return this.#arm(left)
      this.expired = true
      this.#call()
    }, delay)
  }
}
