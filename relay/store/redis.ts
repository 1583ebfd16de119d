/**
 * Generations in Redis, shared by replicas: a new replica starts with what the others had. Written behind and read at
 * boot only. Redis may vanish, hang, refuse, lie or come back empty; the worst any of it does is a counted failure, and
 * what this replica last wanted stored is put back once Redis is well.
 */
import { systemTimers } from '../upstream/clock.ts'
import type { TimerHandle, Timers } from '../upstream/clock.ts'
import { Breaker } from './breaker.ts'
import { decodeGeneration, encodeGeneration } from './codec.ts'
import { RedisClient } from './redis-client.ts'
import { SAVE_SCRIPT, fieldName, parseFieldName } from './redis-script.ts'
import type { FieldName } from './redis-script.ts'
import { StoreError, compareGenerations } from './store.ts'
import type { Generation, Problem, Store, StoreStatus } from './store.ts'
import { Tally } from './tally.ts'
import type { Report } from './tally.ts'

/** Where, and every bound. Milliseconds. */
export interface RedisStoreOptions {
  /** See `redis-url.ts` for the forms. */
  readonly url: string
  /** First part of every key. Default `halyard`. */
  readonly prefix?: string
  /** Generations kept per environment. Default 3. */
  readonly keep?: number
  /** Bound of a command, plus 1 ms per 16 KiB of document that it carries. Default 250. */
  readonly commandTimeout?: number
  /** Default 1,000. */
  readonly connectTimeout?: number
  /** How often to check that what was saved is still there. Default 1,000; 0 never. */
  readonly checkEvery?: number
  /** Told about trouble, at most once per hour and kind. */
  readonly report?: Report
  readonly timers?: Timers
}

/** The slowest link that large documents are still expected to cross: 16 KiB per millisecond. */
const BYTES_PER_MILLISECOND = 16 * 1024

/** What this replica wants to be in Redis. */
interface Wanted {
  readonly generation: Generation
  /** The field it was stored under, once it was. */
  readonly field?: string
}

/** Keeps the newest generations of each environment in one Redis, Sentinel group or Cluster. */
export class RedisStore implements Store {
  readonly name = 'redis'
  readonly #options: RedisStoreOptions
  readonly #timers: Timers
  readonly #client: RedisClient
  readonly #breaker: Breaker
  readonly #tally: Tally
  readonly #wanted = new Map<string, Wanted>()
  #checkTimer: TimerHandle | undefined
  #closed = false

  /** Connects on first use. Throws a TypeError when the url is unreadable. */
  constructor(options: RedisStoreOptions) {
    this.#options = options
    this.#timers = options.timers ?? systemTimers
    const { connectTimeout } = options
    this.#client = new RedisClient({
      url: options.url,
      random: () => this.#timers.random(),
      ...(connectTimeout === undefined ? {} : { connectTimeout }),
    })
    this.#breaker = new Breaker({ timers: this.#timers })
    this.#tally = new Tally(this.#client.description, this.#timers, options.report)
  }

  async load(environment: string): Promise<{ generations: Generation[]; problems: Problem[] }> {
    const key = this.#key(environment)
    const generations: Generation[] = []
    const problems: Problem[] = []
    try {
      const fields = await this.#send(0, 'HKEYS', key)
      const names = Array.isArray(fields) ? fields.map(String) : []
      const ours = names.map(parseFieldName).filter((name) => name !== undefined)
      for (const name of names) {
        if (parseFieldName(name) === undefined)
          problems.push({ where: key, message: 'it holds a field that is not ours' })
      }
      for (const name of ours.sort((a, b) => compareGenerations(b, a))) {
        const found = await this.#read(key, name, environment)
        if (typeof found === 'string') problems.push({ where: `${key} ${name.epoch}.${name.version}`, message: found })
        else if (found !== undefined) generations.push(found)
      }
    } catch (error) {
      problems.push({ where: key, message: asStoreError(error).message })
    }
    return { generations, problems }
  }

  async save(generation: Generation): Promise<'saved' | 'older'> {
    const known = this.#wanted.get(generation.environment)
    // Remembered before it is tried, so that an outage only delays it.
    if (known === undefined || compareGenerations(generation, known.generation) >= 0) {
      this.#wanted.set(generation.environment, { generation })
      this.#scheduleCheck()
    }
    return await this.#write(generation)
  }

  status(): StoreStatus {
    return this.#tally.status
  }

  close(): Promise<void> {
    this.#closed = true
    this.#timers.clearTimeout(this.#checkTimer)
    this.#client.close()
    this.#tally.closed()
    return Promise.resolve()
  }

  async #write(generation: Generation): Promise<'saved' | 'older'> {
    const value = encodeGeneration(generation)
    const field = fieldName(generation.epoch, generation.version, generation.sha256, value.length)
    const key = this.#key(generation.environment)
    const keep = this.#options.keep ?? 3
    const saved = (await this.#send(value.length, 'EVAL', SAVE_SCRIPT, 1, key, field, value, keep)) === 1
    const wanted = this.#wanted.get(generation.environment)
    if (wanted !== undefined && compareGenerations(wanted.generation, generation) === 0) {
      // Somebody has something newer: then it is theirs to look after.
      if (saved) this.#wanted.set(generation.environment, { generation, field })
      else this.#wanted.delete(generation.environment)
    }
    if (saved) this.#tally.succeeded(true)
    return saved ? 'saved' : 'older'
  }

  /** A generation, why it is none, or undefined when it was replaced in the meantime. */
  async #read(key: string, name: FieldName, environment: string): Promise<Generation | string | undefined> {
    const value = await this.#send(name.length, 'HGET', key, name.field)
    if (!Buffer.isBuffer(value)) return undefined
    const decoded = decodeGeneration(value, environment)
    return 'generation' in decoded ? decoded.generation : decoded.problem
  }

  /** Through the circuit; `bytes` is the size of the document that travels. Rejects with `StoreError`. */
  async #send(bytes: number, name: string, ...parameters: (string | number | Buffer)[]): Promise<unknown> {
    if (this.#closed) throw new StoreError('closed', 'the redis store is closed')
    if (!this.#breaker.allows()) {
      // Not an attempt, so not a failure of its own: the books keep the error that opened the circuit.
      const { lastError } = this.#tally.status
      throw new StoreError(lastError?.kind ?? 'unavailable', `left alone for a moment after: ${lastError?.message}`)
    }
    const timeout = (this.#options.commandTimeout ?? 250) + Math.ceil(bytes / BYTES_PER_MILLISECOND)
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

  #scheduleCheck(): void {
    const every = this.#options.checkEvery ?? 1_000
    if (this.#checkTimer !== undefined || this.#closed || every === 0) return
    // Half of it is chance: replicas that saw the same Redis come back empty must not all write at once.
    this.#checkTimer = this.#timers.setTimeout(() => void this.#check(), (every / 2) * (1 + this.#timers.random()))
  }

  /** Puts back what is missing, be it that Redis lost it or that it never got there. */
  async #check(): Promise<void> {
    for (const [environment, { generation, field }] of this.#wanted) {
      try {
        const there = field !== undefined && (await this.#send(0, 'HEXISTS', this.#key(environment), field)) === 1
        if (!there) await this.#restore(environment, generation, field)
      } catch {
        // Counted and reported by the tally; the next check tries again.
      }
    }
    this.#checkTimer = undefined
    if (this.#wanted.size > 0) this.#scheduleCheck()
  }

  async #restore(environment: string, generation: Generation, field: string | undefined): Promise<void> {
    // A save that came in the meantime has its own field and does its own writing.
    if (this.#wanted.get(environment)?.field === field) await this.#write(generation)
  }

  /** The braces are a hash tag: all keys of an environment live in one slot of a cluster. */
  #key(environment: string): string {
    return `${this.#options.prefix ?? 'halyard'}:{${encodeURIComponent(environment)}}:generations`
  }
}

function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error
  return new StoreError('internal', 'the redis store failed in an unexpected way', error)
}
