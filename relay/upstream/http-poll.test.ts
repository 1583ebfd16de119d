/** Polling a healthy upstream: validators, repeats, redirects, encodings, refresh, and the vendor's own habits. */
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { FakeTimers } from './fake-timers.ts'
import { HttpPollSource } from './http-poll.ts'
import type { HttpPollOptions } from './http-poll.ts'
import { Recorder, until } from './testing/recorder.ts'
import { httpUpstream } from './testing/upstreams.ts'
import type { TestUpstream } from './testing/upstreams.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function upstream(handler: Parameters<typeof httpUpstream>[0]): Promise<TestUpstream> {
  const server = await httpUpstream(handler)
  open.push(server)
  return server
}

function poll(options: HttpPollOptions) {
  const timers = new FakeTimers()
  const source = new HttpPollSource({ every: 10_000, timers, ...options })
  const sink = new Recorder()
  open.unshift({ close: () => source.stop() })
  source.start(sink)
  let calls = 1
  /** Lets the next scheduled attempt happen and waits for its outcome. */
  const next = async () => {
    await sink.at(calls)
    await until(() => timers.nextIn !== undefined, 'the next attempt to be scheduled')
    await timers.advance(timers.nextIn ?? 0)
    calls += 1
    return await sink.at(calls)
  }
  return { timers, source, sink, next }
}

test('validators are sent back, a 304 is unchanged, new bytes are a new document', async () => {
  let etag = '"v1"'
  const server = await upstream((request, response) => {
    response.setHeader('etag', etag).setHeader('last-modified', 'Fri, 20 Nov 2026 10:00:00 GMT')
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
    else response.writeHead(200, { 'content-type': 'application/json' }).end(`{"at":${etag}}`)
  })
  const { sink, next, source } = poll({ request: { url: `${server.url}/flags?token=secret` } })
  expect(await sink.at(1)).toMatchObject({
    text: '{"at":"v1"}',
    document: { contentType: 'application/json', origin: `${server.url}/flags?token=…` },
  })
  expect((await next()).kind).toBe('unchanged')
  expect(server.requests[1]?.headers).toMatchObject({
    'if-none-match': '"v1"',
    'if-modified-since': 'Fri, 20 Nov 2026 10:00:00 GMT',
  })
  etag = '"v2"'
  expect(await next()).toMatchObject({ text: '{"at":"v2"}' })
  expect(server.peakSockets).toBe(1)
  expect(source.status()).toMatchObject({ state: 'live', consecutiveFailures: 0 })
})

test('the same bytes without validators are unchanged', async () => {
  const server = await upstream((_, response) => response.end('same'))
  const { next, sink } = poll({ request: { url: server.url } })
  await next()
  await next()
  expect(sink.words).toEqual(['same', 'unchanged', 'unchanged'])
})

test('a request without validators never sends them, and an empty 200 means unchanged where the vendor says so', async () => {
  let body = 'first'
  const server = await upstream((_, response) => response.setHeader('etag', '"x"').end(body))
  const { next, sink } = poll({ request: { url: server.url, validators: false, empty: 'unchanged' } })
  await sink.at(1)
  body = ''
  await next()
  expect(sink.words).toEqual(['first', 'unchanged'])
  expect(server.requests[1]?.headers['if-none-match']).toBeUndefined()
})

test('an empty 200 is otherwise a failure, and a 304 nobody asked for is one too', async () => {
  let status = 200
  const server = await upstream((_, response) => response.writeHead(status).end())
  const { next, sink } = poll({ request: { url: server.url } })
  expect(await sink.failureAt(1)).toMatchObject({ kind: 'body' })
  status = 304
  await next()
  expect(await sink.failureAt(2)).toMatchObject({ kind: 'status', status: 304 })
})

test('method, body, headers, accept and basic credentials go out as described; a function is asked each time', async () => {
  let cursor = 0
  const server = await upstream((_, response) => response.end('ok'))
  const { next } = poll({
    request: () => {
      cursor += 1
      return {
        url: `http://me:p%40ss@127.0.0.1:${server.port}/?since=${cursor}`,
        method: 'POST',
        body: '{}',
        headers: { 'X-Key': 'k' },
        accept: 'text/plain',
      }
    },
  })
  await next()
  expect(server.requests.map((request) => request.url)).toEqual(['/?since=1', '/?since=2'])
  expect(server.requests[1]).toMatchObject({ method: 'POST' })
  expect(server.requests[1]?.headers).toMatchObject({
    'x-key': 'k',
    accept: 'text/plain',
    authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
  })
})

test.each([
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['identity', (text: string) => Buffer.from(text)],
] as const)('a %s body is decoded (%#)', async (encoding, encode) => {
  const server = await upstream((_, response) =>
    response.writeHead(200, { 'content-encoding': encoding }).end(encode('{"flags":{}}')),
  )
  const { sink } = poll({ request: { url: server.url } })
  expect(await sink.at(1)).toMatchObject({ text: '{"flags":{}}' })
  expect(server.requests[0]?.headers['accept-encoding']).toBe('gzip, br, deflate')
})

test('redirects inside the origin are followed with the headers, the method and the credentials', async () => {
  const server = await upstream((request, response) => {
    if (request.url === '/a') response.writeHead(302, { location: '/b' }).end('x'.repeat(60_000))
    else if (request.url === '/b') response.writeHead(308, { location: './c' }).end()
    else response.end(`${request.method} ${request.url} ${String(request.headers['x-key'])}`)
  })
  const { sink } = poll({ request: { url: `${server.url}/a`, headers: { 'x-key': 'k' } } })
  expect(await sink.at(1)).toMatchObject({ text: 'GET /c k' })
  expect(server.peakSockets).toBe(1)
})

test('a redirect with a body larger than any buffer does not hold up the request after it', async () => {
  const server = await upstream((request, response) => {
    if (request.url === '/a') response.writeHead(302, { location: '/b' }).end('x'.repeat(1_000_000))
    else response.end('arrived')
  })
  const { sink } = poll({ request: { url: `${server.url}/a` } })
  expect(await sink.at(1)).toMatchObject({ text: 'arrived' })
})

test('an allowed host is followed without credentials, any other host is refused', async () => {
  const other = await upstream((request, response) =>
    response.end(JSON.stringify([request.headers['x-key'], request.headers.authorization])),
  )
  const server = await upstream((_, response) => response.writeHead(302, { location: `${other.url}/x?sig=s` }).end())
  const request = { url: server.url, headers: { 'x-key': 'k', Authorization: 'Bearer t' } }
  const refused = poll({ request })
  expect(await refused.sink.failureAt(1)).toMatchObject({ kind: 'redirect', status: 302 })
  expect(other.seen).toBe(0)
  const allowed = poll({ request, allowRedirectHosts: [`127.0.0.1:${other.port}`] })
  expect(await allowed.sink.at(1)).toMatchObject({ text: '[null,null]' })
})

test('refresh fetches early, once, and never under the floor', async () => {
  const server = await upstream((_, response) => response.end('same'))
  const { source, timers, sink } = poll({ request: { url: server.url }, every: 3_600_000, floor: 2_000 })
  await sink.at(1)
  await until(() => timers.nextIn !== undefined, 'the schedule')
  for (let call = 0; call < 100; call += 1) source.refresh()
  expect(timers.nextIn).toBe(2_000)
  await timers.advance(2_000)
  await sink.at(2)
  expect(server.seen).toBe(2)
})
