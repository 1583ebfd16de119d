/** The attributes are those of the conventions, in the spelling that dashboards filter by. */
import { OpenFeature } from '@openfeature/server-sdk'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { evaluationEvents } from './opentelemetry.ts'
import { HalyardProvider } from './provider.ts'
import { shop } from './testing/documents.ts'
import { envelopeOf } from './testing/mini-relay.ts'

const records: unknown[] = []
const logger = { emit: (record: unknown) => void records.push(record) }
const provider = new HalyardProvider({
  url: 'http://127.0.0.1:1',
  bootstrap: envelopeOf(shop(), 1),
  hooks: [evaluationEvents(logger)],
})
const client = OpenFeature.getClient('telemetry')

beforeAll(() => OpenFeature.setProviderAndWait('telemetry', provider))
beforeEach(() => void records.splice(0))
afterAll(() => provider.onClose())

const common = {
  'feature_flag.provider.name': 'halyard',
  'feature_flag.set.id': 'shop',
  'feature_flag.version': '7',
}

it('tells what was answered, and by what reason', async () => {
  await client.getBooleanValue('beta', false, { targetingKey: 'u1', email: 'a@acme.example' })
  expect(records).toEqual([
    {
      eventName: 'feature_flag.evaluation',
      attributes: {
        ...common,
        'feature_flag.key': 'beta',
        'feature_flag.result.variant': 'on',
        'feature_flag.result.reason': 'targeting_match',
        'feature_flag.context.id': 'u1',
      },
    },
  ])
})

it('tells errors and values without a variant', async () => {
  await client.getStringValue('banner', 'x')
  await client.getObjectValue('none', { a: 1 })
  expect(records).toMatchObject([
    {
      attributes: {
        'feature_flag.key': 'banner',
        'feature_flag.result.value': 'x',
        'feature_flag.result.reason': 'error',
        'error.type': 'type_mismatch',
        'feature_flag.error.message': expect.stringContaining('not string') as string,
      },
    },
    { attributes: { 'feature_flag.key': 'none', 'feature_flag.result.value': '{"a":1}' } },
  ])
})

it('keeps the targeting key to itself when told so, and tells values when told so', async () => {
  const options = { contextId: false, value: true, errorMessage: 'error.message' } as const
  const hooks = [evaluationEvents(logger, options), evaluationEvents({ emit: () => expect.fail('thrown') })]
  expect(await client.getBooleanValue('banner', false, { targetingKey: 'u1' }, { hooks })).toBe(true)
  await client.getBooleanValue('nobody', false, {}, { hooks })
  const own = records.filter((_, index) => index % 2 === 1) as { attributes: object }[]
  expect(own[0]?.attributes).toMatchObject({ 'feature_flag.result.value': true })
  expect(own[0]?.attributes).not.toHaveProperty('feature_flag.context.id')
  expect(own[1]?.attributes).toHaveProperty(['error.message'])
})
