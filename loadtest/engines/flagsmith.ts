/**
 * Flagsmith against its Node SDK, offline. The SDK evaluates every flag of an identity at once and has no other way in,
 * so an application that wants one flag pays for all of them; that is what is measured, as an application would ask it.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { countriesOf, keys, kindOf, shareOf } from './contender.ts'
import type { Contender } from './contender.ts'

interface Client {
  getIdentityFlags(identifier: string, traits: object): Promise<{ isFeatureEnabled(name: string): boolean }>
}
interface Sdk {
  readonly Flagsmith: new (settings: object) => Client
}
interface Models {
  readonly buildEnvironmentModel: (document: object) => object
}

const featureOf = (index: number): object => ({ id: 100 + index, name: `flag-${index}`, type: 'STANDARD' })
const stateOf = (index: number, enabled: boolean, id: number): object => ({
  id,
  django_id: id,
  featurestate_uuid: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
  enabled,
  feature_state_value: null,
  feature: featureOf(index),
  feature_segment: null,
  multivariate_feature_state_values: [],
})

/** A segment per flag that has rules, as overrides are made in its editor. */
function segmentOf(index: number): object[] {
  const kind = kindOf(index)
  if (kind === 'everyone') return []
  const conditions = [
    { operator: 'IN', property_: 'country', value: countriesOf(index).join(',') },
    { operator: 'EQUAL', property_: 'plan', value: 'pro' },
  ]
  const matches = { type: 'ALL', rules: [], conditions }
  const share = {
    type: 'ALL',
    rules: [],
    conditions: [{ operator: 'PERCENTAGE_SPLIT', property_: null, value: String(shareOf(index)) }],
  }
  const rules =
    kind === 'share'
      ? [share]
      : kind === 'both'
        ? [{ type: 'ANY', rules: [matches, share], conditions: [] }]
        : [matches]
  const overriding = { ...stateOf(index, true, 5000 + index), feature_segment: { priority: 1 } }
  return [{ id: 1000 + index, name: `segment ${index}`, rules, feature_states: [overriding] }]
}

const document = {
  id: 1,
  api_key: 'load-test-key',
  name: 'Load test',
  updated_at: '2026-01-01T00:00:00.000000Z',
  hide_disabled_flags: null,
  use_identity_composite_key_for_hashing: true,
  project: {
    id: 1,
    name: 'P',
    organisation: { id: 1, name: 'O', feature_analytics: false, stop_serving_flags: false, persist_trait_data: true },
    hide_disabled_flags: false,
    segments: keys.flatMap((_, index) => segmentOf(index)),
  },
  feature_states: keys.map((_, index) => stateOf(index, kindOf(index) === 'everyone', 1 + index)),
  identity_overrides: [],
}

export const flagsmith: Contender = {
  dialect: 'flagsmith',
  options: { profile: 'node' },
  document,
  flags: keys,
  type: 'boolean',
  contextOf: ({ targetingKey, ...traits }) => ({ targetingKey, traits }),
  asynchronous: true,
  opponent: async (users) => {
    const sdk = (await import('flagsmith-nodejs')) as unknown as Sdk
    const entry = createRequire(import.meta.url).resolve('flagsmith-nodejs')
    // What its own file handler makes of the document; the handler itself reads files only.
    const file = join(dirname(entry), '../esm/flagsmith-engine/environments/util.js')
    const models = (await import(pathToFileURL(file).href)) as Models
    const model = models.buildEnvironmentModel(structuredClone(document))
    const ignore = (): void => undefined
    const client = new sdk.Flagsmith({
      offlineMode: true,
      offlineHandler: { getEnvironment: () => model },
      logger: { error: ignore, warn: ignore, info: ignore },
    })
    const known = users.map(({ targetingKey, ...traits }) => ({ targetingKey, traits }))
    return {
      package: 'flagsmith-nodejs',
      ask: async (flag, user) => {
        const { targetingKey = '', traits = {} } = known[user] ?? {}
        return (await client.getIdentityFlags(targetingKey, traits)).isFeatureEnabled(flag)
      },
    }
  },
}
