/**
 * An environment of the primary as the rest of the house sees it: what it serves is what the workers serve, not what the
 * upstream has just delivered. Readiness and succession on reload would otherwise be told a moment too early.
 */
import { changes } from '@halyard/engine'
import type { Changes } from '@halyard/engine'
import type { Environment, SnapshotChange } from '../environment/environment.ts'
import type { Operations } from '../environment/operations.ts'
import type { ManagedEnvironment } from '../environment/registry.ts'
import type { Snapshot } from '../environment/snapshot.ts'
import type { EnvironmentStatus } from '../environment/status.ts'
import { Subscribers } from '../environment/subscribers.ts'
import type { Pool } from './pool.ts'

export interface PublishedParts {
  readonly inner: ManagedEnvironment
  readonly pool: Pool
  readonly dialect: string
  readonly options: Readonly<Record<string, unknown>>
  readonly listenerFailed: (error: unknown) => void
}

export class PublishedEnvironment implements ManagedEnvironment {
  readonly name: string
  readonly operations: Operations | undefined
  /** By which workers know it. */
  readonly mirror: number
  readonly #parts: PublishedParts
  readonly #subscribers: Subscribers
  #next: Snapshot | undefined
  #publishing = false
  #snapshot: Snapshot | undefined

  constructor(parts: PublishedParts) {
    const { inner, pool, dialect, options, listenerFailed } = parts
    this.name = inner.name
    this.operations = inner.operations
    this.#parts = parts
    this.#subscribers = new Subscribers(listenerFailed)
    this.mirror = pool.add({ name: inner.name, dialect, options, status: () => inner.status() })
    inner.subscribe(({ after }) => {
      this.#next = after
      if (!this.#publishing) void this.#publish()
    })
  }

  snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  subscribe(listener: (change: SnapshotChange) => void): () => void {
    return this.#subscribers.add(listener)
  }

  status(): EnvironmentStatus {
    const status = this.#parts.inner.status()
    const snapshot = this.#snapshot
    if (snapshot === undefined || this.#parts.pool.serving === 0) return { ...status, state: 'starting' }
    const { epoch, version, receivedAt, loadedFrom, ruleset } = snapshot
    if (snapshot.sha256 === this.#parts.inner.snapshot()?.sha256) return status
    return { ...status, epoch, version, receivedAt, loadedFrom, revision: ruleset.revision, flags: ruleset.keys.length }
  }

  start(): Promise<void> {
    return this.#parts.inner.start()
  }

  refresh(): void {
    this.#parts.inner.refresh?.()
  }

  async stop(): Promise<void> {
    this.#next = undefined
    await this.#parts.inner.stop()
    this.#parts.pool.remove(this.mirror)
  }

  /** One after the other; of those that come meanwhile the newest. */
  async #publish(): Promise<void> {
    this.#publishing = true
    while (this.#next !== undefined) {
      const after = this.#next
      this.#next = undefined
      await this.#parts.pool.publish(this.mirror, after)
      const before = this.#snapshot
      this.#snapshot = after
      let known: Changes | undefined
      this.#subscribers.notify({
        environment: this.name,
        before,
        after,
        changes: () => (known ??= changes(before?.ruleset, after.ruleset)),
      })
    }
    this.#publishing = false
  }
}

/** The number of an environment's mirror; undefined for one that workers do not know. */
export function mirrorOf(environment: Environment): number | undefined {
  return environment instanceof PublishedEnvironment ? environment.mirror : undefined
}
