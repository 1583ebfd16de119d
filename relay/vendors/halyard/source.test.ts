/**
 * A relay behind another one: same revision, streams with polls behind them, replicas that are behind, other relays'
 * restarts, and a relay that is its own upstream.
 */
import { compile, unwrap } from '@halyard/engine'
import { afterEach, describe, expect, it } from 'vitest'
import { until } from '../../upstream/testing/recorder.ts'
import { follow } from '../testing/follow.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { halyard } from './source.ts'
import { MockRelay } from './testing/mock.ts'

const KEY = 'a-server-key-of-the-other-relay'
const flags = (value: string): string =>
  `{"flags":{"a":{"state":"ENABLED","variants":{"on":${value}},"defaultVariant":"on"}}}`

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function relay(): Promise<MockRelay> {
  const mock = await MockRelay.start(KEY)
  open.push(mock)
  return mock
}

function connected(mock: MockRelay, change: Partial<UpstreamSettings> = {}) {
  const settings = { vendor: 'halyard', url: `${mock.server.url}/env/shop/`, secret: KEY, ...change }
  const followed = follow(halyard, settings, { seed: 5, step: 500 })
  open.unshift({ close: () => followed.source.stop() })
  return followed
}

const revisionOf = (document: string | undefined): string =>
  compile({ dialect: halyard.dialect, document: document ?? '' }).ruleset.revision

describe.each([true, false])('with streams: %s', (stream) => {
  it('delivers envelopes that have the other relay’s revision, each document once', async () => {
    const mock = await relay()
    mock.serve(flags('1.0'))
    const { documents, when } = connected(mock, { stream })
    await when(() => documents().length === 1, 'the first document')
    expect(revisionOf(documents()[0])).toBe(mock.revision)
    expect(documents()[0]).toContain('"on":1.0')
    mock.serve(flags('2'), { version: 2 })
    await when(() => documents().length === 2, 'the second document')
    expect(revisionOf(documents()[1])).toBe(mock.revision)
  })

  it('delivers the same bytes for the same document, whatever order its relay has given it', async () => {
    const mock = await relay()
    mock.serve(flags('1'), { epoch: 1, version: 7 })
    const first = connected(mock, { stream })
    await first.when(() => first.documents().length === 1, 'the first document')
    mock.serve(flags('1'), { epoch: 2, version: 1 })
    const second = connected(mock, { stream })
    await second.when(() => second.documents().length === 1, 'the other’s first document')
    expect(second.documents()).toEqual(first.documents())
    expect(first.documents()).toHaveLength(1)
    expect(unwrap(first.documents()[0] ?? '')).toMatchObject({ epoch: 0, version: 0, receivedAt: 0 })
  })

  it('waits for a relay that has no document yet', async () => {
    const mock = await relay()
    const { sink, documents, when, source } = connected(mock, { stream })
    await when(() => sink.events.length >= 3, 'failures')
    expect(source.status().state).toBe('retrying')
    mock.serve(flags('1'))
    await when(() => documents().length === 1, 'the first document')
    await when(() => source.status().state === 'live', 'health')
  })

  it('sends the key as a bearer’s, and says so when it is refused', async () => {
    const mock = await relay()
    mock.serve(flags('1'))
    const { sink } = connected(mock, { stream, secret: 'another-key-than-that' })
    expect((await sink.failureAt(1)).kind).toBe('unauthorized')
    expect(mock.server.requests[0]?.headers.authorization).toBe('Bearer another-key-than-that')
  })
})

describe('the stream', () => {
  it('resumes without a new document, and counts as confirmed', async () => {
    const mock = await relay()
    mock.serve(flags('1'))
    const { documents, when, sink, timers } = connected(mock)
    await when(() => documents().length === 1, 'the first document')
    await timers.advance(31_000)
    for (const each of mock.streams) each.end()
    await when(() => mock.server.seen === 2 && mock.streams.size === 1, 'the next connection')
    expect(mock.server.requests[1]?.headers['last-event-id']).toBe(`1.1.${mock.revision}`)
    await when(() => sink.words.at(-1) === 'unchanged', 'a confirmation')
    expect(documents()).toHaveLength(1)
  })

  it('connects anew, and not as resumed, when the other relay resumes at something else', async () => {
    const mock = await relay()
    mock.serve(flags('1'))
    const { documents, when, timers } = connected(mock)
    await when(() => documents().length === 1, 'the first document')
    await timers.advance(31_000)
    mock.instead = (response) => {
      mock.instead = undefined
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('id: x\nevent: current\ndata: {"revision":"another","epoch":1,"version":9}\n\n')
    }
    for (const each of mock.streams) each.end()
    await when(() => mock.server.seen >= 3 && mock.streams.size === 1, 'the connection after that')
    expect(mock.server.requests.at(-1)?.headers).not.toHaveProperty('last-event-id')
  })

  it('does not follow a replica that is behind until it has caught up', async () => {
    const mock = await relay()
    mock.serve(flags('2'), { version: 2 })
    const { documents, when, timers } = connected(mock)
    await when(() => documents().length === 1, 'the first document')
    await timers.advance(31_000)
    let behind = false
    mock.instead = (response) => {
      behind = true
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      mock.serve(flags('1'), { version: 1 })
      response.write(`id: old\nevent: document\ndata: ${mock.envelope({ stale: true })}\n\n`)
      mock.streams.add(response)
    }
    for (const each of mock.streams) each.end()
    mock.streams.clear()
    await when(() => behind, 'the replica that is behind')
    await timers.advance(3_000)
    expect(documents()).toHaveLength(1)
    mock.serve(flags('3'), { version: 3 })
    await when(() => documents().length === 2, 'the document that it caught up with')
    expect(revisionOf(documents()[1])).toBe(mock.revision)
  })

  it('follows a relay that began its order anew and takes itself to be behind', async () => {
    const mock = await relay()
    mock.serve(flags('1'), { version: 50, receivedAt: 1_000 })
    const { documents, when, timers } = connected(mock)
    await when(() => documents().length === 1, 'the first document')
    await timers.advance(31_000)
    mock.instead = (response) => {
      mock.instead = undefined
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      mock.serve(flags('2'), { version: 1, receivedAt: 2_000 })
      response.write(`id: new\nevent: document\ndata: ${mock.envelope({ stale: true })}\n\n`)
      mock.streams.add(response)
    }
    for (const each of mock.streams) each.end()
    mock.streams.clear()
    await when(() => documents().length === 2, 'the new document')
    expect(revisionOf(documents()[1])).toBe(mock.revision)
    await timers.advance(20_000)
    expect(mock.server.requests.filter(({ url }) => url?.endsWith('/document'))).toEqual([])
  })

  it('ends at an envelope that cannot be read, and never quotes it', async () => {
    const mock = await relay()
    mock.instead = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('event: document\ndata: {"dialect":"flagd","secret":"hush"}\n\n')
    }
    const { sink } = connected(mock)
    const error = await sink.failureAt(1)
    expect(error.kind).toBe('protocol')
    expect(error.message).toContain('document: is missing')
    expect(error.message).not.toContain('hush')
  })
})

describe('polls', () => {
  it('hold back a document of a replica that is behind for five minutes', async () => {
    const mock = await relay()
    mock.serve(flags('2'), { version: 2 })
    const { documents, when, timers, sink } = connected(mock)
    await when(() => documents().length === 1, 'the first document')
    mock.instead = (response) => void response.writeHead(404).end()
    for (const each of mock.streams) each.destroy()
    mock.streams.clear()
    mock.serve(flags('1'), { version: 1 })
    await when(() => mock.server.requests.some(({ url }) => url?.endsWith('/document') === true), 'a poll')
    await until(() => sink.events.length > 1, 'the failure')
    await timers.advance(200_000)
    expect(documents()).toHaveLength(1)
    await when(() => documents().length === 2, 'the document after all')
    expect(timers.monotonic()).toBeGreaterThan(300_000)
  })
})

describe('settings', () => {
  const check = (settings: Partial<UpstreamSettings>): unknown =>
    halyard.check({ vendor: 'halyard', ...settings }).map(({ path, message }) => `${path} ${message}`)

  it('need an address, a possible key and no options', () => {
    expect(check({ url: 'https://flags.example.com/env/shop/v1/document/stream' })).toEqual([])
    expect(check({})).toEqual(['url give the url of the other relay, or a file'])
    expect(check({ url: 'ftp://flags.example.com' })).toEqual([expect.stringMatching(/^url must be the base address/)])
    expect(check({ url: 'https://a.example', secret: 'sh ort' })).toEqual([expect.stringMatching(/^secret must be/)])
    expect(check({ url: 'https://a.example', options: { profile: 'els' } })).toEqual([
      expect.stringMatching(/^options are those of the first relay/),
    ])
  })
})
