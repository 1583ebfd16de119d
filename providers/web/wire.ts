/**
 * Requests to the relay: address, credentials, deadlines, and what a refusal means. What is known of the relay as a whole
 * is kept here, beyond one context: that it asked for a pause, and that it is another OFREP server without our streams.
 */
import { retryAfter } from '../shared/backoff.ts'
import type { HalyardWebOptions } from './options.ts'
import type { Surroundings } from './surroundings.ts'

/** Why there is no answer. `fatal`: asking again with the same credentials is of no use. */
export class Refusal extends Error {
  readonly status: number
  readonly fatal: boolean

  constructor(status: number, message: string) {
    super(message)
    this.status = status
    this.fatal = status === 401 || status === 403
  }
}

export class Wire {
  readonly around: Surroundings
  readonly address: string
  /** Differs where address, environment or fixed credentials do. */
  readonly identity: string
  readonly requestTimeoutMs: number
  readonly pollMs: number
  /** Whether anything may be streamed. */
  readonly streaming: boolean
  /** Whether `/v1/stream` is worth a try. */
  streams: boolean
  /** No request before. Milliseconds since the epoch. */
  pausedUntil = 0
  readonly #options: HalyardWebOptions

  constructor(options: HalyardWebOptions, around: Surroundings) {
    const { url, environment, key, headers, requestTimeoutMs = 10_000, pollMs = 60_000, stream = true } = options
    this.#options = options
    this.around = around
    this.address = url.replace(/\/+$/, '') + (environment ? `/environments/${encodeURIComponent(environment)}` : '')
    this.identity = JSON.stringify([this.address, key, headers])
    this.requestTimeoutMs = requestTimeoutMs
    this.pollMs = pollMs
    this.streaming = this.streams = stream
  }

  async headers(): Promise<Record<string, string>> {
    const { key, headers } = this.#options
    return {
      ...(key && { authorization: `Bearer ${key}` }),
      ...(typeof headers === 'function'
        ? await Promise.race([
            headers(),
            new Promise<never>((_, reject) => {
              this.around.setTimeout(() => reject(new Error('no headers in time')), this.requestTimeoutMs)
            }),
          ])
        : headers),
    }
  }

  /** POSTs JSON to a path below the address. Rejects with a `Refusal` unless the status is 2xx or 304. */
  async post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
    return this.request(this.address + path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
      headers: { 'content-type': 'application/json', ...(await this.headers()), ...(init.headers as object) },
    })
  }

  async request(url: string, init: RequestInit): Promise<Response> {
    const now = this.around.now()
    if (now < this.pausedUntil) throw new Refusal(429, `the relay asked for a pause of ${this.pausedUntil - now} ms`)
    const response = await this.around.fetch(url, init)
    const { status } = response
    if (response.ok || status === 304) return response
    if (status === 429 || status === 503) {
      this.pausedUntil = now + (retryAfter(response.headers.get('retry-after'), now) ?? 0)
    }
    const { errorCode, errorDetails } = ((await response.json().catch(() => null)) ?? {}) as Record<string, unknown>
    throw new Refusal(status, `the relay answered ${[status, errorCode, errorDetails].filter(Boolean).join(' ')}`)
  }
}
