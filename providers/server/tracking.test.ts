/** Exposures and tracking events: sent in batches, never twice, never without bound, never at the caller's expense. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { HalyardProvider } from './provider.ts'
import type { HalyardOptions } from './options.ts'
import { shop } from './testing/documents.ts'
import { json, MiniRelay } from './testing/mini-relay.ts'
import type { Script } from './testing/mini-relay.ts'
import { hurried, observe, sleep, until } from './testing/sdk.ts'

const TRACK = '/v1/track'
let relay: MiniRelay
const open: HalyardProvider[] = []

interface Batch {
  readonly batch: string
  readonly events: Record<string, unknown>[]
}

beforeEach(async () => {
  relay = await new MiniRelay().listen()
  relay.publish(shop())
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((provider) => provider.onClose()))
  await relay.kill()
})

async function start(options: HalyardOptions = {}) {
  const provider = new HalyardProvider({ url: relay.url, key: 'secret', timers: hurried, ...options })
  open.push(provider)
  const observed = observe(provider)
  await observed.settled
  return { provider, ...observed }
}

const batches = (): Batch[] => relay.requests(TRACK).map(({ body }) => JSON.parse(body) as Batch)
const events = (): Record<string, unknown>[] => batches().flatMap((batch) => batch.events)

it('sends what the SDK tracks, with the merged context’s targeting key', async () => {
  const { client, provider } = await start()
  client.track('checkout', { targetingKey: 'u1' }, { value: 9.5, plan: 'pro' })
  client.track('visit')
  await provider.client.flush()
  expect(events()).toEqual([
    {
      type: 'track',
      name: 'checkout',
      targetingKey: 'u1',
      timestamp: expect.any(Number) as number,
      value: 9.5,
      attributes: { plan: 'pro' },
    },
    { type: 'track', name: 'visit', timestamp: expect.any(Number) as number },
  ])
  expect(relay.requests(TRACK)[0]?.headers.authorization).toBe('Bearer secret')
  expect(provider.health().events).toEqual({ queued: 0, sent: 2, dropped: 0 })
})

it('tells an exposure once for each flag, variant and targeting key', async () => {
  const { client, provider } = await start({ exposures: { remembered: 4 } })
  const context = { targetingKey: 'u1', email: 'a@acme.example' }
  for (let index = 0; index < 3; index++) {
    await client.getBooleanValue('beta', false, context)
    await client.getBooleanValue('beta', false, { ...context, email: 'other' })
    provider.evaluate('beta', { ...context, targetingKey: 'u2' })
    await client.getBooleanValue('nobody', false, context)
    await client.getStringValue('beta', '', context)
  }
  await provider.client.flush()
  const { revision } = provider.health()
  expect(events()).toMatchObject([
    { type: 'exposure', flag: 'beta', variant: 'on', targetingKey: 'u1', revision },
    { type: 'exposure', flag: 'beta', variant: 'off', targetingKey: 'u1', revision },
    { type: 'exposure', flag: 'beta', variant: 'on', targetingKey: 'u2', revision },
  ])
  for (let index = 0; index < 5; index++) provider.evaluate('banner', { targetingKey: `v${index}` })
  provider.evaluate('beta', { ...context, targetingKey: 'u2' })
  await provider.client.flush()
  expect(events().length).toBe(9)
})

it('tells none unless it is asked to', async () => {
  const { client, provider } = await start()
  await client.getBooleanValue('banner', false, { targetingKey: 'u' })
  expect(provider.health().events.queued).toBe(0)
})

it('repeats a batch under its name until the relay has it', async () => {
  const { provider } = await start()
  relay.script(
    TRACK,
    (_, response) => json(response, 500, {}),
    (_, response) => response.destroy(),
    (_, response) => json(response, 202, { accepted: 1, dropped: 1 }),
  )
  provider.track('a', {})
  provider.track('b', {})
  await provider.client.flush()
  expect(new Set(batches().map(({ batch }) => batch)).size).toBe(1)
  expect(batches().length).toBe(3)
  expect(provider.health().events).toEqual({ queued: 0, sent: 1, dropped: 1 })
})

it('halves a batch that is too large, drops one that is malformed, goes on after both', async () => {
  const { provider } = await start()
  const answer =
    (status: number): Script =>
    (_, response) =>
      json(response, status, {})
  relay.script(TRACK, answer(413))
  for (const name of ['a', 'b', 'c']) provider.track(name, {})
  await provider.client.flush()
  expect(batches().map(({ events }) => events.map(({ name }) => name))).toEqual([['a', 'b', 'c'], ['a', 'b'], ['c']])
  relay.script(TRACK, answer(400))
  provider.track('d', {})
  await provider.client.flush()
  provider.track('e', {})
  await provider.client.flush()
  expect(provider.health().events).toEqual({ queued: 0, sent: 4, dropped: 1 })
})

it('holds back no more than it may: the oldest go, and are counted', async () => {
  const { provider } = await start({ maxQueuedEvents: 3 })
  for (let index = 0; index < 10; index++) provider.track(`e${index}`, {})
  expect(provider.health().events).toEqual({ queued: 3, sent: 0, dropped: 7 })
  await provider.client.flush()
  expect(events().map(({ name }) => name)).toEqual(['e7', 'e8', 'e9'])
})

it('sends by itself after a while', async () => {
  const { provider } = await start({ flushMs: 30 })
  provider.track('a', {})
  await until(() => events().length === 1)
})

it('takes anything without throwing', async () => {
  const { provider } = await start()
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  provider.track('circle', {}, circle as never)
  provider.track('big', {}, { n: 1n } as never)
  provider.track('nan', {}, { value: Number.NaN })
  await provider.client.flush()
  expect(events().map(({ name, value }) => [name, value])).toEqual([
    ['circle', undefined],
    ['big', undefined],
    ['nan', undefined],
  ])
})

it('sends the rest on close, but not for longer than closeTimeoutMs', async () => {
  const first = await start()
  first.provider.track('last', {})
  await first.provider.onClose()
  expect(events().map(({ name }) => name)).toEqual(['last'])
  expect(first.provider.health().events).toEqual({ queued: 0, sent: 1, dropped: 0 })

  const second = await start({ closeTimeoutMs: 100 })
  relay.script(TRACK, () => undefined)
  second.provider.track('stuck', {})
  const began = performance.now()
  await second.provider.onClose()
  expect(performance.now() - began).toBeLessThan(1000)
  second.provider.track('late', {})
  await sleep(20)
  expect(second.provider.health().events).toEqual({ queued: 0, sent: 0, dropped: 2 })
})

it('loses one event that the relay cannot take, not those that are with it', async () => {
  const { provider } = await start({ exposures: true })
  const picky: Script = (_, response) => {
    const { events: given } = batches().at(-1) as Batch
    const bad = given.some(({ name }) => name === 'too deep')
    json(response, bad ? 400 : 202, { accepted: given.length, dropped: 0 })
  }
  relay.script(TRACK, ...Array.from({ length: 30 }, () => picky))
  for (const name of ['a', 'b', 'too deep', 'c', 'd']) provider.track(name, {})
  await provider.client.flush()
  expect(provider.health().events).toEqual({ queued: 0, sent: 4, dropped: 1 })
})

it('gives up on a relay that refuses everything before it has been asked for each event', async () => {
  const { provider } = await start()
  relay.script(TRACK, ...Array.from({ length: 1000 }, (): Script => (_, response) => json(response, 400, {})))
  for (let index = 0; index < 400; index++) provider.track('a', {})
  await provider.client.flush()
  expect(provider.health().events).toEqual({ queued: 0, sent: 0, dropped: 400 })
  expect(batches().length).toBeLessThan(40)
})

it('sends only names and targeting keys that a relay takes', async () => {
  const { provider } = await start({ exposures: true })
  provider.track('', {})
  provider.track(7 as never, {})
  provider.track('n'.repeat(1025), {})
  provider.track('ok', { targetingKey: 'k'.repeat(1025) })
  await provider.client.flush()
  expect(events()).toEqual([{ type: 'track', name: 'ok', timestamp: expect.any(Number) as number }])
  expect(provider.health().events).toEqual({ queued: 0, sent: 1, dropped: 3 })
})

it('and evaluation throw at nothing that a caller hands in', async () => {
  const { provider } = await start({ exposures: true })
  const hostile = Object.defineProperty({}, 'targetingKey', {
    enumerable: true,
    get: () => {
      throw new Error('boo')
    },
  })
  for (const context of [null, undefined, hostile, 'text', 7] as never[]) {
    expect(provider.evaluate('banner', context).value).toBe(true)
    expect(provider.evaluateAll(context).length).toBe(9)
    provider.track('a', context, null as never)
    expect(await provider.client.evaluateAsync('banner', context)).toMatchObject({ value: true })
  }
})
