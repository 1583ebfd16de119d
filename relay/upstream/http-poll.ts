/**
 * A document fetched again and again over HTTP. One timer, one attempt, one socket: replicas that each retried on their
 * own, or on every request, have taken down the very upstreams they waited for.
 */
import { Agent } from 'undici'
import { guardedLookup } from './address.ts'
import type { BackoffOptions } from './backoff.ts'
import { systemTimers } from './clock.ts'
import type { Timers } from './clock.ts'
import { digestOf } from './digest.ts'
import { exchange } from './http-exchange.ts'
import type { ExchangeAnswer, HttpRequest, Validators } from './http-exchange.ts'
import { gatherPages } from './http-pages.ts'
import type { Source, SourceSink, SourceStatus } from './source.ts'
import { Supervisor } from './supervisor.ts'
import type { AttemptResult } from './supervisor.ts'

/** What to fetch, how often, and every bound. Times in milliseconds. */
export interface HttpPollOptions {
  /** A function is asked before every attempt, for requests that carry a cursor. */
  readonly request: HttpRequest | (() => HttpRequest)
  /** Between successes, ±10 %; the first gap has a random phase. Default 30,000. */
  readonly every?: number
  /** Least time between two attempts, however often `refresh` is called. Default 1,000. */
  readonly floor?: number
  readonly backoff?: BackoffOptions
  /** Largest body in bytes, on the wire and decoded. Default 64 MiB. */
  readonly maxBytes?: number
  /** The whole attempt, redirects and body included. Default 60,000. */
  readonly deadline?: number
  /** Defaults 3,000 to connect, 5,000 to the headers, 30,000 of silence inside a body. */
  readonly connectTimeout?: number
  readonly headersTimeout?: number
  readonly bodyTimeout?: number
  /** `host` or `host:port` that redirects may lead to besides the url's own origin. Default none. */
  readonly allowRedirectHosts?: readonly string[]
  /** PEM certificates to trust instead of the built-in ones. */
  readonly ca?: string
  readonly timers?: Timers
  /** Name resolution, by default the system's; link-local results are refused either way. */
  readonly lookup?: Parameters<typeof guardedLookup>[0]
}

/** Polls; delivers a document whenever the bytes are others than before. */
export class HttpPollSource implements Source {
  readonly #options: HttpPollOptions
  readonly #timers: Timers
  readonly #maxBytes: number
  readonly #agent: Agent
  readonly #supervisor: Supervisor
  #validators: Validators | undefined
  #sha256: string | undefined

  constructor(options: HttpPollOptions) {
    this.#options = options
    this.#timers = options.timers ?? systemTimers
    this.#maxBytes = options.maxBytes ?? 64 * 1024 * 1024
    this.#agent = new Agent({
      connect: {
        timeout: options.connectTimeout ?? 3_000,
        lookup: guardedLookup(options.lookup),
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      },
      headersTimeout: options.headersTimeout ?? 5_000,
      bodyTimeout: options.bodyTimeout ?? 30_000,
      connections: 1,
      pipelining: 1,
      maxResponseSize: this.#maxBytes,
      maxHeaderSize: 16 * 1024,
      maxOrigins: 16,
      keepAliveMaxTimeout: 60_000,
      allowH2: false,
    })
    this.#supervisor = new Supervisor({
      timers: this.#timers,
      attempt: (signal) => this.#poll(signal),
      interval: options.every ?? 30_000,
      jitter: 0.1,
      floor: options.floor ?? 1_000,
      ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
    })
  }

  start(sink: SourceSink): void {
    this.#supervisor.start(sink)
  }

  refresh(): void {
    this.#supervisor.refresh()
  }

  status(): SourceStatus {
    return this.#supervisor.status()
  }

  async stop(): Promise<void> {
    await this.#supervisor.stop()
    await this.#agent.destroy()
  }

  async #poll(stopped: AbortSignal): Promise<AttemptResult> {
    const { request: described, deadline = 60_000, allowRedirectHosts = [] } = this.#options
    const overdue = new AbortController()
    const timer = this.#timers.setTimeout(() => overdue.abort(), deadline)
    try {
      const request = typeof described === 'function' ? described() : described
      const options = {
        dispatcher: this.#agent,
        maxBytes: this.#maxBytes,
        allowRedirectHosts,
        now: () => this.#timers.now(),
        signal: AbortSignal.any([stopped, overdue.signal]),
      }
      const first = await exchange(request, { ...options, validators: this.#validators })
      if (first.kind !== 'document') return 'unchanged'
      const page = async (url: string): Promise<ExchangeAnswer> =>
        await exchange({ ...request, url }, { ...options, validators: undefined })
      const { pages, url } = request
      const answer = pages === undefined ? first : await gatherPages(first, url, pages, this.#maxBytes, page)
      this.#validators = answer.validators
      const sha256 = await digestOf(answer.bytes)
      if (sha256 === this.#sha256) return 'unchanged'
      this.#sha256 = sha256
      return {
        document: {
          bytes: answer.bytes,
          receivedAt: this.#timers.now(),
          origin: answer.url,
          ...(answer.contentType === undefined ? {} : { contentType: answer.contentType }),
        },
      }
    } finally {
      this.#timers.clearTimeout(timer)
    }
  }
}
