/**
 * The refresh pipeline of one environment: read, check, compile, swap one pointer, then save.
 *
 * Whatever fails on the way leaves the served snapshot untouched: a document that cannot be read is rejected, one that
 * looks wrong is quarantined. Stores come after the swap and are never waited for, so an outage of theirs costs no
 * answer. Documents are handled one after the other, in the order they arrived; compiling a large one pauses for requests.
 */
import { createHash } from 'node:crypto'
import { changes, compile } from '@halyard/engine'
import type { Changes, Compiled } from '@halyard/engine'
import type { Compiler } from '../compiler/compiler.ts'
import { compareGenerations } from '../store/store.ts'
import type { Generation, Store } from '../store/store.ts'
import type { Timers } from '../upstream/clock.ts'
import type { Source, UpstreamDocument } from '../upstream/source.ts'
import type { Environment, SnapshotChange } from './environment.ts'
import { implausible } from './plausibility.ts'
import type { Plausibility } from './plausibility.ts'
import { WaitingRoom } from './quarantine.ts'
import type { Candidate } from './quarantine.ts'
import type { Snapshot } from './snapshot.ts'
import { statusOf } from './status.ts'
import type { EnvironmentStatus, Quarantine } from './status.ts'
import { Subscribers } from './subscribers.ts'
import { Turns } from './turns.ts'

/** What happened, for logs and metrics. Implementations must not throw. */
export interface RefreshEvents {
  swapped(change: SnapshotChange): void
  quarantined(environment: string, quarantine: Quarantine): void
  rejected(environment: string, message: string): void
  upstreamFailed(environment: string, message: string): void
  storeFailed(environment: string, store: string, message: string): void
  /** A subscriber threw: a defect of ours that must not cost the others their notice. */
  listenerFailed(environment: string, message: string): void
}

export interface RefreshParts {
  readonly name: string
  readonly vendor: string
  readonly dialect: string
  readonly options: Readonly<Record<string, unknown>>
  readonly source: Source
  /** Asked in this order at boot; saved to after each swap. */
  readonly stores: readonly Store[]
  readonly plausibility: Plausibility
  /** How long the upstream may go without confirming before the environment counts as stale, ms. */
  readonly staleAfterMs: number
  readonly timers: Timers
  readonly events: RefreshEvents
  /** Compiles large documents beside serving. Default: they are compiled in one go. */
  readonly compiler?: Compiler
}

/** Longest wait for stores at boot. Redis gives up by itself well before; a network disk may not. */
const STORE_WAIT_MS = 2000

export class RefreshedEnvironment implements Environment {
  readonly name: string
  readonly #parts: RefreshParts
  readonly #subscribers: Subscribers
  readonly #waiting = new WaitingRoom()
  #snapshot: Snapshot | undefined
  #confirmedAt: number | undefined
  #rejected: { readonly at: number; readonly message: string } | undefined
  #saving: Promise<void> = Promise.resolve()
  readonly #turns = new Turns()
  #stopped = false

  constructor(parts: RefreshParts) {
    this.name = parts.name
    this.#parts = parts
    this.#subscribers = new Subscribers((error) => parts.events.listenerFailed(parts.name, messageOf(error)))
  }

  snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  subscribe(listener: (change: SnapshotChange) => void): () => void {
    return this.#subscribers.add(listener)
  }

  /**
   * Serves the newest usable generation any store holds, then asks the upstream. In this order, because what was served
   * last is what the upstream's first document has to look plausible beside. A store that hangs is not waited for.
   * Resolves when the source was started; never rejects.
   */
  async start(): Promise<void> {
    const { source, stores, timers, events } = this.#parts
    await Promise.race([
      Promise.all(stores.map((store) => this.#loadFrom(store))),
      new Promise<void>((resolve) => void timers.setTimeout(resolve, STORE_WAIT_MS)),
    ])
    if (this.#stopped) return
    source.start({
      document: (document) => this.#turns.replace(() => this.#receive(document)),
      unchanged: (at) => this.#turns.add(() => this.#unchanged(at)),
      failed: (error) => events.upstreamFailed(this.name, error.message),
    })
  }

  /** Takes over the quarantined document as an operator's decision. False when it does not wait any more. */
  confirm(sha256: string): boolean {
    const candidate = this.#waiting.confirmed(sha256)
    if (candidate !== undefined) this.#accept(candidate)
    return candidate !== undefined
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#parts.source.stop()
    await this.#turns.done()
    await this.#saving
  }

  async #loadFrom(store: Store): Promise<void> {
    try {
      const { generations, problems } = await store.load(this.name)
      for (const { where, message } of problems)
        this.#parts.events.storeFailed(this.name, store.name, `${where}: ${message}`)
      for (const generation of generations) {
        if (generation.dialect === this.#parts.dialect && this.#restore(generation, store.name)) return
      }
    } catch (error) {
      this.#parts.events.storeFailed(this.name, store.name, messageOf(error))
    }
  }

  /** True when the generation is served now or an equal or newer one already is. */
  #restore(generation: Generation, storeName: string): boolean {
    if (this.#stopped) return true
    const current = this.#snapshot
    if (current !== undefined) {
      if (current.loadedFrom === 'upstream') this.#adoptOrder(generation)
      if (current.loadedFrom === 'upstream' || compareGenerations(current, generation) >= 0) return true
    }
    try {
      const compiled = this.#compile(generation.bytes, generation.sha256)
      const loadedFrom = storeName === 'redis' ? 'redis' : 'disk'
      this.#swap({ ...generation, loadedFrom }, compiled)
      return true
    } catch (error) {
      this.#parts.events.storeFailed(this.name, storeName, `stored document is unusable: ${messageOf(error)}`)
      return false
    }
  }

  /** A slow store answers after the upstream: what it delivered must still count as newer than what was stored. */
  #adoptOrder(stored: Generation): void {
    const current = this.#snapshot
    if (current === undefined || compareGenerations(current, stored) > 0) return
    const version = current.sha256 === stored.sha256 ? stored.version : stored.version + 1
    this.#snapshot = { ...current, epoch: stored.epoch, version }
    this.#save(this.#snapshot)
  }

  /** A promise only for a large document, which others must wait for. */
  #receive(document: UpstreamDocument): void | Promise<void> {
    if (this.#stopped) return undefined
    const { compiler } = this.#parts
    return compiler?.isLarge(document.bytes) === true
      ? this.#receiveLarge(document, compiler)
      : this.#receiveAtOnce(document)
  }

  #receiveAtOnce(document: UpstreamDocument): void {
    const sha256 = createHash('sha256').update(document.bytes).digest('hex')
    if (this.#isServed(document, sha256)) return
    let compiled: Compiled
    try {
      compiled = this.#compile(document.bytes, sha256)
    } catch (error) {
      this.#reject(error)
      return
    }
    this.#judge({ document, sha256, compiled })
  }

  async #receiveLarge(document: UpstreamDocument, compiler: Compiler): Promise<void> {
    const { dialect, options } = this.#parts
    const survey = await compiler.survey(document.bytes)
    if (this.#stopped) return
    if (survey === undefined) {
      this.#receiveAtOnce(document)
      return
    }
    const { sha256 } = survey
    if (this.#isServed(document, sha256)) return
    const cancelled = (): boolean => this.#stopped
    let compiled: Compiled | undefined
    try {
      compiled = await compiler.compile(survey, { dialect, options, document: document.bytes, sha256, cancelled })
    } catch (error) {
      if (!this.#stopped) this.#reject(error)
      return
    }
    if (compiled !== undefined && !this.#stopped) this.#judge({ document, sha256, compiled })
  }

  #isServed(document: UpstreamDocument, sha256: string): boolean {
    if (this.#snapshot?.sha256 !== sha256) return false
    this.#settle(document.receivedAt)
    return true
  }

  #reject(error: unknown): void {
    this.#waiting.clear()
    this.#rejected = { at: this.#parts.timers.now(), message: messageOf(error) }
    this.#parts.events.rejected(this.name, messageOf(error))
  }

  #judge(candidate: Candidate): void {
    const reason = this.#implausible(candidate)
    if (reason === undefined) {
      this.#accept(candidate)
      return
    }
    const isNew = this.#waiting.hold(candidate, reason, this.#parts.timers.now())
    if (isNew && this.#waiting.quarantine !== undefined) {
      this.#parts.events.quarantined(this.name, this.#waiting.quarantine)
    }
    this.#acceptInsisted()
  }

  /** The upstream still holds what it last delivered, which need not be what is served. */
  #unchanged(at: number): void {
    if (this.#waiting.quarantine !== undefined) {
      this.#waiting.delivered()
      this.#acceptInsisted()
    } else if (this.#rejected === undefined) {
      this.#confirmedAt = at
    }
  }

  #implausible({ compiled, document }: Candidate): string | undefined {
    const current = this.#snapshot
    if (current === undefined) return undefined
    return implausible(
      { keys: current.ruleset.keys, bytes: current.bytes.byteLength },
      { keys: compiled.ruleset.keys, bytes: document.bytes.byteLength },
      this.#parts.plausibility,
    )
  }

  #acceptInsisted(): void {
    const candidate = this.#waiting.insisted(this.#parts.plausibility, this.#parts.timers.now())
    if (candidate !== undefined) this.#accept(candidate)
  }

  #accept({ document, sha256, compiled }: Candidate): void {
    const order = { epoch: this.#snapshot?.epoch ?? 1, version: (this.#snapshot?.version ?? 0) + 1 }
    this.#settle(document.receivedAt)
    const { bytes, receivedAt } = document
    this.#swap({ ...order, bytes, sha256, receivedAt, loadedFrom: 'upstream' }, compiled)
  }

  /** The upstream's document is the served one: nothing waits, nothing is wrong. */
  #settle(at: number): void {
    this.#waiting.clear()
    this.#rejected = undefined
    this.#confirmedAt = at
  }

  #compile(bytes: Uint8Array, sha256: string): Compiled {
    return compile({ dialect: this.#parts.dialect, options: this.#parts.options, document: bytes, sha256 })
  }

  #swap(parts: Omit<Snapshot, 'ruleset' | 'problems'>, compiled: Compiled): void {
    const before = this.#snapshot
    const { epoch, version, bytes, sha256, receivedAt, loadedFrom } = parts
    const { ruleset, problems } = compiled
    const after: Snapshot = { ruleset, problems, epoch, version, bytes, sha256, receivedAt, loadedFrom }
    this.#snapshot = after
    let known: Changes | undefined
    const change: SnapshotChange = {
      environment: this.name,
      before,
      after,
      changes: () => (known ??= changes(before?.ruleset, after.ruleset)),
    }
    this.#parts.events.swapped(change)
    this.#subscribers.notify(change)
    if (loadedFrom === 'upstream') this.#save(after)
  }

  #save(snapshot: Snapshot): void {
    const { epoch, version, bytes, sha256, receivedAt } = snapshot
    const { dialect, timers, stores, events } = this.#parts
    const generation = {
      environment: this.name,
      epoch,
      version,
      sha256,
      dialect,
      receivedAt,
      bytes,
      savedAt: timers.now(),
    }
    this.#saving = this.#saving.then(async () => {
      const results = await Promise.allSettled(stores.map((store) => store.save(generation)))
      for (const [index, result] of results.entries()) {
        if (result.status === 'rejected')
          events.storeFailed(this.name, stores[index]?.name ?? '', messageOf(result.reason))
      }
    })
  }

  status(): EnvironmentStatus {
    const { vendor, dialect, source, timers, staleAfterMs } = this.#parts
    return statusOf({
      name: this.name,
      vendor,
      dialect,
      snapshot: this.#snapshot,
      confirmedAt: this.#confirmedAt,
      quarantine: this.#waiting.quarantine,
      rejected: this.#rejected,
      source: source.status(),
      staleAfterMs,
      now: timers.now(),
    })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
