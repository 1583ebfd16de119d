/**
 * One Redis as the stores, leases and notices of this process share it: one connection for commands, one circuit, one
 * set of books. Each with its own would find out by itself that Redis hangs, and pay for it by itself.
 */
import { systemTimers } from '../upstream/clock.ts'
import type { Timers } from '../upstream/clock.ts'
import { Breaker } from './breaker.ts'
import { RedisClient } from './redis-client.ts'
import type { RedisAddress } from './redis-url.ts'
import { StoreError } from './store.ts'
import type { StoreStatus } from './store.ts'
import { Tally } from './tally.ts'
import type { Report } from './tally.ts'

/** Where, and every bound. Milliseconds. */
export interface RedisLinkOptions {
  /** See `redis-url.ts` for the forms. */
  readonly url: string
  /** Start of every key and channel. Default `halyard:`. */
  readonly prefix?: string
  /** Bound of a command, plus 1 ms per 16 KiB of document that it carries. Default 250. */
  readonly commandTimeout?: number
  /** Default 1,000. */
  readonly connectTimeout?: number
  /** Told about trouble, at most once per hour and kind. */
  readonly report?: Report
  readonly timers?: Timers
}

/** The slowest link that large documents are still expected to cross: 16 KiB per millisecond. */
const BYTES_PER_MILLISECOND = 16 * 1024

/** Sends commands, or refuses them at once while Redis is known to be away. */
export class RedisLink {
  readonly timers: Timers
  readonly connectTimeout: number
  readonly #prefix: string
  readonly #commandTimeout: number
  readonly #client: RedisClient
  readonly #breaker: Breaker
  readonly #tally: Tally
  #closed = false

  /** Connects on first use. Throws a TypeError when the url is unreadable. */
  constructor(options: RedisLinkOptions) {
    const { url, prefix = 'halyard:', commandTimeout = 250, connectTimeout = 1_000 } = options
    this.timers = options.timers ?? systemTimers
    this.connectTimeout = connectTimeout
    this.#prefix = prefix
    this.#commandTimeout = commandTimeout
    this.#client = new RedisClient({ url, connectTimeout, random: () => this.timers.random() })
    this.#breaker = new Breaker({ timers: this.timers })
    this.#tally = new Tally(this.#client.description, this.timers, options.report)
    // What opened the circuit is over: the first command after it must not wait for the pause to end.
    this.#client.onReady(() => this.#breaker.succeeded())
  }

  get address(): RedisAddress {
    return this.#client.address
  }

  get description(): string {
    return this.#client.description
  }

  get closed(): boolean {
    return this.#closed
  }

  status(): StoreStatus {
    return this.#tally.status
  }

  /** Calls back after each connect, until the returned function is called. */
  onReady(listener: () => void): () => void {
    return this.#client.onReady(listener)
  }

  /** The braces are a hash tag: all keys of an environment live in one slot of a cluster. */
  key(environment: string, what: string): string {
    return `${this.#prefix}{${encodeURIComponent(environment)}}:${what}`
  }

  /** `bytes` is the size of a document that travels, 0 for none. Rejects with `StoreError`. */
  async send(bytes: number, name: string, ...parameters: (string | number | Buffer)[]): Promise<unknown> {
    if (this.#closed) throw new StoreError('closed', 'the redis store is closed')
    if (!this.#breaker.allows()) {
      // Not an attempt, so not a failure of its own: the books keep the error that opened the circuit.
      const { lastError } = this.#tally.status
      throw new StoreError(lastError?.kind ?? 'unavailable', `left alone for a moment after: ${lastError?.message}`)
    }
    const timeout = this.#commandTimeout + Math.ceil(bytes / BYTES_PER_MILLISECOND)
    try {
      const reply = await this.#client.send(timeout, name, ...parameters)
      this.#breaker.succeeded()
      this.#tally.succeeded(false)
      return reply
    } catch (error) {
      this.#breaker.failed()
      throw this.#tally.failed(asStoreError(error))
    }
  }

  /** A generation was written: for the books. */
  saved(): void {
    this.#tally.succeeded(true)
  }

  close(): void {
    this.#closed = true
    this.#client.close()
    this.#tally.closed()
  }
}

export function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  return new StoreError('internal', 'the redis store failed in an unexpected way', error)
}
