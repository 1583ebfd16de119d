/**
 * The client as an OpenFeature provider: the SDK's method names, its events in the order it can bear, its error classes.
 * Whatever is decided here is decided by how the SDK behaves; everything else is the client's.
 */
import type { Context, Evaluation, ValueType } from '@halyard/engine'
import {
  ErrorCode,
  GeneralError,
  OpenFeatureEventEmitter,
  ProviderEvents,
  ProviderFatalError,
} from '@openfeature/server-sdk'
import type {
  EvaluationContext,
  Hook,
  JsonValue,
  Provider,
  ProviderMetadata,
  ResolutionDetails,
  TrackingEventDetails,
} from '@openfeature/server-sdk'
import { HalyardClient } from './client.ts'
import type { EvaluateAllOptions } from './client.ts'
import type { ClientEvent, EventMetadata } from './listeners.ts'
import type { HalyardOptions } from './options.ts'
import { RelayError } from './relay-error.ts'
import { resolutionOf } from './resolution.ts'
import type { Status } from './status.ts'
import { systemTimers } from './timers.ts'

export class HalyardProvider implements Provider {
  readonly metadata: ProviderMetadata = Object.freeze({ name: 'halyard' })
  readonly runsOn = 'server' as const
  readonly hooks: Hook[]
  readonly events: OpenFeatureEventEmitter = new OpenFeatureEventEmitter()
  readonly #options: HalyardOptions
  #client: HalyardClient
  #closed = false
  /** What happened before the SDK knows how initialization ended; it would mistake it for that. */
  #held: (() => void)[] | undefined = []

  /** Throws TypeError, whose message names the option. `hooks` run with every evaluation through the SDK. */
  constructor(options: HalyardOptions & { readonly hooks?: readonly Hook[] } = {}) {
    const { hooks = [], ...rest } = options
    this.hooks = [...hooks]
    this.#options = rest
    this.#client = this.#listenTo(new HalyardClient(rest))
  }

  /** Rejects with ProviderFatalError for a refused key, with GeneralError for everything that time may heal. */
  async initialize(): Promise<void> {
    if (this.#closed) {
      this.#closed = false
      this.#held = []
      this.#client = this.#listenTo(new HalyardClient(this.#options))
    }
    const client = this.#client
    try {
      await client.start()
    } catch (error) {
      const { message, kind } = RelayError.from(error)
      throw kind === 'refused' ? new ProviderFatalError(message) : new GeneralError(message)
    } finally {
      const timers = this.#options.timers ?? systemTimers
      // The SDK hears of the outcome first, in this very turn.
      timers.setTimeout(() => this.#release(client), 0)
    }
  }

  async onClose(): Promise<void> {
    this.#closed = true
    this.#held = []
    await this.#client.close()
  }

  resolveBooleanEvaluation(
    key: string,
    fallback: boolean,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    return this.#resolve(key, fallback, context, 'boolean')
  }

  resolveStringEvaluation(
    key: string,
    fallback: string,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<string>> {
    return this.#resolve(key, fallback, context, 'string')
  }

  resolveNumberEvaluation(
    key: string,
    fallback: number,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<number>> {
    return this.#resolve(key, fallback, context, 'number')
  }

  resolveObjectEvaluation<T extends JsonValue>(
    key: string,
    fallback: T,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<T>> {
    return this.#resolve(key, fallback, context, 'object')
  }

  /** Notes an event for the relay; sent in batches. Never throws. */
  track(name: string, context: EvaluationContext, details: TrackingEventDetails = {}): void {
    this.#client.track(name, context, details)
  }

  /** One flag's answer without the SDK's hooks and promises. See HalyardClient. */
  evaluate(key: string, context?: Context, type?: ValueType): Evaluation {
    return this.#client.evaluate(key, context, type)
  }

  /** Every flag's answer, all of one document and one moment. In remote mode see `client.evaluateAllAsync`. */
  evaluateAll(context?: Context, options?: EvaluateAllOptions): Evaluation[] {
    return this.#client.evaluateAll(context, options)
  }

  /** How the provider is: connection, revision, age, counts. */
  health(): Status {
    return this.#client.health()
  }

  /** What this provider is a coat over. Another one after the provider was closed and initialized again. */
  get client(): HalyardClient {
    return this.#client
  }

  #resolve<T>(key: string, fallback: T, context: EvaluationContext, type: ValueType): Promise<ResolutionDetails<T>> {
    const client = this.#client
    if (!client.asksRelay) {
      return Promise.resolve(resolutionOf(client.evaluate(key, context, type), fallback, client.metadata))
    }
    return client
      .evaluateAsync(key, context, type)
      .then((evaluation) => resolutionOf(evaluation, fallback, client.metadata))
  }

  #listenTo(client: HalyardClient): HalyardClient {
    client.on((event, metadata) => {
      const emit = (): void => this.#emit(event, metadata)
      if (this.#held === undefined) emit()
      else this.#held.push(emit)
    })
    return client
  }

  #release(client: HalyardClient): void {
    if (this.#closed || client !== this.#client) return
    const held = this.#held ?? []
    this.#held = undefined
    for (const emit of held) emit()
  }

  #emit(event: ClientEvent, metadata: EventMetadata): void {
    const details = { message: event.message, metadata: { ...metadata } }
    switch (event.type) {
      case 'ready':
        return this.events.emit(ProviderEvents.Ready, details)
      case 'stale':
        return this.events.emit(ProviderEvents.Stale, details)
      case 'changed': {
        const flags = event.flags === undefined ? undefined : { flagsChanged: [...event.flags] }
        return this.events.emit(ProviderEvents.ConfigurationChanged, { ...details, ...flags })
      }
      case 'error': {
        // The SDK reads the code, from which it tells ERROR and FATAL apart.
        const errorCode = event.fatal ? ErrorCode.PROVIDER_FATAL : ErrorCode.GENERAL
        const failure = { ...details, errorCode }
        return this.events.emit(ProviderEvents.Error, failure)
      }
    }
  }
}
