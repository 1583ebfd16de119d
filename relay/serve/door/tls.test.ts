/** TLS in front of both lanes, by real clients. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemTimers } from '../../upstream/clock.ts'
import type { HttpRequest, Outlet } from '../http-message.ts'
import { json } from '../replies.ts'
import { defaultLimits } from '../settings.ts'
import { HttpDoor } from './http.ts'
import { authority, certificate } from './testing/certificates.ts'

const POST = 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}'
const folder = mkdtempSync(join(tmpdir(), 'halyard-tls-'))
const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }

function install(name: 'first' | 'second'): void {
  copyFileSync(certificate(name).cert, files.cert)
  copyFileSync(certificate(name).key, files.key)
}

describe.each(['express', 'node:http'])('a TLS door, lane %s', (lane) => {
  let door: HttpDoor
  let port = 0
  let seen: HttpRequest[] = []
  let outlets: Outlet[] = []
  let failed: unknown[] = []
  let served = 0
  let check: () => void = () => undefined

  beforeEach(async () => {
    install('first')
    ;[seen, outlets, failed, served] = [[], [], [], 0]
    door = new HttpDoor({
      listen: { host: '127.0.0.1', port: 0, tls: files },
      limits: { ...defaultLimits, headersTimeoutMs: 300, checkIntervalMs: 50, connections: 5 },
      timers: {
        ...systemTimers,
        setTimeout: (callback, ms) => {
          if (ms !== 10_000) return systemTimers.setTimeout(callback, ms)
          check = callback
          return {}
        },
      },
      refused: () => undefined,
      failed: (error) => failed.push(error),
      handle: (asked) => {
        seen.push(asked)
        if (asked.path !== '/stream') return json(200, { path: asked.path, length: asked.body.length })
        return {
          status: 200,
          headers: [],
          stream: (outlet) => {
            outlets.push(outlet)
            return { drained: () => undefined, closed: () => void outlets.splice(0, 1) }
          },
        }
      },
      ...(lane === 'express' ? { express: { counted: (what) => void (served += what === 'served' ? 1 : 0) } } : {}),
    })
    port = (await door.listen()).port
  })
  afterEach(() => door.close(0))

  function shake(options: ConnectionOptions = {}): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, ca: authority('first'), ...options }, () => resolve(socket))
      socket.on('error', reject)
    })
  }

  function read(socket: TLSSocket, pattern: RegExp): Promise<string> {
    return new Promise((resolve) => {
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
        if (pattern.test(text)) resolve(text)
      })
    })
  }

  it('answers, encrypted: one request, several at once, and a large body in pieces', async () => {
    const socket = await shake()
    socket.write(POST + POST)
    expect((await read(socket, /"length":2\}[^]*"length":2\}/)).match(/200 OK/g)).toHaveLength(2)
    const body = 'x'.repeat(500_000)
    socket.write(`POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    expect(await read(socket, /\}/)).toContain('"length":500000')
    expect(seen.map(({ secure, local }) => [secure, local])).toEqual([1, 2, 3].map(() => [true, true]))
    expect(served).toBe(lane === 'express' ? 3 : 0)
    socket.destroy()
  })

  it('serves node’s client, and refuses who speaks plaintext or an old TLS', async () => {
    const status = await new Promise((resolve, reject) => {
      const asking = request(
        { host: '127.0.0.1', port, ca: authority('first'), path: '/x', method: 'PUT' },
        (answer) => {
          answer.resume()
          answer.on('end', () => resolve(answer.statusCode))
        },
      )
      asking.on('error', reject)
      asking.end('hello')
    })
    expect(status).toBe(200)
    await expect(shake({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow()
    const plain = connectPlain(port, '127.0.0.1', () => plain.write(POST))
    await new Promise((resolve) => plain.on('error', resolve).on('close', resolve))
    expect(seen).toHaveLength(1)
    expect((await shake({ ALPNProtocols: ['http/1.1'] })).alpnProtocol).toBe('http/1.1')
  })

  it('lets open answers through at once, and hears of their end', async () => {
    const socket = await shake()
    socket.write(POST.replace('/x', '/stream'))
    await vi.waitFor(() => expect(outlets).toHaveLength(1))
    const told = read(socket, /second/)
    outlets[0]?.write(Buffer.from('first '))
    outlets[0]?.write(Buffer.from('second'))
    expect(await told).toMatch(/\r\n\r\nfirst second$/)
    socket.destroy()
    await vi.waitFor(() => expect(outlets).toEqual([]))
  })

  it('cuts a handshake that does not come, and keeps no trace of connections', async () => {
    const began = performance.now()
    const silent = connectPlain(port, '127.0.0.1')
    await new Promise((resolve) => silent.on('error', resolve).on('close', resolve))
    expect(performance.now() - began).toBeLessThan(2_000)
    // More than it takes at a time.
    for (let round = 0; round < 12; round++) {
      const socket = await shake()
      socket.write(POST)
      await read(socket, /\}/)
      const gone = new Promise((resolve) => socket.on('close', resolve))
      socket.end()
      await gone
    }
    const ended = door.close(60_000)
    await ended
  })

  it('shows a new certificate to new connections, and keeps the old one while the new one is unusable', async () => {
    const old = await shake()
    install('second')
    check()
    const fresh = await shake({ ca: authority('second') })
    expect(fresh.getPeerCertificate().subject.CN).toBe('localhost second')
    old.write(POST)
    expect(await read(old, /\}/)).toContain('200 OK')
    writeFileSync(files.key, 'half a file')
    check()
    expect(failed).toHaveLength(1)
    expect((await shake({ ca: authority('second') })).authorized).toBe(true)
    install('first')
    check()
    expect((await shake()).getPeerCertificate().subject.CN).toBe('localhost first')
    old.destroy()
  })
})

it('does not listen with a certificate that cannot be read or does not fit its key', () => {
  const make = (cert: string, key: string): HttpDoor =>
    new HttpDoor({
      listen: { port: 0, tls: { cert, key } },
      limits: defaultLimits,
      timers: systemTimers,
      refused: () => undefined,
      handle: () => json(200, {}),
    })
  expect(() => make('/nonexistent', certificate('first').key)).toThrow('ENOENT')
  expect(() => make(certificate('first').cert, certificate('second').key)).toThrow()
  rmSync(folder, { recursive: true })
})
