/**
 * Commands that fail fast: each is bounded and answered, or refused at once while the connection is down. What went wrong
 * is told in words that hold no secret, since a library's error may quote the arguments of its command.
 */
import { Command } from 'ioredis'
import type { Cluster, Redis } from 'ioredis'
import { connectRedis } from './redis-connection.ts'
import { StoreError } from './store.ts'
import type { StoreErrorKind } from './store.ts'
import { describeRedis, parseRedisUrl } from './redis-url.ts'
import type { RedisAddress } from './redis-url.ts'

/** Bounds in milliseconds, and the randomness of reconnects. */
export interface RedisClientOptions {
  readonly url: string
  /** Connecting, and waiting for the first connection. Default 1,000. */
  readonly connectTimeout?: number
  readonly random: () => number
}

/** One connection, or one cluster's worth of them. */
export class RedisClient {
  readonly #client: Redis | Cluster
  readonly #connectTimeout: number
  #opened: Promise<void> | undefined
  #lastFault: unknown
  #closed = false
  readonly #readyListeners = new Set<() => void>()
  readonly address: RedisAddress
  /** Without secrets. */
  readonly description: string

  constructor(options: RedisClientOptions) {
    this.address = parseRedisUrl(options.url)
    this.description = describeRedis(this.address)
    this.#connectTimeout = options.connectTimeout ?? 1_000
    const { address } = this
    const closed = (): boolean => this.#closed
    this.#client = connectRedis({ address, random: options.random, connectTimeout: this.#connectTimeout, closed })
    this.#client.on('error', (fault: unknown) => {
      this.#lastFault = fault
    })
    this.#client.on('ready', () => {
      this.#lastFault = undefined
      for (const listener of this.#readyListeners) listener()
    })
  }

  /** Calls back whenever a connection can be used, the first and each later one, until the returned function is called. */
  onReady(listener: () => void): () => void {
    this.#readyListeners.add(listener)
    return () => this.#readyListeners.delete(listener)
  }

  /**
   * Sends one command and returns its reply with bulk strings as Buffers. Rejects with `StoreError` within `timeout`,
   * or at once when the connection is down; the first call waits up to the connect timeout for the connection.
   */
  async send(timeout: number, name: string, ...parameters: (string | number | Buffer)[]): Promise<unknown> {
    this.#opened ??= this.#open()
    await this.#opened
    const command = new Command(name, parameters, { replyEncoding: null })
    command.setTimeout(timeout)
    try {
      return await this.#client.sendCommand(command)
    } catch (fault) {
      throw this.#describe(fault)
    }
  }

  close(): void {
    this.#closed = true
    this.#client.disconnect()
  }

  /** Resolves when connected or when it is clear that this takes longer; the client then goes on by itself. */
  async #open(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#connectTimeout)
    })
    const connected = this.#client.connect().catch((fault: unknown) => {
      this.#lastFault ??= fault
    })
    await Promise.race([connected, patience])
    clearTimeout(timer)
  }

  #describe(fault: unknown): StoreError {
    const reply = replyWord(fault)
    if (reply !== undefined) return new StoreError(kindOf(reply), `${this.description} answered ${reply}`, fault)
    if (fault instanceof Error && fault.message === 'Command timed out') {
      return new StoreError('timeout', `${this.description} did not answer in time`, fault)
    }
    // The command could not go out; why, only the connection's own last error knows (a wrong password, for one).
    const why = replyWord(this.#lastFault)
    if (why !== undefined) return new StoreError(kindOf(why), `${this.description} answered ${why}`, this.#lastFault)
    return new StoreError('unavailable', `${this.description} is not reachable`, fault)
  }
}

/** The first word of an error reply (`OOM`, `WRONGPASS`): safe to show, unlike the rest, which may quote arguments. */
function replyWord(fault: unknown): string | undefined {
  if (!(fault instanceof Error)) return undefined
  const word = /^[A-Z]{2,20}(?= )/.exec(fault.message)?.[0]
  return fault.name === 'ReplyError' || word === 'LOADING' ? (word ?? 'ERR') : undefined
}

function kindOf(reply: string): StoreErrorKind {
  if (reply === 'OOM') return 'full'
  const passing = ['LOADING', 'CLUSTERDOWN', 'TRYAGAIN', 'MASTERDOWN', 'BUSY', 'MOVED', 'ASK']
  return passing.includes(reply) ? 'unavailable' : 'refused'
}
