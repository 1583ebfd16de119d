/**
 * The OpenFeature provider for browsers. Everything turns on one rule: what is shown belongs to the context that the SDK
 * was given last. States carry their context's hash, and one that is for another context is not shown, however late or
 * early it comes. The SDK owns the status and sets it itself around `initialize` and `onContextChange`, so nothing is
 * emitted while one of them is pending.
 */
import { ErrorCode, OpenFeatureEventEmitter, ProviderEvents, ProviderFatalError } from '@openfeature/web-sdk'
import type {
  EvaluationContext,
  JsonValue,
  Provider,
  ProviderMetadata,
  ResolutionDetails,
  TrackingEventDetails,
} from '@openfeature/web-sdk'
import { Cache } from './cache.ts'
import { contextHash } from './context.ts'
import type { Sink, Subject } from './link.ts'
import { check } from './options.ts'
import type { HalyardWebOptions } from './options.ts'
import { watchPage } from './page.ts'
import { Reporter } from './reporter.ts'
import { resolve } from './resolution.ts'
import type { FlagType } from './resolution.ts'
import { changedKeys, load, save } from './state.ts'
import type { FlagState, SavedState } from './state.ts'
import { browser } from './surroundings.ts'
import type { Surroundings } from './surroundings.ts'
import { Tabs } from './tabs.ts'
import { Wire } from './wire.ts'
import type { Refusal } from './wire.ts'

/** Where the values shown come from: the relay, storage, the page as rendered, or what the provider still had. */
export type Source = 'relay' | 'cache' | 'bootstrap' | 'memory'

/** How it is, for a health display or a bug report. */
export interface WebProviderHealth {
  /** `ready`: in touch with the relay, or within the grace; `error`: no values; `fatal`: refused for good. */
  readonly state: 'starting' | 'ready' | 'stale' | 'error' | 'fatal' | 'closed'
  /** Absent while there are no values. */
  readonly source: Source | undefined
  readonly revision: string | undefined
  /** Since the relay last confirmed the values. Milliseconds. */
  readonly ageMs: number | undefined
  readonly flags: number
  readonly contextHash: string | undefined
  /** Whether this tab holds the connection itself. */
  readonly leader: boolean
  /** The last thing that went wrong, until something goes right. */
  readonly problem: string | undefined
  /** Events waiting to be sent, and events lost. */
  readonly reports: { readonly waiting: number; readonly dropped: number }
}

interface Joint {
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (reason: Error) => void
  /** Whether a context change waits, whose failure the SDK never takes for fatal. */
  changing: boolean
}

export class HalyardWebProvider implements Provider {
  readonly metadata: ProviderMetadata = { name: 'halyard' }
  readonly runsOn = 'client'
  /** Values are of one context, so an instance serves one domain. */
  readonly domainScoped = true
  readonly events: OpenFeatureEventEmitter = new OpenFeatureEventEmitter()

  readonly #options: HalyardWebOptions
  readonly #around: Surroundings
  readonly #wire: Wire
  readonly #cache: Cache | undefined
  readonly #reporter: Reporter
  #subject: Subject | undefined
  #shown: FlagState | undefined
  #source: Source | undefined
  #previous: FlagState | undefined
  /** What a relay says that is behind what is shown. */
  #held: FlagState | undefined
  /** Settles every pending `initialize` and `onContextChange` at once, when the newest context has values or none. */
  #joint: Joint | undefined
  #health: WebProviderHealth['state'] = 'starting'
  #problem: string | undefined
  #tabs: Tabs | undefined
  #grace: unknown
  #unlisten: (() => void) | undefined

  /** Throws a TypeError that names a wrong option. */
  constructor(options: HalyardWebOptions) {
    check(options)
    this.#options = options
    this.#around = options.surroundings ?? browser()
    this.#wire = new Wire(options, this.#around)
    this.#reporter = new Reporter(this.#wire)
    if (options.cache !== false) this.#cache = new Cache(options.cache ?? {}, this.#wire.identity, this.#around.now)
  }

  async initialize(context: EvaluationContext = {}): Promise<void> {
    if (this.#health === 'closed') {
      // Registered again after another provider had its place.
      this.#health = 'starting'
      this.#subject = this.#shown = undefined
    }
    this.#reporter.closed = false
    this.#unlisten ??= watchPage(this.#around, this.#options.hiddenAfterMs ?? 120_000, {
      hidden: () => void this.#reporter.flush(true),
      // Whoever waits for values gets them first.
      idle: () => this.#joint ?? this.#disconnect(),
      shown: () => {
        if (this.#subject && this.#health !== 'fatal') this.#connect(this.#subject)
      },
      network: () => this.#tabs?.reset(),
    })
    return this.#change(context, false)
  }

  async onContextChange(_: EvaluationContext, context: EvaluationContext): Promise<void> {
    return this.#change(context, true)
  }

  resolveBooleanEvaluation(key: string, fallback: boolean): ResolutionDetails<boolean> {
    return this.#resolve(key, fallback, 'boolean')
  }

  resolveStringEvaluation(key: string, fallback: string): ResolutionDetails<string> {
    return this.#resolve(key, fallback, 'string')
  }

  resolveNumberEvaluation(key: string, fallback: number): ResolutionDetails<number> {
    return this.#resolve(key, fallback, 'number')
  }

  resolveObjectEvaluation<T extends JsonValue>(key: string, fallback: T): ResolutionDetails<T> {
    return this.#resolve(key, fallback, 'object')
  }

  track(name: string, context: EvaluationContext, details: TrackingEventDetails): void {
    this.#reporter.track(name, context, details)
  }

  health(): WebProviderHealth {
    const shown = this.#shown
    return {
      state: this.#health,
      source: shown && this.#source,
      revision: shown?.revision,
      ageMs: shown && this.#around.now() - shown.at,
      flags: shown?.flags.size ?? 0,
      contextHash: this.#subject?.hash,
      leader: this.#tabs?.leads ?? false,
      problem: this.#problem,
      reports: { waiting: this.#reporter.waiting, dropped: this.#reporter.dropped },
    }
  }

  /** Idempotent: the SDK calls it once per binding. */
  async onClose(): Promise<void> {
    this.#health = 'closed'
    this.#unlisten?.()
    this.#unlisten = undefined
    this.#disconnect()
    this.#settle()
    this.#reporter.closed = true
    await this.#reporter.flush(true)
  }

  #change(context: EvaluationContext, changing: boolean): Promise<void> | undefined {
    const hash = hashOrNone(context)
    const same = hash === this.#subject?.hash
    if (this.#health === 'closed') return undefined
    if (same && this.#shown && this.#health !== 'fatal') {
      // The SDK will say READY.
      if (this.#health === 'stale') this.#health = 'ready'
      if (this.#problem) this.#wait()
      return undefined
    }
    if (!same) {
      const left = this.#shown ?? this.#previous
      // Back to where we were: these values are this context's own.
      this.#shown = this.#previous?.hash === hash ? this.#previous : undefined
      this.#source = 'memory'
      this.#previous = left
    }
    let joint = this.#joint
    if (!joint) {
      let [resolve, reject]: [Joint['resolve'], Joint['reject']] = [() => undefined, () => undefined]
      const promise = new Promise<void>((...functions) => ([resolve, reject] = functions))
      this.#joint = joint = { promise, resolve, reject, changing }
    }
    joint.changing ||= changing
    const subject = { context, hash }
    this.#subject = subject
    this.#disconnect()
    this.#find(subject)
    return joint.promise
  }

  /** Values that need no network, where there are any; and the connection. */
  #find(subject: Subject): void {
    const found = (saved: SavedState | undefined, source: Source): void => {
      if (this.#subject !== subject || this.#health === 'closed') return
      if (saved?.hash === subject.hash && !this.#shown) {
        this.#source = source
        this.#shown = load(saved)
      }
      if (this.#shown) this.#land()
    }
    found(this.#options.bootstrap, 'bootstrap')
    const connect = (): void => this.#connect(subject)
    if (this.#shown || !this.#cache) return connect()
    this.#cache.read(subject.hash, (saved) => {
      if (!this.#tabs) found(saved, 'cache')
      connect()
    })
    // Storage that does not answer must not keep anybody waiting.
    if (!this.#tabs) this.#around.setTimeout(connect, 1_000)
  }

  #connect(subject: Subject): void {
    if (this.#subject !== subject || this.#tabs || this.#health === 'closed') return
    const current = (): boolean => this.#subject === subject && this.#health !== 'closed'
    const sink: Sink = {
      state: (state, behind) => {
        if (!current()) return
        if (!behind || !this.#shown) return this.#show(state)
        this.#held = state
        this.#down(new Error('the relay is behind'))
      },
      down: (reason) => {
        if (current()) this.#down(reason)
      },
    }
    this.#tabs = new Tabs(this.#wire, subject, this.#shown, sink, this.#options.shareTabs !== false)
    if (this.#shown) this.#wait()
  }

  #disconnect(): void {
    this.#tabs?.stop()
    this.#tabs = undefined
    this.#stopWaiting()
  }

  #show(state: FlagState): void {
    const before = this.#shown
    this.#shown = state
    this.#source = 'relay'
    this.#problem = undefined
    this.#stopWaiting()
    if (this.#tabs?.leads) this.#cache?.write(save(state))
    if (this.#joint) return this.#land()
    const flagsChanged = before ? changedKeys(before, state) : []
    if (flagsChanged.length) this.#emit(ProviderEvents.ConfigurationChanged, { flagsChanged })
    if (this.#health !== 'ready') {
      this.#health = 'ready'
      this.#emit(ProviderEvents.Ready)
    }
  }

  #down(reason: Error): void {
    const { message } = reason
    this.#problem = message
    // Values that are there stay, or a mistake in a deployment would switch every flag to its default.
    if ((reason as Refusal).fatal && !this.#shown) {
      this.#disconnect()
      this.#health = 'fatal'
      const tell = (): void => {
        if (this.#health === 'fatal') this.#emit(ProviderEvents.Error, { message, errorCode: ErrorCode.PROVIDER_FATAL })
      }
      if (!this.#joint) tell()
      // After the SDK has made a plain ERROR of the rejection.
      else if (this.#joint.changing) this.#around.setTimeout(tell, 0)
      this.#settle(new ProviderFatalError(message))
    } else if (this.#shown) this.#wait()
    else if (this.#joint) {
      this.#health = 'error'
      this.#settle(new Error(message))
    }
  }

  /** Out of touch: STALE, unless the relay is heard of within the grace. */
  #wait(): void {
    this.#grace ??= this.#around.setTimeout(() => {
      this.#grace = undefined
      // It has not caught up: what it says is all there is to know now. It may have lost its memory.
      if (this.#held) return this.#show(this.#held)
      if (this.#health !== 'ready') return
      this.#health = 'stale'
      this.#emit(ProviderEvents.Stale, this.#problem ? { message: this.#problem } : {})
    }, this.#options.staleAfterMs ?? 10_000)
  }

  #stopWaiting(): void {
    this.#around.clearTimeout(this.#grace)
    this.#grace = this.#held = undefined
  }

  #land(): void {
    this.#health = 'ready'
    this.#settle()
  }

  #settle(error?: Error): void {
    const joint = this.#joint
    this.#joint = undefined
    if (error) joint?.reject(error)
    else joint?.resolve()
  }

  #emit(event: ProviderEmittableEvents, details: EventDetails = {}): void {
    const { revision, ageMs, source } = this.health()
    const metadata = { ...(revision && { revision }), ...(ageMs !== undefined && { ageMs }), ...(source && { source }) }
    if (this.#health !== 'closed') this.events.emit(event, { ...details, metadata })
  }

  #resolve<T extends JsonValue>(key: string, fallback: T, type: FlagType): ResolutionDetails<T> {
    const shown = this.#shown
    const state = shown ?? (this.#options.duringChange === 'previous' ? this.#previous : undefined)
    const reason = shown ? (this.#source === 'cache' ? 'CACHED' : undefined) : 'STALE'
    const details = resolve(state, key, fallback, type, reason, this.#problem)
    if (this.#options.exposures && shown && !details.errorCode) {
      this.#reporter.exposure(key, details.variant, shown, this.#subject?.context.targetingKey)
    }
    return details
  }
}

/** Empty for what is not plain data: no values are of such a context, and no request can ask for them. */
function hashOrNone(context: EvaluationContext): string {
  try {
    return contextHash(context)
  } catch {
    return ''
  }
}

type ProviderEmittableEvents = Parameters<OpenFeatureEventEmitter['emit']>[0]
type EventDetails = NonNullable<Parameters<OpenFeatureEventEmitter['emit']>[1]>
