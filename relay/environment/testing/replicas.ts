/**
 * Several replicas of one environment in one process, on a real Redis, in front of one vendor: what the tests of
 * replication bring up. Each replica has connections of its own, through a door of its own that a test can shut.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect } from 'vitest'
import { Lease } from '../../store/lease.ts'
import { Notices } from '../../store/notices.ts'
import { RedisStore } from '../../store/redis.ts'
import type { Store } from '../../store/store.ts'
import { systemTimers } from '../../upstream/clock.ts'
import type { Timers } from '../../upstream/clock.ts'
import type { Source, SourceSink, SourceStatus } from '../../upstream/source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'
import { keptMs } from '../leadership.ts'
import { RefreshedEnvironment } from '../refresh.ts'
import { Replication } from '../replication.ts'

/** A vendor that many replicas may ask, and that counts who does. */
export class Vendor {
  document: string | undefined
  /** Replica and monotonic moment of each request. */
  readonly requests: { readonly replica: string; readonly at: number }[] = []
  readonly everyMs: number

  constructor(document: string | undefined, everyMs = 50) {
    this.document = document
    this.everyMs = everyMs
  }

  /** A poll of it, as a replica would have one. */
  source(replica: string): Source {
    let timer: object | undefined
    let [stopped, failures] = [false, 0]
    let sink: SourceSink | undefined
    let delivered: string | undefined
    const poll = (): void => {
      if (stopped) return
      this.requests.push({ replica, at: performance.now() })
      const { document } = this
      failures = document === undefined ? failures + 1 : 0
      if (document === undefined) sink?.failed(new UpstreamError('network', 'connection refused'))
      else if (document === delivered) sink?.unchanged(Date.now())
      else {
        delivered = document
        sink?.document({ bytes: new TextEncoder().encode(document), receivedAt: Date.now(), origin: 'test' })
      }
      timer = systemTimers.setTimeout(poll, this.everyMs)
    }
    return {
      start: (given) => {
        sink = given
        timer = systemTimers.setTimeout(poll, 1)
      },
      refresh: () => {
        systemTimers.clearTimeout(timer)
        timer = systemTimers.setTimeout(poll, 1)
      },
      status: (): SourceStatus => ({ state: failures > 0 ? 'retrying' : 'live', consecutiveFailures: failures }),
      stop: () => {
        stopped = true
        systemTimers.clearTimeout(timer)
        return Promise.resolve()
      },
    }
  }

  /** Who asked since that moment. */
  askers(since: number): string[] {
    return [...new Set(this.requests.filter(({ at }) => at >= since).map(({ replica }) => replica))].sort()
  }
}

export interface ReplicaOptions {
  readonly name: string
  readonly url: string
  readonly vendor: Vendor
  readonly leaseMs?: number
  readonly recheckMs?: number
  readonly stores?: readonly Store[]
  readonly timers?: Timers
  readonly dialect?: string
}

export interface Replica {
  readonly name: string
  readonly environment: RefreshedEnvironment
  readonly replication: Replication
  readonly store: RedisStore
  /** `epoch.version` and first flag of everything served, in order. */
  readonly history: string[]
  readonly roles: string[]
  readonly problems: string[]
  readonly served: () => string | undefined
  readonly stop: () => Promise<void>
}

/** Starts one replica of the environment `shop`. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const { name, url, vendor, leaseMs = 1_000, recheckMs = 300, timers = systemTimers, dialect = 'flagd' } = options
  const store = new RedisStore({ url, timers })
  const notices = new Notices({ link: store.link, replica: name, checkEvery: recheckMs })
  const lease = new Lease({ link: store.link, environment: 'shop', holder: name, ttl: keptMs(leaseMs) })
  const history: string[] = []
  const roles: string[] = []
  const problems: string[] = []
  const shared = { environment: 'shop', dialect, replica: name, store, lease, notices, leaseMs, recheckMs, timers }
  const replication = new Replication({
    ...shared,
    events: { role: (_, role) => roles.push(role), unusable: (_, message) => problems.push(message) },
  })
  const environment = new RefreshedEnvironment({
    name: 'shop',
    vendor: 'test',
    dialect,
    options: {},
    connect: () => vendor.source(name),
    stores: [...(options.stores ?? []), store],
    plausibility: { maxShrink: 1, maxGrowth: 1e6, confirmations: 2, confirmAfterMs: 60_000 },
    staleAfterMs: 2_000,
    timers,
    peers: replication,
    events: {
      swapped: () => undefined,
      quarantined: (_, { reason }) => problems.push(reason),
      rejected: (_, message) => problems.push(message),
      upstreamFailed: () => undefined,
      storeFailed: (_, where, message) => problems.push(`${where}: ${message}`),
      listenerFailed: (_, message) => problems.push(message),
    },
  })
  const served = (): string | undefined => {
    const snapshot = environment.snapshot()
    return snapshot && `${snapshot.epoch}.${snapshot.version} ${snapshot.ruleset.keys[0]}`
  }
  environment.subscribe(() => history.push(served() ?? ''))
  await environment.start()
  const stop = async (): Promise<void> => {
    await environment.stop()
    notices.close()
    await store.close()
  }
  return { name, environment, replication, store, history, roles, problems, served, stop }
}

/** A document with these flags. */
export function flagd(...keys: string[]): string {
  const flag = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'on' }
  return JSON.stringify({ flags: Object.fromEntries(keys.map((key) => [key, flag])) })
}

/** That a replica never went back, as its subscribers saw it. */
export function expectForward(history: readonly string[], context = ''): void {
  const orders = history.map((entry) => entry.split(/[. ]/).slice(0, 2).map(Number))
  for (const [index, [epoch = 0, version = 0]] of orders.entries()) {
    const [before = 0, earlier = 0] = orders[index - 1] ?? []
    const forward = epoch > before || (epoch === before && version > earlier)
    expect(forward, `${context} ${history.join(', ')}`).toBe(true)
  }
}

/** A way to a server that can be shut and opened. */
export interface Passage {
  readonly port: number
  readonly shut: () => void
  readonly open: () => void
  readonly close: () => Promise<void>
}

export async function passageTo(target: number): Promise<Passage> {
  const sockets = new Set<Socket>()
  let isOpen = true
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
    if (!isOpen) near.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const shut = (): void => {
    isOpen = false
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    shut,
    open: () => {
      isOpen = true
    },
    close: async () => {
      shut()
      server.close()
      await once(server, 'close')
    },
  }
}
