/**
 * What an environment serves: one pointer to an immutable snapshot. It moves forward in the order of (epoch, version) and
 * never back, whoever asks; everybody who listens hears of each move, and stores get it written behind. This is the one
 * place where the pointer is set, so it is the one place where going back has to be impossible.
 */
import { changes } from '@halyard/engine'
import type { Compiled } from '@halyard/engine'
import { compareGenerations } from '../store/store.ts'
import type { Fence, Order, Store } from '../store/store.ts'
import type { Timers } from '../upstream/clock.ts'
import type { SnapshotChange } from './environment.ts'
import type { Peers } from './peers.ts'
import { Saving } from './saving.ts'
import type { Snapshot } from './snapshot.ts'
import { Subscribers } from './subscribers.ts'

export interface ServedParts {
  readonly name: string
  readonly dialect: string
  readonly stores: readonly Store[]
  readonly timers: Pick<Timers, 'now'>
  readonly peers: Peers | undefined
  /** What this process served before under the same name; asked until something is served. */
  readonly before: (() => Order | undefined) | undefined
  /** Another document is served. */
  readonly swapped: (change: SnapshotChange) => void
  readonly storeFailed: (store: string, error: unknown) => void
  readonly listenerFailed: (error: unknown) => void
}

/** Who stands behind a save: `lease`, what this replica may by its lease; `operator`, a decision that counts anyway. */
export type Authority = 'lease' | 'operator'

export class Served {
  readonly #parts: ServedParts
  readonly #subscribers: Subscribers
  readonly #saving: Saving
  #snapshot: Snapshot | undefined
  #before: (() => Order | undefined) | undefined

  constructor(parts: ServedParts) {
    this.#parts = parts
    this.#before = parts.before
    this.#subscribers = new Subscribers(parts.listenerFailed)
    this.#saving = new Saving({
      stores: parts.stores,
      finished: (generation, store, result) => {
        if (store.shared) parts.peers?.saved(generation, result)
      },
      failed: parts.storeFailed,
    })
  }

  get snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  subscribe(listener: (change: SnapshotChange) => void): () => void {
    return this.#subscribers.add(listener)
  }

  /** Whether serving it would not be going back, or standing still. */
  isBehind(order: Order): boolean {
    if (this.#snapshot !== undefined) return compareGenerations(order, this.#snapshot) > 0
    const before = this.#before?.()
    return before === undefined || compareGenerations(order, before) >= 0
  }

  /** What follows the served document in its epoch. */
  get nextOrder(): Order {
    const { epoch, version } = this.#snapshot ?? this.#before?.() ?? { epoch: 1, version: 0 }
    return { epoch, version: version + 1 }
  }

  /** Throws when it is not newer than what is served, which is a defect of the caller. */
  swap(parts: Omit<Snapshot, 'ruleset' | 'problems'>, compiled: Compiled): void {
    if (!this.isBehind(parts)) throw new RangeError(`${parts.epoch}.${parts.version} is not newer than what is served`)
    const before = this.#snapshot
    const { epoch, version, bytes, sha256, receivedAt, loadedFrom, pinnedAgainst } = parts
    const { ruleset, problems } = compiled
    const pin = pinnedAgainst === undefined ? undefined : { pinnedAgainst }
    const after: Snapshot = { ruleset, problems, epoch, version, bytes, sha256, receivedAt, loadedFrom, ...pin }
    this.#snapshot = after
    this.#before = undefined
    const change: SnapshotChange = {
      environment: this.#parts.name,
      before,
      after,
      changes: () => changes(before?.ruleset, after.ruleset),
    }
    if (before?.sha256 !== sha256) this.#parts.swapped(change)
    this.#subscribers.notify(change)
  }

  /** The served document under a newer order, and saved under it. */
  restamp(order: Order): void {
    const current = this.#snapshot
    if (current === undefined || !this.isBehind(order)) return
    this.swap({ ...current, ...order }, current)
    this.save('lease')
  }

  /** The vendor's word counts again. */
  unpin(): void {
    const current = this.#snapshot
    if (current?.pinnedAgainst === undefined) return
    const { pinnedAgainst: _, ...unpinned } = current
    this.swap({ ...unpinned, ...this.nextOrder }, current)
    this.save('lease')
  }

  /** Writes what is served to all stores, behind. */
  save(authority: Authority): void {
    const current = this.#snapshot
    if (current === undefined) return
    const { epoch, version, sha256, receivedAt, bytes, pinnedAgainst } = current
    const { name: environment, dialect, timers, peers } = this.#parts
    const pin = pinnedAgainst === undefined ? undefined : { pinnedAgainst }
    const described = { environment, epoch, version, sha256, dialect, receivedAt, savedAt: timers.now(), ...pin }
    const fence = (): Fence | undefined => (authority === 'operator' ? undefined : peers?.fence())
    this.#saving.save({ ...described, bytes }, fence)
  }

  /** Resolves when everything saved so far is written or has failed. */
  settled(): Promise<void> {
    return this.#saving.settled()
  }
}
