/**
 * Feature flags from a Halyard relay, without an SDK: the document, how it stays current, answers from it, and what is
 * told back to the relay. The OpenFeature provider is a thin coat over this; applications that count microseconds, and
 * runtimes without `node:` modules, use it as it is.
 */
import type { Context, Evaluation, Scope, ValueType } from '@halyard/engine'
import { changes } from '@halyard/engine'
import { Account } from './account.ts'
import { failed } from './answers.ts'
import { asSent } from './context.ts'
import { DocumentFeed } from './document-feed.ts'
import { Health } from './health.ts'
import { exactly } from './exact.ts'
import { Listeners } from './listeners.ts'
import type { Listener } from './listeners.ts'
import { readOptions } from './options.ts'
import type { HalyardOptions, Settings } from './options.ts'
import { RelayError } from './relay-error.ts'
import { Remote } from './remote.ts'
import { Holder } from './holder.ts'
import { Reporter } from './reporter.ts'
import type { Snapshot } from './snapshot.ts'
import type { Status } from './status.ts'
import { LONGEST, within } from './timers.ts'
import { Transport } from './transport.ts'

const EMPTY: Context = Object.freeze({})

export interface EvaluateAllOptions {
  /**
   * `client`: leave out the flags that the document keeps from clients, for pages and apps that anybody can read. Default
   * `all`. What a relay's own settings keep from a client key is not in the document.
   */
  readonly visibleTo?: Scope
}

export class HalyardClient {
  readonly #settings: Settings
  readonly #feed: DocumentFeed
  readonly #remote: Remote
  readonly #holder: Holder
  readonly #reporter: Reporter
  readonly #health: Health
  readonly #listeners: Listeners
  readonly #account: Account
  #starting: Promise<void> | undefined
  #closing: Promise<void> | undefined
  /** Who waits for anything to happen while starting. */
  #waiting: (() => void)[] = []

  /** Throws TypeError, whose message names the option. */
  constructor(options: HalyardOptions = {}) {
    const settings = (this.#settings = readOptions(options))
    const { timers, staleAfterMs, errorAfterMs } = settings
    const transport = new Transport(settings)
    this.#listeners = new Listeners(() => this.#account.eventMetadata())
    this.#feed = new DocumentFeed({
      transport,
      timers,
      pollMs: settings.pollMs,
      behindMs: staleAfterMs,
      sink: {
        document: (bytes, via, stale) => this.#holder.offer(bytes, via, stale),
        current: () => this.#holder.confirm(),
        lost: (error) => this.#lost(error, 'feed'),
      },
    })
    this.#remote = new Remote(transport, timers, {
      up: () => this.#remoteUp(),
      down: (error) => this.#lost(error, 'remote'),
    })
    this.#holder = new Holder(settings, {
      replaced: (before, after) => this.#tellChanges(before, after),
      confirmed: () => this.#confirmed(),
      refused: (error) => this.#lost(error, 'feed'),
    })
    this.#reporter = new Reporter({ transport, ...settings }, settings.exposures)
    if (settings.mode === 'offline') void this.#reporter.close(0)
    this.#health = new Health({
      timers,
      staleAfterMs,
      errorAfterMs,
      hasValues: () => this.#holder.snapshot !== undefined,
      events: {
        ready: (message) => this.#listeners.tell({ type: 'ready', message }),
        stale: (message) => this.#listeners.tell({ type: 'stale', message }),
        error: (message, fatal) => this.#listeners.tell({ type: 'error', message, fatal }),
      },
    })
    this.#account = new Account({
      settings,
      feed: this.#feed,
      remote: this.#remote,
      holder: this.#holder,
      health: this.#health,
      reporter: this.#reporter,
      asksRelay: () => this.asksRelay,
    })
  }

  /**
   * Resolves when there is something to answer from. Rejects with RelayError when there is nothing within
   * `initTimeoutMs`, at once when the relay refuses the key; goes on trying all the same, and tells `ready` later. After
   * that it may be called again, to wait once more.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined
      throw error
    })
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
    const snapshot = this.#holder.snapshot
    if (snapshot === undefined) return failed(key, 'PROVIDER_NOT_READY', 'there is no document yet')
    const evaluation = exactly(snapshot.ruleset.outcome(key, asSent(context), type))
    if (this.#reporter.exposing) this.#reporter.expose(evaluation, context, snapshot.ruleset.revision)
    return evaluation
  }

  /** Every flag's answer, all from one document and one moment. */
  evaluateAll(context: Context = EMPTY, { visibleTo = 'all' }: EvaluateAllOptions = {}): Evaluation[] {
    return this.#holder.snapshot?.ruleset.outcomes(asSent(context), {}, visibleTo).map(exactly) ?? []
  }

  /** As `evaluate`, asking the relay where this client has no document and may do so. Never rejects. */
  async evaluateAsync(key: string, context: Context = EMPTY, type?: ValueType): Promise<Evaluation> {
    if (!this.asksRelay) return this.evaluate(key, context, type)
    const evaluation = await this.#remote.evaluate(key, context, type)
    if (this.#reporter.exposing) this.#reporter.expose(evaluation, context, undefined)
    return evaluation
  }

  /**
   * As `evaluateAll`, asking the relay where this client has no document and may do so: then all that the key may see.
   * Rejects with RelayError, also for `visibleTo: 'client'` without a document, which alone says what clients may see.
   */
  async evaluateAllAsync(context: Context = EMPTY, options: EvaluateAllOptions = {}): Promise<Evaluation[]> {
    if (!this.asksRelay) return this.evaluateAll(context, options)
    if (options.visibleTo === 'client') throw new RelayError('document', 'visibleTo: there is no document that tells')
    return await this.#remote.evaluateAll(context)
  }

  /** Whether answers come from the relay now, and have to be waited for. */
  get asksRelay(): boolean {
    return this.#mayAsk() && this.#holder.snapshot === undefined
  }

  /** Metadata of the whole flag set, which every flag's own is laid over. */
  get metadata(): Readonly<Record<string, string | number | boolean>> {
    return this.#holder.metadata
  }

  /** Notes that something happened. Sent later, in batches; never throws. */
  track(name: string, context: Context = EMPTY, details: Readonly<Record<string, unknown>> = {}): void {
    this.#reporter.track(name, context, details)
  }

  /** Sends exposures and tracking events that wait. Never rejects. */
  flush(): Promise<void> {
    return within(this.#settings.timers, LONGEST, this.#reporter.flush())
  }

  /** How this client is. Cheap enough for a health check that is asked often. */
  health(): Status {
    return this.#account.status(this.#closing !== undefined)
  }

  /** Ends every connection, after what waits to be sent or saved had `closeTimeoutMs` to leave. Idempotent. */
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
    const { timers, closeTimeoutMs } = this.#settings
    await within(timers, closeTimeoutMs, Promise.all([this.#reporter.close(closeTimeoutMs), this.#holder.close()]))
  }

  async #start(): Promise<void> {
    const { mode, initTimeoutMs, timers } = this.#settings
    let late = false
    const overdue = (): void => {
      late = true
      this.#notice()
    }
    const timer = timers.setTimeout(overdue, initTimeoutMs, true)
    // Half of the time is for the document alone.
    const half = mode === 'auto' ? timers.setTimeout(() => this.#remote.start(), initTimeoutMs / 2) : undefined
    try {
      if (mode !== 'remote') await Promise.race([this.#restore(), this.#until(() => late)])
      if (this.#closing !== undefined) throw new RelayError('network', 'closed')
      if (mode === 'offline' && !this.#usable()) {
        throw this.#holder.refusal ?? new RelayError('document', 'offline: neither bootstrap nor store has a document')
      }
      if (mode === 'remote') this.#remote.start()
      else if (mode !== 'offline') this.#feed.start()
      await this.#until(() => late || this.#usable() || this.#hopeless() !== undefined)
      if (this.#closing !== undefined) throw new RelayError('network', 'closed')
      if (!this.#usable()) {
        throw this.#hopeless() ?? this.#holder.refusal ?? new RelayError('timeout', this.#overdue())
      }
      this.#health.begin('ready')
    } catch (error) {
      this.#health.begin('error', RelayError.from(error).kind === 'refused')
      throw error
    } finally {
      timers.clearTimeout(timer)
      timers.clearTimeout(half)
    }
  }

  async #restore(): Promise<void> {
    if (this.#holder.snapshot !== undefined) return
    await this.#holder.restore()
    const kept = this.#holder.snapshot !== undefined && this.#holder.confirmedAt === undefined
    // So late that the start has failed meanwhile.
    if (kept && this.#health.announced === 'error') this.#health.fresh()
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

  #mayAsk(): boolean {
    return this.#settings.mode === 'remote' || this.#settings.mode === 'auto'
  }

  #usable(): boolean {
    return this.#holder.snapshot !== undefined || (this.#mayAsk() && this.#remote.obstacle === undefined)
  }

  /** The refusal after which waiting makes no sense. */
  #hopeless(): RelayError | undefined {
    const error = this.#mayAsk() ? this.#remote.obstacle : this.#health.lastError
    return error?.kind === 'refused' ? error : undefined
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
    this.#health.fresh()
    this.#notice()
  }

  #remoteUp(): void {
    if (this.#holder.snapshot === undefined) this.#health.fresh()
    this.#notice()
  }

  #lost(error: RelayError, who: 'feed' | 'remote'): void {
    if (this.#closing !== undefined) return
    const { mode } = this.#settings
    const asked = this.asksRelay ? 'remote' : 'feed'
    if (mode === 'auto' && asked === 'remote' && who === 'feed') this.#remote.start()
    if (asked === who) this.#health.lost(error)
    else if (this.#health.announced === 'pending') this.#health.lastError = error
    this.#notice()
  }
}
