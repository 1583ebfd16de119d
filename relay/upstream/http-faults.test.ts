/**
 * Every way an HTTP upstream fails, over real sockets: each is a failure of its kind in bounded time, leaks no secret,
 * delivers nothing, and is followed by recovery without a restart (hazards 8, 11, 21, 24, 25).
 */
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { lookup } from 'node:dns'
import { afterEach, expect, test } from 'vitest'
import { backoffDelay } from './backoff.ts'
import { FakeTimers } from './fake-timers.ts'
import { HttpPollSource } from './http-poll.ts'
import type { HttpPollOptions } from './http-poll.ts'
import { Recorder, until } from './testing/recorder.ts'
import { httpUpstream, tcpUpstream } from './testing/upstreams.ts'
import type { TestUpstream } from './testing/upstreams.ts'
import type { UpstreamErrorKind } from './upstream-error.ts'

const SECRET = 'canary-5up3r'
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

function poll(url: string, options: Partial<HttpPollOptions> = {}) {
  const timers = new FakeTimers({ seed: 3 })
  const source = new HttpPollSource({
    request: { url: `${url}/flags?key=${SECRET}`, headers: { authorization: SECRET } },
    every: 10_000,
    maxBytes: 100_000,
    connectTimeout: 500,
    headersTimeout: 300,
    bodyTimeout: 300,
    timers,
    ...options,
  })
  const sink = new Recorder()
  open.unshift({ close: () => source.stop() })
  source.start(sink)
  return { timers, source, sink }
}

async function serve(server: Promise<TestUpstream>): Promise<TestUpstream> {
  const started = await server
  open.push(started)
  return started
}

const raw = (text: string) => () => tcpUpstream((socket) => socket.once('data', () => socket.end(text)))
const head = (...lines: string[]): string => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
const bomb = Buffer.alloc(64 * 1024 * 1024, 'a')
const body = (bytes: Buffer, encoding: string) => () =>
  httpUpstream((_, response) => response.writeHead(200, { 'content-encoding': encoding }).end(bytes))
const status =
  (code: number, headers: Record<string, string> = {}) =>
  () =>
    httpUpstream((_, response) => response.writeHead(code, headers).end('<html>error page</html>'))
const redirect = (location: string) => status(302, { location })

const faults: [string, UpstreamErrorKind, () => Promise<TestUpstream>, Partial<HttpPollOptions>?][] = [
  ['reset on accept', 'network', () => tcpUpstream((socket) => socket.resetAndDestroy())],
  [
    'reset after the request',
    'network',
    () => tcpUpstream((socket) => socket.once('data', () => socket.resetAndDestroy())),
  ],
  ['closed without an answer', 'network', raw('')],
  ['never answers', 'timeout', () => tcpUpstream(() => undefined)],
  [
    'silence inside the body',
    'timeout',
    () => tcpUpstream((socket) => socket.write(`${head('content-length: 100')}{`)),
  ],
  ['truncated body', 'body', raw(`${head('content-length: 100')}{"flags"`)],
  ['truncated chunked body', 'body', raw(`${head('transfer-encoding: chunked')}5\r\n{"fla`)],
  ['not HTTP', 'protocol', raw('SSH-2.0-OpenSSH_9.2\r\n')],
  ['garbage chunk size', 'protocol', raw(`${head('transfer-encoding: chunked')}zz\r\n{}`)],
  ['endless headers', 'too-large', raw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`)],
  ['declared too large', 'too-large', raw(`${head('content-length: 100001')}{}`)],
  [
    'endless body',
    'too-large',
    () =>
      httpUpstream((_, response) => {
        const write = (): void => {
          while (!response.destroyed && response.write('x'.repeat(16_384)));
        }
        response.on('drain', write).on('error', () => undefined)
        write()
      }),
  ],
  ['gzip bomb', 'too-large', body(gzipSync(bomb), 'gzip')],
  [
    'gzip bomb within the cap, over the ratio',
    'too-large',
    body(gzipSync(bomb), 'gzip'),
    { maxBytes: 128 * 1024 * 1024 },
  ],
  ['brotli bomb', 'too-large', body(brotliCompressSync(bomb.subarray(0, 8_000_000)), 'br')],
  ['stacked encodings', 'body', body(gzipSync(gzipSync('{}')), 'gzip, gzip')],
  ['unknown encoding', 'body', body(Buffer.from('{}'), 'rot13')],
  ['truncated gzip', 'body', body(gzipSync(Buffer.from('{"flags":{}}'.repeat(50))).subarray(0, 30), 'gzip')],
  ['not really gzip', 'body', body(Buffer.from('{"flags":{}}'), 'gzip')],
  ['empty body', 'body', () => httpUpstream((_, response) => response.end())],
  ['401', 'unauthorized', status(401)],
  ['403', 'unauthorized', status(403)],
  ['404', 'not-found', status(404)],
  ['429', 'status', status(429, { 'retry-after': '7' })],
  ['500', 'status', status(500)],
  ['503', 'status', status(503)],
  ['206 nobody asked for', 'status', status(206)],
  ['redirect loop', 'redirect', redirect('/flags')],
  ['redirect without a location', 'redirect', status(302)],
  ['redirect to a file', 'redirect', redirect('file:///etc/passwd')],
  ['redirect to another host', 'redirect', redirect('http://flags.example.com/')],
  [
    'redirect to metadata',
    'redirect',
    redirect('http://169.254.169.254/latest/meta-data/'),
    { allowRedirectHosts: ['169.254.169.254'] },
  ],
]

test.each(faults)('%s is a failure of kind %s, and heals', async (_, kind, start, options) => {
  const server = await serve(start())
  const { sink, timers, source } = poll(server.url, options)
  const began = performance.now()
  const error = await sink.failureAt(1)
  expect(error.kind, error.message).toBe(kind)
  expect(performance.now() - began).toBeLessThan(3_000)
  expect(sink.words).toEqual(['failed'])
  expect(JSON.stringify([error, error.message, source.status()])).not.toContain(SECRET)

  const { port } = server
  open.splice(open.indexOf(server), 1)
  await server.close()
  const healthy = createServer((socket) => socket.once('data', () => socket.end(`${head('connection: close')}good`)))
  await new Promise<void>((resolve) => {
    healthy.listen(port, '127.0.0.1', resolve)
  })
  open.push({ close: () => new Promise((resolve) => healthy.close(() => resolve())) })
  await until(() => timers.nextIn !== undefined, 'the retry to be scheduled')
  await timers.advance(timers.nextIn ?? 0)
  expect(await sink.at(2)).toMatchObject({ text: 'good' })
  expect(source.status()).toMatchObject({ state: 'live', consecutiveFailures: 0 })
})

test('nobody listening is a network failure', async () => {
  const server = await httpUpstream((_, response) => response.end())
  await server.close()
  expect(await poll(server.url).sink.failureAt(1)).toMatchObject({ kind: 'network' })
})

test('a name that does not resolve, or resolves to a metadata address, is a network failure', async () => {
  const to = (address: string | undefined) =>
    ((_name: string, _options: unknown, done: (error: Error | null, found?: unknown) => void) =>
      address === undefined
        ? done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }))
        : done(null, [{ address, family: 4 }])) as unknown as typeof lookup
  const missing = poll('http://flags.test', { lookup: to(undefined) })
  expect(await missing.sink.failureAt(1)).toMatchObject({ kind: 'network' })
  const rebound = poll('http://flags.test', { lookup: to('169.254.169.254') })
  expect((await rebound.sink.failureAt(1)).message).toContain('link-local')
})

test('a body that drips for ever is cut by the total deadline', async () => {
  const server = await serve(
    httpUpstream((_, response) => {
      const drip = setInterval(() => response.write('x'), 20)
      response.once('close', () => clearInterval(drip))
    }),
  )
  const { sink, timers } = poll(server.url, { deadline: 60_000 })
  await until(() => server.seen === 1, 'the request')
  await timers.advance(59_999)
  expect(sink.events).toEqual([])
  await timers.advance(1)
  expect(await sink.failureAt(1)).toMatchObject({ kind: 'timeout' })
})

test('an upstream that fails in turns is asked exactly by the schedule, over one socket at a time', async () => {
  const turns: ((socket: Socket) => void)[] = [
    (socket) => socket.resetAndDestroy(),
    (socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')),
    (socket) => socket.once('data', () => socket.end(`${head('content-length: 9')}x`)),
    (socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 404 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')),
  ]
  let turn = 0
  const server = await serve(
    tcpUpstream((socket) => {
      turns[turn % turns.length]?.(socket)
      turn += 1
    }),
  )
  const { sink, timers, source } = poll(server.url)
  const twin = new FakeTimers({ seed: 3 })
  for (let failures = 1; failures <= 24; failures += 1) {
    const error = await sink.failureAt(failures)
    await until(() => source.status().nextAttemptAt !== undefined, 'the retry to be scheduled')
    // The server learns a little later that a connection ended; fake time would not wait for it.
    await until(() => server.openSockets === 0, 'the failed connection to be let go')
    const due = backoffDelay(failures, error, twin.random())
    expect(timers.nextIn).toBe(due)
    expect(timers.pending).toBe(1)
    await timers.advance(due - 1)
    expect(server.seen).toBe(failures)
    await timers.advance(1)
  }
  expect(server.peakSockets).toBe(1)
})

test('stop during a hanging request ends at once and frees the socket', async () => {
  let closed = false
  const server = await serve(tcpUpstream((socket) => socket.resume().once('close', () => (closed = true))))
  const { source, sink, timers } = poll(server.url, { headersTimeout: 60_000 })
  await until(() => server.seen === 1, 'the connection')
  const began = performance.now()
  await source.stop()
  expect(performance.now() - began).toBeLessThan(500)
  await until(() => closed, 'the socket to close')
  expect(sink.events).toEqual([])
  expect(timers.pending).toBe(0)
})
