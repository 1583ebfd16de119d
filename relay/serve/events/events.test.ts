import { OFREPWebProvider } from '@openfeature/ofrep-web-provider'
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk'
import { EventSource } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { HandMadeEnvironment } from '../testing/environment.ts'
import { openEvents } from '../testing/event-client.ts'
import type { EventClient } from '../testing/event-client.ts'
import { open, startRig } from '../testing/rig.ts'
import type { Rig, RigOptions } from '../testing/rig.ts'
import type { TestDocument } from '../testing/rules.ts'
import { StreamBench } from '../testing/stream-bench.ts'

const EVENTS = '/ofrep/v1/events'
const BULK = '/ofrep/v1/evaluate/flags'
const BROWSER = { 'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64)' }
const keys = { server: [{ secret: 'server-key' }], client: [{ secret: 'client-key' }], admin: [] }
const document = (value: string): TestDocument => ({ flags: { title: { variants: { a: value }, serve: 'a' } } })

const running: { rigs: Rig[]; clients: EventClient[] } = { rigs: [], clients: [] }

afterEach(async () => {
  for (const client of running.clients) client.close()
  for (const rig of running.rigs) await rig.stop()
  running.rigs = []
  running.clients = []
})

async function start(options: RigOptions): Promise<Rig> {
  const rig = await startRig({ ...options, streams: { paceMs: 0, ...options.streams } })
  running.rigs.push(rig)
  return rig
}

async function connect(url: string, headers: Record<string, string> = {}): Promise<EventClient> {
  const client = await openEvents(url, { headers })
  running.clients.push(client)
  return client
}

interface Stream {
  readonly type: string
  readonly url?: string
  readonly endpoint?: { readonly requestUri: string; readonly origin?: string }
}

async function advertised(rig: Rig, path: string, headers: Record<string, string>): Promise<Stream | undefined> {
  const response = await rig.post(path, {}, headers)
  expect(response.status).toBe(200)
  return ((await response.json()) as { eventStreams?: Stream[] }).eventStreams?.[0]
}

/** The environment as it is some time after its document came, when nobody can have missed that. */
async function settled(environment: HandMadeEnvironment, more: Partial<RigOptions> = {}): Promise<Rig> {
  const rig = await start({ environments: [open(document(''), { environment })], ...more })
  vi.spyOn(Date, 'now').mockImplementation(() => performance.timeOrigin + performance.now() + 60_000)
  return rig
}

afterEach(() => vi.restoreAllMocks())

describe('R15: /ofrep/v1/events', () => {
  it('begins with a comment, a retry, and an id under a name that clients ignore', async () => {
    const rig = await settled(new HandMadeEnvironment('test', document('1')))
    const client = await connect(`${rig.url}${EVENTS}`)
    const first = await client.at(0)
    expect(client.text()).toMatch(/^:\n\nretry: \d+\n\nevent: connected\nid: [\w.]+\n/)
    expect(first.type).not.toBe('message')
    expect(client.retries[0]).toBeGreaterThanOrEqual(2_000)
    expect(client.retries[0]).toBeLessThanOrEqual(10_000)
    expect(client.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(client.headers.get('cache-control')).toBe('no-cache, no-transform')
    expect(client.headers.get('x-accel-buffering')).toBe('no')
    const other = await connect(`${rig.url}${EVENTS}`)
    await other.at(0)
    expect(other.retries[0]).not.toBe(client.retries[0])
  })

  it('tells of a change with the tag that a bulk request then waits for', async () => {
    const environment = new HandMadeEnvironment('test', document('1'))
    const rig = await settled(environment)
    const client = await connect(`${rig.url}${EVENTS}`)
    const { id } = await client.at(0)
    const { ruleset } = environment.swap(document('2'))
    const notice = await client.at(1)
    expect(notice.type).toBe('message')
    expect(notice.id).not.toBe(id)
    const data = JSON.parse(notice.data) as { type: string; etag: string; lastModified: string }
    expect(data).toMatchObject({ type: 'refetchEvaluation', etag: `"${ruleset.revision}"` })
    expect(Number.isNaN(Date.parse(data.lastModified))).toBe(false)
    const query = new URLSearchParams({ flagConfigEtag: data.etag })
    const started = performance.now()
    const before = await rig.post(BULK, {})
    const bulk = await rig.post(`${BULK}?${query}`, {}, { 'If-None-Match': before.headers.get('etag') ?? '' })
    expect(bulk.status).toBe(304)
    // A replica without it waits; a client that lags behind is not kept waiting.
    const old = new URLSearchParams({ flagConfigEtag: id.split('.')[0] ?? '' })
    expect((await rig.post(`${BULK}?${old}`, {}, { 'If-None-Match': before.headers.get('etag') ?? '' })).status).toBe(
      200,
    )
    expect(performance.now() - started).toBeLessThan(240)
    expect((await rig.post(`${BULK}?flagConfigEtag=unheard-of`, {})).status).toBe(200)
    expect(performance.now() - started).toBeGreaterThan(240)
  })

  it('replays: at once for an old id, not for the present one, and after a recent change for none', async () => {
    const environment = new HandMadeEnvironment('test', document('1'))
    const rig = await settled(environment)
    const { id } = await (await connect(`${rig.url}${EVENTS}`)).at(0)
    const same = await connect(`${rig.url}${EVENTS}`, { 'Last-Event-ID': id })
    const none = await connect(`${rig.url}${EVENTS}`)
    const strange = await connect(`${rig.url}${EVENTS}`, { 'Last-Event-ID': 'from another relay' })
    expect((await strange.at(1)).type).toBe('message')
    environment.swap(document('2'))
    const missed = await connect(`${rig.url}${EVENTS}`, { 'Last-Event-ID': id })
    const fresh = await connect(`${rig.url}${EVENTS}`)
    for (const client of [missed, fresh]) expect((await client.at(1)).data).toContain('refetchEvaluation')
    await none.at(1)
    // The change, and nothing before it.
    expect([same.events.length, none.events.length]).toEqual([2, 2])
  })

  it('tells when a rule’s time has come', async () => {
    const from = Date.now() + 60_000 + 300
    const flags = { title: { variants: { a: 1 }, serve: 'a', from } }
    const rig = await settled(new HandMadeEnvironment('test', { flags }))
    const client = await connect(`${rig.url}${EVENTS}`)
    const { id } = await client.at(0)
    const notice = await client.at(1)
    expect(Date.now()).toBeGreaterThanOrEqual(from)
    expect(notice.id).not.toBe(id)
  })
})

describe('R17: notices', () => {
  it('are spread over the window, and a burst is one notice', async () => {
    const environment = new HandMadeEnvironment('test', document('0'))
    const settings = open(document('0'), { environment })
    const bench = new StreamBench({ environments: [settings], streams: { paceMs: 2_000 }, seed: 7 })
    await bench.timers.advance(20_000)
    const outlets = await Promise.all(Array.from({ length: 400 }, () => bench.open({ path: EVENTS })))
    const lengths = outlets.map((outlet) => outlet.written.length)
    const told = (): number => outlets.filter((outlet, index) => outlet.written.length > (lengths[index] ?? 0)).length
    environment.swap(document('1'))
    const counts: number[] = []
    for (let step = 0; step < 20; step++) {
      await bench.timers.advance(100)
      counts.push(told())
      if (step === 5) environment.swap(document('2'))
    }
    expect(counts[4]).toBeGreaterThan(60)
    expect(counts[4]).toBeLessThan(180)
    expect(Math.max(...counts.map((count, index) => count - (counts[index - 1] ?? 0)))).toBeLessThan(60)
    expect(told()).toBe(400)
    await bench.timers.advance(2_000)
    const { revision } = environment.snapshot()?.ruleset ?? { revision: '' }
    const notices = outlets.map((outlet) => outlet.text().split('refetchEvaluation').length - 1)
    expect(outlets.every((outlet) => outlet.text().includes(revision))).toBe(true)
    // Those told before the second change hear of it too; the others of both at once.
    expect(notices.filter((count) => count === 2).length).toBe(counts[5])
    expect(notices.filter((count) => count === 1).length).toBe(400 - (counts[5] ?? 0))
  })
})

describe('R12, R16: eventStreams in bulk answers', () => {
  const environments = [open(document('1'), { keys })]

  it('are for browsers, or for everybody, or for nobody', async () => {
    const auto = await start({ environments })
    const key = { 'X-API-Key': 'client-key' }
    expect(await advertised(auto, BULK, { ...key, ...BROWSER })).toBeDefined()
    expect(await advertised(auto, BULK, { ...key, Origin: 'https://shop.example' })).toBeDefined()
    expect(await advertised(auto, BULK, key)).toBeUndefined()
    expect(await advertised(auto, BULK, { ...key, ...BROWSER, 'User-Agent': 'ktor-client' })).toBeUndefined()
    const always = await start({ environments, streams: { eventStreams: 'always' } })
    expect(await advertised(always, BULK, key)).toBeDefined()
    const never = await start({ environments, streams: { eventStreams: 'never' } })
    expect(await advertised(never, BULK, { ...key, ...BROWSER })).toBeUndefined()
  })

  it('have a URL that stays, with a token in place of the key, the same on every replica', async () => {
    const environment = new HandMadeEnvironment('test', document('1'))
    const settings = open(document('1'), { environment, keys })
    const [rig, replica] = [await start({ environments: [settings] }), await start({ environments })]
    const headers = { 'X-API-Key': 'client-key', ...BROWSER }
    const stream = await advertised(rig, BULK, headers)
    const uri = stream?.endpoint?.requestUri ?? ''
    expect(stream?.type).toBe('sse')
    expect(uri).toMatch(/^\/ofrep\/v1\/events\?token=[\w-]{43}$/)
    expect(uri).not.toContain('client-key')
    environment.swap(document('2'))
    expect(await advertised(rig, BULK, headers)).toEqual(stream)
    expect(await advertised(replica, BULK, headers)).toEqual(stream)
    expect(await advertised(rig, BULK, { ...BROWSER, 'X-API-Key': 'server-key' })).not.toEqual(stream)
    const client = await connect(rig.url + uri)
    expect(client.status).toBe(200)
    await client.at(0)
    const token = new URL(rig.url + uri).searchParams.get('token') ?? ''
    // Good for notices, and for nothing else.
    for (const path of [`/v1/stream?token=${token}`, `/v1/document?token=${token}`]) {
      expect((await fetch(`${rig.url}${path}`)).status, path).toBe(401)
    }
    expect((await rig.post(BULK, {}, { 'X-API-Key': token })).status).toBe(401)
    expect((await rig.post(`${BULK}?token=${token}`, {})).status).toBe(401)
    expect((await fetch(`${rig.url}${EVENTS}?token=${token}x`)).status).toBe(401)
    expect((await fetch(`${rig.url}${EVENTS}?token=client-key`)).status).toBe(401)
    expect((await fetch(`${rig.url}${EVENTS}`)).status).toBe(401)
  })

  it('name the place under which the request came, and no other host', async () => {
    const one = open(document('1'), { name: 'one' })
    const two = open(document('1'), { name: 'two' })
    const rig = await start({ environments: [one, two], prefix: '/flags' })
    const uri = async (path: string, headers = {}): Promise<string> =>
      (await advertised(rig, path, { ...BROWSER, ...headers }))?.endpoint?.requestUri ?? ''
    expect(await uri(`/environments/one${BULK}`)).toBe('/environments/one/ofrep/v1/events')
    expect(await uri(`/flags/environments/one${BULK}`)).toBe('/flags/environments/one/ofrep/v1/events')
    expect(await uri(`/flags${BULK}`, { 'X-Halyard-Environment': 'two' })).toBe(
      '/flags/environments/two/ofrep/v1/events',
    )
    expect(await uri(`//environments/one/${BULK}/`)).toBe('/environments/one/ofrep/v1/events')
    for (const path of [`/environments/one${BULK}`, `/flags/environments/two${BULK}`]) {
      expect((await connect(rig.url + (await uri(path)))).status).toBe(200)
    }
    const outside = await start({ environments, publicUrl: 'https://flags.example.com/api' })
    const stream = await advertised(outside, BULK, { ...BROWSER, 'X-API-Key': 'client-key', Host: 'evil.example' })
    expect(stream?.endpoint).toBeUndefined()
    expect(stream?.url).toMatch(/^https:\/\/flags\.example\.com\/api\/ofrep\/v1\/events\?token=/)
  })

  it('are part of the tag: whoever gets them has another answer', async () => {
    const rig = await start({ environments })
    const key = { 'X-API-Key': 'client-key' }
    const plain = (await rig.post(BULK, {}, key)).headers.get('etag') ?? ''
    expect((await rig.post(BULK, {}, { ...key, 'If-None-Match': plain })).status).toBe(304)
    expect((await rig.post(BULK, {}, { ...key, ...BROWSER, 'If-None-Match': plain })).status).toBe(200)
  })

  it('open a stream across origins', async () => {
    const cors = { origins: ['https://shop.example'] }
    const other = open(document('1'), { name: 'other', cors: { origins: ['https://other.example'] } })
    const rig = await start({ environments: [open(document('1'), { keys, cors }), other] })
    const origin = { Origin: 'https://shop.example' }
    const stream = await advertised(rig, BULK, { ...origin, 'X-API-Key': 'client-key' })
    const client = await connect(`${rig.url}${stream?.endpoint?.requestUri ?? ''}`, origin)
    expect(client.headers.get('access-control-allow-origin')).toBe('https://shop.example')
    const foreign = { Origin: 'https://other.example' }
    const refused = await connect(`${rig.url}${stream?.endpoint?.requestUri ?? ''}`, foreign)
    expect(refused.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('the unmodified OpenFeature web provider', () => {
  it('hears of a change, asks again and serves the new value', { timeout: 15_000 }, async () => {
    vi.stubGlobal('EventSource', EventSource)
    const environment = new HandMadeEnvironment('test', document('old'))
    const rig = await start({
      environments: [open(document('old'), { environment, keys })],
      streams: { eventStreams: 'always' },
    })
    const provider = new OFREPWebProvider({
      baseUrl: rig.url,
      headers: [['X-API-Key', 'client-key']],
      cacheMode: 'disabled',
    })
    try {
      await OpenFeature.setProviderAndWait(
        'events',
        provider as unknown as Parameters<typeof OpenFeature.setProviderAndWait>[1],
      )
      const client = OpenFeature.getClient('events')
      expect(client.getStringValue('title', 'default')).toBe('old')
      const changed = vi.fn<() => void>()
      client.addHandler(ProviderEvents.ConfigurationChanged, changed)
      await vi.waitFor(
        async () =>
          expect(await rig.metrics.text()).toContain('halyard_streams_open{environment="test",kind="events"} 1'),
        5_000,
      )
      environment.swap(document('new'))
      await vi.waitFor(() => expect(client.getStringValue('title', 'default')).toBe('new'), 5_000)
      expect(changed).toHaveBeenCalled()
      environment.swap(document('newest'))
      await vi.waitFor(() => expect(client.getStringValue('title', 'default')).toBe('newest'), 5_000)
      // One stream all the time: its URL stays.
      expect(await rig.metrics.text()).toContain('halyard_streams_opened_total{environment="test",kind="events"} 1')
    } finally {
      await OpenFeature.close()
      vi.unstubAllGlobals()
    }
  })
})
