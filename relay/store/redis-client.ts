/**
 * Redis connections that fail fast. The library's defaults queue commands while Redis is away and wait for ever on one
 * that hangs; here every command is bounded, nothing is queued, and every client has an `error` listener, without which
 * Node would end the process at the first outage.
 */
import { Cluster, Command, Redis } from 'ioredis'
import type { RedisOptions } from 'ioredis'
import { StoreError } from './store.ts'
import type { StoreErrorKind } from './store.ts'
import { describeRedis, parseRedisUrl } from './redis-url.ts'

/** Bounds in milliseconds, and the randomness of reconnects. */
export interface RedisClientOptions {
  readonly url: string
  /** Connecting, and waiting for the first connection. Default 1,000. */
  readonly connectTimeout?: number
  readonly random: () => number
}

/** Silence on a connection that owes an answer; then it is closed. Milliseconds. */
const SOCKET_TIMEOUT = 10_000
/** Reconnects wait uniformly in [50 ms, min(5 s, 100 ms · 2^n)). */
const LONGEST_RECONNECT = 5_000

/** One connection, or one cluster's worth of them. */
export class RedisClient {
  readonly #client: Redis | Cluster
  readonly #connectTimeout: number
  #opened: Promise<void> | undefined
  #lastFault: unknown
  /** Without secrets. */
  readonly description: string

  constructor(options: RedisClientOptions) {
    const address = parseRedisUrl(options.url)
    this.description = describeRedis(address)
    this.#connectTimeout = options.connectTimeout ?? 1_000
    const reconnect = (times: number): number => {
      const ceiling = Math.min(LONGEST_RECONNECT, 100 * 2 ** Math.min(times - 1, 10))
      return 50 + Math.floor(options.random() * (ceiling - 50))
    }
    const shared = {
      connectTimeout: this.#connectTimeout,
      socketTimeout: SOCKET_TIMEOUT,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      connectionName: 'halyard',
      // After a failover the old master refuses writes: only a new connection finds the new one. Not resent, because
      // resending needs the queue that is switched off, and would hide the refusal behind a queue error.
      reconnectOnError: (error: Error): 1 | false => (error.message.startsWith('READONLY') ? 1 : false),
      ...(address.username === undefined ? {} : { username: address.username }),
      ...(address.password === undefined ? {} : { password: address.password }),
      ...(address.tls ? { tls: {} } : {}),
    } satisfies RedisOptions
    const hosts = [...address.hosts]
    if (address.topology === 'cluster') {
      this.#client = new Cluster(hosts, {
        // Set here and not in redisOptions: a cluster ignores it there.
        enableOfflineQueue: false,
        lazyConnect: true,
        clusterRetryStrategy: reconnect,
        slotsRefreshTimeout: this.#connectTimeout,
        redisOptions: shared,
      })
    } else {
      const target =
        address.topology === 'sentinel'
          ? {
              sentinels: hosts,
              name: address.master ?? '',
              sentinelRetryStrategy: reconnect,
              enableTLSForSentinelMode: address.tls,
              failoverDetector: true,
            }
          : { ...hosts[0], db: address.database }
      this.#client = new Redis({
        ...shared,
        ...target,
        enableOfflineQueue: false,
        lazyConnect: true,
        retryStrategy: reconnect,
      })
    }
    this.#client.on('error', (fault: unknown) => {
      this.#lastFault = fault
    })
    this.#client.on('ready', () => {
      this.#lastFault = undefined
    })
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
