/** What outlives the page: found at once by exactly its context, bounded, free of secrets, and never a reason to fail. */
import { OpenFeature } from '@openfeature/web-sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HalyardProvider } from '../server/provider.ts'
import { bootstrapFor, bootstrapScript } from './bootstrap.ts'
import type { CacheOptions } from './options.ts'
import { settled } from './testing/fake-clock.ts'
import { FakePage } from './testing/page.ts'
import { ScriptedRelay, flag } from './testing/scripted-relay.ts'

let kept: Map<string, string>
let relay: ScriptedRelay

beforeEach(() => {
  kept = new Map()
  relay = new ScriptedRelay(({ targetingKey }) => [flag('owner', String(targetingKey)), flag('dark', true)])
})
afterEach(() => OpenFeature.clearProviders())

const storage = {
  get: (key: string): string | undefined => kept.get(key),
  set: (key: string, value: string): void => void kept.set(key, value),
  delete: (key: string): void => void kept.delete(key),
}
const unreachable = (): Promise<never> => Promise.reject(new TypeError('Failed to fetch'))

function page(cache: CacheOptions | false = { storage }, more: object = {}): FakePage {
  return new FakePage(relay, { key: 'secret-key', cache, ...more })
}

/** A first visit, so that there is something to find. */
async function visit(context: object, cache?: CacheOptions, more?: object): Promise<void> {
  const first = page(cache, more)
  await first.start({ ...context })
  await settled()
  await first.provider.onClose()
  relay.requests.length = 0
}

describe('cache', () => {
  it('shows kept values at once, then what changed since, and resumes the stream', async () => {
    await visit({ targetingKey: 'ann' })
    const second = page()
    const started = second.start({ targetingKey: 'ann' })
    expect(second.client.getStringDetails('owner', '-').errorCode).toBe('PROVIDER_NOT_READY')
    await started
    expect(second.client.getStringDetails('owner', '-')).toMatchObject({ value: 'ann', reason: 'CACHED' })
    expect(second.provider.health().source).toBe('cache')
    await settled()
    expect(relay.requests[0]?.headers.get('last-event-id')).toBe('1')
    expect(second.client.getStringDetails('owner', '-')).toMatchObject({ value: 'ann', reason: 'TARGETING_MATCH' })
    expect(second.takeEvents()).toEqual(['READY'])
  })

  it('tells of kept values that are out of date', async () => {
    await visit({ targetingKey: 'ann' })
    relay.change(() => [flag('owner', 'ann'), flag('dark', false)])
    const second = page()
    await second.start({ targetingKey: 'ann' })
    expect(second.client.getBooleanValue('dark', false)).toBe(true)
    await settled()
    expect(second.client.getBooleanValue('dark', true)).toBe(false)
    expect(second.takeEvents()).toEqual(['READY', 'CONFIGURATION_CHANGED dark'])
  })

  it('carries an application through a time without the relay, and says STALE', async () => {
    await visit({ targetingKey: 'ann' })
    relay.intercept = unreachable
    const second = page()
    expect(await second.start({ targetingKey: 'ann' })).toBeUndefined()
    await second.clock.advance(60_000)
    expect(second.takeEvents()).toEqual(['READY', 'STALE'])
    expect(second.client.getBooleanDetails('dark', false)).toMatchObject({ value: true, reason: 'CACHED' })
  })

  it.each([
    ['another attribute', { targetingKey: 'ann', plan: 'pro' }, {}],
    ['another user', { targetingKey: 'bob' }, {}],
    ['another address', { targetingKey: 'ann' }, { url: 'http://other.example' }],
    ['another environment', { targetingKey: 'ann' }, { environment: 'test' }],
  ])('is not used for %s', async (_, context, more) => {
    await visit({ targetingKey: 'ann' })
    relay.intercept = unreachable
    expect(await page({ storage }, more).start(context)).toBe('Failed to fetch')
  })

  it('is not used beyond its time', async () => {
    await visit({ targetingKey: 'ann' })
    relay.intercept = unreachable
    const second = page({ storage, ttlMs: 1_000 })
    second.clock.time += 1_000
    expect(await second.start({ targetingKey: 'ann' })).toBeUndefined()
    const third = page({ storage, ttlMs: 1_000 })
    third.clock.time += 1_001
    expect(await third.start({ targetingKey: 'ann' })).toBe('Failed to fetch')
  })

  it('holds neither keys nor the addresses of streams', async () => {
    relay.streams = false
    relay.eventStreams = [{ type: 'sse', url: 'http://relay.example/notices?token=stream-secret' }]
    await visit({ targetingKey: 'ann', email: 'ann@shop.example' })
    const everything = JSON.stringify([...kept])
    expect(everything).toContain('owner')
    expect(everything).not.toMatch(/secret|shop\.example/)
  })

  it('keeps the latest contexts, and nothing too large', async () => {
    for (const targetingKey of ['a', 'b', 'c', 'd']) await visit({ targetingKey }, { storage, maxEntries: 2 })
    // Two entries and the list of them.
    expect(kept.size).toBe(3)
    relay.intercept = unreachable
    expect(await page().start({ targetingKey: 'b' })).toBe('Failed to fetch')
    expect(await page().start({ targetingKey: 'c' })).toBeUndefined()
    relay.intercept = () => undefined
    kept.clear()
    await visit({ targetingKey: 'a' }, { storage, maxSize: 50 })
    expect(kept.size).toBe(0)
  })

  it('is of one key: another may be of another environment', async () => {
    await visit({ targetingKey: 'ann' })
    relay.intercept = unreachable
    const other = page({ storage }, { key: 'other-key' })
    expect(await other.start({ targetingKey: 'ann' })).toBe('Failed to fetch')
    expect(other.client.getStringDetails('owner', '-').errorCode).toBe('PROVIDER_NOT_READY')
    const header = page({ storage }, { key: undefined, headers: { 'X-API-Key': 'third-key' } })
    expect(await header.start({ targetingKey: 'ann' })).toBe('Failed to fetch')
    expect(await page().start({ targetingKey: 'ann' })).toBeUndefined()
  })

  it('may never answer', async () => {
    const never = (): Promise<never> => new Promise(() => undefined)
    const slow = page({ storage: { get: never, set: never, delete: never } })
    const started = slow.start({ targetingKey: 'ann' })
    await slow.clock.advance(2_000)
    expect(await started).toBeUndefined()
    expect(slow.client.getStringValue('owner', '-')).toBe('ann')
  })

  it('may answer when the relay has answered long ago', async () => {
    await visit({ targetingKey: 'ann' })
    relay.change(() => [flag('owner', 'new')])
    let answer: (() => void) | undefined
    const get = (key: string): Promise<string | undefined> =>
      new Promise((resolve) => (answer ??= () => resolve(kept.get(key))))
    const late = page({ storage: { ...storage, get } })
    const started = late.start({ targetingKey: 'ann' })
    await late.clock.advance(2_000)
    await started
    answer?.()
    await settled()
    expect(late.client.getStringDetails('owner', '-')).toMatchObject({ value: 'new', reason: 'TARGETING_MATCH' })
    expect(late.takeEvents()).toEqual(['READY'])
  })

  it('forgets no entry that it would have to delete, however quickly contexts change', async () => {
    const later = {
      get: (key: string) => settled().then(() => kept.get(key)),
      set: (key: string, value: string) => settled().then(() => kept.set(key, value)),
      delete: (key: string) => settled().then(() => kept.delete(key)),
    }
    const quick = page({ storage: later, maxEntries: 2 })
    await quick.start({ targetingKey: 'a' })
    for (const targetingKey of ['b', 'c', 'd', 'e']) await quick.change({ targetingKey })
    for (let turn = 0; turn < 30; turn++) await settled()
    expect(kept.size).toBe(3)
  })

  it('gets over an index that is none', async () => {
    await visit({ targetingKey: 'ann' })
    for (const key of kept.keys()) kept.set(key, '{"cut')
    await visit({ targetingKey: 'ann' })
    relay.intercept = unreachable
    expect(await page().start({ targetingKey: 'ann' })).toBeUndefined()
  })

  it('may answer by promise', async () => {
    const later = {
      get: (key: string) => settled().then(() => kept.get(key)),
      set: (key: string, value: string) => settled().then(() => kept.set(key, value)),
      delete: (key: string) => settled().then(() => kept.delete(key)),
    }
    await visit({ targetingKey: 'ann' }, { storage: later })
    await settled()
    await settled()
    relay.intercept = unreachable
    expect(await page({ storage: later }).start({ targetingKey: 'ann' })).toBeUndefined()
  })

  it.each([
    ['full', { ...storage, set: () => Promise.reject(new Error('QuotaExceededError')) }],
    ['denied', { get: refuse, set: refuse, delete: refuse }],
    ['denied by promise', { get: async () => refuse(), set: async () => refuse(), delete: async () => refuse() }],
    ['full of garbage', { ...storage, get: () => '{"hash":' }],
    ['full of somebody else’s data', { ...storage, get: () => '{"at":9e15,"hash":"x","flags":[null]}' }],
  ])('is harmless when the storage is %s', async (_, broken) => {
    const first = page({ storage: broken })
    expect(await first.start({ targetingKey: 'ann' })).toBeUndefined()
    relay.change(() => [flag('dark', false)])
    await settled()
    expect(first.takeEvents()).toEqual(['READY', 'CONFIGURATION_CHANGED owner,dark'])
  })
})

function refuse(): never {
  throw new Error('SecurityError')
}

describe('bootstrap', () => {
  const context = { targetingKey: 'ann', plan: 'pro' }
  const all = { flags: [flag('owner', 'ann'), flag('dark', true)], revision: 'r1' }

  it('shows what the server rendered without waiting for anything', async () => {
    relay.intercept = () => new Promise(() => undefined)
    const hydrated = page(false, { bootstrap: JSON.parse(bootstrapScript(bootstrapFor(context, all))) as object })
    expect(await hydrated.start({ plan: 'pro', targetingKey: 'ann' })).toBeUndefined()
    expect(hydrated.client.getStringDetails('owner', '-')).toMatchObject({ value: 'ann', reason: 'TARGETING_MATCH' })
    expect(hydrated.provider.health()).toMatchObject({ source: 'bootstrap', revision: 'r1' })
    expect(hydrated.takeEvents()).toEqual(['READY'])
  })

  it('takes over what the server provider evaluates', async () => {
    const flags = {
      price: { state: 'ENABLED', variants: { pro: 5, free: 0 }, defaultVariant: 'free', targeting: { var: 'plan' } },
      missing: { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on', targeting: { if: [] } },
    }
    const document = JSON.stringify({ flags })
    const server = new HalyardProvider({ mode: 'offline', bootstrap: { dialect: 'flagd', document } })
    await server.initialize()
    relay.intercept = () => new Promise(() => undefined)
    const hydrated = page(false, { bootstrap: bootstrapFor(context, server.evaluateAll(context), 5) })
    await hydrated.start(context)
    expect(hydrated.client.getNumberDetails('price', -1)).toMatchObject({ value: 5, variant: 'pro' })
    expect(hydrated.client.getBooleanValue('missing', false)).toBe(true)
    await server.onClose()
  })

  it('ignores what was rendered for somebody else', async () => {
    relay.intercept = unreachable
    const hydrated = page(false, { bootstrap: bootstrapFor({ ...context, plan: 'free' }, all) })
    expect(await hydrated.start(context)).toBe('Failed to fetch')
    expect(hydrated.client.getStringValue('owner', '-')).toBe('-')
  })

  it('cannot break out of a script element', () => {
    const text = bootstrapScript(bootstrapFor(context, [flag('x', '</script><!--\u2028')], 1))
    expect(text).not.toMatch(/[<\u2028]/)
    expect((JSON.parse(text) as { flags: unknown[] }).flags).toEqual([flag('x', '</script><!--\u2028')])
  })
})
