/** The provider under the real SDK: what it shows and the exact list of events of each situation. */
import { InMemoryProvider, MultiProvider, OpenFeature } from '@openfeature/web-sdk'
import { afterEach, describe, expect, it } from 'vitest'
import type { OfrepFlag } from '../shared/ofrep.ts'
import { settled } from './testing/fake-clock.ts'
import { FakePage } from './testing/page.ts'
import { ScriptedRelay, flag, json } from './testing/scripted-relay.ts'

const forUser = ({ targetingKey }: Record<string, unknown>): OfrepFlag[] => [
  flag('owner', String(targetingKey)),
  flag('dark', true),
]

function open(...[options, around]: PageParameters): { relay: ScriptedRelay; page: FakePage } {
  const relay = new ScriptedRelay(forUser)
  return { relay, page: new FakePage(relay, { cache: false, ...options }, around) }
}

type PageParameters = ConstructorParameters<typeof FakePage> extends [unknown, ...infer Rest] ? Partial<Rest> : never

afterEach(() => OpenFeature.clearProviders())

describe('start', () => {
  it('streams the flags of the context, and tells exactly which changed', async () => {
    const { relay, page } = open({ key: 'client-key' })
    expect(await page.start({ targetingKey: 'ann' })).toBeUndefined()
    expect(page.client.getStringDetails('owner', '-')).toMatchObject({
      value: 'ann',
      variant: 'ann',
      reason: 'TARGETING_MATCH',
    })
    expect(relay.paths()).toEqual(['/v1/stream'])
    expect(relay.requests[0]?.headers.get('authorization')).toBe('Bearer client-key')

    relay.change((context) => [...forUser(context).slice(0, 1), flag('dark', false), flag('fresh', 1)])
    await settled()
    relay.change((context) => [...forUser(context).slice(0, 1), flag('dark', false)])
    await settled()
    relay.change((context) => [...forUser(context).slice(0, 1), { ...flag('dark', false), metadata: { owner: 'x' } }])
    await settled()
    expect(page.takeEvents()).toEqual(['READY', 'CONFIGURATION_CHANGED dark,fresh', 'CONFIGURATION_CHANGED fresh'])
    expect(page.details.at(-1)?.metadata).toEqual({ revision: 'r3', ageMs: 0, source: 'relay' })
    expect(page.client.getBooleanValue('dark', true)).toBe(false)
    expect(page.provider.health()).toMatchObject({ state: 'ready', revision: 'r4', flags: 2, leader: true })
  })

  it('tells of another variant or reason behind the same value, not of other metadata', async () => {
    const { relay, page } = open()
    const [a, b, c] = [flag('a', 1, 'x'), flag('b', 1, 'x'), flag('c', 1, 'x')]
    relay.flagsFor = () => [a, b, c]
    await page.start()
    relay.change(() => [
      { ...a, variant: 'y' },
      { ...b, reason: 'SPLIT' },
      { ...c, metadata: { by: 'ann' } },
    ])
    await settled()
    expect(page.takeEvents()).toEqual(['READY', 'CONFIGURATION_CHANGED a,b'])
    expect(page.client.getNumberDetails('c', 0).flagMetadata).toEqual({ by: 'ann' })
  })

  it('asks for the environment that it is told', async () => {
    const { relay, page } = open({ url: 'http://relay.example/base//', environment: 'test 1' })
    relay.intercept = () => json(404, {})
    await page.start()
    expect(relay.paths()[0]).toBe('/base/environments/test%201/v1/stream')
  })

  it('is in error without the relay, and ready as soon as it is there', async () => {
    const { relay, page } = open()
    relay.intercept = () => Promise.reject(new TypeError('Failed to fetch'))
    expect(await page.start()).toBe('Failed to fetch')
    expect(page.client.providerStatus).toBe('ERROR')
    expect(page.client.getBooleanDetails('dark', false)).toMatchObject({
      value: false,
      errorCode: 'PROVIDER_NOT_READY',
      errorMessage: 'Failed to fetch',
    })
    relay.intercept = () => undefined
    await page.clock.advance(60_000)
    expect(page.takeEvents()).toEqual(['ERROR', 'READY'])
    expect(page.client.providerStatus).toBe('READY')
    expect(page.client.getBooleanValue('dark', false)).toBe(true)
  })

  it.each([401, 403])('is fatal on %i, and asks no more', async (status) => {
    const { relay, page } = open()
    relay.intercept = () => json(status, { errorDetails: 'wrong key' })
    expect(await page.start()).toBe(`the relay answered ${status} wrong key`)
    expect(page.client.providerStatus).toBe('FATAL')
    await page.clock.advance(3_600_000)
    expect(relay.requests.length).toBe(1)
    expect(page.takeEvents()).toEqual(['ERROR'])
    // Signed in meanwhile: a context change is the time to try again.
    relay.intercept = () => undefined
    await page.change({ targetingKey: 'bob' })
    expect(page.client.providerStatus).toBe('READY')
    expect(page.client.getStringValue('owner', '-')).toBe('bob')
    expect(page.takeEvents()).toEqual(['RECONCILING', 'CONTEXT_CHANGED'])
  })

  it('keeps the values it has when the key is refused later, says STALE, and asks again now and then', async () => {
    const { relay, page } = open()
    await page.start({ targetingKey: 'ann' })
    relay.requests.length = 0
    relay.intercept = () => json(403, {})
    relay.drop()
    await page.clock.advance(20_000)
    expect(page.client.getStringValue('owner', '-')).toBe('ann')
    expect(page.provider.health()).toMatchObject({ state: 'stale', problem: 'the relay answered 403' })
    await page.clock.advance(3_600_000)
    expect(relay.requests.length).toBeGreaterThan(3)
    expect(relay.requests.length).toBeLessThan(30)
    relay.intercept = () => undefined
    await page.clock.advance(600_000)
    expect(page.takeEvents()).toEqual(['READY', 'STALE', 'READY'])
  })

  it('gives up on a request without an answer, and keeps trying', async () => {
    const { relay, page } = open({ requestTimeoutMs: 4_000 })
    relay.intercept = () => new Promise(() => undefined)
    const started = page.start()
    await page.clock.advance(8_100)
    expect(await started).toBe('no answer within 4000 ms')
    relay.intercept = () => undefined
    await page.clock.advance(60_000)
    expect(page.takeEvents()).toEqual(['ERROR', 'READY'])
  })
})

describe('connection', () => {
  it('keeps quiet about one that is back within the grace, and resumes it', async () => {
    const { relay, page } = open()
    await page.start()
    page.takeEvents()
    relay.drop()
    await page.clock.advance(2_999)
    expect(relay.requests.length).toBe(1)
    await page.clock.advance(1)
    expect(relay.requests[1]?.headers.get('last-event-id')).toBe('1')
    await page.clock.advance(60_000)
    expect(page.takeEvents()).toEqual([])
  })

  it('is STALE after the grace, with the values it has, and READY when it is back', async () => {
    const { relay, page } = open()
    await page.start()
    page.takeEvents()
    relay.intercept = () => Promise.reject(new TypeError('Failed to fetch'))
    relay.drop(new TypeError('network error'))
    await page.clock.advance(9_999)
    expect(page.takeEvents()).toEqual([])
    await page.clock.advance(1)
    expect(page.takeEvents()).toEqual(['STALE'])
    expect(page.client.getBooleanValue('dark', false)).toBe(true)
    await page.clock.advance(600_000)
    relay.change(() => [flag('dark', false), flag('owner', 'undefined')])
    relay.intercept = () => undefined
    await page.clock.advance(60_000)
    expect(page.takeEvents()).toEqual(['CONFIGURATION_CHANGED dark', 'READY'])
    expect(page.client.providerStatus).toBe('READY')
  })

  it('takes silence for death', async () => {
    const { relay, page } = open()
    await page.start()
    for (let beat = 0; beat < 5; beat++) {
      await page.clock.advance(50_000)
      relay.send(': beat\n\n')
    }
    expect(relay.requests.length).toBe(1)
    await page.clock.advance(63_100)
    expect(relay.requests.length).toBe(2)
  })

  it('comes back as late as Retry-After says, whatever happens meanwhile', async () => {
    const { relay, page } = open()
    await page.start({ targetingKey: 'ann' })
    relay.intercept = () => json(429, {}, { 'retry-after': '120' })
    relay.drop()
    await page.clock.advance(5_000)
    expect(relay.requests.length).toBe(2)
    page.takeEvents()
    await page.change({ targetingKey: 'bob' })
    page.window.dispatchEvent(new Event('online'))
    await page.clock.advance(115_000)
    expect(relay.requests.length).toBe(2)
    expect(page.takeEvents()).toEqual(['RECONCILING', 'ERROR'])
    relay.intercept = () => undefined
    await page.clock.advance(5_000)
    expect(page.takeEvents()).toEqual(['READY'])
    expect(page.client.getStringValue('owner', '-')).toBe('bob')
  })

  it('does not take a wait of nothing at its word', async () => {
    const { relay, page } = open()
    const headers = { 'content-type': 'text/event-stream' }
    const brief = 'retry: 0\n\nid: 1\nevent: whole\ndata: {"flags":[]}\n\n'
    relay.intercept = () => new Response(brief, { headers })
    await page.start()
    for (let turn = 0; turn < 20; turn++) await settled()
    expect(relay.requests.length).toBe(1)
    await page.clock.advance(10_000)
    expect(relay.requests.length).toBeGreaterThan(10)
  })

  it('nor one of for ever', async () => {
    const { relay, page } = open()
    await page.start()
    relay.send('retry: 99999999999999999999\n\n')
    await settled()
    relay.drop()
    await page.clock.advance(3_600_000)
    expect(relay.open).toBe(1)
  })

  it('begins anew after garbage', async () => {
    const { relay, page } = open()
    await page.start()
    page.takeEvents()
    relay.send('id: 7\nevent: changed\ndata: {"flags":[{"val')
    relay.send('ue":1}]}\n\n')
    await page.clock.advance(5_000)
    expect(relay.requests.length).toBe(2)
    expect(relay.requests[1]?.headers.has('last-event-id')).toBe(false)
    relay.change(() => [flag('dark', false)])
    await settled()
    expect(page.takeEvents()).toEqual(['CONFIGURATION_CHANGED owner,dark'])
  })

  const behind = { flags: [flag('dark', false), flag('owner', 'undefined')], revision: 'old', stale: true }

  it('does not go back in time with a relay that is behind', async () => {
    const { relay, page } = open()
    await page.start()
    page.takeEvents()
    relay.send(`id: 0\nevent: whole\ndata: ${JSON.stringify(behind)}\n\n`)
    await page.clock.advance(9_999)
    expect(page.client.getBooleanValue('dark', false)).toBe(true)
    const caughtUp = { flags: [flag('dark', true), flag('new', 1)], removed: [] }
    relay.send(`id: 8\nevent: changed\ndata: ${JSON.stringify(caughtUp)}\n\n`)
    await page.clock.advance(60_000)
    expect(page.takeEvents()).toEqual(['CONFIGURATION_CHANGED new'])
  })

  it('believes one that stays behind: it may have lost its memory', async () => {
    const { relay, page } = open()
    await page.start()
    page.takeEvents()
    relay.send(`id: 0\nevent: whole\ndata: ${JSON.stringify(behind)}\n\n`)
    await page.clock.advance(10_000)
    expect(page.takeEvents()).toEqual(['CONFIGURATION_CHANGED dark'])
    expect(page.provider.health()).toMatchObject({ state: 'ready', revision: 'old' })
  })

  it('is closed while nobody looks, and catches up', async () => {
    const { relay, page } = open({ hiddenAfterMs: 60_000 })
    await page.start({ targetingKey: 'ann' })
    page.takeEvents()
    page.show('hidden')
    await page.clock.advance(59_000)
    page.show('visible')
    relay.send(': beat\n\n')
    await page.clock.advance(50_000)
    expect(relay.open).toBe(1)
    relay.send(': beat\n\n')
    page.show('hidden')
    await page.clock.advance(59_999)
    expect(relay.open).toBe(1)
    await page.clock.advance(1)
    expect(relay.open).toBe(0)
    const before = relay.requests.length
    await page.clock.advance(3_600_000)
    relay.change((context) => [...forUser(context), flag('new', 1)])
    expect(relay.requests.length).toBe(before)
    page.show('visible')
    await settled()
    expect(relay.open).toBe(1)
    expect(page.takeEvents()).toEqual(['CONFIGURATION_CHANGED new'])
  })

  it('does nothing and says nothing after it is closed', async () => {
    const { relay, page } = open()
    await page.start()
    page.takeEvents()
    await Promise.all([page.provider.onClose(), page.provider.onClose()])
    relay.change(() => [])
    page.show('hidden')
    page.show('visible')
    page.window.dispatchEvent(new Event('online'))
    await page.clock.advance(3_600_000)
    expect(page.takeEvents()).toEqual([])
    expect([relay.open, relay.requests.length, page.clock.pending]).toEqual([0, 1, 0])
  })
})

describe('credentials', () => {
  it('are made anew for each request', async () => {
    let token = 0
    const { relay, page } = open({ headers: async () => ({ authorization: `Bearer ${++token}` }) })
    await page.start()
    relay.drop()
    await page.clock.advance(5_000)
    expect(relay.requests.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer 1', 'Bearer 2'])
  })

  it('that never come are an error in time', async () => {
    const { relay, page } = open({ headers: () => new Promise(() => undefined) })
    const started = page.start()
    await page.clock.advance(20_000)
    expect(await started).toMatch(/headers/)
    expect(relay.requests).toEqual([])
  })

  it('that cannot be made are an error, until they can', async () => {
    let broken = true
    const { page } = open({
      headers: () => {
        if (broken) throw new Error('signed out')
        return {}
      },
    })
    expect(await page.start()).toBe('signed out')
    broken = false
    await page.clock.advance(60_000)
    expect(page.takeEvents()).toEqual(['ERROR', 'READY'])
  })
})

describe('registration', () => {
  it('may be as one of several in a MultiProvider', async () => {
    const { page } = open()
    const first = new InMemoryProvider({ mine: { variants: { on: true }, defaultVariant: 'on', disabled: false } })
    await page.replace(new MultiProvider([{ provider: first }, { provider: page.provider }]))
    expect(page.client.getBooleanValue('mine', false)).toBe(true)
    expect(page.client.getBooleanValue('dark', false)).toBe(true)
    await page.change({ targetingKey: 'bob' })
    expect(page.client.getStringValue('owner', '-')).toBe('bob')
  })

  it('may be repeated after another provider had its place', async () => {
    const { relay, page } = open()
    await page.start({ targetingKey: 'ann' })
    await page.replace(new InMemoryProvider())
    await settled()
    expect([relay.open, page.provider.health().state]).toEqual([0, 'closed'])
    relay.change(() => [flag('owner', 'changed')])
    expect(await page.start({ targetingKey: 'ann' })).toBeUndefined()
    expect(page.client.getStringValue('owner', '-')).toBe('changed')
    relay.change(() => [flag('owner', 'again')])
    await settled()
    expect(page.client.getStringValue('owner', '-')).toBe('again')
  })

  it('is for one domain', async () => {
    const { page } = open()
    await page.start()
    expect(() => OpenFeature.setProvider('another', page.provider)).toThrow()
  })
})

describe('context', () => {
  it('shows nobody else’s values while the new ones are on their way', async () => {
    const { relay, page } = open()
    await page.start({ targetingKey: 'ann' })
    page.takeEvents()
    const answers = Promise.withResolvers<undefined>()
    relay.intercept = () => answers.promise
    const changed = page.change({ targetingKey: 'bob' })
    expect(page.client.providerStatus).toBe('RECONCILING')
    expect(page.client.getStringValue('owner', '-')).toBe('-')
    await settled()
    answers.resolve(undefined)
    await changed
    expect(page.client.getStringValue('owner', '-')).toBe('bob')
    expect(page.takeEvents()).toEqual(['RECONCILING', 'CONTEXT_CHANGED'])
  })

  it('shows the previous values, marked, to those who ask for it', async () => {
    const { relay, page } = open({ duringChange: 'previous' })
    await page.start({ targetingKey: 'ann' })
    relay.intercept = () => new Promise(() => undefined)
    void page.change({ targetingKey: 'bob' })
    expect(page.client.getStringDetails('owner', '-')).toMatchObject({ value: 'ann', reason: 'STALE' })
  })

  it('failed: says so, and recovers by itself', async () => {
    const { relay, page } = open()
    await page.start({ targetingKey: 'ann' })
    page.takeEvents()
    relay.intercept = () => json(500, { errorDetails: 'broken' })
    await page.change({ targetingKey: 'bob' })
    expect(page.client.providerStatus).toBe('ERROR')
    expect(page.client.getStringValue('owner', '-')).toBe('-')
    expect(page.provider.health()).toMatchObject({ state: 'error', problem: 'the relay answered 500 broken' })
    relay.intercept = () => undefined
    await page.clock.advance(60_000)
    expect(page.client.providerStatus).toBe('READY')
    expect(page.client.getStringValue('owner', '-')).toBe('bob')
    expect(page.takeEvents()).toEqual(['RECONCILING', 'ERROR', 'READY'])
  })

  it('to one that is not plain data: is an error, and nobody’s values are shown', async () => {
    const { page, relay } = open({ duringChange: 'previous' })
    await page.start({ targetingKey: 'ann' })
    await page.change({ targetingKey: 'bob', born: 1n as never })
    expect(page.client.providerStatus).toBe('ERROR')
    expect(page.client.getStringDetails('owner', '-')).not.toMatchObject({ value: 'ann', reason: 'TARGETING_MATCH' })
    relay.change((context) => [...forUser(context), flag('fresh', 1)])
    await page.clock.advance(60_000)
    expect(page.provider.health()).toMatchObject({ state: 'error', flags: 0 })
    await page.change({ targetingKey: 'bob' })
    expect(page.client.getStringValue('owner', '-')).toBe('bob')
    expect(page.takeEvents()).toEqual(['READY', 'RECONCILING', 'ERROR', 'RECONCILING', 'CONTEXT_CHANGED'])
  })

  it('refused: is fatal', async () => {
    const { relay, page } = open()
    await page.start({ targetingKey: 'ann' })
    page.takeEvents()
    relay.intercept = () => json(401, {})
    await page.change({ targetingKey: 'bob' })
    await page.clock.advance(0)
    expect(page.client.providerStatus).toBe('FATAL')
    expect(page.takeEvents()).toEqual(['RECONCILING', 'ERROR', 'ERROR PROVIDER_FATAL'])
  })

  it('unchanged: is no change', async () => {
    const { relay, page } = open()
    await page.start({ targetingKey: 'ann', plan: { name: 'pro', seats: 3 } })
    await page.change({ plan: { seats: 3, name: 'pro' }, targetingKey: 'ann' })
    expect(relay.requests.length).toBe(1)
    await page.change({ plan: { seats: 4, name: 'pro' }, targetingKey: 'ann' })
    expect(relay.requests.length).toBe(2)
    expect(relay.open).toBe(1)
  })

  it('changed during the start: both wait for the newest', async () => {
    const { relay, page } = open()
    const answers = Promise.withResolvers<undefined>()
    relay.intercept = () => answers.promise
    const started = page.start({ targetingKey: 'ann' })
    await settled()
    const changed = page.change({ targetingKey: 'bob' })
    await settled()
    answers.resolve(undefined)
    await Promise.all([started, changed])
    expect(page.client.getStringValue('owner', '-')).toBe('bob')
    expect(page.events.filter((event) => event === 'READY').length).toBe(1)
  })
})

describe('answers', () => {
  const values: OfrepFlag[] = [
    flag('constructor', 'mine'),
    flag('list', [1, { a: 2 }], 'v'),
    flag('nothing', null),
    { key: '__proto__', value: 5, variant: '', reason: 'STATIC', metadata: { a: 1 } },
    { key: 'default', variant: 'off', reason: 'DISABLED' },
    { key: 'failed', errorCode: 'TARGETING_KEY_MISSING', errorDetails: 'who?' },
    { key: 'odd', errorCode: 'NO_SUCH_CODE' },
  ]

  it('are of the type that was asked for, or errors that are returned', async () => {
    const { relay, page } = open()
    relay.flagsFor = () => values
    await page.start()
    const { client } = page
    expect(client.getStringDetails('constructor', '-').value).toBe('mine')
    expect(client.getStringDetails('toString', '-').errorCode).toBe('FLAG_NOT_FOUND')
    expect(client.getNumberDetails('__proto__', 1)).toMatchObject({ value: 5, flagMetadata: { a: 1 } })
    expect(client.getNumberDetails('__proto__', 1).variant).toBeUndefined()
    expect(client.getBooleanDetails('constructor', true)).toMatchObject({ value: true, errorCode: 'TYPE_MISMATCH' })
    expect(client.getObjectDetails('nothing', {}).errorCode).toBe('TYPE_MISMATCH')
    expect(client.getNumberDetails('default', 7)).toMatchObject({ value: 7, variant: 'off', reason: 'DISABLED' })
    expect(client.getBooleanDetails('failed', false)).toMatchObject({
      errorCode: 'TARGETING_KEY_MISSING',
      errorMessage: 'who?',
    })
    expect(client.getBooleanDetails('odd', false).errorCode).toBe('GENERAL')
    const list = client.getObjectValue('list', []) as unknown as [number, { a: number }]
    expect(() => (list[1].a = 3)).toThrow(TypeError)
  })
})

describe('options', () => {
  it.each([
    [{ url: '' }, 'url'],
    [{ url: 'http://a', staleAfterMs: Number.NaN }, 'staleAfterMs'],
    [{ url: 'http://a', pollMs: -1 }, 'pollMs'],
    [{ url: 'http://a', duringChange: 'old' as 'previous' }, 'duringChange'],
  ])('%j is refused by name', (options, field) => {
    expect(() => new FakePage(new ScriptedRelay(() => []), options)).toThrow(`HalyardWebProvider: ${field} must be`)
  })
})
