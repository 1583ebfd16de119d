/** The real SDK, each test with a domain of its own, and everything that it tells handlers, in order. */
import { OpenFeature, ProviderEvents } from '@openfeature/server-sdk'
import type { Client, Provider } from '@openfeature/server-sdk'
import { systemTimers } from '../timers.ts'
import type { Timers } from '../timers.ts'

/** The machine's clock, and waits that are short without being nothing. */
export const hurried: Timers = { ...systemTimers, random: () => 0.02 }

export interface Observed {
  readonly client: Client
  /** `READY`, `ERROR`, `STALE`, or `CHANGED a,b`. */
  readonly events: string[]
  readonly metadata: Record<string, unknown>[]
  /** Resolves when initialization has ended, either way; to its error. */
  readonly settled: Promise<unknown>
  close(): Promise<void>
}

let domains = 0

export function observe(provider: Provider, domain: string = `domain-${++domains}`): Observed {
  const events: string[] = []
  const metadata: Record<string, unknown>[] = []
  const client = OpenFeature.getClient(domain)
  for (const type of Object.values(ProviderEvents)) {
    client.addHandler(type, (details) => {
      const flags = (details as { flagsChanged?: readonly string[] } | undefined)?.flagsChanged
      const name = type === ProviderEvents.ConfigurationChanged ? 'CHANGED' : type.replace('PROVIDER_', '')
      events.push(
        flags === undefined ? name : `${name} ${[...flags].sort((one, other) => (one < other ? -1 : 1)).join(',')}`,
      )
      metadata.push({ ...details?.metadata })
    })
  }
  // Of the provider that every domain has before it gets its own.
  events.length = 0
  metadata.length = 0
  const settled = OpenFeature.setProviderAndWait(domain, provider).then(
    () => undefined,
    (error: unknown) => error,
  )
  return { client, events, metadata, settled, close: async () => provider.onClose?.() }
}

/** As a text: the SDK's statuses are an enum. */
export function statusOf(client: Client): string {
  return client.providerStatus
}

/** Waits until it holds, for ten seconds at most. */
export async function until(holds: () => boolean | Promise<boolean>, what: string = 'it never held'): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(what)
    await sleep(5)
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
