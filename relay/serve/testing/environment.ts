/** An environment whose snapshot the test swaps by hand. */
import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import { changes } from '@halyard/engine'
import type { Environment, SnapshotChange } from '../../environment/environment.ts'
import type { Snapshot } from '../../environment/snapshot.ts'
import type { EnvironmentState, EnvironmentStatus } from '../../environment/status.ts'
import { Subscribers } from '../../environment/subscribers.ts'
import { ruleset } from './rules.ts'
import type { TestDocument } from './rules.ts'

export class HandMadeEnvironment implements Environment {
  readonly name: string
  state: EnvironmentState = 'starting'
  confirmedAt: number | undefined
  readonly #subscribers = new Subscribers((error) => {
    throw error
  })
  #snapshot: Snapshot | undefined

  constructor(name: string, document?: TestDocument) {
    this.name = name
    if (document !== undefined) this.swap(document)
  }

  swap(document: TestDocument): Snapshot {
    const before = this.#snapshot
    const text = JSON.stringify(document)
    const after: Snapshot = {
      ruleset: ruleset(text),
      epoch: before?.epoch ?? 1,
      version: (before?.version ?? 0) + 1,
      bytes: Buffer.from(text),
      sha256: hash('sha256', text, 'hex'),
      receivedAt: Date.now(),
      loadedFrom: 'upstream',
      problems: [],
    }
    this.#snapshot = after
    this.state = 'ready'
    this.confirmedAt = after.receivedAt
    const change: SnapshotChange = {
      environment: this.name,
      before,
      after,
      changes: () => changes(before?.ruleset, after.ruleset),
    }
    this.#subscribers.notify(change)
    return after
  }

  /** Gives what is served another number, as replicas that agree on an order do; nobody is told. */
  restamp(order: { readonly epoch: number; readonly version: number }): void {
    if (this.#snapshot !== undefined) this.#snapshot = { ...this.#snapshot, ...order }
  }

  snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  subscribe(listener: (change: SnapshotChange) => void): () => void {
    return this.#subscribers.add(listener)
  }

  status(): EnvironmentStatus {
    const snapshot = this.#snapshot
    const known =
      snapshot === undefined
        ? undefined
        : {
            revision: snapshot.ruleset.revision,
            epoch: snapshot.epoch,
            version: snapshot.version,
            loadedFrom: snapshot.loadedFrom,
            receivedAt: snapshot.receivedAt,
          }
    return {
      name: this.name,
      vendor: 'none',
      dialect: 'tests',
      state: this.state,
      flags: snapshot?.ruleset.keys.length ?? 0,
      quarantinedFlags: 0,
      ...known,
      ...(this.confirmedAt === undefined ? undefined : { confirmedAt: this.confirmedAt }),
      source: { state: 'live', consecutiveFailures: 0 },
    }
  }
}
