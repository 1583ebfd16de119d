/**
 * Generations in Redis, shared by replicas: a new replica starts with what the others had. Written behind and read at
 * boot only. Redis may vanish, hang, refuse, lie or come back empty; the worst any of it does is a counted failure, and
 * what this replica last wanted stored is put back once Redis is well.
 */
import type { TimerHandle } from '../upstream/clock.ts'
import { decodeGeneration, encodeGeneration } from './codec.ts'
import { asStoreError, RedisLink } from './redis-link.ts'
import type { RedisLinkOptions } from './redis-link.ts'
import { SAVE_SCRIPT, fieldName, parseFieldName } from './redis-script.ts'
import type { FieldName } from './redis-script.ts'
import { compareGenerations } from './store.ts'
import type { Fence, Generation, Problem, SaveResult, Store, StoreStatus } from './store.ts'

/** Milliseconds. */
export interface RedisStoreOptions extends RedisLinkOptions {
  /** Generations kept per environment. Default 3. */
  readonly keep?: number
  /** How often to check that what was saved is still there. Default 1,000; 0 never. */
  readonly checkEvery?: number
  /** A connection to share. Default: one of its own, made of the other options. */
  readonly link?: RedisLink
}

/** What this replica wants to be in Redis. */
interface Wanted {
  readonly generation: Generation
  /** Undefined: whatever lease there is. */
  readonly fence: Fence | undefined
  /** The field it was stored under, once it was. */
  readonly field?: string
}

/** Keeps the newest generations of each environment in one Redis, Sentinel group or Cluster. */
export class RedisStore implements Store {
  readonly name = 'redis'
  readonly shared = true
  /** The connection, for leases and notices to share. */
  readonly link: RedisLink
  readonly #keep: number
  readonly #checkEvery: number
  readonly #wanted = new Map<string, Wanted>()
  #checkTimer: TimerHandle | undefined

  /** Connects on first use. Throws a TypeError when the url is unreadable. */
  constructor(options: RedisStoreOptions) {
    this.link = options.link ?? new RedisLink(options)
    this.#keep = options.keep ?? 3
    this.#checkEvery = options.checkEvery ?? 1_000
  }

  async load(environment: string): Promise<{ generations: Generation[]; problems: Problem[] }> {
    const key = this.link.key(environment, GENERATIONS)
    const generations: Generation[] = []
    const problems: Problem[] = []
    try {
      const fields = await this.link.send(0, 'HKEYS', key)
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

  /**
   * The generation stored under exactly this order; why it cannot be used; undefined when it is there no more. Rejects
   * with `StoreError`.
   */
  async read(environment: string, field: FieldName): Promise<Generation | string | undefined> {
    return await this.#read(this.link.key(environment, GENERATIONS), field, environment)
  }

  async save(generation: Generation, fence?: Fence): Promise<SaveResult> {
    this.#want({ generation, fence })
    return await this.#write(generation, fence)
  }

  /** This replica serves what came from Redis: should Redis lose it, this replica can give it back. */
  keep(generation: Generation): void {
    const { epoch, version, sha256 } = generation
    const field = fieldName(epoch, version, sha256, encodeGeneration(generation).length)
    this.#want({ generation, fence: { token: 0 }, field })
  }

  status(): StoreStatus {
    return this.link.status()
  }

  close(): Promise<void> {
    this.link.timers.clearTimeout(this.#checkTimer)
    this.link.close()
    return Promise.resolve()
  }

  /** Remembered before it is tried, so that an outage only delays it. */
  #want(wanted: Wanted): void {
    const { environment } = wanted.generation
    const known = this.#wanted.get(environment)
    if (known !== undefined && compareGenerations(wanted.generation, known.generation) < 0) return
    this.#wanted.set(environment, wanted)
    this.#scheduleCheck()
  }

  async #write(generation: Generation, fence: Fence | undefined): Promise<SaveResult> {
    const value = encodeGeneration(generation)
    const field = fieldName(generation.epoch, generation.version, generation.sha256, value.length)
    const { environment } = generation
    const keys = [this.link.key(environment, GENERATIONS), this.link.key(environment, FENCE)]
    const rest = [field, value, this.#keep, fence === undefined ? '' : String(fence.token)]
    const reply = Number(await this.link.send(value.length, 'EVAL', SAVE_SCRIPT, 2, ...keys, ...rest))
    const result = reply === 1 ? 'saved' : reply === 0 ? 'older' : 'fenced'
    const wanted = this.#wanted.get(environment)
    if (wanted !== undefined && compareGenerations(wanted.generation, generation) === 0) {
      // Somebody has something newer, or leads: then it is theirs to look after.
      if (result === 'saved') this.#wanted.set(environment, { ...wanted, field })
      else this.#wanted.delete(environment)
    }
    if (result === 'saved') this.link.saved()
    return result
  }

  /** A generation, why it is none, or undefined when it was replaced in the meantime. */
  async #read(key: string, name: FieldName, environment: string): Promise<Generation | string | undefined> {
    const value = await this.link.send(name.length, 'HGET', key, name.field)
    if (!Buffer.isBuffer(value)) return undefined
    const decoded = decodeGeneration(value, environment)
    return 'generation' in decoded ? decoded.generation : decoded.problem
  }

  #scheduleCheck(): void {
    const every = this.#checkEvery
    const { timers } = this.link
    if (this.#checkTimer !== undefined || this.link.closed || every === 0) return
    // Half of it is chance: replicas that saw the same Redis come back empty must not all write at once.
    this.#checkTimer = timers.setTimeout(() => void this.#check(), (every / 2) * (1 + timers.random()))
  }

  /** Puts back what is missing, be it that Redis lost it or that it never got there. */
  async #check(): Promise<void> {
    for (const [environment, wanted] of this.#wanted) {
      const { generation, fence, field } = wanted
      try {
        const key = this.link.key(environment, GENERATIONS)
        const there = field !== undefined && (await this.link.send(0, 'HEXISTS', key, field)) === 1
        // A save that came in the meantime does its own writing.
        if (!there && this.#wanted.get(environment) === wanted) await this.#write(generation, fence)
      } catch {
        // Counted and reported by the tally; the next check tries again.
      }
    }
    this.#checkTimer = undefined
    if (this.#wanted.size > 0) this.#scheduleCheck()
  }
}

const GENERATIONS = 'generations'
/** Holds the highest fencing token ever issued; kept by `lease.ts`. */
const FENCE = 'fence'
