/**
 * The stream over real sockets and a clock turned by hand: what it reads, how it notices death, and that no server can
 * make it give up, storm, leak or grow (hazards 8 to 11, 13, 24, 25).
 */
import { gzipSync, createGzip } from 'node:zlib'
import type { lookup } from 'node:dns'
import { afterEach, describe, expect, test } from 'vitest'
import { backoffDelay } from './backoff.ts'
import { FakeTimers } from './fake-timers.ts'
import { SseStream } from './sse.ts'
import type { SseOptions } from './sse.ts'
import { eventServer } from './testing/event-server.ts'
import { until } from './testing/recorder.ts'
import { httpUpstream, tcpUpstream } from './testing/upstreams.ts'
import type { TestUpstream } from './testing/upstreams.ts'
import { UpstreamError } from './upstream-error.ts'
import type { UpstreamErrorKind } from './upstream-error.ts'

const SECRET = 'canary-5up3r'
const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function serve<T extends TestUpstream>(server: Promise<T>): Promise<T> {
  const started = await server
  open.push(started)
  return started
}

function connect(url: string, options: Partial<SseOptions> = {}, onEvent: (data: string) => void = () => undefined) {
  const timers = new FakeTimers({ seed: 5 })
  const stream = new SseStream({
    request: { url: `${url}/all?key=${SECRET}`, headers: { authorization: SECRET } },
    timers,
    connectTimeout: 500,
    headersTimeout: 300,
    ...options,
  })
  const log: string[] = []
  const errors: (UpstreamError | undefined)[] = []
  stream.start({
    opened: (resumed) => log.push(resumed ? 'resumed' : 'opened'),
    event: ({ type, data, id }) => {
      log.push(`${type} ${data}${id === '' ? '' : ` #${id}`}`)
      onEvent(data)
    },
    alive: () => undefined,
    closed: (error) => {
      errors.push(error)
      log.push(error === undefined ? 'ended' : error.kind)
    },
  })
  open.unshift({ close: () => stream.stop() })
  const logged = async (count: number): Promise<string[]> => {
    await until(() => log.length >= count, `${count} entries, there are: ${log.join(', ')}`)
    return log
  }
  /** Waits for the schedule, then jumps over the wait. */
  const reconnect = async (): Promise<number> => {
    await until(() => stream.status().nextAttemptAt !== undefined, 'the next attempt to be scheduled')
    const wait = timers.nextIn ?? 0
    await timers.advance(wait)
    return wait
  }
  return { timers, stream, log, errors, logged, reconnect }
}

describe('reading', () => {
  test('events arrive as they are sent, whatever the cuts, and bytes mean life', async () => {
    const server = await serve(eventServer())
    const { logged, stream } = connect(server.url)
    const response = await server.opened(1)
    for (const byte of Buffer.from('event: put\r\ndata: {"é":1}\r\n\r\n')) {
      response.write(Buffer.from([byte]))
      await new Promise((resolve) => void setImmediate(resolve))
    }
    expect(await logged(2)).toEqual(['opened', 'put {"é":1}'])
    expect(stream.status()).toMatchObject({ state: 'live', consecutiveFailures: 0 })
    const [request] = server.requests
    expect(request?.headers).toMatchObject({
      accept: 'text/event-stream',
      authorization: SECRET,
      'accept-encoding': 'gzip',
    })
    expect(request?.headers).not.toHaveProperty('last-event-id')
  })

  test('a compressed stream is readable at each flush', async () => {
    const server = await serve(eventServer())
    const gzip = createGzip()
    server.instead = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
      gzip.pipe(response)
    }
    const { logged } = connect(server.url)
    for (const [index, data] of ['a', 'b'].entries()) {
      gzip.write(`data: ${data}\n\n`)
      gzip.flush()
      expect((await logged(index + 2)).at(-1)).toBe(`message ${data}`)
    }
  })

  test('the last id is told on the next connection, but not one whose event was refused', async () => {
    const server = await serve(eventServer())
    const { logged, reconnect } = connect(server.url, {}, (data) => {
      if (data === 'bad') throw new UpstreamError('protocol', 'unreadable')
    })
    const first = await server.opened(1)
    first.write('id: 7\ndata: a\n\n')
    await logged(2)
    first.destroy()
    await logged(3)
    await reconnect()
    const second = await server.opened(2)
    expect(server.requests[1]?.headers['last-event-id']).toBe('7')
    second.write('id: 8\ndata: bad\n\nid: 9\ndata: never seen\n\n')
    expect(await logged(6)).toEqual(['opened', 'message a #7', 'network', 'resumed', 'message bad #8', 'protocol'])
    await reconnect()
    await server.opened(3)
    expect(server.requests[2]?.headers).not.toHaveProperty('last-event-id')
  })

  test('an id that fits no header is told as UTF-8, or not at all, and never keeps the connection from coming back', async () => {
    const server = await serve(eventServer())
    const { logged, reconnect } = connect(server.url)
    const ids = ['grün-日本', 'bell\u0007', 'plain', '\u0085', '\ud83d\ude00']
    for (const [index, id] of ids.entries()) {
      const stream = await server.opened(index + 1)
      stream.write(`id: ${id}\ndata: a\n\n`)
      await logged(3 * index + 2)
      stream.destroy()
      await logged(3 * index + 3)
      await reconnect()
    }
    await server.opened(ids.length + 1)
    const told = server.requests.map(({ headers }) => {
      const header = headers['last-event-id']
      return typeof header === 'string' ? Buffer.from(header, 'latin1').toString() : header
    })
    expect(told).toEqual([undefined, 'grün-日本', undefined, 'plain', '\u0085', '\ud83d\ude00'])
  })
})

describe('death', () => {
  test('a half-open connection is noticed after 2.5 heartbeats, and resumed', async () => {
    const server = await serve(eventServer())
    const { timers, logged, log, errors, reconnect } = connect(server.url, { heartbeat: 10_000 })
    const stream = await server.opened(1)
    stream.write('id: 1\ndata: a\n\n')
    await logged(2)
    await timers.advance(24_000)
    stream.write(': beat\n')
    await until(() => server.openSockets === 1, 'the beat')
    await new Promise((resolve) => void setTimeout(resolve, 50))
    await timers.advance(24_000)
    expect(log).toHaveLength(2)
    expect(timers.pending).toBe(1)
    await timers.advance(1_000)
    expect((await logged(3)).at(-1)).toBe('timeout')
    expect(errors[0]?.message).toMatch(/silent for 25000 ms/)
    await until(() => server.openSockets === 0, 'the dead connection to be closed')
    await reconnect()
    expect((await logged(4)).at(-1)).toBe('resumed')
  })

  test('an event that drips in does not hold the connection for ever', async () => {
    const server = await serve(eventServer())
    const { timers, errors } = connect(server.url, { heartbeat: 10_000, eventDeadline: 60_000 })
    const stream = await server.opened(1)
    stream.write('data: ')
    await new Promise((resolve) => void setTimeout(resolve, 50))
    for (let second = 0; second < 60 && errors.length === 0; second += 5) {
      stream.write('x')
      await new Promise((resolve) => void setTimeout(resolve, 20))
      await timers.advance(5_000)
    }
    await until(() => errors.length > 0, 'the end')
    expect(errors[0]).toMatchObject({ kind: 'timeout', message: expect.stringMatching(/did not finish/) as string })
  })

  const stream = (body: string | Buffer, headers: Record<string, string> = {}) =>
    httpUpstream((_, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream', ...headers }).write(body),
    )
  const answer = (status: number, headers: Record<string, string> = {}) =>
    httpUpstream((_, response) => response.writeHead(status, headers).end('body'))

  test.each<[string, UpstreamErrorKind, () => Promise<TestUpstream>, Partial<SseOptions>?]>([
    ['refused', 'unauthorized', () => answer(401)],
    ['forbidden', 'unauthorized', () => answer(403)],
    ['not there', 'not-found', () => answer(404)],
    ['no content', 'not-found', () => answer(204)],
    ['not implemented', 'not-found', () => answer(501)],
    ['busy', 'status', () => answer(429, { 'retry-after': '7' })],
    ['broken', 'status', () => answer(500)],
    ['no stream', 'protocol', () => answer(200, { 'content-type': 'application/json' })],
    ['elsewhere', 'redirect', () => answer(302, { location: 'http://127.0.0.2:1/all' })],
    ['metadata', 'redirect', () => answer(302, { location: 'http://169.254.169.254/latest' })],
    ['an endless line', 'too-large', () => stream('x'.repeat(200_000)), { maxBytes: 100_000 }],
    ['an endless event', 'too-large', () => stream('data: x\n'.repeat(50_000)), { maxBytes: 100_000 }],
    [
      'a bomb',
      'too-large',
      () => stream(gzipSync(Buffer.alloc(64 * 1024 * 1024, ':\n')), { 'content-encoding': 'gzip' }),
    ],
    ['an unknown encoding', 'body', () => stream('x', { 'content-encoding': 'br' })],
    ['no gzip', 'body', () => stream('data: x\n\n', { 'content-encoding': 'gzip' })],
    ['never answered', 'timeout', () => tcpUpstream(() => undefined)],
    ['reset', 'network', () => tcpUpstream((socket) => socket.resetAndDestroy())],
    ['not HTTP', 'protocol', () => tcpUpstream((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))],
    [
      'link-local',
      'network',
      () => answer(200),
      {
        lookup: ((_: string, __: object, done: (e: null, a: object[]) => void) =>
          done(null, [{ address: '169.254.169.254', family: 4 }])) as unknown as typeof lookup,
        request: { url: 'http://rebound.test/' },
      },
    ],
  ])('%s is a failure of kind %s that tells no secret and leaves no socket', async (_, kind, start, options = {}) => {
    const server = await serve(start())
    const { errors, stream: source, timers } = connect(server.url, options)
    await until(() => errors.length > 0, 'the failure')
    expect(errors[0]).toMatchObject({ kind })
    expect(JSON.stringify([errors[0], errors[0]?.message, source.status()])).not.toContain(SECRET)
    await until(() => timers.pending === 1, 'one timer')
    expect(source.status().state).toBe('retrying')
    expect(server.peakSockets).toBeLessThanOrEqual(1)
  })
})

describe('the schedule', () => {
  const kinds: [number, UpstreamErrorKind][] = [[401, 'unauthorized'], [404, 'not-found'], [500, 'status']] // prettier-ignore

  test.each(kinds)('an hour of %i: exactly the published waits, one timer, and then it heals', async (status, kind) => {
    const server = await serve(eventServer())
    server.instead = (_, response) => response.writeHead(status).end()
    const { timers, reconnect, errors, log, stream } = connect(server.url)
    const twin = new FakeTimers({ seed: 5 })
    for (let failures = 1; timers.monotonic() < 3_600_000; failures += 1) {
      await until(() => errors.length === failures, `failure ${failures}`)
      await until(() => timers.pending === 1, 'one timer')
      expect(stream.status().consecutiveFailures).toBe(failures)
      expect(await reconnect()).toBe(backoffDelay(failures, { kind, retryAfter: undefined }, twin.random()))
    }
    expect(server.peakSockets).toBe(1)
    server.instead = undefined
    const settled = (): boolean => log.at(-1) === 'opened' || stream.status().nextAttemptAt !== undefined
    await until(settled, 'the attempt under way')
    if (log.at(-1) !== 'opened') await reconnect()
    await until(() => log.at(-1) === 'opened', 'the stream')
    expect(stream.status()).toMatchObject({ state: 'live', consecutiveFailures: 0 })
  })

  test('a server that accepts and drops is not stormed, one that ends long streams is no failure', async () => {
    const server = await serve(eventServer())
    const { timers, reconnect, errors, logged, stream } = connect(server.url, { heartbeat: 1_000_000 })
    const twin = new FakeTimers({ seed: 5 })
    for (let failures = 1; failures <= 8; failures += 1) {
      ;(await server.opened(failures)).end('data: x\n\n')
      await until(() => errors.length === failures, 'the end')
      expect(await reconnect()).toBe(backoffDelay(failures, { kind: 'network', retryAfter: undefined }, twin.random()))
    }
    const ninth = await server.opened(9)
    await logged(25)
    ninth.write('retry: 10000\n')
    await new Promise((resolve) => void setTimeout(resolve, 50))
    await timers.advance(30_000)
    ninth.end()
    expect((await logged(26)).at(-1)).toBe('ended')
    expect(errors.at(-1)).toBeUndefined()
    expect(stream.status().consecutiveFailures).toBe(0)
    expect(await reconnect()).toBe(10_000 + Math.floor(twin.random() * 10_000))
    const tenth = await server.opened(10)
    await logged(27)
    tenth.destroy()
    await logged(28)
    expect(await reconnect()).toBe(10_000 + backoffDelay(1, { kind: 'network', retryAfter: undefined }, twin.random()))
  })

  test('after stop nothing is called and nothing is left', async () => {
    const server = await serve(eventServer())
    const { timers, logged, log, stream } = connect(server.url)
    const response = await server.opened(1)
    await logged(1)
    response.write('data: late\n\n')
    await stream.stop()
    await timers.advance(600_000)
    expect(log.filter((entry) => entry !== 'message late')).toEqual(['opened'])
    expect(timers.pending).toBe(0)
    expect(stream.status().state).toBe('stopped')
    await until(() => server.openSockets === 0, 'the socket to close')
    expect(server.seen).toBe(1)
  })
})
