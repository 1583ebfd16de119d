/**
 * The refresh pipeline of one environment: read, check, compile, swap one pointer, then save.
 *
 * Whatever fails on the way leaves the served snapshot untouched: a document that cannot be read is rejected, one that
 * looks wrong is quarantined. Stores come after the swap and are never waited for, so an outage of theirs costs no
 * answer. Documents are handled one after the other, in the order they arrived; compiling a large one pauses for requests.
 * Wherever a document comes from, nothing older than what was served is ever served again.
 */
import type { Ruleset } from '@halyard/engine'
import type { Compiler } from '../compiler/compiler.ts'
import { compareGenerations } from '../store/store.ts'
import type { Generation, Order, Store } from '../store/store.ts'
import type { Timers } from '../upstream/clock.ts'
import { knownDigest } from '../upstream/digest.ts'
import type { Source, UpstreamDocument } from '../upstream/source.ts'
import type { Environment, SnapshotChange } from './environment.ts'
import { Feed } from './feed.ts'
import { Intake } from './intake.ts'
import type { Taken } from './intake.ts'
import { Judgement } from './judgement.ts'
import { OperatedEnvironment } from './operations.ts'
import type { Decision, Operations } from './operations.ts'
import { Membership } from './membership.ts'
import type { Peers } from './peers.ts'
import type { Plausibility } from './plausibility.ts'
import type { Candidate } from './quarantine.ts'
import { Served } from './served.ts'
import type { Snapshot } from './snapshot.ts'
import { statusOf } from './status.ts'
import type { EnvironmentStatus, Quarantine } from './status.ts'
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
  /** Makes a source; called each time this replica begins to ask the vendor. */
  readonly connect: () => Source
  /** Asked in this order at boot; saved to after each swap. */
  readonly stores: readonly Store[]
  readonly plausibility: Plausibility
  /** How long the upstream may go without confirming before the environment counts as stale, ms. */
  readonly staleAfterMs: number
  readonly timers: Timers
  readonly events: RefreshEvents
  /** Compiles large documents beside serving. Default: they are compiled in one go. */
  readonly compiler?: Compiler
  /** What this process served so far under the same name, where this environment takes another's place. */
  readonly before?: () => Order | undefined
  /** The other replicas. Default: there are none. */
  readonly peers?: Peers
}

/** Longest wait for stores at boot. Redis gives up by itself well before; a network disk may not. */
const STORE_WAIT_MS = 2000

export class RefreshedEnvironment implements Environment {
  readonly name: string
  readonly operations: Operations
  readonly #parts: RefreshParts
  readonly #served: Served
  readonly #judgement: Judgement
  readonly #turns = new Turns()
  readonly #feed: Feed
  readonly #intake: Intake
  readonly #membership: Membership
  #stopped = false

  constructor(parts: RefreshParts) {
    const { name, timers, events, connect, stores, compiler, dialect, options, peers, plausibility } = parts
    this.name = name
    this.#parts = parts
    this.#served = new Served({
      name,
      dialect,
      stores,
      timers,
      peers,
      before: parts.before,
      swapped: (change) => events.swapped(change),
      storeFailed: (store, error) => events.storeFailed(name, store, messageOf(error)),
      listenerFailed: (error) => events.listenerFailed(name, messageOf(error)),
    })
    this.#judgement = new Judgement({
      plausibility,
      now: () => timers.now(),
      accepted: (candidate) => this.#accept(candidate),
      quarantined: (quarantine) => events.quarantined(name, quarantine),
    })
    const large = compiler === undefined ? {} : { compiler }
    const served = (): Ruleset | undefined => this.#served.snapshot?.ruleset
    this.#intake = new Intake({ dialect, options, served, cancelled: () => this.#stopped, ...large })
    this.#feed = new Feed({
      connect,
      timers,
      sink: {
        document: (document) => this.#turns.replace(() => this.#receive(document)),
        unchanged: (at) => this.#turns.add(() => this.#judgement.unchanged(at)),
        failed: (error) => events.upstreamFailed(name, error.message),
      },
    })
    this.#membership = new Membership({
      served: this.#served,
      judgement: this.#judgement,
      feed: this.#feed,
      now: () => timers.now(),
      adopt: (generation) => this.#turns.ask(() => this.#adopt(generation, 'redis')),
    })
    this.operations = new OperatedEnvironment({
      name,
      dialect,
      stores,
      peers,
      timers,
      snapshot: () => this.#served.snapshot,
      take: ({ bytes, sha256 }) => this.#intake.take(bytes, sha256, () => true),
      decide: (decision) => this.#turns.ask(() => this.#decide(decision)),
      quarantine: () => this.status().quarantine,
      confirm: (sha256) => this.#judgement.confirm(sha256),
    })
  }

  snapshot(): Snapshot | undefined {
    return this.#served.snapshot
  }

  subscribe(listener: (change: SnapshotChange) => void): () => void {
    return this.#served.subscribe(listener)
  }

  /**
   * Serves the newest usable generation any store holds, then asks the upstream, or the peers whether to. In this order,
   * because what was served last is what the upstream's first document has to look plausible beside. A store that hangs
   * is not waited for. Resolves when the source was started or need not be; never rejects.
   */
  async start(): Promise<void> {
    const { stores, timers, peers } = this.#parts
    await Promise.race([
      Promise.all(stores.map((store) => this.#loadFrom(store))),
      new Promise<void>((resolve) => void timers.setTimeout(resolve, STORE_WAIT_MS)),
    ])
    if (this.#stopped) return
    if (peers === undefined) this.#feed.start()
    else await peers.join(this.#membership)
  }

  /** Asks the vendor now, be it through the replica that leads: somebody knows that there is something new. */
  refresh(): void {
    if (this.#feed.running) this.#feed.refresh()
    else this.#parts.peers?.ask({ kind: 'refresh' })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#feed.stop()
    await this.#turns.done()
    await this.#served.settled()
    await this.#parts.peers?.leave()
  }

  status(): EnvironmentStatus {
    const { vendor, dialect, timers, staleAfterMs, peers } = this.#parts
    const told = peers?.role === 'follower' ? this.#membership.heard : undefined
    const { confirmedAt, quarantine, rejected } = this.#judgement
    return statusOf({
      name: this.name,
      vendor,
      dialect,
      snapshot: this.#served.snapshot,
      confirmedAt,
      quarantine: told?.quarantine ?? quarantine,
      rejected: told?.rejected ?? rejected,
      source: told?.source ?? this.#feed.status(),
      replication: peers?.status(),
      staleAfterMs,
      now: timers.now(),
    })
  }

  async #loadFrom(store: Store): Promise<void> {
    const { events, dialect } = this.#parts
    try {
      const { generations, problems } = await store.load(this.name)
      for (const { where, message } of problems) events.storeFailed(this.name, store.name, `${where}: ${message}`)
      for (const generation of generations) {
        if (this.#stopped) return
        if (generation.dialect !== dialect) continue
        if (this.#served.snapshot?.loadedFrom === 'upstream') {
          this.#adoptOrder(generation)
          return
        }
        if (await this.#turns.ask(() => this.#adopt(generation, store.shared ? 'redis' : 'disk'))) return
      }
    } catch (error) {
      events.storeFailed(this.name, store.name, messageOf(error))
    }
  }

  /** A slow store answers after the upstream: what it delivered must still count as newer than what was stored. */
  #adoptOrder(stored: Generation): void {
    const current = this.#served.snapshot
    if (current === undefined || compareGenerations(current, stored) > 0) return
    const version = current.sha256 === stored.sha256 ? stored.version : stored.version + 1
    this.#served.restamp({ epoch: stored.epoch, version })
  }

  /** True when the generation is served now, or something as new already is; false when it cannot be used. */
  async #adopt(generation: Generation, loadedFrom: 'disk' | 'redis'): Promise<boolean> {
    if (this.#stopped || !this.#served.isBehind(generation)) return true
    const before = this.#served.snapshot
    const { bytes, sha256 } = generation
    try {
      const known = before?.sha256 === sha256 ? { compiled: before } : undefined
      const taken = known ?? (await this.#intake.take(bytes, sha256, () => true))
      if (taken === undefined || !this.#served.isBehind(generation)) return true
      this.#served.swap({ ...generation, loadedFrom }, taken.compiled)
    } catch (error) {
      this.#parts.events.storeFailed(this.name, loadedFrom, `stored document is unusable: ${messageOf(error)}`)
      return false
    }
    if (before?.sha256 !== sha256 || before.pinnedAgainst !== generation.pinnedAgainst) this.#hearAnew()
    return true
  }

  /** What is served is not what the source last delivered, and it would not deliver that again by itself. */
  #hearAnew(): void {
    this.#judgement.forget()
    this.#feed.restart()
  }

  /** An operator's word. Above everything that was served, so that every replica takes it over. */
  async #decide({ compiled, ...decision }: Decision): Promise<Snapshot> {
    const { version } = this.#served.nextOrder
    this.#served.swap({ ...decision, version }, compiled)
    this.#served.save('operator')
    this.#hearAnew()
    return { ...decision, version, ruleset: compiled.ruleset, problems: compiled.problems }
  }

  /** A promise only for a large document, which others must wait for. */
  #receive(document: UpstreamDocument): void | Promise<void> {
    if (!this.#listens()) return undefined
    try {
      const taken = this.#intake.take(
        document.bytes,
        knownDigest(document.bytes),
        (sha256) => !this.#isKnown(document, sha256),
      )
      if (!(taken instanceof Promise)) return this.#judge(document, taken)
      return taken.then((large) => this.#judge(document, large)).catch((error: unknown) => this.#reject(error))
    } catch (error) {
      return this.#reject(error)
    }
  }

  /** A follower has a leader to listen to, also when a document was on its way when it became one. */
  #listens(): boolean {
    return !this.#stopped && this.#parts.peers?.role !== 'follower'
  }

  #isKnown(document: UpstreamDocument, sha256: string): boolean {
    const current = this.#served.snapshot
    if (current === undefined || (sha256 !== current.sha256 && sha256 !== current.pinnedAgainst)) return false
    this.#judgement.settle(document.receivedAt)
    // The vendor came round to what is served: whatever it says next counts again.
    if (sha256 === current.sha256) this.#served.unpin()
    return true
  }

  #reject(error: unknown): void {
    if (!this.#listens()) return
    this.#judgement.reject(messageOf(error))
    this.#parts.events.rejected(this.name, messageOf(error))
  }

  #judge(document: UpstreamDocument, taken: Taken | undefined): void {
    if (taken !== undefined && this.#listens()) this.#judgement.judge({ document, ...taken }, this.#served.snapshot)
  }

  #accept({ document: { bytes, receivedAt }, sha256, compiled }: Candidate): void {
    const loadedFrom = 'upstream'
    this.#served.swap({ ...this.#served.nextOrder, bytes, sha256, receivedAt, loadedFrom }, compiled)
    this.#served.save('lease')
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
