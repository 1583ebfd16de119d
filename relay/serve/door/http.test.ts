import { connect } from 'node:net'
import { gzipSync, brotliCompressSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemTimers } from '../../upstream/clock.ts'
import type { HttpRequest } from '../http-message.ts'
import { failure, json } from '../replies.ts'
import { defaultLimits } from '../settings.ts'
import { sendRaw } from '../testing/rig.ts'
import { smugglingVectors } from '../testing/smuggling.ts'
import { HttpDoor } from './http.ts'

const seen: HttpRequest[] = []
let port = 0
const door = new HttpDoor({
  listen: { host: '127.0.0.1', port: 0 },
  limits: { ...defaultLimits, bodyBytes: 100_000, headersTimeoutMs: 400, requestTimeoutMs: 700, checkIntervalMs: 50 },
  timers: systemTimers,
  refused: () => undefined,
  handle: (request) => {
    seen.push(request)
    if (request.fault !== undefined) return failure(request.fault)
    const reply = json(200, { path: request.path, length: request.body.length })
    return request.path === '/slow' ? new Promise((resolve) => setTimeout(() => resolve(reply), 100)) : reply
  },
})

beforeAll(async () => {
  port = (await door.listen()).port
})
beforeEach(() => {
  seen.length = 0
})
afterAll(() => door.close(0))

const paths = (): string[] => seen.map(({ path }) => path)

describe('requests that two parsers could read differently', () => {
  it('are tried in numbers', () => {
    expect(new Set(smugglingVectors.map(([, bytes]) => bytes)).size).toBeGreaterThanOrEqual(150)
  })

  it.each(smugglingVectors)('%s', async (_name, bytes) => {
    const { statuses, text, closed } = await sendRaw(port, Buffer.from(bytes, 'utf8'), 1_500)
    expect(paths()).toEqual([])
    expect(closed).toBe(true)
    expect(statuses.length).toBe(1)
    expect([400, 405, 408, 413, 417, 431]).toContain(statuses[0])
    expect(text.toLowerCase()).toContain('connection: close')
    if (!bytes.startsWith('HEAD'))
      expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))).toHaveProperty('errorCode')
  })

  it('do not hide behind a good request: that one is answered first, even when it takes its time', async () => {
    const good = 'POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}'
    const after = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
    const bads = [
      'POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nG\r\n',
    ]
    for (const bad of bads) {
      seen.length = 0
      const { statuses, closed } = await sendRaw(port, `${good}${good}${bad}${after}`, 1_500)
      expect(statuses).toEqual([200, 200, 400])
      expect(closed).toBe(true)
      expect(paths()).toEqual(['/slow', '/slow'])
    }
  })
})

describe('honest but unusual requests', () => {
  it('are served: chunked in any case, with extensions and trailers, pipelined, HTTP/1.0', async () => {
    const bodies = [
      '5\r\nhello\r\n0\r\n\r\n',
      '5;a=b;c="d"\r\nhello\r\n0\r\n\r\n',
      '2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n',
      '05\r\nhello\r\n000\r\n\r\n',
    ]
    for (const coding of ['chunked', 'Chunked', 'CHUNKED']) {
      for (const body of bodies) {
        const bytes = `POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ${coding}\r\n\r\n${body}`
        const { statuses, text } = await sendRaw(port, bytes + bytes, 60)
        expect(statuses).toEqual([200, 200])
        expect(text).toContain('"length":5')
      }
    }
    const old = await sendRaw(port, 'GET /old HTTP/1.0\r\n\r\n', 1_000)
    expect([old.statuses, old.closed]).toEqual([[200], true])
    const hosts = ['a', '[::1]:8080', 'xn--a.example:1', '', '127.0.0.1', "a_b-c.d~e!$&'()*+;=:1"]
    for (const host of hosts) {
      expect(
        (await sendRaw(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, 1_000)).statuses,
      ).toEqual([200])
    }
  })

  it('wait for 100 before sending a body, and are told at once when it would be too large', async () => {
    const head = (length: number): string =>
      `POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`
    const accepted = await sendRaw(port, [head(5), 'hello'], 80)
    expect(accepted.statuses).toEqual([100, 200])
    expect(accepted.text).toContain('"length":5')
    seen.length = 0
    const refused = await sendRaw(port, head(100_001), 1_000)
    expect([refused.statuses, refused.closed]).toEqual([[413], true])
    expect(paths()).toEqual([])
  })
})

describe('a request whose end never comes, behind a complete one of the same packet', () => {
  const complete = 'POST /done HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}'
  const begun = 'POST /begun HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{'

  it('is refused when its sender has ended, and the connection closed', async () => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    const closed = new Promise((resolve) => socket.on('end', resolve))
    socket.end(complete + begun)
    await closed
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '400'])
    expect(paths()).toEqual(['/done'])
    socket.destroy()
  })

  it('is refused in time, however it drips', async () => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.on('data', (chunk) => (text += chunk.toString()))
    socket.on('error', () => undefined)
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.write(complete + begun)
    const drip = setInterval(() => socket.write('x'), 20)
    await closed
    clearInterval(drip)
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '408'])
  })
})

describe('limits', () => {
  it('answers a body beyond the limit with 413, however it is framed or packed', async () => {
    const big = Buffer.alloc(100_001, 0x20)
    const large = [
      Buffer.concat([Buffer.from(`POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${big.length}\r\n\r\n`), big]),
      Buffer.concat([
        Buffer.from('POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n'),
        big,
        Buffer.from('\r\n0\r\n\r\n'),
      ]),
      Buffer.from(`POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 ** 40}\r\n\r\n`),
    ]
    for (const pack of [gzipSync, brotliCompressSync]) {
      const bomb = pack(Buffer.alloc(50_000_000))
      const encoding = pack === gzipSync ? 'gzip' : 'br'
      const head = `POST /x HTTP/1.1\r\nHost: a\r\nContent-Encoding: ${encoding}\r\nContent-Length: ${bomb.length}\r\n\r\n`
      large.push(Buffer.concat([Buffer.from(head), bomb]))
    }
    for (const bytes of large) {
      const { statuses, text } = await sendRaw(port, bytes, 400)
      expect(statuses).toEqual([413])
      expect(text).toContain('100000 bytes')
    }
  })

  it('refuses encodings it does not know, chains of them, and data that is not what it says', async () => {
    const send = async (encoding: string, body: Buffer): Promise<readonly number[]> => {
      const head = `POST /x HTTP/1.1\r\nHost: a\r\nContent-Encoding: ${encoding}\r\nContent-Length: ${body.length}\r\n\r\n`
      return (await sendRaw(port, Buffer.concat([Buffer.from(head), body]))).statuses
    }
    const twice = gzipSync(gzipSync('{}'))
    for (const encoding of ['gzip, gzip', 'gzip,br', 'zstd', 'compress', 'x', '__proto__']) {
      expect(await send(encoding, twice)).toEqual([415])
    }
    for (const encoding of ['gzip', 'deflate', 'br'])
      expect(await send(encoding, Buffer.from('nonsense'))).toEqual([400])
    expect(await send('gzip', gzipSync('{}').subarray(0, 10))).toEqual([400])
  })

  it('cuts off who drips, who says nothing and who never finishes, with 408 where a request had begun', async () => {
    const drip = (bytes: string, everyMs: number): Promise<{ ms: number; text: string }> =>
      new Promise((resolve) => {
        const began = performance.now()
        const socket = connect(port, '127.0.0.1')
        let at = 0
        let text = ''
        const timer = setInterval(() => socket.write(bytes[at++] ?? 'x'), everyMs)
        socket.on('data', (chunk) => (text += chunk.toString()))
        socket.on('error', () => undefined)
        socket.on('close', () => {
          clearInterval(timer)
          resolve({ ms: performance.now() - began, text })
        })
      })
    const body = 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n'
    const cases = await Promise.all([
      drip('GET / HTTP/1.1\r\nHost: a\r\nX-Long: ', 40),
      drip(`${body}x`, 5),
      sendRaw(port, body, 3_000).then(({ text }) => ({ ms: 0, text })),
    ])
    for (const { ms, text } of cases) {
      expect(ms).toBeLessThan(3_000)
      expect(text).toContain('HTTP/1.1 408 ')
      expect(text).toContain('"errorCode"')
    }
    expect(paths()).toEqual([])
  })

  it('takes no more connections than it may', async () => {
    const small = new HttpDoor({
      listen: { host: '127.0.0.1', port: 0 },
      limits: { ...defaultLimits, connections: 3 },
      timers: systemTimers,
      refused: () => undefined,
      handle: () => json(200, {}),
    })
    const address = await small.listen()
    const held = await Promise.all(
      [1, 2, 3].map(
        () =>
          new Promise<ReturnType<typeof connect>>((resolve) => {
            const socket = connect(address.port, '127.0.0.1', () => resolve(socket))
          }),
      ),
    )
    const surplus = await sendRaw(address.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 500)
    expect(surplus).toEqual({ text: '', statuses: [], closed: true })
    for (const socket of held) socket.destroy()
    await small.close(0)
  })
})
