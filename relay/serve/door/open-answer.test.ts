/** Answers that stay open, over real sockets, behind either lane. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { systemTimers } from '../../upstream/clock.ts'
import type { HttpReply, Outlet } from '../http-message.ts'
import { json } from '../replies.ts'
import { defaultLimits } from '../settings.ts'
import { sendRaw } from '../testing/rig.ts'
import { HttpDoor } from './http.ts'

interface Opened {
  readonly outlet: Outlet
  readonly told: string[]
  /** Not within `told`: node:http holds each write back for a moment, and then tells that it was taken. */
  drained: boolean
}

const HEADERS = ['Content-Type', 'text/event-stream']
const GET = 'GET /stream HTTP/1.1\r\nHost: h\r\n\r\n'
const POST = 'POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}'

describe.each(['express', 'node:http'])('an open answer of the lane %s', (lane) => {
  let door: HttpDoor
  let port = 0
  let opened: Opened[] = []
  const served = { express: 0, handedOver: 0 }

  beforeEach(async () => {
    opened = []
    served.express = 0
    door = new HttpDoor({
      listen: { host: '127.0.0.1', port: 0 },
      limits: {
        ...defaultLimits,
        headersTimeoutMs: 100,
        requestTimeoutMs: 150,
        keepAliveTimeoutMs: 200,
        socketTimeoutMs: 250,
        checkIntervalMs: 20,
      },
      timers: systemTimers,
      refused: () => undefined,
      handle: ({ path, query }) => {
        if (path !== '/stream') return json(200, { path })
        const reply: HttpReply = {
          status: 200,
          headers: HEADERS,
          stream: (outlet) => {
            const told: string[] = []
            const one = { outlet, told, drained: false }
            opened.push(one)
            outlet.write(Buffer.from('first\n'))
            return { drained: () => void (one.drained = true), closed: () => void told.push('closed') }
          },
        }
        return query === 'later' ? new Promise((resolve) => setTimeout(() => resolve(reply), 30)) : reply
      },
      ...(lane === 'express'
        ? { express: { counted: (what) => void served[what === 'served' ? 'express' : 'handedOver']++ } }
        : undefined),
    })
    port = (await door.listen()).port
  })
  afterEach(() => door.close(0))

  /** Sends a request and gives what came back so far. */
  function ask(
    bytes: string,
  ): Promise<{ readonly socket: Socket; readonly text: () => string; readonly ended: Promise<void> }> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      let text = ''
      const ended = new Promise<void>((end) => socket.on('close', () => end()))
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1')
        if (text.includes('first\n')) resolve({ socket, text: () => text, ended })
      })
      socket.write(bytes)
    })
  }

  it.each([GET, POST, GET.replace('/stream', '/stream?later')])(
    'begins at once and has no length: %j',
    async (bytes) => {
      const { socket, text } = await ask(bytes)
      expect(text()).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/event-stream\r\n/)
      expect(text()).toMatch(/\r\nConnection: close\r\n/)
      expect(text()).not.toMatch(/Content-Length|Transfer-Encoding|Keep-Alive/)
      expect(text().slice(text().indexOf('\r\n\r\n') + 4)).toBe('first\n')
      expect(opened[0]?.outlet.pending).toBe(0)
      opened[0]?.outlet.write(Buffer.from('second\n'))
      await vi.waitFor(() => expect(text()).toMatch(/first\nsecond\n$/))
      expect(served.express).toBe(lane === 'express' ? 1 : 0)
      socket.destroy()
      await vi.waitFor(() => expect(opened[0]?.told).toEqual(['closed']))
    },
  )

  it('outlives every timeout of requests and connections', async () => {
    const { socket, text } = await ask(POST)
    await new Promise((wake) => setTimeout(wake, 700))
    opened[0]?.outlet.write(Buffer.from('late\n'))
    await vi.waitFor(() => expect(text()).toContain('late\n'))
    expect(opened[0]?.told).toEqual([])
    socket.destroy()
  })

  it('ends when its handler says so, after all that was written', async () => {
    const { text, ended } = await ask(GET)
    opened[0]?.outlet.write(Buffer.from('last\n'))
    opened[0]?.outlet.end()
    opened[0]?.outlet.write(Buffer.from('too late'))
    await ended
    expect(text()).toMatch(/first\nlast\n$/)
    await vi.waitFor(() => expect(opened[0]?.told).toEqual(['closed']))
  })

  it('is told once when the peer ends, resets, or is cut', async () => {
    const peers = [await ask(GET), await ask(GET), await ask(GET)]
    peers[0]?.socket.end()
    peers[1]?.socket.resetAndDestroy()
    opened[2]?.outlet.destroy()
    await Promise.all(peers.map(({ ended }) => ended))
    await vi.waitFor(() => expect(opened.map(({ told }) => told)).toEqual([['closed'], ['closed'], ['closed']]))
    for (const { outlet } of opened) {
      outlet.write(Buffer.from('x'))
      outlet.end()
      outlet.destroy()
    }
    await new Promise((wake) => setTimeout(wake, 50))
    expect(opened.map(({ told }) => told)).toEqual([['closed'], ['closed'], ['closed']])
  })

  it('counts what a slow reader leaves, and tells when all was taken', async () => {
    const { socket, text } = await ask(GET)
    const [one] = opened
    socket.pause()
    const frame = Buffer.alloc(100_000, 'x')
    let written = 0
    while ((one?.outlet.pending ?? 0) < 1_000_000) {
      one?.outlet.write(frame)
      written += frame.length
      await new Promise((wake) => setImmediate(wake))
    }
    if (one !== undefined) one.drained = false
    await new Promise((wake) => setTimeout(wake, 30))
    expect(one).toMatchObject({ drained: false })
    socket.resume()
    await vi.waitFor(() => expect(one).toMatchObject({ drained: true }), 3_000)
    expect(one?.outlet.pending).toBe(0)
    await vi.waitFor(() => expect(text().length).toBeGreaterThanOrEqual(written))
    socket.destroy()
  })

  it('ends without a peer that takes nothing', async () => {
    const { socket } = await ask(GET)
    socket.pause()
    for (let index = 0; index < 100; index++) opened[0]?.outlet.write(Buffer.alloc(100_000))
    opened[0]?.outlet.end()
    await vi.waitFor(() => expect(opened[0]?.told).toEqual(['closed']), 2_000)
    socket.destroy()
  })

  it('lets nothing behind its request be taken for another one', async () => {
    const { socket, text, ended } = await ask(`GET /before HTTP/1.1\r\nHost: h\r\n\r\n${POST}`)
    expect(text().match(/HTTP\/1\.1 200/g)).toHaveLength(2)
    socket.write('\r\n')
    socket.write('GET /behind HTTP/1.1\r\nHost: h\r\n\r\nnonsense')
    await new Promise((wake) => setTimeout(wake, 50))
    expect(text().match(/HTTP\/1\.1/g)).toHaveLength(2)
    socket.end()
    await ended
    await vi.waitFor(() => expect(opened[0]?.told).toEqual(['closed']))
  })

  it('is not opened for HEAD, and ends with the connection for HTTP/1.0', async () => {
    const head = await sendRaw(port, 'HEAD /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n', 500)
    expect(head).toMatchObject({ statuses: [200], closed: true })
    expect(head.text).toContain('text/event-stream')
    expect(opened).toEqual([])
    const old = await ask('GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    expect(old.text()).toMatch(/\r\nConnection: close\r\n[^]*\r\n\r\nfirst\n$/)
    opened[0]?.outlet.end()
    await old.ended
  })

  it('ends with its door: within the grace, one after the other', async () => {
    const peers = await Promise.all(Array.from({ length: 40 }, () => ask(GET)))
    const stuck = await ask(GET)
    stuck.socket.pause()
    for (let index = 0; index < 100; index++) opened.at(-1)?.outlet.write(Buffer.alloc(100_000))
    const began = performance.now()
    const endings: number[] = []
    for (const { ended } of peers) void ended.then(() => endings.push(performance.now() - began))
    await door.close(400)
    expect(performance.now() - began).toBeLessThan(1_500)
    await Promise.all(peers.map(({ ended }) => ended))
    expect(Math.max(...endings) - Math.min(...endings)).toBeGreaterThan(80)
    await vi.waitFor(() => expect(opened.map(({ told }) => told.join())).toEqual(opened.map(() => 'closed')))
    stuck.socket.destroy()
  })

  it('leaves nothing behind: 1,000 opened and aborted', async () => {
    const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const before = sockets()
    for (let round = 0; round < 10; round++) {
      const peers = await Promise.all(Array.from({ length: 100 }, () => ask(GET)))
      for (const { socket } of peers) socket.resetAndDestroy()
    }
    await vi.waitFor(() => expect(opened.filter(({ told }) => told.join() === 'closed')).toHaveLength(1_000))
    await vi.waitFor(() => expect(sockets()).toBeLessThanOrEqual(before))
  })
})
