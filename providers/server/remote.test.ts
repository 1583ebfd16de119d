/** Answers asked of the relay, one by one: the same as in process, and quick to fail when there is nobody to ask. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HalyardProvider } from './provider.ts'
import type { HalyardOptions } from './options.ts'
import { shop } from './testing/documents.ts'
import { json, MiniRelay } from './testing/mini-relay.ts'
import type { Script } from './testing/mini-relay.ts'
import { hurried, observe, sleep, statusOf, until } from './testing/sdk.ts'

const OFREP = '/ofrep/v1/evaluate/flags'
let relay: MiniRelay
const open: HalyardProvider[] = []

beforeEach(async () => {
  relay = await new MiniRelay().listen()
  relay.publish(shop())
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((provider) => provider.onClose()))
  await relay.kill()
})

function start(options: HalyardOptions = {}) {
  const timing = { staleAfterMs: 60, initTimeoutMs: 500, timers: hurried }
  const provider = new HalyardProvider({ url: `${relay.url}/`, key: 'secret', mode: 'remote', ...timing, ...options })
  open.push(provider)
  return { provider, ...observe(provider) }
}

const answering =
  (status: number, body: unknown, headers?: Record<string, string>): Script =>
  (_, response) =>
    json(response, status, body, headers)

describe('remote', () => {
  it('answers as in process does', async () => {
    const [far, near] = [start(), start({ mode: 'in-process' })]
    await Promise.all([far.settled, near.settled])
    const context = { targetingKey: 'u', email: 'a@acme.example', joined: new Date('2026-03-01') }
    for (const key of ['banner', 'beta', 'constructor', 'none', 'since', 'title', 'nobody', '__proto__']) {
      const [one, other] = [far, near].map(({ client }) => client.getBooleanDetails(key, true, context))
      const { flagMetadata: _, errorMessage: _m, ...rest } = (await other) ?? {}
      expect([key, await one]).toEqual([key, expect.objectContaining(rest)])
    }
    expect(far.provider.health()).toMatchObject({ source: 'remote', state: 'ready' })
    const all = await far.provider.client.evaluateAllAsync(context)
    expect(all.map(({ key, value }) => [key, value])).toEqual(
      near.provider.evaluateAll(context).map(({ key, value }) => [key, value]),
    )
    expect(far.events).toEqual(['READY'])
  })

  it.each<[string, Script, object]>([
    ['another type', answering(200, { key: 'banner', value: 'on' }), { errorCode: 'TYPE_MISMATCH' }],
    ['null', answering(200, { key: 'banner', value: null }), { errorCode: 'TYPE_MISMATCH' }],
    ['no value', answering(200, { key: 'banner', reason: 'DISABLED' }), { value: false, reason: 'DISABLED' }],
    ['another flag', answering(200, { key: 'other', value: true }), { errorCode: 'PARSE_ERROR' }],
    ['garbage', (_, response) => response.writeHead(200).end('<html>'), { errorCode: 'GENERAL' }],
    ['a list', answering(200, [true]), { errorCode: 'PARSE_ERROR' }],
    [
      'an odd reason',
      answering(200, { key: 'banner', value: true, reason: 'BECAUSE' }),
      { value: true, reason: 'UNKNOWN' },
    ],
    [
      'odd metadata',
      answering(200, { key: 'banner', value: true, metadata: { a: 1, b: {} } }),
      { value: true, flagMetadata: { a: 1 } },
    ],
    [
      '400',
      answering(400, { key: 'banner', errorCode: 'TARGETING_KEY_MISSING' }),
      { errorCode: 'TARGETING_KEY_MISSING' },
    ],
    [
      'an unknown code',
      answering(400, { errorCode: 'OUCH', errorDetails: 'it hurts' }),
      { errorCode: 'GENERAL', errorMessage: 'it hurts' },
    ],
    ['500', answering(500, { errorDetails: 'oh' }), { errorCode: 'GENERAL' }],
    ['a cut connection', (_, response) => response.destroy(), { errorCode: 'GENERAL' }],
  ])('makes an answer of %s', async (_, script, expected) => {
    const { client, settled } = start()
    await settled
    relay.script(OFREP, script)
    expect(await client.getBooleanDetails('banner', false)).toMatchObject({ value: false, ...expected })
    expect(await client.getBooleanValue('banner', false)).toBe(true)
  })

  it('asks under the name of the flag, whatever is in it', async () => {
    const { client, settled } = start()
    await settled
    const keys: string[] = []
    relay.script(OFREP, (request, response) => {
      keys.push(request.url ?? '')
      json(response, 404, { errorCode: 'FLAG_NOT_FOUND' })
    })
    expect(await client.getBooleanDetails('a/b c?é', false)).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' })
    expect(keys).toEqual([`${OFREP}/a%2Fb%20c%3F%C3%A9`])
  })

  it.each(['', '.', '..', '\ud800'])('never asks for %j, which no address can hold', async (key) => {
    const { provider, settled } = start()
    await settled
    const asked = relay.requests(OFREP).length
    expect(await provider.client.evaluateAsync(key)).toMatchObject({ key, errorCode: 'FLAG_NOT_FOUND' })
    expect(relay.requests(OFREP).length).toBe(asked)
  })

  it('does not keep others waiting for one whose context is too large', async () => {
    const { client, settled, events } = start({ staleAfterMs: 1 })
    await settled
    relay.script(OFREP, ...Array.from({ length: 8 }, () => answering(413, {})))
    for (let index = 0; index < 8; index++) await client.getBooleanValue('banner', false)
    expect(await client.getBooleanValue('banner', false)).toBe(true)
    expect(events).toEqual(['READY'])
  })

  it('does not guess what clients may see: without a document nobody knows', async () => {
    const { provider, settled } = start()
    await settled
    await expect(provider.client.evaluateAllAsync({}, { visibleTo: 'client' })).rejects.toMatchObject({
      kind: 'document',
    })
  })

  it('answers a relay that is too slow with an error', async () => {
    const { client, settled } = start({ requestTimeoutMs: 50 })
    await settled
    relay.script(OFREP, () => undefined)
    expect(await client.getBooleanDetails('banner', false)).toMatchObject({
      errorCode: 'GENERAL',
      errorMessage: 'no answer within 50 ms',
    })
  })

  it('after five failures waits for nobody, is in ERROR after the grace, and READY when a probe succeeds', async () => {
    const { client, settled, events, provider } = start()
    await settled
    await relay.kill()
    for (let index = 0; index < 5; index++) await client.getBooleanValue('banner', false)
    const began = performance.now()
    for (let index = 0; index < 200; index++) await client.getBooleanValue('banner', false)
    expect(performance.now() - began).toBeLessThan(500)
    await until(() => events.includes('ERROR'))
    expect(provider.health()).toMatchObject({ state: 'error', source: 'none' })
    await relay.listen()
    await until(() => events.includes('READY') && statusOf(client) === 'READY')
    expect(await client.getBooleanValue('banner', false)).toBe(true)
    expect(events).toEqual(['READY', 'ERROR', 'READY'])
  })

  it('leaves a relay alone as long as Retry-After says', async () => {
    const { client, settled, events } = start({ staleAfterMs: 5000 })
    await settled
    relay.script(OFREP, answering(429, {}, { 'retry-after': '1' }))
    const before = relay.seen.length
    for (let index = 0; index < 20; index++) await client.getBooleanValue('banner', false)
    await sleep(500)
    expect(relay.seen.length).toBe(before + 1)
    await until(() => client.getBooleanValue('banner', false))
    expect(events).toEqual(['READY'])
  })

  it('is FATAL for a refused key, at once and later, and recovers', async () => {
    relay.script(OFREP, answering(401, {}))
    const { client, settled, events } = start()
    expect(await settled).toMatchObject({ code: 'PROVIDER_FATAL' })
    await until(() => events.includes('READY'))
    relay.script(OFREP, answering(403, {}))
    await client.getBooleanValue('banner', false)
    expect(client.providerStatus).toBe('FATAL')
    await until(() => statusOf(client) === 'READY')
    expect(events).toEqual(['ERROR', 'READY', 'ERROR', 'READY'])
  })
})

describe('auto', () => {
  const withoutDocument = (status: number): void =>
    relay.script('/v1/document/stream', ...Array.from({ length: 50 }, () => answering(status, {})))

  it('asks for each answer while there is no document, and goes over to the document when it comes', async () => {
    withoutDocument(500)
    relay.script('/v1/document', ...Array.from({ length: 2 }, () => answering(500, {})))
    const { client, settled, events, provider } = start({ mode: 'auto' })
    await settled
    expect(provider.health().source).toBe('remote')
    expect(await client.getBooleanValue('banner', false)).toBe(true)
    await until(() => provider.health().source === 'poll')
    const asked = relay.requests(OFREP).length
    expect(await client.getBooleanValue('banner', false)).toBe(true)
    expect(relay.requests(OFREP).length).toBe(asked)
    expect(events).toEqual(['READY', 'CHANGED'])
  })

  it('probes once at a time, whoever finds out that the relay is away', async () => {
    withoutDocument(500)
    relay.script('/v1/document', ...Array.from({ length: 50 }, () => answering(500, {})))
    const { client, settled } = start({ mode: 'auto' })
    await settled
    let [probes, most] = [0, 0]
    const hanging: Script = (_, response) => {
      most = Math.max(most, ++probes)
      setTimeout(() => (probes--, json(response, 500, {})), 50)
    }
    // The feed's next failure asks whether the relay is there; meanwhile a request is refused.
    relay.script(OFREP, hanging)
    await until(() => probes === 1)
    relay.script(OFREP, answering(429, {}), ...Array.from({ length: 6 }, () => hanging))
    await client.getBooleanValue('banner', false)
    await sleep(400)
    expect(most).toBe(1)
  })

  it('makes do with a key that may not have the document', async () => {
    withoutDocument(403)
    const { client, settled, events } = start({ mode: 'auto' })
    expect(await settled).toBeUndefined()
    expect(await client.getBooleanValue('banner', false)).toBe(true)
    expect(events).toEqual(['READY'])
  })

  it('is FATAL when both are refused', async () => {
    withoutDocument(401)
    relay.script(OFREP, answering(401, {}))
    expect(await start({ mode: 'auto' }).settled).toMatchObject({ code: 'PROVIDER_FATAL' })
  })

  it('does not ask at all when the document is there in time', async () => {
    const { client, settled } = start({ mode: 'auto' })
    await settled
    expect(await client.getBooleanValue('banner', false)).toBe(true)
    expect(relay.requests(OFREP)).toEqual([])
  })
})
