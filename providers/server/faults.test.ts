/** What relays and the networks before them do on bad days. Whatever comes, a document that works is never given up. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HalyardProvider } from './provider.ts'
import type { HalyardOptions } from './options.ts'
import { shop } from './testing/documents.ts'
import { json, MiniRelay } from './testing/mini-relay.ts'
import type { Script } from './testing/mini-relay.ts'
import { hurried, observe, sleep, statusOf, until } from './testing/sdk.ts'

const STREAM = '/v1/document/stream'
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
  const provider = new HalyardProvider({
    url: relay.url,
    key: 'secret',
    staleAfterMs: 100,
    timers: hurried,
    ...options,
  })
  open.push(provider)
  return { provider, ...observe(provider) }
}

const eventStream: Script = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
}

describe('a stream', () => {
  it.each<[string, Script, string[]]>([
    ['is slow, byte by byte', (request, response) => void drip(request, response), ['READY']],
    ['is cut in the middle of an event', (_, response) => cut(response), ['READY']],
    ['answers 500', (_, response) => json(response, 500, {}), ['READY']],
    ['answers 429 with Retry-After', (_, response) => json(response, 429, {}, { 'retry-after': '1' }), ['READY']],
    ['answers 503 without Retry-After', (_, response) => json(response, 503, {}), ['READY']],
    ['is a web page', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'), ['READY']],
    ['redirects', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), ['READY']],
    ['is cut before its status', (_, response) => response.destroy(), ['READY']],
    [
      'sends what is not an envelope',
      (request, response) => {
        eventStream(request, response)
        response.end('retry: 10\n\nid: x\nevent: document\ndata: {"dialect":7}\n\n')
      },
      ['READY'],
    ],
    [
      'sends unknown events',
      (request, response) => {
        eventStream(request, response)
        response.write(`: hello\n\nevent: surprise\ndata: {}\n\ndata: {}\n\n${relay.frame()}`)
      },
      ['READY'],
    ],
  ])('%s', async (_, script, expected) => {
    relay.script(STREAM, script)
    const { provider, events, settled } = start()
    expect(await settled).toBeUndefined()
    await until(() => provider.health().connection === 'live')
    expect(provider.evaluate('banner').value).toBe(true)
    expect(provider.health().lostForMs).toBe(0)
    expect(events).toEqual(expected)
  })

  it('waits as long as Retry-After says, and not less', async () => {
    relay.script(STREAM, (_, response) => json(response, 429, {}, { 'retry-after': '1' }))
    const began = performance.now()
    await start().settled
    expect(performance.now() - began).toBeGreaterThan(990)
    expect(relay.requests(STREAM).length).toBe(2)
  })

  it('obeys the wait that the relay drew for it', async () => {
    relay.retry = 300
    const { settled, provider } = start({ staleAfterMs: 5000 })
    await settled
    const began = performance.now()
    await relay.kill()
    await relay.listen()
    await until(() => relay.requests(STREAM).length === 2)
    expect(performance.now() - began).toBeGreaterThan(290)
    await until(() => provider.health().connection === 'live')
  })

  it('that nothing is heard of: the document is fetched instead, and stays fresh', async () => {
    relay.script(STREAM, eventStream)
    relay.scripts
      .get(STREAM)
      ?.push(...Array.from({ length: 20 }, (): Script => (_, response) => json(response, 404, {})))
    const { provider, events, settled } = start()
    await settled
    expect(provider.health().source).toBe('poll')
    expect(relay.requests('/v1/document').length).toBe(1)
    await relay.kill()
    relay.publish(shop({ banner: 'off' }))
    await relay.listen()
    await until(() => events.includes('CHANGED banner'))
    expect(provider.health()).toMatchObject({ source: 'poll', lastError: undefined })
  }, 20_000)
})

describe('a bad document', () => {
  it.each([
    ['garbage', 'garbage'],
    ['an envelope without a document', '{"dialect":"flagd"}'],
    [
      'an unknown dialect',
      '{"dialect":"nobody","options":{},"revision":"r","sha256":"' +
        '0'.repeat(64) +
        '","epoch":1,"version":9,"receivedAt":1,"document":{}}',
    ],
  ])('never replaces a good one: %s', async (_, data) => {
    const { provider, events, settled, client } = start()
    await settled
    relay.push(`id: bad\nevent: document\ndata: ${data}\n\n`)
    await until(() => events.includes('STALE'))
    expect(provider.evaluate('banner').value).toBe(true)
    expect(provider.health().lastError).toMatch(/\(stream\) cannot be used/)
    relay.publish(shop({ banner: 'off' }))
    await until(() => statusOf(client) === 'READY')
    expect(events).toEqual(['READY', 'STALE', 'CHANGED banner', 'READY'])
    expect(provider.health().lastError).toBeUndefined()
  })

  it('with one bad flag: that flag alone is an error', async () => {
    const { provider, events, settled, client } = start()
    await settled
    const document = shop() as { flags: Record<string, object> }
    relay.publish({ ...document, flags: { ...document.flags, banner: { state: 'ENABLED', variants: 7 } } })
    await until(() => events.length === 2)
    expect(events).toEqual(['READY', 'CHANGED banner'])
    expect(await client.getBooleanDetails('banner', false)).toMatchObject({ value: false, errorCode: 'PARSE_ERROR' })
    expect(await client.getStringValue('title', '')).toBe('Hello')
    expect(provider.health().problems).toMatchObject([{ flag: 'banner' }])
  })
})

it('takes no offence at a stream that the relay ends in order, and comes back when it is told to', async () => {
  relay.retry = 300
  const { events, settled, provider } = start()
  await settled
  relay.end()
  await until(() => relay.requests(STREAM).length === 2 && provider.health().connection === 'live')
  expect(events).toEqual(['READY'])
})

it('does not go back to what a relay that is behind serves', async () => {
  const { provider, events, settled } = start()
  await settled
  const behind = relay.frame().replace('"receivedAt"', '"stale":true,"receivedAt"')
  relay.publish(shop({ banner: 'off' }))
  await until(() => events.includes('CHANGED banner'))
  relay.script(STREAM, (request, response) => {
    eventStream(request, response)
    response.write(`retry: 1\n\n${behind}`)
  })
  await relay.kill()
  await relay.listen()
  await until(() => relay.requests(STREAM).length === 2)
  await sleep(30)
  expect(provider.evaluate('banner').value).toBe(false)
  expect(events.filter((event) => event !== 'STALE')).toEqual(['READY', 'CHANGED banner'])
})

it('polls where it is told to, and asks for changes only', async () => {
  const { provider, events, settled } = start({ pollMs: 100 })
  await settled
  relay.publish(shop({ banner: 'off' }))
  await until(() => events.includes('CHANGED banner'))
  await until(() => relay.requests('/v1/document').length > 3)
  expect(relay.requests(STREAM)).toEqual([])
  const { revision } = provider.health()
  expect(relay.requests('/v1/document').at(-1)?.headers['if-none-match']).toBe(`"${revision}"`)
  await relay.kill()
  await until(() => events.includes('STALE'))
  await relay.listen()
  await until(() => events.length === 4)
  expect(events).toEqual(['READY', 'CHANGED banner', 'STALE', 'READY'])
})

it('is not overtaken by an older document that was asked for while the stream was silent', async () => {
  const { scripts } = relay
  let late: (() => void) | undefined
  scripts.set('/v1/document', [
    (_, response) => {
      const older = relay.envelope
      late = () => response.end(older)
    },
  ])
  let stream: Parameters<Script>[1] | undefined
  relay.script(STREAM, (request, response) => {
    eventStream(request, response)
    stream = response
  })
  const { provider, events, settled } = start({ initTimeoutMs: 10_000 })
  await until(() => late !== undefined)
  relay.publish(shop({ banner: 'off' }))
  stream?.write(relay.frame())
  await settled
  late?.()
  await sleep(100)
  expect(provider.evaluate('banner').value).toBe(false)
  expect(events).toEqual(['READY'])
  stream?.destroy()
}, 20_000)

it('takes what a relay that stays behind serves in the end: it may have lost its memory', async () => {
  const { provider, events, settled } = start()
  await settled
  const behind = relay.frame().replace('"receivedAt"', '"stale":true,"receivedAt"')
  relay.publish(shop({ banner: 'off' }))
  await until(() => events.includes('CHANGED banner'))
  relay.push(behind)
  await sleep(30)
  expect(provider.evaluate('banner').value).toBe(false)
  await until(() => provider.evaluate('banner').value === true)
  expect(events).toEqual(['READY', 'CHANGED banner', 'CHANGED banner'])
})

it.each([
  ['nothing at all', '0', 20],
  ['for ever', '99999999999999999999', 1],
])('does not take a wait of %s at its word', async (_, retry, most) => {
  const streams = Array.from({ length: 200 }, (): Script => (request, response) => {
    eventStream(request, response)
    response.end(`retry: ${retry}\n\n${relay.frame()}`)
  })
  relay.script(STREAM, ...streams)
  const waits: number[] = []
  const timers = {
    ...hurried,
    setTimeout: (run: () => void, delay: number, hold?: boolean): unknown => {
      waits.push(delay)
      return hurried.setTimeout(run, delay, hold)
    },
  }
  await start({ timers }).settled
  await sleep(200)
  expect(relay.requests(STREAM).length).toBeLessThanOrEqual(most)
  expect(Math.max(...waits)).toBeLessThanOrEqual(3_600_000)
})

it('obeys the Retry-After of a document that is asked for where there is no stream', async () => {
  relay.script(STREAM, ...Array.from({ length: 20 }, (): Script => (_, response) => json(response, 404, {})))
  relay.script('/v1/document', (_, response) => json(response, 429, {}, { 'retry-after': '1' }))
  const began = performance.now()
  await start().settled
  expect(performance.now() - began).toBeGreaterThan(990)
  expect(relay.requests(STREAM).length).toBe(2)
})

it('is FATAL where there is no stream and the document is refused', async () => {
  relay.script(STREAM, (_, response) => json(response, 404, {}))
  relay.script('/v1/document', (_, response) => json(response, 403, {}))
  expect(await start().settled).toMatchObject({ code: 'PROVIDER_FATAL' })
})

async function drip(request: Parameters<Script>[0], response: Parameters<Script>[1]): Promise<void> {
  eventStream(request, response)
  const bytes = Buffer.from(relay.frame())
  for (let at = 0; at < bytes.length; at += 16) {
    response.write(bytes.subarray(at, at + 16))
    await sleep(1)
  }
}

function cut(response: Parameters<Script>[1]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`retry: 5\n\n${relay.frame().slice(0, 200)}`, () => response.destroy())
}
