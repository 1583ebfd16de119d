/** Featurevisor against its SDK. */
import { createInstance, createLogger } from '@featurevisor/sdk'
import { countriesOf, keys, kindOf, shareOf } from './contender.ts'
import type { Contender } from './contender.ts'

function trafficOf(index: number): object[] {
  const kind = kindOf(index)
  const matches = { key: 'matches', segments: [`countries-${index % 3}`, 'pro'], percentage: 100_000 }
  const share = { key: 'share', segments: '*', percentage: shareOf(index) * 1000 }
  if (kind === 'everyone') return [{ key: 'everyone', segments: '*', percentage: 100_000 }]
  if (kind === 'attributes') return [matches]
  return kind === 'both' ? [matches, share] : [share]
}

const conditionsOf = (index: number): object => [{ attribute: 'country', operator: 'in', value: countriesOf(index) }]
const features = keys.map(
  (key, index) => [key, { key, hash: `hash-${index}`, bucketBy: 'userId', traffic: trafficOf(index) }] as const,
)

export const featurevisor: Contender = {
  dialect: 'featurevisor',
  document: {
    schemaVersion: '2',
    revision: '1',
    segments: {
      'countries-0': { conditions: conditionsOf(0) },
      'countries-1': { conditions: conditionsOf(1) },
      'countries-2': { conditions: conditionsOf(2) },
      pro: { conditions: [{ attribute: 'plan', operator: 'equals', value: 'pro' }] },
    },
    features: Object.fromEntries(features),
  },
  flags: keys,
  type: 'boolean',
  asynchronous: false,
  opponent: async (users) => {
    const logger = createLogger({ handler: () => undefined })
    const sdk = createInstance({ datafile: structuredClone(featurevisor.document) as never, logger })
    const known = users.map((user) => ({ ...user, userId: user.targetingKey }))
    return { package: '@featurevisor/sdk', ask: (flag, user) => sdk.isEnabled(flag, known[user] ?? {}) }
  },
}
