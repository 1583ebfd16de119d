/**
 * One event stream kept open: connect, read, notice silence, come back. The supervisor owns every wait, so that an end,
 * a timeout and an unreadable event of one connection can never each schedule the next one, and no answer of the server
 * is the last: refusals only lengthen the waits.
 */
import { Agent } from 'undici'
import { guardedLookup } from './address.ts'
import { backoffDelay } from './backoff.ts'
import type { BackoffOptions } from './backoff.ts'
import { systemTimers } from './clock.ts'
import type { Timers } from './clock.ts'
import { ask, describe, discard, header, statusError } from './http-exchange.ts'
import type { HttpRequest } from './http-exchange.ts'
import type { SourceStatus } from './source.ts'
import { decodedStream } from './sse-body.ts'
import { SseParser } from './sse-parser.ts'
import type { SseEvent } from './sse-parser.ts'
import { Watch } from './sse-watch.ts'
import { Supervisor } from './supervisor.ts'
import type { AttemptResult } from './supervisor.ts'
import { UpstreamError, causeCode, redactUrl } from './upstream-error.ts'

/** Where the stream is, and every bound. Times in milliseconds. */
export interface SseOptions {
  /** A function is asked before every connection. Redirects to other hosts are never followed. */
  readonly request: SseRequest | (() => SseRequest)
  /** How often the server shows that it lives. Silence of 2.5 times this ends the connection. Default 48,000. */
  readonly heartbeat?: number
  /** Longest time from an event's first byte to its last. Default 60,000. */
  readonly eventDeadline?: number
  /** Largest event and largest line in bytes, decoded. Default 64 MiB. */
  readonly maxBytes?: number
  /** A connection that lasted this long counts as a success, however it ends. Default 30,000. */
  readonly healthyAfter?: number
  readonly backoff?: BackoffOptions
  /** Defaults 3,000 to connect and 10,000 to the headers. */
  readonly connectTimeout?: number
  readonly headersTimeout?: number
  /** PEM certificates to trust instead of the built-in ones. */
  readonly ca?: string
  readonly timers?: Timers
  /** Name resolution, by default the system's; link-local results are refused either way. */
  readonly lookup?: Parameters<typeof guardedLookup>[0]
}

/** A GET; headers go to the url's own origin only. */
export type SseRequest = Pick<HttpRequest, 'url' | 'headers'>

/** What a stream reports to. Called synchronously. */
export interface SseReceiver {
  /** Connected; `resumed` when the server was told where the last connection ended. */
  opened(resumed: boolean): void
  /** An `UpstreamError` thrown here ends the connection as a failure; the next one does not resume. */
  event(event: SseEvent, origin: string): void
  /** Bytes arrived, be it a comment. */
  alive(): void
  /** The connection ended, or none came about. `error` is undefined when the server ended it in the ordinary way. */
  closed(error: UpstreamError | undefined): void
}

/** The longest `retry` that is believed. */
const LONGEST_RETRY = 300_000
/** Waits after an ordinary end spread over at least this. */
const SPREAD = 1_000

type Life = { readonly since: number; readonly origin: string }

/** The loop; nothing but `stop()` ends it. */
export class SseStream {
  readonly #options: SseOptions
  readonly #timers: Timers
  readonly #agent: Agent
  readonly #supervisor: Supervisor
  #receiver: SseReceiver | undefined
  #open: Life | undefined
  #failures = 0
  #lastEnd: 'ordinary' | 'failed' = 'failed'
  #lastId = ''
  #retry = 0
  #aliveAt: number | undefined

  constructor(options: SseOptions) {
    this.#options = options
    this.#timers = options.timers ?? systemTimers
    this.#agent = new Agent({
      connect: {
        timeout: options.connectTimeout ?? 3_000,
        lookup: guardedLookup(options.lookup),
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      },
      headersTimeout: options.headersTimeout ?? 10_000,
      // The stream's own watch tells silence from life.
      bodyTimeout: 0,
      connections: 1,
      pipelining: 1,
      maxHeaderSize: 16 * 1024,
      maxOrigins: 16,
      allowH2: false,
    })
    this.#supervisor = new Supervisor({
      timers: this.#timers,
      attempt: (signal) => this.#connect(signal),
      // Attempts only ever end by an error; what follows is decided by `delayAfter`.
      interval: SPREAD,
      jitter: 1,
      floor: 1_000,
      delayAfter: (_, error) => this.#delay(error),
    })
  }

  start(receiver: SseReceiver): void {
    if (this.#receiver !== undefined) throw new Error('a stream is started once')
    this.#receiver = receiver
    this.#supervisor.start({ document() {}, unchanged() {}, failed: (error) => this.#ended(error) })
  }

  /** Connects now instead of at the end of a wait; an open connection stays. */
  refresh(): void {
    if (this.#open === undefined) this.#supervisor.refresh()
  }

  status(): SourceStatus {
    const status = this.#supervisor.status()
    const success = this.#aliveAt === undefined ? {} : { lastSuccessAt: this.#aliveAt }
    if (this.#open === undefined || status.state === 'stopped') {
      return { ...status, ...success, consecutiveFailures: this.#failures }
    }
    return { state: 'live', ...success, consecutiveFailures: 0 }
  }

  async stop(): Promise<void> {
    await this.#supervisor.stop()
    await this.#agent.destroy()
  }

  async #connect(stopped: AbortSignal): Promise<AttemptResult> {
    const { request: described, maxBytes = 64 * 1024 * 1024, eventDeadline = 60_000 } = this.#options
    const request = typeof described === 'function' ? described() : described
    const watch = new Watch(this.#timers, 2.5 * (this.#options.heartbeat ?? 48_000), eventDeadline)
    const signal = AbortSignal.any([stopped, watch.signal])
    const resume = this.#lastId
    const origin = redactUrl(request.url)
    try {
      const { url, response } = await ask(
        {
          url: request.url,
          accept: 'text/event-stream',
          headers: {
            ...request.headers,
            'cache-control': 'no-cache',
            'accept-encoding': 'gzip',
            ...(resume === '' ? {} : { 'last-event-id': resume }),
          },
        },
        {
          dispatcher: this.#agent,
          allowRedirectHosts: [],
          validators: undefined,
          now: () => this.#timers.now(),
          signal,
        },
      )
      const { statusCode: status } = response
      const type = header(response, 'content-type') ?? ''
      if (status !== 200 || !/^text\/event-stream\s*(?:;|$)/i.test(type)) {
        const wait = header(response, 'retry-after')
        await discard(response)
        if (status === 200) throw new UpstreamError('protocol', `${redactUrl(url)} answered with no event stream`)
        throw refusal(status, url, wait, this.#timers.now())
      }
      this.#open = { since: this.#timers.monotonic(), origin }
      this.#aliveAt = this.#timers.now()
      this.#receiver?.opened(resume !== '')
      const parser = new SseParser(
        {
          event: (event) => {
            if (stopped.aborted) return
            this.#receiver?.event(event, origin)
            // Only what was understood counts as seen.
            this.#lastId = event.id
          },
          retry: (milliseconds) => {
            this.#retry = Math.min(milliseconds, LONGEST_RETRY)
          },
        },
        maxBytes,
        resume,
      )
      for await (const chunk of decodedStream(response.body, header(response, 'content-encoding'))) {
        if (stopped.aborted) break
        this.#push(parser, chunk)
        watch.heard(parser.pending)
        this.#aliveAt = this.#timers.now()
        this.#receiver?.alive()
      }
    } catch (cause) {
      if (watch.expired !== undefined) {
        throw new UpstreamError('timeout', `${origin} ${watch.expired}`, { cause })
      }
      if (cause instanceof UpstreamError) throw cause
      const error = describe(cause, new URL(request.url), 'reading the stream', signal)
      // An endless body that breaks is a lost connection, unless what arrived was damaged.
      const lost = error.kind === 'body' && !causeCode(cause).startsWith('Z_')
      throw lost ? new UpstreamError('network', error.message, { cause }) : error
    } finally {
      watch.stop()
    }
    throw new OrdinaryEnd(`${origin} ended the stream`)
  }

  #push(parser: SseParser, chunk: Uint8Array): void {
    try {
      parser.push(chunk)
    } catch (error) {
      // What could not be used must neither be skipped by resuming after it, nor met again for ever.
      this.#lastId = ''
      if (error instanceof UpstreamError) throw error
      throw new UpstreamError('internal', 'the receiver of a stream threw', { cause: error })
    }
  }

  #ended(error: UpstreamError): void {
    const since = this.#open?.since
    this.#open = undefined
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

/** The server ended the response as HTTP provides for: deployments and load balancers do it all day. */
class OrdinaryEnd extends UpstreamError {
  constructor(message: string) {
    super('network', message)
  }
}

/** 204 and 501 say that there is no stream here, as 404 does: worth asking again, but not soon. */
function refusal(status: number, url: URL, wait: string | undefined, now: number): UpstreamError {
  if (status !== 204 && status !== 501) return statusError(status, url, wait, now)
  return new UpstreamError('not-found', `${redactUrl(url)} has no event stream: status ${status}`, { status })
}
