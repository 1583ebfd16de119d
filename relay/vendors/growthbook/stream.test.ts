/** The stream over real sockets, against a server that the vendor's own SDK streams from. */
import { GrowthBookClient, setPolyfills } from '@growthbook/growthbook'
import { EventSource } from 'undici'
import { afterEach, expect, it } from 'vitest'
import { compile } from '../../engine/index.ts'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { Recorder, until } from '../../upstream/testing/recorder.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { growthbook } from './source.ts'
import { announce, growthbookMock } from './testing/mock.ts'
import type { Connection } from './testing/mock.ts'

const KEY = 'sdk-abc123'
const ENCRYPTION_KEY = 'vMSg2Bj/IurObDsWVmvkUg=='

const payload = (value: string, minute: number = 0): Connection['payload'] => ({
  features: { f: { defaultValue: value } },
  experiments: [],
  dateUpdated: new Date(Date.UTC(2026, 10, 1, 0, minute)).toISOString(),
})

const open: { close(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds))

async function streaming(connection: Partial<Connection> = {}, change: Partial<UpstreamSettings> = {}) {
  const mock = await growthbookMock({ [KEY]: { payload: payload('a'), ...connection } }, '/base')
  mock.streams = new Set()
  const timers = new FakeTimers()
  const settings = { vendor: 'growthbook', url: `${mock.url}/base`, secret: KEY, ...change }
  expect(growthbook.check(settings)).toEqual([])
  const source = growthbook.connect(settings, { timers, seed: 'test' })
  const sink = new Recorder()
  source.start(sink)
  open.push({ close: () => source.stop() }, mock)
  const fetches = (): number => mock.requests.filter(({ url }) => url?.startsWith('/base/api/features/')).length
  const publish = (next: Connection['payload'], how?: 'features' | 'features-updated'): void => {
    mock.connections.set(KEY, { ...connection, payload: next })
    if (how !== undefined) announce(mock, KEY, how)
  }
  const serves = async (value: string, step: number = 10): Promise<void> => {
    const deadline = performance.now() + 5_000
    while (served(sink) !== value) {
      if (performance.now() > deadline) throw new Error(`serves ${String(served(sink))}, not ${value}`)
      await pause(2)
      await timers.advance(step)
    }
  }
  await sink.at(1)
  await until(() => mock.streams?.size === 1, 'the stream')
  // The fetch that follows the opening.
  await pause(20)
  await timers.advance(1_000)
  await until(() => fetches() === 2, 'the second fetch')
  return { mock, timers, source, sink, fetches, publish, serves }
}

function served(sink: Recorder): unknown {
  const text = sink.events.findLast((event) => event.kind === 'document')?.text
  if (text === undefined) return undefined
  return compile({ dialect: growthbook.dialect, document: text }).ruleset.evaluate('f', { targetingKey: 'u' }).value
}

it('serves the payload of an event at once, and fetches when it was only told of a change', async () => {
  const { mock, publish, serves, fetches } = await streaming()
  publish(payload('b', 1), 'features')
  await serves('b')
  expect(fetches()).toBe(2)
  publish(payload('c', 2), 'features-updated')
  await serves('c', 200)
  expect(fetches()).toBe(3)
  const subscription = mock.requests.find(({ url }) => url === `/base/sub/${KEY}`)
  expect(subscription?.headers).toMatchObject({ accept: 'text/event-stream' })
})

it('decrypts events as it decrypts answers, and keeps the good payload when it cannot', async () => {
  const options = { decryptionKey: ENCRYPTION_KEY }
  const { mock, timers, sink, publish, serves } = await streaming({ encryptionKey: ENCRYPTION_KEY }, { options })
  publish(payload('b', 1), 'features')
  await serves('b')
  mock.connections.set(KEY, { payload: payload('c', 2), encryptionKey: 'AAECAwQFBgcICQoLDA0ODw==' })
  announce(mock, KEY, 'features')
  await pause(30)
  await timers.advance(100)
  await until(() => sink.events.some(({ kind }) => kind === 'failed'), 'the failure')
  expect(served(sink)).toBe('b')
})

it('connects anew after an unreadable payload, and fetches what it missed', async () => {
  const { mock, sink, timers, publish, serves } = await streaming()
  for (const data of ['{', '[]', '{"status":200}']) {
    for (const stream of mock.streams ?? []) stream.write(`event: features\ndata: ${data}\n\n`)
    await until(() => mock.streams?.size === 0, 'the end of the stream')
    // The server wants ten seconds at least.
    await timers.advance(9_999)
    await pause(20)
    expect(mock.streams?.size).toBe(0)
    publish(payload(`after ${data}`, 5))
    for (let step = 0; step < 100 && mock.streams?.size === 0; step += 1) await timers.advance(200).then(() => pause(2))
    await serves(`after ${data}`, 200)
  }
  expect(sink.events.find(({ kind }) => kind === 'failed')).toMatchObject({ error: { kind: 'protocol' } })
})

it('does not fall back to what a cache remembers, unless the server insists for minutes', async () => {
  const { mock, timers, sink, publish, serves } = await streaming()
  publish(payload('newest', 9), 'features')
  await serves('newest')
  publish(payload('cached', 3))
  await timers.advance(66_000)
  await pause(30)
  expect(served(sink)).toBe('newest')
  // The stream must show life meanwhile, or its silence would end it.
  for (let minute = 0; minute < 7; minute += 1) {
    for (const stream of mock.streams ?? []) stream.write('data:\n\n')
    await pause(10)
    await timers.advance(60_000)
    await pause(10)
  }
  expect(served(sink)).toBe('cached')
})

it('polls on where there is no stream', async () => {
  const mock = await growthbookMock({ [KEY]: { payload: payload('a') } })
  const timers = new FakeTimers()
  const source = growthbook.connect({ vendor: 'growthbook', url: mock.url, secret: KEY }, { timers, seed: 'test' })
  const sink = new Recorder()
  source.start(sink)
  open.push({ close: () => source.stop() }, mock)
  await until(() => served(sink) === 'a', 'the first payload')
  mock.connections.set(KEY, { payload: payload('b') })
  for (let step = 0; step < 12; step += 1) await timers.advance(10_000).then(() => pause(5))
  expect(served(sink)).toBe('b')
  expect(source.status()).toMatchObject({ state: 'live', consecutiveFailures: 0 })
  // One failure tells that there is no stream; the others are no news while polls work.
  expect(sink.events.filter(({ kind }) => kind === 'failed').length).toBeLessThanOrEqual(2)
})

it.each<[string, Partial<Connection>]>([
  ['plain', {}],
  ['encrypted', { encryptionKey: ENCRYPTION_KEY }],
])('the server of these tests streams %s payloads to the vendor’s unmodified SDK', async (_, connection) => {
  const mock = await growthbookMock({ [KEY]: { payload: payload('a'), ...connection } })
  mock.streams = new Set()
  open.push(mock)
  setPolyfills({ EventSource })
  const key = connection.encryptionKey === undefined ? {} : { decryptionKey: connection.encryptionKey }
  const client = new GrowthBookClient({ apiHost: mock.url, clientKey: KEY, ...key })
  open.unshift({ close: () => client.destroy() })
  await client.init({ streaming: true, timeout: 5_000 })
  const value = (): unknown => client.getFeatureValue('f', 'none', { attributes: { id: 'u' } })
  expect(value()).toBe('a')
  await until(() => mock.streams?.size === 1, 'the stream of the SDK')
  mock.connections.set(KEY, { payload: payload('b', 1), ...connection })
  announce(mock, KEY, 'features')
  await until(() => value() === 'b', 'the event')
  mock.connections.set(KEY, { payload: payload('c', 2), ...connection })
  announce(mock, KEY, 'features-updated')
  await until(() => value() === 'c', 'the fetch after the notice')
})
