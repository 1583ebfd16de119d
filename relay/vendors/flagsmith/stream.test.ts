/** Notices over real sockets: each brings a fetch forward, none is needed, and none carries a secret. */
import { readFile } from 'node:fs/promises'
import { afterEach, expect, it } from 'vitest'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { Recorder, until } from '../../upstream/testing/recorder.ts'
import { flagsmith } from './source.ts'
import { FlagsmithFeed } from './stream.ts'
import { FlagsmithApi } from './testing/mock.ts'
import type { EnvironmentDocument } from './testing/mock.ts'

const DEMO = new URL('../../../config/flags/flagsmith.json', import.meta.url)
const demo = { ...(JSON.parse(await readFile(DEMO, 'utf8')) as EnvironmentDocument), api_key: 'client/side key' }

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds))

async function streaming() {
  const api = new FlagsmithApi({ ...demo, api_key: 'client-side' })
  api.streams = new Set()
  const server = await api.listen()
  const timers = new FakeTimers()
  const settings = { vendor: 'flagsmith', url: server.url, secret: api.key, headers: { 'x-gateway': 'canary' } }
  const source = flagsmith.connect(settings, { timers, seed: 'test' })
  const sink = new Recorder()
  source.start(sink)
  open.push({ close: () => source.stop() }, server)
  await sink.at(1)
  await until(() => api.streams?.size === 1, 'the stream')
  await pause(20)
  await timers.advance(1_000)
  await until(() => server.seen === 3, 'the fetch that follows the opening')
  expect((await sink.at(2)).kind).toBe('unchanged')
  await until(() => timers.pending === 2, 'the next poll to be scheduled')
  const documents = (): number => sink.events.filter(({ kind }) => kind === 'document').length
  return { api, server, timers, source, sink, documents }
}

it('fetches within a second of a notice, without telling the stream a secret', async () => {
  const { api, server, timers, documents } = await streaming()
  api.document = { ...api.document, updated_at: '2026-11-03T00:00:00.500000Z' }
  api.announce()
  await pause(30)
  await timers.advance(1_000)
  await until(() => documents() === 2, 'the new document')
  const stream = server.requests.find(({ url }) => url === '/sse/environments/client-side/stream')
  expect(JSON.stringify(stream?.headers)).not.toMatch(/canary|ser\./)
  expect(stream?.headers).not.toHaveProperty('x-environment-key')
})

it('sees the second of two changes in one second, which a conditional request cannot', async () => {
  const { api, timers, documents } = await streaming()
  for (const [index, fraction] of ['100000', '900000'].entries()) {
    api.document = { ...api.document, updated_at: `2026-11-03T00:00:00.${fraction}Z` }
    api.announce()
    await pause(30)
    await timers.advance(1_000)
    await until(() => documents() === index + 2, `document ${index + 2}`)
    await pause(20)
  }
})

it('does not fetch for what it has already', async () => {
  const { api, server, timers } = await streaming()
  const { seen } = server
  api.announce()
  for (const stream of api.streams ?? []) stream.write('event: other\ndata: {}\n\ndata: \n\n: ping\n\n')
  await pause(30)
  // Longer than a fetch that was brought forward would wait, shorter than the next poll.
  expect(timers.nextIn).toBeGreaterThan(1_100)
  await timers.advance(1_100)
  await pause(30)
  expect(server.seen).toBe(seen)
})

it('fetches what it missed while the stream was away, and polls throughout', async () => {
  const { api, timers, documents, source } = await streaming()
  const { streams = new Set() } = api
  api.streams = undefined
  for (const stream of streams) stream.destroy()
  await pause(30)
  api.document = { ...api.document, updated_at: '2026-11-04T00:00:00.000000Z' }
  for (let step = 0; step < 14; step += 1) await timers.advance(5_000).then(() => pause(5))
  await until(() => documents() === 2, 'the polled document')
  expect(source.status().state).toBe('live')
  api.streams = new Set()
  api.document = { ...api.document, updated_at: '2026-11-05T00:00:00.000000Z' }
  for (let step = 0; step < 300 && api.streams.size === 0; step += 1) await timers.advance(1_000).then(() => pause(2))
  await pause(20)
  await timers.advance(1_000)
  await until(() => documents() === 3, 'the document after the stream came back')
})

it('finds the stream’s address in the document, at the vendor on a host of its own', () => {
  const feed = new FlagsmithFeed()
  expect(feed.address('https://edge.api.flagsmith.com/api/v1/')).toBeUndefined()
  const bytes = new TextEncoder().encode(JSON.stringify([demo, { api_key: 'of the second page' }]))
  feed.polled({ bytes, receivedAt: 0, origin: 'test' })
  const path = '/sse/environments/client%2Fside%20key/stream'
  expect(feed.address('https://edge.api.flagsmith.com/api/v1/')).toBe(`https://realtime.flagsmith.com${path}`)
  expect(feed.address('https://flags.example.com/api/v1/')).toBe(`https://flags.example.com${path}`)
})

it.each([
  ['{"updated_at": 1793700000.5}', 'fetch'],
  ['{"updated_at": 1793700000500}', 'fetch'],
  ['{"updated_at": 1000000000.5}', 'nothing'],
  ['{"updated_at": 1000000000500}', 'nothing'],
  ['{"updated_at": "soon"}', 'fetch'],
  ['{', 'fetch'],
  ['', 'nothing'],
])('a notice %s means %s', (data, verdict) => {
  const feed = new FlagsmithFeed()
  const bytes = new TextEncoder().encode('{"updated_at":"2026-11-02T09:30:00Z"}')
  feed.polled({ bytes, receivedAt: 0, origin: 'test' })
  expect(feed.event({ type: 'environment_updated', data, id: '' })).toBe(verdict)
})
