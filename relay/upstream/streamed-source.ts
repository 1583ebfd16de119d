/**
 * A document kept current by an event stream, and by polls whenever the stream cannot be relied upon. Both ends lead
 * into one sink, so that an environment neither goes stale with a broken stream nor sees a storm when it comes back.
 */
import { systemTimers } from './clock.ts'
import type { TimerHandle, Timers } from './clock.ts'
import type { Source, SourceSink, SourceStatus, UpstreamDocument } from './source.ts'
import type { EventStream, StreamEvent } from './connection.ts'
import { SseStream } from './sse.ts'
import type { SseOptions } from './sse.ts'
import { UpstreamError } from './upstream-error.ts'

/** What an event meant: nothing, "ask for the document", or "the document is another one now". */
export type Verdict = 'nothing' | 'fetch' | 'changed'

/** What a vendor's stream says. Each method may throw `UpstreamError`: the stream is then connected anew. */
export interface StreamFeed {
  /** Connected. `resumed`: the server knows where the last connection ended. */
  opened(resumed: boolean): Verdict
  event(event: StreamEvent): Verdict
  /** True while the open connection is known to tell everything; asked after each call of the others. */
  readonly current: boolean
  /** The document as the stream made it. Asked after `changed`, at most once in 100 ms. */
  document(): Uint8Array
  /** A polled document on its way; undefined holds it back for a while as older than what the stream told. */
  polled?(document: UpstreamDocument): UpstreamDocument | undefined
}

/** Times in milliseconds. */
export interface StreamedSourceOptions {
  /** Of server-sent events; or any other stream, not started yet. */
  readonly stream: SseOptions | EventStream
  readonly feed: StreamFeed
  /** A poll that is not started yet; a new one each time. */
  readonly poll: () => Source
  /** `always`: documents come by polls and the stream brings them forward. `broken`: only while the stream fails. */
  readonly pollWhen: 'always' | 'broken'
  /** How long the stream may be broken before polls step in. Default 5,000. */
  readonly grace?: number
  /** False while the stream's address is not known yet; asked again after each polled document. Default always true. */
  readonly known?: () => boolean
  readonly timers?: Timers
}

const COALESCE = 100
/** A live stream confirms its document no more often than this. */
const CONFIRM = 10_000
/** Caches in front of servers are younger than this: a held back document that polls still find then is no leftover. */
const HOLD = 300_000

export class StreamedSource implements Source {
  readonly #options: StreamedSourceOptions
  readonly #timers: Timers
  readonly #stream: EventStream
  #sink: SourceSink | undefined
  #streaming = false
  #stopped = false
  #current = false
  #delivered = false
  #poll: Source | undefined
  #retired: Promise<void> = Promise.resolve()
  #grace: TimerHandle | undefined
  #flush: TimerHandle | undefined
  #dirty: string | undefined
  #emittedAt = -Infinity
  #confirmedAt = -Infinity
  #held: { readonly document: UpstreamDocument; since: number } | undefined
  /** A fetch that the stream asked for was not answered yet. */
  #asked = false
  #sinkError: SourceStatus['lastError']

  constructor(options: StreamedSourceOptions) {
    this.#options = options
    this.#timers = options.timers ?? systemTimers
    const { stream } = options
    this.#stream = 'start' in stream ? stream : new SseStream({ ...stream, timers: this.#timers })
  }

  start(sink: SourceSink): void {
    if (this.#sink !== undefined) throw new Error('a source is started once')
    this.#sink = sink
    if (this.#stopped) return
    if (this.#options.pollWhen === 'always') this.#startPoll()
    else this.#startGrace()
    this.#startStream()
  }

  refresh(): void {
    this.#poll?.refresh()
    if (this.#streaming) this.#stream.refresh()
  }

  status(): SourceStatus {
    const stream = this.#stream.status()
    const base = this.#poll?.status() ?? stream
    if (this.#stopped || stream.state === 'stopped') return { ...base, state: 'stopped' }
    const lastError = this.#sinkError ?? base.lastError ?? stream.lastError
    const known = lastError === undefined ? {} : { lastError }
    if (this.#current && this.#options.pollWhen === 'broken') return { ...stream, ...known }
    // An open stream that has not told its document yet is no success.
    if (base === stream && stream.state === 'live') {
      return { ...stream, ...known, state: this.#delivered ? 'retrying' : 'starting' }
    }
    return { ...base, ...known }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timers.clearTimeout(this.#grace)
    this.#timers.clearTimeout(this.#flush)
    await Promise.all([this.#stream.stop(), this.#poll?.stop(), this.#retired])
  }

  #startStream(): void {
    if (this.#streaming || this.#options.known?.() === false) return
    this.#streaming = true
    const { feed } = this.#options
    this.#stream.start({
      opened: (resumed) => this.#judge(() => feed.opened(resumed), ''),
      event: (event, origin) => this.#judge(() => feed.event(event), origin),
      alive: () => this.#confirm(),
      closed: (error) => this.#closed(error),
    })
  }

  #judge(ask: () => Verdict, origin: string): void {
    const verdict = ask()
    if (this.#options.feed.current) this.#becomeCurrent()
    if (verdict === 'fetch') {
      this.#asked = true
      this.#poll?.refresh()
    }
    if (verdict === 'changed') this.#changed(origin)
  }

  #becomeCurrent(): void {
    if (this.#current) return
    this.#current = true
    this.#timers.clearTimeout(this.#grace)
    this.#grace = undefined
    if (this.#options.pollWhen === 'broken') this.#endPoll()
  }

  #closed(error: UpstreamError | undefined): void {
    this.#current = false
    this.#emit()
    if (error !== undefined && (this.#stream.status().consecutiveFailures === 1 || !this.#pollWorks())) {
      this.#tell((sink) => sink.failed(error))
    }
    if (this.#options.pollWhen === 'always' || this.#poll !== undefined) return
    const refused = error?.kind === 'not-found' || error?.kind === 'unauthorized'
    // Nothing to wait for: the server has no stream, or there is no document yet to bridge the time with.
    if (refused || !this.#delivered) this.#startPoll()
    else this.#startGrace()
  }

  #startGrace(): void {
    if (this.#stopped) return
    this.#grace ??= this.#timers.setTimeout(() => this.#startPoll(), this.#options.grace ?? 5_000)
  }

  #startPoll(): void {
    this.#timers.clearTimeout(this.#grace)
    this.#grace = undefined
    if (this.#stopped || this.#poll !== undefined) return
    this.#poll = this.#options.poll()
    this.#poll.start({
      document: (document) => this.#polled(document),
      unchanged: (at) => this.#pollUnchanged(at),
      failed: (error) => this.#tell((sink) => sink.failed(error)),
    })
  }

  #endPoll(): void {
    const poll = this.#poll
    this.#poll = undefined
    if (poll !== undefined) this.#retired = Promise.all([this.#retired, poll.stop()]).then(() => undefined)
  }

  #pollWorks(): boolean {
    return this.#poll?.status().state === 'live'
  }

  #polled(document: UpstreamDocument): void {
    this.#asked = false
    const { feed } = this.#options
    const newer = feed.polled === undefined ? document : feed.polled(document)
    if (newer === undefined) {
      this.#held = { document, since: this.#timers.monotonic() }
      return
    }
    this.#deliver(newer)
    if (!this.#stopped) this.#startStream()
  }

  #pollUnchanged(at: number): void {
    this.#asked = false
    if (this.#held === undefined) return this.#tell((sink) => sink.unchanged(at))
    if (this.#timers.monotonic() - this.#held.since >= HOLD) this.#deliver(this.#held.document)
  }

  #deliver(document: UpstreamDocument): void {
    this.#held = undefined
    this.#delivered = true
    this.#tell((sink) => sink.document(document))
  }

  #changed(origin: string): void {
    this.#dirty = origin
    if (this.#held !== undefined) this.#held.since = this.#timers.monotonic()
    if (this.#flush !== undefined) return
    const wait = this.#emittedAt + COALESCE - this.#timers.monotonic()
    if (wait <= 0) this.#emit()
    else this.#flush = this.#timers.setTimeout(() => this.#emit(), wait)
  }

  #emit(): void {
    this.#timers.clearTimeout(this.#flush)
    this.#flush = undefined
    const origin = this.#dirty
    if (origin === undefined || this.#stopped) return
    this.#dirty = undefined
    this.#delivered = true
    this.#emittedAt = this.#confirmedAt = this.#timers.monotonic()
    const document: UpstreamDocument = {
      bytes: this.#options.feed.document(),
      receivedAt: this.#timers.now(),
      origin,
      contentType: 'application/json',
    }
    this.#tell((sink) => sink.document(document))
  }

  #confirm(): void {
    if (!this.#current || this.#dirty !== undefined || !this.#delivered) return
    if (this.#options.pollWhen === 'always' && (this.#asked || !this.#pollWorks())) return
    const now = this.#timers.monotonic()
    if (now - this.#confirmedAt < CONFIRM) return
    this.#confirmedAt = now
    this.#tell((sink) => sink.unchanged(this.#timers.now()))
  }

  #tell(call: (sink: SourceSink) => void): void {
    if (this.#stopped || this.#sink === undefined) return
    try {
      call(this.#sink)
    } catch (cause) {
      const { kind, message } = new UpstreamError('internal', 'the receiver of a source threw', { cause })
      this.#sinkError = { at: this.#timers.now(), message, kind }
    }
  }
}
