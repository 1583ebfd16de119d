/** HTTP/2 beside HTTP/1.1 on one port: by preface, by ALPN, with the limits and open answers of the other lanes. */
import { execFile } from 'node:child_process'
import { connect } from 'node:http2'
import type { ClientHttp2Session, ClientSessionOptions, SecureClientSessionOptions } from 'node:http2'
import { connect as connectPlain } from 'node:net'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemTimers } from '../../../upstream/clock.ts'
import type { HttpRequest, Outlet } from '../../http-message.ts'
import { failure, json } from '../../replies.ts'
import { defaultLimits } from '../../settings.ts'
import type { Listen } from '../../settings.ts'
import { sendRaw } from '../../testing/rig.ts'
import { HttpDoor } from '../http.ts'
import { authority, certificate } from '../testing/certificates.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

const MODES: readonly (readonly [name: string, listen: Partial<Listen>, express: boolean])[] = [
  ['plaintext, express lane', {}, true],
  ['plaintext, node:http', {}, false],
  ['TLS', { tls: certificate('first') }, true],
]

describe.each(MODES)('HTTP/2 over %s', (_name, listen, express) => {
  let door: HttpDoor
  let url = ''
  let port = 0
  let seen: HttpRequest[] = []
  let outlets: { readonly outlet: Outlet; readonly told: string[] }[] = []
  let session: ClientHttp2Session

  beforeEach(async () => {
    ;[seen, outlets] = [[], []]
    door = new HttpDoor({
      listen: { host: '127.0.0.1', port: 0, http2: true, ...listen },
      limits: {
        ...defaultLimits,
        bodyBytes: 10_000,
        headersTimeoutMs: 200,
        requestTimeoutMs: 200,
        keepAliveTimeoutMs: 400,
        checkIntervalMs: 50,
      },
      timers: systemTimers,
      refused: () => undefined,
      handle: (request) => {
        seen.push(request)
        if (request.fault !== undefined) return failure(request.fault)
        if (request.path === '/304') return { status: 304, headers: ['ETag', 'W/"a"'] }
        if (request.path !== '/stream')
          return json(200, { path: request.path, length: request.body.length }, ['Vary', 'A', 'Vary', 'B'])
        return {
          status: 200,
          headers: ['Content-Type', 'text/event-stream'],
          stream: (outlet) => {
            const told: string[] = []
            outlets.push({ outlet, told })
            outlet.write(Buffer.from('first '))
            return { drained: () => void told.push('drained'), closed: () => void told.push('closed') }
          },
        }
      },
      ...(express ? { express: { counted: () => undefined } } : {}),
    })
    port = (await door.listen()).port
    url = `http${listen.tls === undefined ? '' : 's'}://127.0.0.1:${port}`
    session = open()
  })
  afterEach(async () => {
    session.destroy()
    await door.close(0)
  })

  function open(options: ClientSessionOptions | SecureClientSessionOptions = {}): ClientHttp2Session {
    const made = connect(url, { ca: authority('first'), ...options })
    made.on('error', () => undefined)
    return made
  }

  function ask(headers: Readonly<Record<string, string>>, body?: string | null, on = session): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stream = on.request({ ':path': '/', ...headers }, { endStream: body === undefined })
      let text = ''
      let head: Readonly<Record<string, unknown>> = {}
      stream.on('response', (received) => (head = received))
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
      stream.on('error', reject)
      stream.on('close', () => resolve({ status: Number(head[':status']), headers: head, body: text }))
      if (typeof body === 'string') stream.end(body)
    })
  }

  it('answers many requests at once, and sees of them what it sees of others', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        ask({ ':method': 'POST', ':path': `/a/${index}?b=c`, authorization: 'Bearer x' }, 'x'.repeat(index)),
      ),
    )
    expect(answers.map(({ status, body }) => [status, body])).toEqual(
      Array.from({ length: 50 }, (_, index) => [200, `{"path":"/a/${index}","length":${index}}`]),
    )
    const [first] = seen
    expect(first).toMatchObject({ method: 'POST', query: 'b=c', secure: listen.tls !== undefined, local: true })
    expect([first?.header('host'), first?.header('authorization'), first?.header(':path')]).toEqual([
      `127.0.0.1:${port}`,
      'Bearer x',
      undefined,
    ])
    expect(answers[0]?.headers).toMatchObject({ vary: 'A, B', 'content-length': '26' })
  })

  it('answers GET, HEAD and 304 with what belongs to them', async () => {
    expect(await ask({ ':path': '/x' })).toMatchObject({ status: 200, body: '{"path":"/x","length":0}' })
    expect(await ask({ ':path': '/x', ':method': 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '24' },
    })
    expect(await ask({ ':path': '/304' })).toMatchObject({ status: 304, body: '' })
    expect(await ask({ ':path': '/stream', ':method': 'HEAD' })).toMatchObject({ status: 200, body: '' })
    expect(outlets).toEqual([])
  })

  it('refuses what it would refuse elsewhere', async () => {
    expect(await ask({ ':method': 'POST' }, 'x'.repeat(10_001))).toMatchObject({ status: 413 })
    await expect(ask({ ':path': '*' })).rejects.toThrow('PROTOCOL_ERROR')
    await expect(ask({ ':authority': 'a b' })).rejects.toThrow('PROTOCOL_ERROR')
    expect(await ask({ ':authority': 'one', host: 'other' })).toMatchObject({ status: 400 })
    await expect(ask({ ':authority': 'user@host' })).rejects.toThrow('PROTOCOL_ERROR')
    expect(await ask({ ':method': 'POST', expect: 'nonsense' }, '')).toMatchObject({ status: 417 })
    expect(await ask({ ':method': 'POST', 'content-encoding': 'zip' }, 'x')).toMatchObject({ status: 415 })
    expect(await ask({ ':method': 'POST' }, null)).toMatchObject({ status: 408 })
    expect(await ask({ ':path': '/still' })).toMatchObject({ status: 200 })
  })

  it('keeps answers open beyond the timeouts, and tells of their end', async () => {
    const stream = session.request({ ':path': '/stream' })
    let text = ''
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await vi.waitFor(() => expect(text).toBe('first '))
    await new Promise((wake) => setTimeout(wake, 900))
    outlets[0]?.outlet.write(Buffer.from('second'))
    await vi.waitFor(() => expect(text).toBe('first second'))
    expect(await ask({ ':path': '/beside' })).toMatchObject({ status: 200 })
    stream.close()
    await vi.waitFor(() => expect(outlets[0]?.told.at(-1)).toBe('closed'))
    const other = session.request({ ':path': '/stream' })
    const ended = new Promise((resolve) => other.on('end', resolve))
    other.resume()
    await vi.waitFor(() => expect(outlets).toHaveLength(2))
    outlets[1]?.outlet.end()
    await ended
    await vi.waitFor(() => expect(outlets[1]?.told.at(-1)).toBe('closed'))
  })

  it('counts what a slow reader leaves, and tells when it was taken', async () => {
    const stream = session.request({ ':path': '/stream' })
    stream.pause()
    await vi.waitFor(() => expect(outlets).toHaveLength(1))
    for (let index = 0; index < 20; index++) outlets[0]?.outlet.write(Buffer.alloc(100_000))
    await new Promise((wake) => setTimeout(wake, 50))
    expect(outlets[0]?.outlet.pending).toBeGreaterThan(1_000_000)
    outlets[0]?.told.splice(0)
    stream.resume()
    await vi.waitFor(() => expect(outlets[0]?.told).toEqual(['drained']), 3_000)
    expect(outlets[0]?.outlet.pending).toBe(0)
  })

  it('cuts a session that says nothing', async () => {
    const idle = open()
    const closed = new Promise((resolve) => idle.on('close', resolve))
    await ask({ ':path': '/x' }, undefined, idle)
    await closed
  })

  it('cuts who opens requests and resets them at once', async () => {
    const abuser = open()
    const cut = new Promise((resolve) => abuser.on('close', resolve))
    await ask({ ':path': '/x' }, undefined, abuser)
    for (let round = 0; round < 40 && !abuser.destroyed; round++) {
      for (let index = 0; index < 50 && !abuser.destroyed; index++) {
        const stream = abuser.request({ ':path': '/x', ':method': 'POST' }, { endStream: false })
        stream.on('error', () => undefined)
        stream.close(8)
      }
      await new Promise((wake) => setTimeout(wake, 5))
    }
    await cut
    expect(await ask({ ':path': '/honest' })).toMatchObject({ status: 200 })
  })

  it('ends with its door, open answers and all', async () => {
    const stream = session.request({ ':path': '/stream' })
    stream.resume()
    await vi.waitFor(() => expect(outlets).toHaveLength(1))
    const goaway = new Promise((resolve) => session.on('close', resolve))
    const began = performance.now()
    await door.close(300)
    await goaway
    expect(performance.now() - began).toBeLessThan(2_000)
    await vi.waitFor(() => expect(outlets[0]?.told.at(-1)).toBe('closed'))
  })

  it('leaves HTTP/1.1 as it was, and takes the preface at a beginning alone', async () => {
    if (listen.tls !== undefined) return
    const post = 'POST /one HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n'
    const h2c = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n'
    expect((await sendRaw(port, post + post.replace('Host', `${h2c}Host`))).statuses).toEqual([200, 200])
    const late = await sendRaw(port, [post, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], 200)
    expect([late.statuses, late.closed]).toEqual([[200, 400], true])
    const socket = connectPlain(port, '127.0.0.1')
    const bytes: Buffer[] = []
    socket.on('data', (chunk: Buffer) => bytes.push(chunk))
    for (const piece of ['PR', 'I * HTTP/2', '.0\r\n\r', '\nSM\r\n\r\n', '\0\0\0\x04\0\0\0\0\0']) {
      socket.write(Buffer.from(piece, 'latin1'))
      await new Promise((wake) => setTimeout(wake, 10))
    }
    // A SETTINGS frame comes first: its type is the fourth byte.
    await vi.waitFor(() => expect(Buffer.concat(bytes)[3]).toBe(4))
    socket.destroy()
  })

  it('is understood by curl', async ({ skip }) => {
    const run = promisify(execFile)
    const version = await run('curl', ['--version']).catch(() => ({ stdout: '' }))
    if (!version.stdout.includes('HTTP2')) skip('there is no curl that speaks HTTP/2')
    const how = listen.tls === undefined ? '--http2-prior-knowledge' : '--http2'
    const format = ['-s', '-w', ' %{http_version} %{http_code}']
    const asked = [how, '-k', ...format, '-d', '{}', `${url}/curl`]
    expect((await run('curl', asked)).stdout).toBe('{"path":"/curl","length":2} 2 200')
  })
})

it('is not spoken unless it is asked for', async () => {
  const door = new HttpDoor({
    listen: { host: '127.0.0.1', port: 0 },
    limits: defaultLimits,
    timers: systemTimers,
    refused: () => undefined,
    handle: () => json(200, {}),
    express: { counted: () => undefined },
  })
  const { port } = await door.listen()
  const { statuses, closed } = await sendRaw(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 500)
  expect([statuses, closed]).toEqual([[400], true])
  await door.close(0)
})
