/**
 * The stream over real sockets against a service that the vendor's own SDK accepts: versions, tombstones, missed and
 * unreadable events, and the polls that bridge what the stream cannot.
 */
import sdk from '@launchdarkly/node-server-sdk'
import { afterEach, describe, expect, it } from 'vitest'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { until } from '../../upstream/testing/recorder.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { follow } from '../testing/follow.ts'
import { launchdarkly } from './source.ts'
import { streamAddress } from './stream.ts'
import { MockLaunchDarkly } from './testing/mock.ts'
import type { Kind, Versioned } from './testing/mock.ts'

const KEY = 'sdk-5d7c2b1e-1f4a-4c3b-9e0a-3a2b1c0d9e8f'

const open: { close(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

const flag = (version: number, value: unknown = version): Versioned => ({
  version,
  on: false,
  offVariation: 0,
  variations: [value],
  fallthrough: { variation: 0 },
  salt: 's',
})

async function service(): Promise<MockLaunchDarkly> {
  const mock = await MockLaunchDarkly.start(KEY)
  open.push(mock)
  mock.put('flags', 'f', flag(1))
  return mock
}

async function connected(mock: MockLaunchDarkly, change: Partial<UpstreamSettings> = {}, seed: number = 3) {
  const settings = { vendor: 'launchdarkly', url: mock.url, secret: KEY, ...change }
  const followed = follow(launchdarkly, settings, { seed, step: 500 })
  const { source, documents, when } = followed
  open.unshift({ close: () => source.stop() })
  /** Until the newest document is what the service holds. */
  const inStep = (): Promise<void> =>
    when(() => documents().length > 0 && same(documents().at(-1), mock.document()), 'the server’s document')
  return { ...followed, inStep }
}

/** The same flags and segments; where in the document they stand does not matter. */
function same(text: string | undefined, expected: { flags: object; segments: object }): boolean {
  const got = JSON.parse(text ?? '{}') as { flags?: object; segments?: object }
  return canonical(got.flags) === canonical(expected.flags) && canonical(got.segments) === canonical(expected.segments)
}

function canonical(objects: object = {}): string {
  return JSON.stringify(Object.entries(objects).sort(([a], [b]) => (a < b ? -1 : 1)))
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds))

describe('the service of the tests', () => {
  it('is a LaunchDarkly to the vendor’s unmodified SDK: put, patch, delete, polling, events', async () => {
    const mock = await service()
    for (const stream of [true, false]) {
      const logger = { error() {}, warn() {}, info() {}, debug() {} }
      const uris = { baseUri: mock.url, streamUri: mock.url, eventsUri: mock.url }
      const client = sdk.init(KEY, { ...uris, stream, logger, flushInterval: 1 })
      await client.waitForInitialization({ timeout: 10 })
      const ask = (key: string): Promise<unknown> => client.variation(key, { kind: 'user', key: 'u' }, 'default')
      expect(await ask('f')).toBe(stream ? 1 : 3)
      if (stream) {
        mock.put('flags', 'f', flag(2))
        await until(() => mock.streams === 1, 'the stream')
        const sees = async (key: string, value: unknown): Promise<void> => {
          for (let tries = 0; tries < 500 && (await ask(key)) !== value; tries += 1) await pause(5)
          expect(await ask(key)).toBe(value)
        }
        await sees('f', 2)
        mock.put('flags', 'g', flag(1, 'new'))
        await sees('g', 'new')
        mock.delete('flags', 'g', 2)
        await sees('g', 'default')
        mock.send('patch', { path: '/flags/g', data: { key: 'g', ...flag(1, 'late') } })
        mock.put('flags', 'f', flag(3))
        await sees('f', 3)
        expect(await ask('g')).toBe('default')
      } else {
        expect(mock.polls).toBeGreaterThan(0)
      }
      await client.flush()
      client.close()
    }
    expect(mock.eventsTaken).toBeGreaterThan(0)
  })
})

describe('following', () => {
  it('delivers the whole, then each change at once, with the raw key and without a poll', async () => {
    const mock = await service()
    const { sink, inStep, source, timers } = await connected(mock, {
      headers: { Authorization: 'other', 'x-trace': '1' },
    })
    expect(await sink.at(1)).toMatchObject({ kind: 'document', document: { origin: `${mock.url}/all` } })
    await timers.advance(500)
    mock.put('flags', 'g', flag(1))
    expect((await sink.at(2)).kind).toBe('document')
    mock.put('segments', '__proto__', { version: 1, included: ['u'] })
    mock.put('flags', 'a/b', flag(1))
    await inStep()
    mock.delete('flags', 'f', 2)
    await inStep()
    expect(mock.polls).toBe(0)
    expect(source.status()).toMatchObject({ state: 'live', consecutiveFailures: 0 })
    expect(mock.requests[0]?.headers).toMatchObject({ authorization: KEY, 'x-trace': '1', accept: 'text/event-stream' })
  })

  it('ignores what is older, unknown or not for it', async () => {
    const mock = await service()
    const { sink, inStep, timers } = await connected(mock)
    await sink.at(1)
    mock.send('patch', { path: '/flags/f', data: { key: 'f', ...flag(1, 'again') } })
    mock.send('patch', { path: '/flags/f', data: { key: 'f', ...flag(0, 'older') } })
    mock.send('patch', { path: '/configs/f', data: { version: 9 } })
    mock.send('delete', { path: '/flags/f', version: 1 })
    mock.send('ping', ' ')
    mock.send('put', { path: '/elsewhere', data: {} })
    await pause(50)
    await timers.advance(1_000)
    expect(sink.events).toHaveLength(1)
    mock.put('flags', 'f', flag(2))
    await inStep()
    expect(sink.events).toHaveLength(2)
  })

  it('delivers a burst of changes at most ten times a second', async () => {
    const mock = await service()
    const { documents, sink, timers } = await connected(mock)
    await sink.at(1)
    for (let version = 2; version < 1_002; version += 1) mock.put('flags', 'f', flag(version))
    await pause(100)
    expect(documents().length).toBeLessThanOrEqual(2)
    await timers.advance(500)
    expect(documents().length).toBeLessThanOrEqual(3)
    expect(same(documents().at(-1), mock.document())).toBe(true)
  })

  it.each([
    ['patch', '{'],
    ['patch', '[]'],
    ['patch', '{"path":"/flags/f","data":{"key":"f"}}'],
    ['patch', '{"path":"/flags/f","data":{"key":"f","version":"2"}}'],
    ['delete', '{"path":"/flags/f"}'],
    ['put', '{"path":"/","data":{"flags":[]}}'],
    ['put', '{"data":{"flags":{},"segments":5}}'],
    ['put', ''],
  ])('an unreadable %s %j keeps the last good document and connects anew', async (event, data) => {
    const mock = await service()
    const { sink, inStep, documents } = await connected(mock)
    await sink.at(1)
    mock.put('flags', 'missed', flag(1), true)
    mock.send(event, data)
    const error = await sink.failureAt(2)
    expect(error).toMatchObject({ kind: 'protocol' })
    await inStep()
    expect(mock.streamsOpened).toBe(2)
    expect(documents()).toHaveLength(2)
  })

  it(
    'ends in step after 300 random faults: missed, late, repeated and unreadable events, lost connections (seed 31)',
    {
      timeout: 60_000,
    },
    async () => {
      const mock = await service()
      const { sink, inStep } = await connected(mock, {}, 31)
      const random = new FakeTimers({ seed: 31 })
      const below = (n: number): number => Math.floor(random.random() * n)
      await sink.at(1)
      const sent: (() => void)[] = []
      let version = 1
      for (let fault = 0; fault < 300; fault += 1) {
        version += 1
        const now = version
        const kind: Kind = below(2) === 0 ? 'flags' : 'segments'
        const key = `k${below(5)}`
        const quietly = below(6) === 0
        if (below(3) === 0) mock.delete(kind, key, now, quietly)
        else mock.put(kind, key, flag(now), quietly)
        const repeat = { path: `/${kind}/${key}`, data: { key, ...flag(now - 3) } }
        sent.push(() => mock.send('patch', repeat))
        if (below(3) === 0) sent[below(sent.length)]?.()
        // A service that told nothing of a change has lost it; a client learns of it when it connects anew.
        if (quietly || below(15) === 0) {
          if (below(2) === 0) mock.send('patch', '{"path":')
          else mock.drop()
        }
        if (below(10) === 0) await inStep()
      }
      await inStep()
      expect(mock.streamsOpened).toBeGreaterThan(10)
      expect(mock.requests.length).toBeLessThan(200)
    },
  )
})

describe('while the stream is broken', () => {
  it('polls at once when nothing is known yet, and stops when the stream is there', async () => {
    const mock = await service()
    mock.streamFailing = 404
    const { sink, timers, inStep, source } = await connected(mock)
    expect(await sink.failureAt(1)).toMatchObject({ kind: 'not-found' })
    expect((await sink.at(2)).kind).toBe('document')
    expect(source.status()).toMatchObject({ state: 'live' })
    mock.put('flags', 'f', flag(2))
    await timers.advance(33_000)
    await inStep()
    mock.streamFailing = undefined
    for (let second = 0; second < 600 && mock.streams === 0; second += 10)
      await timers.advance(10_000).then(() => pause(5))
    await until(() => mock.streams === 1, 'the stream')
    mock.put('flags', 'f', flag(3))
    await inStep()
    const { polls } = mock
    await timers.advance(100_000)
    await pause(50)
    expect(mock.polls).toBe(polls)
    expect(source.status()).toMatchObject({ state: 'live', consecutiveFailures: 0 })
    // The stream's watch is the only timer that is left.
    expect(timers.pending).toBe(1)
  })

  it('waits five seconds before it polls, since most breaks are shorter', async () => {
    const mock = await service()
    const { sink, timers } = await connected(mock)
    await sink.at(1)
    mock.streamFailing = 500
    mock.drop()
    await sink.failureAt(2)
    await timers.advance(4_999)
    await pause(30)
    expect(mock.polls).toBe(0)
    await timers.advance(1)
    await until(() => mock.polls === 1, 'the poll')
    const failures = sink.events.filter(({ kind }) => kind === 'failed').length
    // While polls work, further failures of the stream are no news.
    await timers.advance(20_000)
    await pause(30)
    expect(sink.events.filter(({ kind }) => kind === 'failed').length).toBeLessThanOrEqual(failures + 1)
  })

  it('polls when the stream is open but says nothing, and when it falls silent', async () => {
    const mock = await service()
    mock.silent = true
    const { sink, timers, source } = await connected(mock)
    await until(() => mock.streams === 1, 'the stream')
    await pause(30)
    expect(source.status().state).toBe('starting')
    await timers.advance(5_000)
    expect((await sink.at(1)).kind).toBe('document')
    mock.silent = false
    await timers.advance(295_000)
    await until(() => sink.events.some(({ kind }) => kind === 'failed'), 'the silence to be noticed')
    await timers.advance(10_000)
    await until(() => mock.streamsOpened === 2, 'the next stream')
  })

  it('polls when the next stream is open but says nothing, and applies no change before the whole', async () => {
    const mock = await service()
    const { sink, timers, source, documents } = await connected(mock)
    await sink.at(1)
    mock.silent = true
    mock.drop()
    await sink.failureAt(2)
    await timers.advance(1_000)
    await until(() => mock.streamsOpened === 2, 'the silent stream')
    mock.put('flags', 'g', flag(9))
    await pause(30)
    expect(documents()).toHaveLength(1)
    expect(source.status().state).toBe('retrying')
    await timers.advance(5_000)
    await until(() => documents().length === 2, 'the poll')
    expect(same(documents().at(-1), mock.document())).toBe(true)
  })

  it('never gives up on a 401, which ends the vendor’s own SDKs', async () => {
    const mock = await service()
    mock.key = 'sdk-other'
    const { sink, timers, source, inStep } = await connected(mock)
    expect(await sink.failureAt(1)).toMatchObject({ kind: 'unauthorized', status: 401 })
    for (let minute = 0; minute < 30; minute += 1) await timers.advance(60_000).then(() => pause(3))
    expect(source.status().state).toBe('retrying')
    expect(mock.requests.length).toBeLessThan(60)
    mock.key = KEY
    for (let minute = 0; minute < 10; minute += 1) await timers.advance(60_000).then(() => pause(3))
    await inStep()
  })

  it('a quiet stream goes on confirming its document', async () => {
    const mock = await service()
    const { sink, timers } = await connected(mock)
    await sink.at(1)
    for (let beat = 0; beat < 4; beat += 1) {
      await timers.advance(120_000)
      mock.comment()
      await sink.at(2 + beat)
    }
    expect(sink.words.slice(1)).toEqual(['unchanged', 'unchanged', 'unchanged', 'unchanged'])
  })
})

it.each([
  ['https://sdk.launchdarkly.com', 'https://stream.launchdarkly.com/all'],
  ['https://sdk.launchdarkly.us/', 'https://stream.launchdarkly.us/all'],
  ['https://sdk.eu.launchdarkly.com', 'https://stream.eu.launchdarkly.com/all'],
  ['https://stream.launchdarkly.com', 'https://stream.launchdarkly.com/all'],
  ['http://sdk.example.com/ld?filter=a%20b', 'http://sdk.example.com/ld/all?filter=a%20b'],
])('%s streams from %s', (base, expected) => {
  expect(streamAddress(new URL(base))).toBe(expected)
})
