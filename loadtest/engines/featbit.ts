/** FeatBit against its Node SDK, offline. The SDK answers with promises. */
import { createRequire } from 'node:module'
import { countriesOf, keys, kindOf, shareOf } from './contender.ts'
import type { Contender } from './contender.ts'

interface Client {
  eventProcessor: { record(): void }
  on(event: 'error', listener: () => void): void
  boolVariation(key: string, user: object, fallback: boolean): Promise<boolean>
}
interface Builder {
  offline(offline: boolean): Builder
  logLevel(level: string): Builder
  bootstrapProvider(provider: { populate(updates: { store: { init(data: object): void } }): Promise<void> }): Builder
  build(): Client
}
const sdk = createRequire(import.meta.url)('@featbit/node-server-sdk') as {
  readonly FbClientBuilder: new () => Builder
  deserializeAll(flags: unknown, segments: unknown): object
}

const on = { id: 'on', rollout: [0, 1], exptRollout: 1 }
const off = { id: 'off', rollout: [0, 1], exptRollout: 1 }
const served = (variations: readonly object[]): object => ({ dispatchKey: null, includedInExpt: false, variations })

const featureFlags = keys.map((key, index) => {
  const kind = kindOf(index)
  const share = shareOf(index) / 100
  const split = [
    { ...on, rollout: [0, share] },
    { ...off, rollout: [share, 1] },
  ]
  const conditions = [
    { id: 'c1', property: 'country', op: 'IsOneOf', value: JSON.stringify(countriesOf(index)) },
    { id: 'c2', property: 'plan', op: 'Equal', value: 'pro' },
  ]
  const matches = { id: 'r1', name: 'matches', conditions, ...served([on]) }
  return {
    id: `id-${index}`,
    key,
    variationType: 'boolean',
    variations: [
      { id: 'on', value: 'true' },
      { id: 'off', value: 'false' },
    ],
    isEnabled: true,
    isArchived: false,
    disabledVariationId: 'off',
    targetUsers: [],
    rules: kind === 'attributes' || kind === 'both' ? [matches] : [],
    fallthrough: served(kind === 'both' || kind === 'share' ? split : [kind === 'everyone' ? on : off]),
    exptIncludeAllTargets: true,
    updatedAt: '2026-01-01T00:00:00.000Z',
  }
})

export const featbit: Contender = {
  dialect: 'featbit',
  options: { profile: 'node-1.3' },
  document: { messageType: 'data-sync', data: { eventType: 'full', featureFlags, segments: [] } },
  flags: keys,
  type: 'boolean',
  asynchronous: true,
  opponent: async (users) => {
    const items = sdk.deserializeAll(structuredClone(featureFlags), [])
    const populate = async ({ store }: { store: { init(data: object): void } }): Promise<void> => store.init(items)
    const client = new sdk.FbClientBuilder().offline(true).logLevel('none').bootstrapProvider({ populate }).build()
    client.on('error', () => undefined)
    client.eventProcessor = { record: () => undefined }
    const known = users.map(({ targetingKey, ...attributes }) => ({
      key: targetingKey,
      customizedProperties: Object.entries(attributes).map(([name, value]) => ({ name, value })),
    }))
    return {
      package: '@featbit/node-server-sdk',
      ask: (flag, user) => client.boolVariation(flag, known[user] ?? {}, false),
    }
  },
}
