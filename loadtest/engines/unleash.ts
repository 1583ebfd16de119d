/** Unleash against its Node SDK, started from a bootstrap, without metrics and without asking a server. */
import { createRequire } from 'node:module'
import { countriesOf, keys, kindOf, shareOf } from './contender.ts'
import type { Contender } from './contender.ts'

interface Client {
  once(event: 'ready', listener: () => void): void
  on(event: 'error' | 'warn', listener: () => void): void
  isEnabled(name: string, context: object): boolean
}
// What it exports to modules lacks the storage provider.
const { Unleash, InMemStorageProvider } = createRequire(import.meta.url)('unleash-client') as {
  readonly Unleash: new (settings: object) => Client
  readonly InMemStorageProvider: new () => object
}

function strategiesOf(index: number): object[] {
  const kind = kindOf(index)
  const constraints = [
    { contextName: 'country', operator: 'IN', values: countriesOf(index), inverted: false, caseInsensitive: false },
    { contextName: 'plan', operator: 'IN', values: ['pro'], inverted: false, caseInsensitive: false },
  ]
  const matches = { name: 'default', parameters: {}, constraints, segments: [] }
  const parameters = { rollout: String(shareOf(index)), stickiness: 'userId', groupId: `flag-${index}` }
  const share = { name: 'flexibleRollout', parameters, constraints: [], segments: [] }
  if (kind === 'everyone') return [{ name: 'default', parameters: {}, constraints: [], segments: [] }]
  if (kind === 'attributes') return [matches]
  return kind === 'both' ? [matches, share] : [share]
}

const features = keys.map((name, index) => ({
  name,
  type: 'release',
  project: 'default',
  enabled: true,
  stale: false,
  impressionData: false,
  strategies: strategiesOf(index),
  variants: [],
}))

export const unleash: Contender = {
  dialect: 'unleash',
  document: { version: 2, features, segments: [] },
  flags: keys,
  type: 'boolean',
  asynchronous: false,
  opponent: async (users) => {
    const client = new Unleash({
      appName: 'load-test',
      url: 'http://127.0.0.1:9/api',
      refreshInterval: 0,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      storageProvider: new InMemStorageProvider(),
      bootstrap: { data: structuredClone(features), segments: [] },
      bootstrapOverride: true,
    })
    client.on('error', () => undefined)
    client.on('warn', () => undefined)
    await new Promise<void>((ready) => {
      client.once('ready', ready)
    })
    const known = users.map(({ targetingKey, ...properties }) => ({ userId: targetingKey, properties }))
    return { package: 'unleash-client', ask: (flag, user) => client.isEnabled(flag, known[user] ?? {}) }
  },
}
