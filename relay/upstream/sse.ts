/**
 * Server-sent events: connect, read, notice silence. When to come back is the business of the connection they live in;
 * here is only what HTTP can answer and how bytes become events.
 */
import { Agent } from 'undici'
import { guardedLookup } from './address.ts'
import type { BackoffOptions } from './backoff.ts'
import { systemTimers } from './clock.ts'
import type { Timers } from './clock.ts'
import { Connection } from './connection.ts'
import type { Life } from './connection.ts'
import { ask, describe, discard, header, statusError } from './http-exchange.ts'
import type { HttpRequest } from './http-exchange.ts'
import { decodedStream } from './sse-body.ts'
import { SseParser } from './sse-parser.ts'
import { Watch } from './watch.ts'
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

/** Events over HTTP. */
export class SseStream extends Connection {
  readonly #options: SseOptions
  readonly #timers: Timers
  readonly #agent: Agent
  #lastId = ''

  constructor(options: SseOptions) {
    const timers = options.timers ?? systemTimers
    super({ ...options, timers })
    this.#options = options
    this.#timers = timers
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
  }

  override async stop(): Promise<void> {
    await super.stop()
    await this.#agent.destroy()
  }

  protected override origin(): string {
    return redactUrl(this.#request().url)
  }

  #request(): SseRequest {
    const { request } = this.#options
    return typeof request === 'function' ? request() : request
  }

  protected override async live(stopped: AbortSignal, life: Life): Promise<void> {
    const { maxBytes = 64 * 1024 * 1024, eventDeadline = 60_000 } = this.#options
    const request = this.#request()
    const watch = new Watch(this.#timers, 2.5 * (this.#options.heartbeat ?? 48_000), eventDeadline)
    const signal = AbortSignal.any([stopped, watch.signal])
    const resume = asHeader(this.#lastId)
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
            ...(resume === undefined ? {} : { 'last-event-id': resume }),
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
      life.opened(resume !== undefined)
      const parser = new SseParser(
        {
          event: (event) => {
            if (stopped.aborted) return
            life.event(event)
            // Only what was understood counts as seen.
            this.#lastId = event.id
          },
          retry: (milliseconds) => life.retry(milliseconds),
        },
        maxBytes,
        resume === undefined ? '' : this.#lastId,
      )
      for await (const chunk of decodedStream(response.body, header(response, 'content-encoding'))) {
        if (stopped.aborted) break
        this.#push(parser, chunk)
        watch.heard(parser.pending)
        life.alive()
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
}

/** Longer ids would not fit into what servers take as headers. Bytes. */
const LONGEST_ID = 4_096

/**
 * An id as the value of a header, its UTF-8 in the one-byte characters that headers are made of. Undefined for one that
 * cannot be told: a request that fails for it would fail for ever.
 */
function asHeader(id: string): string | undefined {
  const value = Buffer.from(id).toString('latin1')
  const fits = /^[\t\x20-\x7e\x80-\xff]+$/.test(value) && value.length <= LONGEST_ID
  return fits ? value : undefined
}

/** 204 and 501 say that there is no stream here, as 404 does: worth asking again, but not soon. */
function refusal(status: number, url: URL, wait: string | undefined, now: number): UpstreamError {
  if (status !== 204 && status !== 501) return statusError(status, url, wait, now)
  return new UpstreamError('not-found', `${redactUrl(url)} has no event stream: status ${status}`, { status })
}
