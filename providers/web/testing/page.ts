/** A page for unit tests: the SDK's real API object, a provider in it, and everything it told, in order. */
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk'
import type { Client, EvaluationContext, EventDetails, Provider } from '@openfeature/web-sdk'
import type { HalyardWebOptions } from '../options.ts'
import { HalyardWebProvider } from '../provider.ts'
import type { Surroundings } from '../surroundings.ts'
import { FakeClock } from './fake-clock.ts'
import type { ScriptedRelay } from './scripted-relay.ts'

export class FakePage {
  readonly clock: FakeClock
  readonly document: EventTarget & { visibilityState: string } = Object.assign(new EventTarget(), {
    visibilityState: 'visible',
  })
  readonly window: EventTarget = new EventTarget()
  readonly provider: HalyardWebProvider
  readonly client: Client
  /** `READY`, `CONFIGURATION_CHANGED a,b`, `ERROR PROVIDER_FATAL`, … */
  readonly events: string[] = []
  readonly details: EventDetails[] = []
  readonly #domain: string

  constructor(relay: ScriptedRelay, options: Partial<HalyardWebOptions> = {}, around: Partial<Surroundings> = {}) {
    this.clock = new FakeClock()
    this.#domain = `page-${domains++}`
    const { now, setTimeout, clearTimeout } = this.clock
    const surroundings: Surroundings = {
      fetch: relay.fetch,
      now,
      random: () => 0.5,
      setTimeout,
      clearTimeout,
      document: this.document,
      window: this.window,
      ...around,
    }
    this.provider = new HalyardWebProvider({ url: 'http://relay.example', surroundings, ...options })
    this.client = OpenFeature.getClient(this.#domain)
    for (const type of Object.values(ProviderEvents)) {
      this.client.addHandler(type, (details) => {
        const { flagsChanged, errorCode } = (details ?? {}) as { flagsChanged?: string[]; errorCode?: string }
        this.events.push([type.replace('PROVIDER_', ''), flagsChanged?.join(','), errorCode].filter(Boolean).join(' '))
        if (details) this.details.push(details)
      })
    }
    // Handlers of the stand-in provider run on registration.
    this.events.length = 0
  }

  /** Registers the provider; resolves like `setProviderAndWait`, but to the error's message. */
  start(context: EvaluationContext = {}): Promise<string | undefined> {
    return OpenFeature.setProviderAndWait(this.#domain, this.provider, context).then(
      () => undefined,
      (error: Error) => error.message,
    )
  }

  /** Gives its place to another provider. */
  replace(other: Provider): Promise<void> {
    return OpenFeature.setProviderAndWait(this.#domain, other)
  }

  change(context: EvaluationContext): Promise<void> {
    return OpenFeature.setContext(this.#domain, context)
  }

  show(state: 'visible' | 'hidden'): void {
    this.document.visibilityState = state
    this.document.dispatchEvent(new Event('visibilitychange'))
  }

  /** The events since the last call. */
  takeEvents(): string[] {
    return this.events.splice(0)
  }
}

let domains = 0
