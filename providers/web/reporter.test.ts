/** Exposures and tracked events: once each, in batches, over failures, at the end of a page, and counted when lost. */
import { OpenFeature } from '@openfeature/web-sdk'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { settled } from './testing/fake-clock.ts'
import { FakePage } from './testing/page.ts'
import { ScriptedRelay, flag, json } from './testing/scripted-relay.ts'

let relay: ScriptedRelay
let page: FakePage

beforeEach(async () => {
  let state = 1
  const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647
  relay = new ScriptedRelay(({ targetingKey }) => [flag('owner', String(targetingKey)), flag('dark', true)])
  page = new FakePage(relay, { cache: false, exposures: true }, { random })
  await page.start({ targetingKey: 'ann' })
  relay.requests.length = 0
})
afterEach(() => OpenFeature.clearProviders())

const timestamp = 1_790_000_000_000

it('tells each exposure once per variant and context', async () => {
  for (let times = 0; times < 3; times++) {
    page.client.getBooleanValue('dark', false)
    page.client.getStringValue('owner', '-')
    // Errors are no exposures.
    page.client.getStringValue('dark', '-')
    page.client.getStringValue('missing', '-')
  }
  await page.clock.advance(5_000)
  const seen = { type: 'exposure', targetingKey: 'ann', timestamp, revision: 'r1' }
  expect(relay.tracked).toEqual([
    { ...seen, flag: 'dark', variant: 'true' },
    { ...seen, flag: 'owner', variant: 'ann' },
  ])
  expect(relay.paths()).toEqual(['/v1/track'])

  relay.change(() => [flag('owner', 'ann'), flag('dark', false)])
  await settled()
  page.client.getBooleanValue('dark', true)
  page.client.getStringValue('owner', '-')
  await page.change({ targetingKey: 'bob' })
  page.client.getBooleanValue('dark', true)
  await page.clock.advance(5_000)
  expect(relay.tracked.slice(2)).toMatchObject([
    { flag: 'dark', variant: 'false', targetingKey: 'ann', revision: 'r2' },
    { flag: 'dark', variant: 'false', targetingKey: 'bob' },
  ])
})

it('remembers two thousand exposures, the latest ones', async () => {
  relay.change(() => Array.from({ length: 2_001 }, (_, number) => flag(`f${number}`, true)))
  await settled()
  const see = async (...numbers: number[]): Promise<number> => {
    const before = relay.tracked.length
    for (const number of numbers) {
      page.client.getBooleanValue(`f${number}`, false)
      if (number % 500 === 0) await page.clock.advance(5_000)
    }
    await page.clock.advance(5_000)
    return relay.tracked.length - before
  }
  expect(await see(...Array(2_000).keys())).toBe(2_000)
  expect(await see(0, 2_000)).toBe(1)
  // The first was seen again meanwhile, so the second is the oldest.
  expect(await see(0, 1)).toBe(1)
})

it('tells nothing unless asked to', async () => {
  const quiet = new FakePage(relay, { cache: false })
  await quiet.start()
  quiet.client.getBooleanValue('dark', false)
  await quiet.clock.advance(60_000)
  expect(relay.tracked).toEqual([])
})

it('tracks with value and attributes, and never throws', async () => {
  page.client.track('checkout', { value: 9.5, currency: 'EUR' })
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  page.client.track('odd', circle as never)
  await page.clock.advance(5_000)
  expect(relay.tracked).toEqual([
    { type: 'track', name: 'checkout', targetingKey: 'ann', timestamp, value: 9.5, attributes: { currency: 'EUR' } },
  ])
  expect(page.provider.health().reports).toEqual({ waiting: 0, dropped: 1 })
})

it.each([
  ['hidden', () => page.show('hidden')],
  ['left', () => page.window.dispatchEvent(new Event('pagehide'))],
])('sends all at once, in requests that outlive the page, when it is %s', async (_, end) => {
  for (let number = 0; number < 300; number++) page.client.track('click', { number, padding: 'x'.repeat(50) })
  end()
  await settled()
  expect(relay.tracked.length).toBe(300)
  expect(relay.requests.length).toBeGreaterThan(1)
  for (const { keepalive, body } of relay.requests) {
    expect(keepalive).toBe(true)
    expect(body.length).toBeLessThan(64 * 1024)
  }
})

it('sends a batch again under its own name until it is known to have arrived', async () => {
  const names: string[] = []
  relay.intercept = ({ path, body }) => {
    if (path === '/v1/track') names.push((JSON.parse(body) as { batch: string }).batch)
    return path !== '/v1/track' || names.length > 3 ? undefined : Promise.reject(new TypeError('Failed to fetch'))
  }
  page.client.track('checkout')
  await page.clock.advance(5_000)
  page.client.track('later')
  await page.clock.advance(60_000)
  expect(relay.tracked.map((event) => (event as { name: string }).name)).toEqual(['checkout', 'later'])
  expect(names.length).toBeGreaterThan(4)
  expect(new Set(names).size).toBe(2)
  expect(page.provider.health().reports).toEqual({ waiting: 0, dropped: 0 })
})

it('holds a thousand events at most, and counts the rest', async () => {
  relay.intercept = () => Promise.reject(new TypeError('Failed to fetch'))
  for (let number = 0; number < 1_200; number++) page.client.track('click', { number })
  await page.clock.advance(60_000)
  expect(page.provider.health().reports).toEqual({ waiting: 1_000, dropped: 200 })
})

it('counts what is refused, and stops where there is no such route', async () => {
  const track = (answer: Response): void => {
    relay.intercept = ({ path }) => (path === '/v1/track' ? answer : undefined)
  }
  track(json(400, { errorDetails: 'events[0]' }))
  page.client.track('odd')
  await page.clock.advance(5_000)
  expect(page.provider.health().reports).toEqual({ waiting: 0, dropped: 1 })
  track(json(404, {}))
  page.client.track('nobody listens')
  await page.clock.advance(5_000)
  const asked = (): number => relay.paths().filter((path) => path === '/v1/track').length
  expect(asked()).toBe(2)
  page.client.track('nobody listens')
  await page.clock.advance(60_000)
  expect(asked()).toBe(2)
  expect(page.provider.health().reports).toEqual({ waiting: 0, dropped: 3 })
})

it('counts what the relay had no room for', async () => {
  relay.intercept = ({ path }) => (path === '/v1/track' ? json(202, { accepted: 1, dropped: 2 }) : undefined)
  page.client.track('a')
  await page.clock.advance(5_000)
  expect(page.provider.health().reports.dropped).toBe(2)
})

it('sends what is left when it is closed', async () => {
  page.client.track('last')
  await page.provider.onClose()
  expect(relay.tracked.length).toBe(1)
})

it('keeps what a relay would refuse out of the batch, which it refuses whole', async () => {
  page.provider.track('nan', { targetingKey: 'ann' }, { value: Number.NaN })
  page.provider.track('text', { targetingKey: 7 as never }, { value: '9' as never })
  page.provider.track('long', { targetingKey: 'k'.repeat(1_025) }, {})
  page.provider.track('bare', { targetingKey: 'ann' }, undefined as never)
  page.provider.track('', { targetingKey: 'ann' }, {})
  page.provider.track('n'.repeat(1_025), { targetingKey: 'ann' }, {})
  await page.clock.advance(5_000)
  const track = { type: 'track', timestamp }
  expect(relay.tracked).toEqual([
    { ...track, name: 'nan', targetingKey: 'ann', attributes: {} },
    { ...track, name: 'text', attributes: {} },
    { ...track, name: 'long', attributes: {} },
    { ...track, name: 'bare', targetingKey: 'ann', attributes: {} },
  ])
  expect(page.provider.health().reports).toEqual({ waiting: 0, dropped: 2 })
})

it('stops trying when it is closed, and goes on with what it has when it is opened again', async () => {
  relay.intercept = () => Promise.reject(new TypeError('Failed to fetch'))
  page.client.track('checkout')
  await page.provider.onClose()
  expect(relay.paths()).toEqual(['/v1/track'])
  await page.clock.advance(3_600_000)
  expect(relay.paths()).toEqual(['/v1/track'])
  expect(page.clock.pending).toBe(0)
  relay.intercept = () => undefined
  await page.provider.initialize({ targetingKey: 'ann' })
  page.client.track('again')
  await page.clock.advance(5_000)
  expect(relay.tracked).toMatchObject([{ name: 'checkout' }, { name: 'again' }])
})
