/** Without any relay: what applications test themselves with. Nothing is asked, nothing waits, nothing becomes stale. */
import { afterEach, expect, it } from 'vitest'
import { HalyardProvider } from './provider.ts'
import type { HalyardOptions } from './options.ts'
import { shop } from './testing/documents.ts'
import { observe, sleep } from './testing/sdk.ts'

const open: HalyardProvider[] = []
afterEach(async () => {
  for (const provider of open.splice(0)) await provider.onClose()
})

const nobody: typeof fetch = () => expect.fail('it asked somebody')

function start(options: HalyardOptions) {
  const provider = new HalyardProvider({ mode: 'offline', fetch: nobody, staleAfterMs: 5, ...options })
  open.push(provider)
  return { provider, ...observe(provider) }
}

it('answers from a vendor’s document as it is, without url and key', async () => {
  const { settled, client, events, provider } = start({ bootstrap: { dialect: 'flagd', document: shop() } })
  expect(await settled).toBeUndefined()
  expect(await client.getBooleanValue('beta', false, { email: 'a@acme.example' })).toBe(true)
  expect(await client.getBooleanDetails('nobody', true)).toMatchObject({ value: true, errorCode: 'FLAG_NOT_FOUND' })
  await sleep(30)
  expect(events).toEqual(['READY'])
  expect(provider.health()).toMatchObject({ state: 'ready', source: 'bootstrap', connection: 'idle', flags: 9 })
})

it('leaves out what the document keeps from clients, for pages that anybody can read', async () => {
  const rule = { on: true, variations: [true, false], fallthrough: { variation: 0 }, salt: 's', version: 1 }
  const flags = {
    shown: { ...rule, key: 'shown', clientSide: true },
    secret: { ...rule, key: 'secret', clientSide: false },
  }
  const { settled, provider } = start({ bootstrap: { dialect: 'launchdarkly', document: { flags, segments: {} } } })
  await settled
  const keys = (visibleTo?: 'all' | 'client') =>
    provider.evaluateAll({ targetingKey: 'u' }, { ...(visibleTo && { visibleTo }) }).map(({ key }) => key)
  expect(keys()).toEqual(['shown', 'secret'])
  expect(keys('all')).toEqual(['shown', 'secret'])
  expect(keys('client')).toEqual(['shown'])
  expect(await provider.client.evaluateAllAsync({}, { visibleTo: 'client' })).toHaveLength(1)
})

it('counts what it is told to report, and sends none of it', async () => {
  const { settled, client, provider } = start({ bootstrap: { dialect: 'flagd', document: shop() }, exposures: true })
  await settled
  await client.getBooleanValue('banner', false)
  client.track('checkout')
  await provider.client.flush()
  expect(provider.health().events).toEqual({ queued: 0, sent: 0, dropped: 2 })
})

it.each<[string, HalyardOptions, RegExp]>([
  ['nothing', {}, /neither bootstrap nor store/],
  ['an unknown dialect', { bootstrap: { dialect: 'nobody', document: {} } }, /unknown dialect/],
  ['a function that throws', { bootstrap: () => Promise.reject(new Error('no file')) }, /no file/],
])('is in error at once with %s', async (_, options, message) => {
  const { settled, events } = start(options)
  expect(await settled).toMatchObject({ code: 'GENERAL', message: expect.stringMatching(message) as string })
  expect(events).toEqual(['ERROR'])
})
