/**
 * A worker's side of an environment: it has no upstream and no store, only what the primary sends. Documents are compiled
 * as they come and served when the primary says so, which it does when every worker is ready; never an older one again.
 */
import { changes, compile } from '@halyard/engine'
import type { Compiled } from '@halyard/engine'
import type { Compiler } from '../compiler/compiler.ts'
import type { Environment, SnapshotChange } from '../environment/environment.ts'
import type { Snapshot } from '../environment/snapshot.ts'
import type { EnvironmentStatus } from '../environment/status.ts'
import { Subscribers } from '../environment/subscribers.ts'
import { compareOrders } from './messages.ts'
import type { Order, ToWorker } from './messages.ts'

export interface MirrorParts {
  readonly name: string
  readonly dialect: string
  readonly options: Readonly<Record<string, unknown>>
  readonly compiler: Compiler
  /** As the primary sees the environment. */
  readonly status: EnvironmentStatus
  readonly prepared: (order: Order) => void
  /** A document that the primary could compile cannot be compiled here. */
  readonly failed: (error: unknown) => void
  readonly listenerFailed: (error: unknown) => void
}

type Announced = Omit<Extract<ToWorker, { kind: 'document' }>, 'kind' | 'mirror'>

export class Mirror implements Environment {
  readonly name: string
  readonly #parts: MirrorParts
  readonly #subscribers: Subscribers
  #status: EnvironmentStatus
  #arriving: { readonly announced: Announced; readonly bytes: Uint8Array; filled: number } | undefined
  /** Compiled and not served yet, oldest first. */
  #ready: Snapshot[] = []
  #committed: Order = { epoch: 0, version: 0 }
  #snapshot: Snapshot | undefined
  #work: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(parts: MirrorParts) {
    this.name = parts.name
    this.#parts = parts
    this.#status = parts.status
    this.#subscribers = new Subscribers(parts.listenerFailed)
  }

  snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  subscribe(listener: (change: SnapshotChange) => void): () => void {
    return this.#subscribers.add(listener)
  }

  /** The primary's word on freshness, this process's on what is served. */
  status(): EnvironmentStatus {
    const snapshot = this.#snapshot
    if (snapshot === undefined) return { ...this.#status, state: 'starting' }
    const { epoch, version, receivedAt, loadedFrom, ruleset, problems } = snapshot
    return {
      ...this.#status,
      state: this.#status.state === 'stale' ? 'stale' : 'ready',
      revision: ruleset.revision,
      flags: ruleset.keys.length,
      quarantinedFlags: problems.filter(({ severity }) => severity === 'error').length,
      epoch,
      version,
      receivedAt,
      loadedFrom,
    }
  }

  heard(status: EnvironmentStatus): void {
    this.#status = status
  }

  announce(announced: Announced): void {
    this.#arriving = { announced, bytes: new Uint8Array(announced.length), filled: 0 }
    if (announced.length === 0) this.#arrived()
  }

  piece(bytes: Uint8Array): void {
    if (this.#arriving === undefined) return
    this.#arriving.bytes.set(bytes, this.#arriving.filled)
    this.#arriving.filled += bytes.byteLength
    if (this.#arriving.filled === this.#arriving.bytes.byteLength) this.#arrived()
  }

  commit(order: Order): void {
    if (compareOrders(order, this.#committed) > 0) this.#committed = order
    this.#swap()
  }

  /** Resolves when everything that has arrived is compiled. */
  settled(): Promise<void> {
    return this.#work
  }

  stop(): void {
    this.#stopped = true
  }

  #arrived(): void {
    const arrived = this.#arriving
    this.#arriving = undefined
    if (arrived === undefined) return
    const { announced, bytes } = arrived
    this.#work = this.#work.then(() => this.#prepare(announced, bytes)).catch(this.#parts.failed)
  }

  async #prepare({ epoch, version, sha256, receivedAt, loadedFrom }: Announced, bytes: Uint8Array): Promise<void> {
    const compiled = await this.#compile(bytes, sha256)
    if (compiled === undefined) return
    await this.#compare(bytes, compiled)
    this.#ready.push({ ...compiled, epoch, version, sha256, receivedAt, loadedFrom, bytes })
    this.#parts.prepared({ epoch, version })
    this.#swap()
  }

  /** Undefined when nobody wants it any more. */
  async #compile(document: Uint8Array, sha256: string): Promise<Compiled | undefined> {
    const { dialect, options, compiler } = this.#parts
    const survey = compiler.isLarge(document) ? await compiler.survey(document, sha256) : undefined
    if (survey === undefined) return compile({ dialect, options, document, sha256 })
    return compiler.compile(survey, { dialect, options, document, sha256, cancelled: () => this.#stopped })
  }

  /** Beforehand with the one it will most likely take the place of. */
  async #compare(document: Uint8Array, { ruleset }: Compiled): Promise<void> {
    const { compiler } = this.#parts
    const before = this.#ready.at(-1) ?? this.#snapshot
    if (compiler.isLarge(document)) await compiler.compare(before?.ruleset, ruleset, () => this.#stopped)
  }

  #swap(): void {
    const due = this.#ready.findLast((one) => compareOrders(one, this.#committed) <= 0)
    if (due === undefined) return
    this.#ready = this.#ready.filter((one) => compareOrders(one, due) > 0)
    const before = this.#snapshot
    if (before !== undefined && compareOrders(due, before) <= 0) return
    this.#snapshot = due
    this.#subscribers.notify({
      environment: this.name,
      before,
      after: due,
      changes: () => changes(before?.ruleset, due.ruleset),
    })
  }
}
