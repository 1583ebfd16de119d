/**
 * Feature flags from a Halyard relay, without an SDK: the document, how it stays current, answers from it, and what is
 * told back to the relay. The OpenFeature provider is a thin coat over this; applications that count microseconds, and
 * runtimes without `node:` modules, use it as it is.
 */
import type { Context, Evaluation, ValueType } from '@halyard/engine'
import { changes } from '@halyard/engine'
import { failed } from './answers.ts'
import { asSent } from './context.ts'
import { DocumentFeed } from './document-feed.ts'
import { EventQueue } from './event-queue.ts'
import { Health } from './health.ts'
import { isExact } from './exact.ts'
import { Listeners } from './listeners.ts'
import type { EventMetadata, Listener } from './listeners.ts'
import { readOptions } from './options.ts'
import type { HalyardOptions, Settings } from './options.ts'
import { Recent } from './recent.ts'
import { RelayError } from './relay-error.ts'
import { Remote } from './remote.ts'
import { restore, unusable } from './restore.ts'
import { Saver } from './saver.ts'
import { snapshotOf } from './snapshot.ts'
import type { Snapshot } from './snapshot.ts'
import type { Status } from './status.ts'
import { Transport } from './transport.ts'

const EMPTY: Context = Object.freeze({})

export class HalyardClient {
  readonly #settings: Settings
  readonly #feed: DocumentFeed
  readonly #remote: Remote
  readonly #queue: EventQueue
  readonly #saver: Saver
  readonly #told: Recent | undefined
  readonly #health: Health
  readonly #listeners: Listeners
  #snapshot: Snapshot | undefined
  /** What is wrong with the document offered last; undefined when it was taken. */
  #refusal: RelayError | undefined
  #starting: Promise<void> | undefined
  #closing: Promise<void> | undefined
  /** When a relay said last that the snapshot is what it serves, ms since the epoch. */
  #confirmedAt: number | undefined
  /** Who waits for anything to happen while starting. */
  #waiting: (() => void)[] = []

  /** Throws TypeError, whose message names the option. */
  constructor(options: HalyardOptions = {}) {
    const settings = (this.#settings = readOptions(options))
    const { timers, staleAfterMs, errorAfterMs } = settings
    const transport = new Transport(settings)
    this.#listeners = new Listeners(() => this.#eventMetadata())
    this.#feed = new DocumentFeed({
      transport,
      timers,
      pollMs: settings.pollMs,
      sink: {
        document: (bytes, via, stale) => this.#offered(bytes, via, stale),
        current: () => this.#confirmed(),
        lost: (error) => this.#lost(error, 'feed'),
      },
    })
    this.#remote = new Remote(transport, timers, {
      up: () => this.#remoteUp(),
      down: (error) => this.#lost(error, 'remote'),
    })
    this.#queue = new EventQueue({ transport, ...settings })
    this.#saver = new Saver(settings.store)
    this.#told = settings.exposures && new Recent(settings.exposures.remembered, settings.exposures.againAfterMs)
    this.#health = new Health({
      timers,
      staleAfterMs,
      errorAfterMs,
      hasValues: () => this.#snapshot !== undefined,
      events: {
        ready: (message) => this.#listeners.tell({ type: 'ready', message }),
        stale: (message) => this.#listeners.tell({ type: 'stale', message }),
        error: (message, fatal) => this.#listeners.tell({ type: 'error', message, fatal }),
      },
    })
  }

  /**
   * Resolves when there is something to answer from. Rejects with RelayError when there is nothing within
   * `initTimeoutMs`, at once when the relay refuses the key; goes on trying all the same, and tells `ready` later.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start()
    return this.#starting
  }

  /** Calls for every change of state or flags. Returns how to stop that. A listener that throws harms nobody. */
  on(listener: Listener): () => void {
    return this.#listeners.add(listener)
  }

  /**
   * One flag's answer from the document. Never throws, and the result is frozen and shared. Without a type any value
   * will do; without a document the answer is PROVIDER_NOT_READY.
   */
  evaluate(key: string, context: Context = EMPTY, type?: ValueType): Evaluation {
    const snapshot = this.#snapshot
    if (snapshot === undefined) return failed(key, 'PROVIDER_NOT_READY', 'there is no document yet')
    const outcome = snapshot.ruleset.outcome(key, asSent(context), type)
    const { evaluation } = outcome
    if (typeof evaluation.value === 'number' && !isExact(evaluation.value, outcome.spec.valueText)) {
      return failed(key, 'TYPE_MISMATCH', `${outcome.spec.valueText} is beyond what a number can hold`)
    }
    if (this.#told !== undefined) this.#expose(evaluation, context)
    return evaluation
  }

  /** Every flag's answer, all from one document and one moment. */
  evaluateAll(context: Context = EMPTY): Evaluation[] {
    return this.#snapshot?.ruleset.evaluateAll(asSent(context)) ?? []
  }

  /** As `evaluate`, asking the relay where this client has no document and may do so. Never rejects. */
  async evaluateAsync(key: string, context: Context = EMPTY, type?: ValueType): Promise<Evaluation> {
    if (!this.asksRelay) return this.evaluate(key, context, type)
    const evaluation = await this.#remote.evaluate(key, context, type)
    if (this.#told !== undefined) this.#expose(evaluation, context)
    return evaluation
  }

  /** As `evaluateAll`, asking the relay where this client has no document and may do so. Rejects with RelayError. */
  async evaluateAllAsync(context: Context = EMPTY): Promise<Evaluation[]> {
    return this.asksRelay ? await this.#remote.evaluateAll(context) : this.evaluateAll(context)
  }

  /** Whether answers come from the relay now, and have to be waited for. */
  get asksRelay(): boolean {
    return this.#settings.mode !== 'in-process' && this.#snapshot === undefined
  }

  /** Metadata of the whole flag set, which every flag's own is laid over. */
  get metadata(): Readonly<Record<string, string | number | boolean>> {
    return this.#snapshot?.ruleset.metadata ?? EMPTY_METADATA
  }

  /** Notes that something happened. Sent later, in batches; never throws. */
  track(name: string, context: Context = EMPTY, details: Readonly<Record<string, unknown>> = {}): void {
    const { value, ...attributes } = details
    this.#queue.add({
      type: 'track',
      name,
      ...targeting(context),
      timestamp: this.#settings.timers.now(),
      ...(typeof value === 'number' && Number.isFinite(value) ? { value } : undefined),
      ...copied(attributes),
    })
  }

  /** Sends exposures and tracking events that wait. Never rejects. */
  flush(): Promise<void> {
    return this.#queue.flush()
  }

  /** How this client is. Cheap enough for a health check that is asked often. */
  health(): Status {
    const { mode, timers } = this.#settings
    const snapshot = this.#snapshot
    return {
      state: this.#closing === undefined ? this.#health.announced : 'closed',
      mode,
      source: this.#source(),
      connection:
        mode === 'remote' ? (this.#remote.obstacle === undefined ? 'live' : 'waiting') : this.#feed.connection,
      revision: snapshot?.ruleset.revision,
      epoch: snapshot?.epoch,
      version: snapshot?.version,
      receivedAt: snapshot?.receivedAt,
      ageMs: this.#age(),
      lostForMs: this.#health.lostSince === undefined ? 0 : timers.now() - this.#health.lostSince,
      flags: snapshot?.ruleset.keys.length ?? 0,
      problems: snapshot?.problems ?? [],
      lastError: this.#refusal?.message ?? this.#health.lastError?.message,
      storeError: this.#saver.lastError,
      events: this.#queue.counts,
    }
  }

  /** Ends every connection, after what waits to be sent had `closeTimeoutMs` to leave. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#listeners.silence()
    this.#health.close()
    this.#feed.close()
    this.#remote.close()
    this.#notice()
    await this.#queue.close(this.#settings.closeTimeoutMs)
    await this.#saver.settled()
  }

  async #start(): Promise<void> {
    const { mode, initTimeoutMs, timers } = this.#settings
    let late = false
    const timer = timers.setTimeout(() => {
      late = true
      this.#notice()
    }, initTimeoutMs)
    // Half of the time is for the document alone.
    const half = mode === 'auto' ? timers.setTimeout(() => this.#remote.start(), initTimeoutMs / 2) : undefined
    try {
      if (mode !== 'remote') await Promise.race([this.#restore(), this.#until(() => late)])
      if (this.#closing !== undefined) throw new RelayError('network', 'closed')
      if (mode === 'remote') this.#remote.start()
      else this.#feed.start()
      await this.#until(() => late || this.#usable() || this.#hopeless() !== undefined)
      if (this.#closing !== undefined) throw new RelayError('network', 'closed')
      if (!this.#usable()) {
        throw this.#hopeless() ?? this.#refusal ?? new RelayError('timeout', this.#overdue())
      }
      this.#health.begin('ready')
    } catch (error) {
      this.#health.begin('error')
      throw error
    } finally {
      timers.clearTimeout(timer)
      timers.clearTimeout(half)
    }
  }

  #overdue(): string {
    const reason = this.#health.lastError === undefined ? '' : `: ${this.#health.lastError.message}`
    return `no document within ${this.#settings.initTimeoutMs} ms${reason}`
  }

  /** Waits until something happened after which `done` holds. */
  async #until(done: () => boolean): Promise<void> {
    while (!done() && this.#closing === undefined) {
      await new Promise<void>((resolve) => void this.#waiting.push(resolve))
    }
  }

  #notice(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #usable(): boolean {
    return this.#snapshot !== undefined || (this.#settings.mode !== 'in-process' && this.#remote.obstacle === undefined)
  }

  /** The refusal after which waiting makes no sense. */
  #hopeless(): RelayError | undefined {
    const error = this.#settings.mode === 'in-process' ? this.#health.lastError : this.#remote.obstacle
    return error?.kind === 'refused' ? error : undefined
  }

  async #restore(): Promise<void> {
    const { snapshot, refusal } = await restore(this.#settings, this.#saver)
    this.#refusal ??= refusal
    // Late, when the relay was faster: its document is the newer one.
    this.#snapshot ??= snapshot
    this.#notice()
  }

  #offered(bytes: Uint8Array, via: 'stream' | 'poll', stale: boolean): boolean {
    if (this.#closing !== undefined) return false
    // Behind what this client has: it waits for the relay to catch up.
    if (stale && this.#snapshot !== undefined) return true
    const before = this.#snapshot
    try {
      this.#snapshot = snapshotOf(bytes, via, this.#settings.timers)
    } catch (error) {
      this.#refusal = unusable(via, error)
      this.#lost(this.#refusal, 'feed')
      return false
    }
    this.#saver.save(this.#snapshot)
    this.#tellChanges(before, this.#snapshot)
    this.#confirmed()
    return true
  }

  #tellChanges(before: Snapshot | undefined, after: Snapshot): void {
    if (this.#health.announced === 'pending') return
    if (before === undefined) {
      // Answers came from the relay until now: what changed in between cannot be told.
      if (this.#health.announced === 'ready') this.#listeners.tell({ type: 'changed', message: 'the document is here' })
      return
    }
    const { added, removed, changed } = changes(before.ruleset, after.ruleset)
    const flags = [...added, ...changed, ...removed]
    if (flags.length > 0) this.#listeners.tell({ type: 'changed', message: `${flags.length} flags changed`, flags })
  }

  #confirmed(): void {
    if (this.#closing !== undefined) return
    this.#refusal = undefined
    this.#confirmedAt = this.#settings.timers.now()
    this.#health.fresh()
    this.#notice()
  }

  #remoteUp(): void {
    if (this.#snapshot === undefined) this.#health.fresh()
    this.#notice()
  }

  #lost(error: RelayError, who: 'feed' | 'remote'): void {
    if (this.#closing !== undefined) return
    const { mode } = this.#settings
    const asked = this.asksRelay ? 'remote' : 'feed'
    if (mode === 'auto' && who === 'feed') this.#remote.start()
    if (asked === who) this.#health.lost(error)
    else if (this.#health.announced === 'pending') this.#health.lastError = error
    this.#notice()
  }

  #expose({ key, variant, errorCode }: Evaluation, context: Context): void {
    if (errorCode !== undefined || variant === undefined) return
    const now = this.#settings.timers.now()
    const who = targeting(context)
    if (this.#told?.add(JSON.stringify([key, variant, who.targetingKey]), now) !== true) return
    const revision = this.#snapshot?.ruleset.revision
    const event = { type: 'exposure', flag: key, variant, ...who, timestamp: now } as const
    this.#queue.add(revision === undefined ? event : { ...event, revision })
  }

  #source(): Status['source'] {
    return this.#snapshot?.origin ?? (this.asksRelay && this.#remote.obstacle === undefined ? 'remote' : 'none')
  }

  /** Since a relay said that this is what it serves; before the first time, since it had it from its vendor. */
  #age(): number {
    const { timers } = this.#settings
    if (this.#snapshot === undefined) return 0
    const confirmed = this.#confirmedAt
    // A relay that is heard but serves what we cannot use confirms nothing.
    const heard = confirmed === undefined || this.#refusal !== undefined ? undefined : this.#feed.heardAt
    return Math.max(0, timers.now() - Math.max(heard ?? 0, confirmed ?? this.#snapshot.receivedAt))
  }

  #eventMetadata(): EventMetadata {
    const { version, flagSetId } = this.metadata
    return {
      source: this.#source(),
      ageMs: this.#age(),
      ...(this.#snapshot === undefined ? undefined : { revision: this.#snapshot.ruleset.revision }),
      ...(version === undefined ? undefined : { version }),
      ...(flagSetId === undefined ? undefined : { flagSetId }),
    }
  }
}

const EMPTY_METADATA: Readonly<Record<string, string | number | boolean>> = Object.freeze({})

function targeting(context: Context): { readonly targetingKey?: string } {
  const { targetingKey } = context
  return typeof targetingKey === 'string' ? { targetingKey } : {}
}

/** As it is now, since the caller may go on changing it; nothing when JSON cannot hold it. */
function copied(attributes: object): { readonly attributes?: object } {
  try {
    const text = JSON.stringify(attributes)
    return text === '{}' ? {} : { attributes: JSON.parse(text) as object }
  } catch {
    return {}
  }
}
