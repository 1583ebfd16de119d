/**
 * How often a key may ask: a token bucket for each, so that one runaway client cannot take the relay from the others. A
 * bucket is two numbers, made when a key first asks; keys are configured, so there is a bounded number of them.
 */
import type { Timers } from './clock.ts'
import type { Failure } from './failure.ts'
import type { Caller, Tenants } from './tenants.ts'

export interface RateLimitSettings {
  /** `warn` counts what `enforce` would refuse. */
  readonly mode: 'off' | 'warn' | 'enforce'
  /** Requests a second in the long run, for each key or environment without keys. */
  readonly perSecond: number
  /** Requests that may come at once after a pause. */
  readonly burst: number
}

export const defaultRateLimit: RateLimitSettings = { mode: 'off', perSecond: 1_000, burst: 2_000 }

interface Bucket {
  tokens: number
  /** Monotonic ms. */
  filledAt: number
}

export type Verdict = 'within' | 'warned' | { readonly refused: Failure }

export class RateLimit {
  readonly #settings: RateLimitSettings
  readonly #timers: Timers
  readonly #buckets = new Map<string, Bucket>()

  constructor(settings: RateLimitSettings, timers: Timers) {
    this.#settings = settings
    this.#timers = timers
  }

  /** Takes one request of this caller into account. */
  ask({ grant, tenant }: Caller): Verdict {
    const { mode, perSecond, burst } = this.#settings
    if (mode === 'off') return 'within'
    const now = this.#timers.monotonic()
    const key = grant === undefined ? `open ${tenant.name}` : grant.digest
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) this.#buckets.set(key, (bucket = { tokens: burst, filledAt: now }))
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.filledAt) * perSecond) / 1_000)
    bucket.filledAt = now
    if (bucket.tokens >= 1) {
      bucket.tokens--
      return 'within'
    }
    return mode === 'warn' ? 'warned' : { refused: this.#refusal(1 - bucket.tokens) }
  }

  /** Forgets keys that are none any more. */
  keep(tenants: Tenants): void {
    const open = tenants.list().map(({ name }) => `open ${name}`)
    const keys = new Set([...open, ...tenants.grants().map(({ digest }) => digest)])
    for (const key of this.#buckets.keys()) if (!keys.has(key)) this.#buckets.delete(key)
  }

  /** After a time that differs from client to client, else all would come back at once. */
  #refusal(missing: number): Failure {
    const { perSecond } = this.#settings
    const seconds = missing / perSecond
    return {
      status: 429,
      errorCode: 'GENERAL',
      errorDetails: `this key may ask ${perSecond} times a second`,
      retryAfter: seconds + 1 + 2 * this.#timers.random(),
    }
  }
}
