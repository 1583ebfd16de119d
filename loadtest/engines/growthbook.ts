/** GrowthBook against its SDK's multi-user client, which opens no connection when given a payload. */
import { GrowthBookClient } from '@growthbook/growthbook'
import { countriesOf, keys, kindOf, shareOf } from './contender.ts'
import type { Contender } from './contender.ts'

function rulesOf(index: number): object[] {
  const kind = kindOf(index)
  const matches = { condition: { country: { $in: countriesOf(index) }, plan: 'pro' }, force: true }
  const share = {
    force: true,
    coverage: shareOf(index) / 100,
    hashAttribute: 'id',
    seed: `flag-${index}`,
    hashVersion: 2,
  }
  if (kind === 'everyone') return []
  if (kind === 'attributes') return [matches]
  return kind === 'both' ? [matches, share] : [share]
}

const features = keys.map((key, index) => [key, { defaultValue: false, rules: rulesOf(index) }] as const)

export const growthbook: Contender = {
  dialect: 'growthbook',
  document: { features: Object.fromEntries(features) },
  flags: keys,
  type: 'boolean',
  asynchronous: false,
  opponent: async (users) => {
    const client = new GrowthBookClient()
    client.initSync({ payload: structuredClone(growthbook.document) })
    const known = users.map(({ targetingKey, ...attributes }) => ({ attributes: { ...attributes, id: targetingKey } }))
    return {
      package: '@growthbook/growthbook',
      ask: (flag, user) => client.evalFeature(flag, known[user] ?? { attributes: {} }).value as unknown,
    }
  },
}
