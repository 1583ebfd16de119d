/** Every lifecycle scenario through the real SDK; the list of its events is asserted whole, so that none is one too many. */
import { InMemoryProvider, MultiProvider, OpenFeature, ProviderFatalError } from '@openfeature/server-sdk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HalyardProvider } from './provider.ts'
import type { HalyardOptions } from './options.ts'
import { shop } from './testing/documents.ts'
import { envelopeOf, json, MiniRelay } from './testing/mini-relay.ts'
import { hurried, observe, sleep, statusOf, until } from './testing/sdk.ts'
import type { Observed } from './testing/sdk.ts'

let relay: MiniRelay
const open: Observed[] = []

beforeEach(async () => {
  relay = await new MiniRelay().listen()
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((observed) => observed.close()))
  await relay.kill()
})

function start(options: HalyardOptions = {}, domain?: string) {
  const provider = new HalyardProvider({ url: relay.url, key: 'secret', staleAfterMs: 60, timers: hurried, ...options })
  const observed = observe(provider, domain)
  open.push(observed)
  return { provider, ...observed }
}

describe('beginning', () => {
  it('is ready with the first document, once', async () => {
    relay.publish(shop())
    const { events, settled, client } = start()
    expect(await settled).toBeUndefined()
    expect(await client.getBooleanValue('banner', false)).toBe(true)
    await sleep(50)
    expect(events).toEqual(['READY'])
    expect(relay.seen.map(({ route, headers }) => [route, headers.authorization])).toEqual([
      ['/v1/document/stream', 'Bearer secret'],
    ])
  })

  it('gives up waiting after initTimeoutMs, answers defaults, and is ready as soon as there is a document', async () => {
    const { events, settled, client, provider } = start({ initTimeoutMs: 80 })
    expect(await settled).toMatchObject({ code: 'GENERAL' })
    expect(await client.getBooleanDetails('banner', true)).toMatchObject({
      value: true,
      reason: 'ERROR',
      errorCode: 'PROVIDER_NOT_READY',
    })
    expect(provider.health()).toMatchObject({ state: 'error', source: 'none', flags: 0 })
    relay.publish(shop())
    await until(() => events.includes('READY'))
    expect(await client.getBooleanValue('banner', false)).toBe(true)
    expect(events).toEqual(['ERROR', 'READY'])
  })

  it.each([401, 403])(
    'is FATAL when the relay answers %i, and recovers when the key is known later',
    async (status) => {
      relay.publish(shop())
      relay.script('/v1/document/stream', (_, response) => json(response, status, { errorDetails: 'unknown key' }))
      const { events, settled, client } = start()
      expect(await settled).toBeInstanceOf(ProviderFatalError)
      expect(client.providerStatus).toBe('FATAL')
      await until(() => events.includes('READY'))
      expect(events).toEqual(['ERROR', 'READY'])
      expect(client.providerStatus).toBe('READY')
    },
  )

  it('is READY when a bootstrap document comes late, also where nobody else brings one', async () => {
    const late = (): Promise<object> => sleep(150).then(() => ({ dialect: 'flagd', document: shop() }))
    const { events, settled, client } = start({ mode: 'offline', bootstrap: late, initTimeoutMs: 40 })
    expect(await settled).toMatchObject({ code: 'GENERAL' })
    await until(() => events.includes('READY'))
    expect(await client.getBooleanValue('banner', false)).toBe(true)
    expect(events).toEqual(['ERROR', 'READY'])
  })

  it('can be awaited again after it failed', async () => {
    const { settled, provider, events } = start({ initTimeoutMs: 40 })
    await settled
    await expect(provider.client.start()).rejects.toMatchObject({ kind: expect.any(String) as string })
    relay.publish(shop())
    await until(() => events.includes('READY'))
    await provider.client.start()
    expect(events).toEqual(['ERROR', 'READY'])
    expect(relay.streams).toBe(1)
  })

  it('is FATAL, too, when the key turns out to be refused after nobody was there', async () => {
    relay.script('/v1/document/stream', (_, response) => response.destroy())
    const timers = { ...hurried, random: () => 0.2 }
    const { events, settled, client } = start({ initTimeoutMs: 60, timers })
    await settled
    expect(client.providerStatus).toBe('ERROR')
    relay.script('/v1/document/stream', (_, response) => json(response, 401, {}))
    await until(() => events.length === 2)
    expect(statusOf(client)).toBe('FATAL')
    relay.publish(shop())
    await until(() => statusOf(client) === 'READY')
    expect(events).toEqual(['ERROR', 'ERROR', 'READY'])
  })

  it('starts from a bootstrap document at once, and tells exactly what the relay has changed since', async () => {
    relay.publish(shop({ banner: 'off' }))
    const { events, settled, metadata, client } = start({ bootstrap: envelopeOf(shop(), 1) })
    expect(await settled).toBeUndefined()
    await until(() => events.length === 2)
    expect(events).toEqual(['READY', 'CHANGED banner'])
    expect(metadata[1]).toMatchObject({ source: 'stream', flagSetId: 'shop', version: '7' })
    expect(await client.getBooleanValue('banner', true)).toBe(false)
  })

  it('is STALE when nobody confirms the bootstrap document, and READY when somebody does', async () => {
    const { events, settled, provider } = start({ bootstrap: () => Promise.resolve(envelopeOf(shop(), 1)) })
    await settled
    await until(() => events.includes('STALE'))
    expect(provider.health()).toMatchObject({ state: 'stale', source: 'bootstrap', version: 1 })
    expect(provider.evaluate('banner').value).toBe(true)
    relay.publish(shop())
    await until(() => events.length === 3)
    expect(events).toEqual(['READY', 'STALE', 'READY'])
  })

  it('takes the newer of bootstrap and store, leaves an unusable one aside, and saves what the relay sends', async () => {
    const saved: Uint8Array[] = []
    const store = (document: string | Uint8Array) => ({
      load: () => Promise.resolve(document),
      save: (bytes: Uint8Array) => Promise.resolve(void saved.push(bytes)),
    })
    const older = envelopeOf(shop(), 1, 1000)
    const newer = envelopeOf(shop({ banner: 'off' }), 2, 2000)
    const first = start({ bootstrap: older, store: store(newer) })
    await first.settled
    expect(first.provider.health()).toMatchObject({ source: 'store', version: 2 })
    const second = start({ bootstrap: new TextDecoder().decode(older), store: store('{"cut') })
    await second.settled
    expect(second.provider.health()).toMatchObject({ source: 'bootstrap', version: 1 })
    expect(second.provider.health().lastError).toMatch(/\(store\) cannot be used/)
    relay.publish(shop())
    await until(() => saved.length === 2)
    expect(saved[0]).toEqual(relay.envelope)
  })
})

describe('living', () => {
  it('names exactly the flags that a change concerns, also through a segment', async () => {
    relay.publish(shop())
    const { events, settled, metadata, provider } = start()
    await settled
    relay.publish(shop({ staff: '@other.example' }))
    await until(() => events.length === 2)
    relay.publish(shop({ staff: '@other.example', banner: 'off' }))
    await until(() => events.length === 3)
    expect(events).toEqual(['READY', 'CHANGED beta,tools', 'CHANGED banner'])
    const { revision, version } = provider.health()
    expect(version).toBe(3)
    expect(metadata[2]).toMatchObject({ revision, source: 'stream' })
    expect(metadata[2]?.['ageMs']).toBeLessThan(1000)
  })

  it('says nothing of a connection that is back within the grace, and comes back with Last-Event-ID', async () => {
    relay.publish(shop())
    const { events, settled, provider } = start({ staleAfterMs: 2000 })
    await settled
    await relay.kill()
    await relay.listen()
    await until(() => provider.health().connection === 'live' && relay.streams === 1)
    expect(relay.requests('/v1/document/stream').at(-1)?.headers['last-event-id']).toBe('v1')
    expect(provider.health().lostForMs).toBe(0)
    expect(events).toEqual(['READY'])
  })

  it('is STALE after the grace, ERROR after errorAfterMs, serves on, and READY once when the relay is back', async () => {
    relay.publish(shop())
    const { events, settled, client, provider } = start({ errorAfterMs: 200 })
    await settled
    await relay.kill()
    await until(() => statusOf(client) === 'STALE')
    expect(provider.health().lostForMs).toBeGreaterThanOrEqual(50)
    await until(() => statusOf(client) === 'ERROR')
    expect(await client.getBooleanDetails('banner', false)).toMatchObject({ value: true, reason: 'STATIC' })
    relay.publish(shop({ banner: 'off' }))
    await relay.listen()
    await until(() => events.includes('CHANGED banner') && statusOf(client) === 'READY')
    await sleep(50)
    expect(events).toEqual(['READY', 'STALE', 'ERROR', 'CHANGED banner', 'READY'])
  })

  it('keeps its values when the key is refused later', async () => {
    relay.publish(shop())
    const { events, settled, client } = start()
    await settled
    const refuse = (_: unknown, response: Parameters<typeof json>[0]) => json(response, 401, {})
    relay.script('/v1/document/stream', refuse, refuse)
    relay.push('')
    await relay.kill()
    await relay.listen()
    await until(() => events.includes('STALE'))
    expect(await client.getBooleanValue('banner', false)).toBe(true)
    await until(() => events.length === 3)
    expect(events).toEqual(['READY', 'STALE', 'READY'])
  })
})

it('is a good child of the SDK’s MultiProvider: what it lacks is asked of the next, its state is seen', async () => {
  relay.publish(shop())
  const own = new HalyardProvider({ url: relay.url, key: 'secret', staleAfterMs: 60, timers: hurried })
  const other = new InMemoryProvider({ spare: { variants: { yes: true }, defaultVariant: 'yes', disabled: false } })
  const observed = observe(new MultiProvider([{ provider: own }, { provider: other }]))
  open.push(observed)
  await observed.settled
  const { client, events } = observed
  expect(await client.getBooleanDetails('banner', false)).toMatchObject({ value: true, variant: 'on' })
  expect(await client.getBooleanValue('spare', false)).toBe(true)
  await relay.kill()
  await until(() => statusOf(client) === 'STALE')
  await relay.listen()
  await until(() => statusOf(client) === 'READY')
  expect(events).toEqual(['READY', 'STALE', 'READY'])
})

describe('ending', () => {
  it('is silent and quiet after close, however often it is closed', async () => {
    relay.publish(shop())
    const { events, settled, provider } = start()
    await settled
    await Promise.all([provider.onClose(), provider.onClose(), provider.client.close()])
    expect(provider.health()).toMatchObject({ state: 'closed', connection: 'closed' })
    await until(() => relay.streams === 0)
    relay.publish(shop({ banner: 'off' }))
    await sleep(100)
    expect(events).toEqual(['READY'])
    expect(relay.requests('/v1/document/stream').length).toBe(1)
  })

  it('ends a start that waits', async () => {
    const { settled, provider, events } = start({ initTimeoutMs: 60_000 })
    await sleep(20)
    await provider.onClose()
    expect(await settled).toMatchObject({ message: 'closed' })
    expect(events).toEqual(['ERROR'])
  })

  it('can be set again after it was closed', async () => {
    relay.publish(shop())
    const { provider, settled, events } = start()
    await settled
    const domain = 'again'
    await provider.onClose()
    await provider.initialize()
    const again = observe(provider, domain)
    await again.settled
    relay.publish(shop({ banner: 'off' }))
    await until(() => again.events.includes('CHANGED banner'))
    expect(events).toEqual(['READY', 'CHANGED banner'])
  })

  it('does not wait for a store that hangs', async () => {
    relay.publish(shop())
    const store = { load: () => Promise.resolve(undefined), save: () => new Promise<never>(() => undefined) }
    const { settled, provider } = start({ store, closeTimeoutMs: 50 })
    await settled
    const began = performance.now()
    await provider.onClose()
    expect(performance.now() - began).toBeLessThan(2000)
  })

  it('lets several providers, and one provider in several domains, live side by side', async () => {
    relay.publish(shop())
    const [one, two] = [start(), start()]
    const both = observe(one.provider)
    await Promise.all([one.settled, two.settled, both.settled])
    await one.close()
    relay.publish(shop({ banner: 'off' }))
    await until(() => two.events.includes('CHANGED banner'))
    expect(one.events).toEqual(['READY'])
    expect(two.events).toEqual(['READY', 'CHANGED banner'])
    expect(await OpenFeature.getClient('domain-none').getBooleanValue('banner', true)).toBe(true)
  })
})
