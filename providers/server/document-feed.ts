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
import { Watch } from './watch.ts'

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
  /** How long a relay may be behind before its document is taken all the same. Milliseconds. */
  readonly behindMs: number
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
  #retry = 0
  #behind: unknown

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
    const { timers, pollMs } = this.#options
    const { signal } = this.#abort
    while (!signal.aborted) {
      this.connection = 'connecting'
      let wait: number
      try {
        await (pollMs === undefined ? this.#stream() : this.#poll(signal))
        this.#failures = 0
        wait = (pollMs ?? 0) * (0.9 + 0.2 * timers.random())
      } catch (thrown) {
        const error = RelayError.from(thrown)
        if (signal.aborted) return
        wait = await this.#failed(error)
      }
      if (signal.aborted) return
      this.connection = pollMs === undefined ? 'waiting' : 'live'
      await pause(timers, wait, signal)
    }
  }

  /** How long to wait now. */
  async #failed(error: RelayError): Promise<number> {
    const { timers, pollMs, sink } = this.#options
    this.connection = 'waiting'
    this.#failures++
    const wait = delayAfter(error, this.#failures, timers)
    if (error.kind === 'unfit' && pollMs === undefined) {
      const obstacle = await this.#polledInstead(this.#abort.signal)
      if (obstacle === undefined) return Math.max(wait, 1_000)
      // It says more than a stream that is not there: that the key is refused, or how long to wait.
      sink.lost(obstacle)
      return delayAfter(obstacle, this.#failures, timers)
    }
    if (error.kind !== 'ended' && error.kind !== 'cut') {
      sink.lost(error)
      return wait
    }
    // A relay that says goodbye is not lost: it moves clients about, and told them when to come back.
    if (error.kind === 'cut') sink.lost(error)
    this.#failures = 0
    // Its word alone would be no pause at all where it says 0.
    return Math.max(wait, this.#retry)
  }

  /** Why that was in vain, if it was. */
  #polledInstead(signal: AbortSignal): Promise<RelayError | undefined> {
    return this.#poll(signal).then(
      () => undefined,
      (error: unknown) => RelayError.from(error),
    )
  }

  /** Never resolves: a stream that ends is something to recover from. */
  async #stream(): Promise<never> {
    const { transport, timers } = this.#options
    const abort = new AbortController()
    const stop = (): void => abort.abort()
    this.#abort.signal.addEventListener('abort', stop)
    const watch = new Watch(timers, SILENCE_MS, stop)
    // As soon as the stream has begun, an answer on its way would be older than what the stream says.
    const early = new AbortController()
    const overdue = timers.setTimeout(() => void this.#polledInstead(early.signal), FIRST_EVENT_MS)
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
          timers.clearTimeout(overdue)
          early.abort()
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
      timers.clearTimeout(overdue)
      timers.clearTimeout(this.#behind)
      early.abort()
      watch.stop()
      abort.abort()
      this.#abort.signal.removeEventListener('abort', stop)
    }
  }

  /** Whether it was one of the events that say what the relay serves. */
  #hear({ type, data, id }: StreamEvent): boolean {
    const { sink, timers, behindMs } = this.#options
    if (type !== 'current' && type !== 'document') return false
    timers.clearTimeout(this.#behind)
    if (type === 'current') {
      sink.current()
      return true
    }
    // Said before the document, which may be megabytes that nobody should search.
    const stale = data.slice(0, data.indexOf('"document":')).includes('"stale":true')
    const bytes = new TextEncoder().encode(data)
    this.#offer(bytes, id, stale)
    // A relay that does not catch up may have lost its memory: what it serves is all there is to know then.
    if (stale) this.#behind = timers.setTimeout(() => this.#offer(bytes, id, false), behindMs)
    return true
  }

  #offer(bytes: Uint8Array, id: string, stale: boolean): void {
    const remember = (taken: boolean): void => {
      if (!taken || stale) return
      this.#lastEventId = id
      this.#etag = ''
    }
    const taken = this.#options.sink.document(bytes, 'stream', stale)
    if (typeof taken === 'boolean') remember(taken)
    else void taken.then(remember)
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { transport, sink } = this.#options
    const headers = this.#etag === '' ? {} : { 'if-none-match': this.#etag }
    await transport.ask('/v1/document', { headers, signal }, async (response) => {
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
      if (signal.aborted || !(await sink.document(bytes, 'poll', false))) return
      // Each way knows only what it brought itself: the other's mark may be of something else by now.
      this.#etag = response.headers.get('etag') ?? ''
      this.#lastEventId = ''
    })
  }

  #heard(): void {
    this.heardAt = this.#options.timers.now()
  }
}
