/**
 * Where documents outlive the process, made of the settings: a folder, a Redis, or both; and with a Redis what replicas
 * need to keep in step. All environments share one connection for commands and one for notices.
 */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { StoreSettings } from '../config/store.ts'
import { keptMs } from './environment/leadership.ts'
import type { Peers } from './environment/peers.ts'
import { Replication } from './environment/replication.ts'
import type { ReplicationEvents } from './environment/replication.ts'
import { DiskStore } from './store/disk.ts'
import { Lease } from './store/lease.ts'
import { Notices } from './store/notices.ts'
import { RedisStore } from './store/redis.ts'
import type { Store } from './store/store.ts'
import type { Timers } from './upstream/clock.ts'

export interface StorageParts {
  readonly settings: StoreSettings
  readonly timers: Timers
  /** Told about trouble of a store, sparingly. */
  readonly warn: (store: string, message: string) => void
  readonly events: ReplicationEvents
}

interface Shared {
  readonly store: RedisStore
  readonly notices: Notices
  readonly leaseMs: number
  readonly recheckMs: number
}

export class Storage {
  readonly stores: readonly Store[]
  /** By which other replicas know this process. */
  readonly replica: string = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`
  readonly #parts: StorageParts
  readonly #shared: Shared | undefined

  constructor(parts: StorageParts) {
    this.#parts = parts
    const { settings, timers, warn } = parts
    const { disk, redis } = settings
    const report = (store: string) => (problem: { where: string; message: string }) =>
      warn(store, `${problem.where}: ${problem.message}`)
    const { replica } = this
    if (redis !== undefined) {
      const { url, keyPrefix: prefix, leaseMs, recheckMs } = redis
      const store = new RedisStore({ url, prefix, timers, report: report('redis') })
      const notices = new Notices({ link: store.link, replica, checkEvery: recheckMs })
      this.#shared = { store, notices, leaseMs, recheckMs }
    }
    this.stores = [
      ...(disk === false ? [] : [new DiskStore({ folder: disk, clock: timers, report: report('disk') })]),
      ...(this.#shared === undefined ? [] : [this.#shared.store]),
    ]
  }

  /** The other replicas of an environment; undefined without a Redis. */
  peersOf(environment: string, dialect: string): Peers | undefined {
    if (this.#shared === undefined) return undefined
    const { store, notices, leaseMs, recheckMs } = this.#shared
    const { replica } = this
    const { timers, events } = this.#parts
    const lease = new Lease({ link: store.link, environment, holder: replica, ttl: keptMs(leaseMs) })
    return new Replication({
      environment,
      dialect,
      replica,
      store,
      lease,
      notices,
      leaseMs,
      recheckMs,
      timers,
      events,
    })
  }

  async close(): Promise<void> {
    this.#shared?.notices.close()
    await Promise.all(this.stores.map((store) => store.close()))
  }
}
