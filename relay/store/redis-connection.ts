/**
 * How this relay connects to Redis, whatever its topology. The library's defaults queue commands while Redis is away and
 * wait for ever on one that hangs; here nothing is queued, every wait is bounded, and every client has an `error`
 * listener, without which Node would end the process at the first outage.
 */
import { Cluster, Redis } from 'ioredis'
import type { RedisOptions } from 'ioredis'
import type { RedisAddress } from './redis-url.ts'

export interface RedisConnectionOptions {
  readonly address: RedisAddress
  /** Milliseconds. */
  readonly connectTimeout: number
  readonly random: () => number
  /** For listening to channels: in a cluster, on the shard that a channel belongs to. Default: for commands. */
  readonly subscriber?: 'plain' | 'sharded'
  /** Whether the connection is not wanted any more; asked whenever the library has given it up. */
  readonly closed: () => boolean
}

/** Silence on a connection that owes an answer; then it is closed. Milliseconds. */
const SOCKET_TIMEOUT = 10_000
/** Reconnects wait uniformly in [50 ms, min(5 s, 100 ms · 2^n)). */
const LONGEST_RECONNECT = 5_000

/** A client that connects when told to, and then again and again by itself. Add an `error` listener before that. */
export function connectRedis(options: RedisConnectionOptions): Redis | Cluster {
  const { address, connectTimeout, random, subscriber, closed } = options
  const reconnect = (times: number): number => {
    const ceiling = Math.min(LONGEST_RECONNECT, 100 * 2 ** Math.min(times - 1, 10))
    return 50 + Math.floor(random() * (ceiling - 50))
  }
  const shared = {
    connectTimeout,
    socketTimeout: SOCKET_TIMEOUT,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Whoever listens subscribes anew at each `ready` and reads again afterwards what a notice may have told meanwhile.
    autoResubscribe: false,
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
    const cluster = new Cluster(hosts, {
      // Set here and not in redisOptions: a cluster ignores it there.
      enableOfflineQueue: false,
      lazyConnect: true,
      clusterRetryStrategy: reconnect,
      slotsRefreshTimeout: connectTimeout,
      redisOptions: shared,
      ...(subscriber === 'sharded' ? { shardedSubscribers: true } : {}),
    })
    return neverGivenUp(cluster, reconnect, closed)
  }
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
  const settings = { ...shared, ...target, enableOfflineQueue: false, lazyConnect: true, retryStrategy: reconnect }
  return neverGivenUp(new Redis(settings), reconnect, closed)
}

/**
 * The library ends for good when its connector is told to disconnect while it connects, as happens when a Sentinel
 * announces a failover in just that moment; without this the relay would be without Redis until its next start.
 */
function neverGivenUp(
  client: Redis | Cluster,
  reconnect: (times: number) => number,
  closed: () => boolean,
): Redis | Cluster {
  const again = (): void => {
    if (!closed()) client.connect().catch(() => undefined)
  }
  client.on('end', () => void setTimeout(again, reconnect(1)).unref())
  return client
}
