/** The application in the browser's tests: starts what a test tells it to, and notes what the SDK tells. */
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk'
import type { EvaluationContext, EventDetails, Provider } from '@openfeature/web-sdk'
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { HalyardWebProvider } from '../index.ts'
import type { HalyardWebOptions, WebProviderHealth } from '../index.ts'

export interface Shop {
  /** In order, as `READY` or `CONFIGURATION_CHANGED a,b`. */
  readonly events: string[]
  /** Resolves to the error's message, if any. */
  start(options: HalyardWebOptions, context?: EvaluationContext): Promise<string | undefined>
  startOfrep(options: { baseUrl: string; headers: [string, string][] }, context: EvaluationContext): Promise<void>
  change(context: EvaluationContext): Promise<void>
  value(flag: string): boolean
  details(flag: string): unknown
  status(): string
  track(name: string): void
  health(): WebProviderHealth
}

const client = OpenFeature.getClient()
const events: string[] = []
let provider: HalyardWebProvider | undefined

for (const type of Object.values(ProviderEvents)) {
  client.addHandler(type, (details) => {
    const { flagsChanged } = (details ?? {}) as EventDetails & { flagsChanged?: string[] }
    events.push([type.replace('PROVIDER_', ''), flagsChanged?.toSorted().join(',')].filter(Boolean).join(' '))
  })
}
events.length = 0

const shop: Shop = {
  events,
  start: (options, context = {}) => {
    provider = new HalyardWebProvider(options)
    return OpenFeature.setProviderAndWait(provider, context).then(
      () => undefined,
      (error: Error) => error.message,
    )
  },
  startOfrep: (options, context) => OpenFeature.setProviderAndWait(new OFREPWebProvider(options) as Provider, context),
  change: (context) => OpenFeature.setContext(context),
  value: (flag) => client.getBooleanValue(flag, false),
  details: (flag) => client.getBooleanDetails(flag, false),
  status: () => client.providerStatus,
  track: (name) => client.track(name),
  health: () => {
    if (provider === undefined) throw new Error('not started')
    return provider.health()
  },
}
Object.assign(globalThis, { shop })
