/** Each toxic does what it is called, on real sockets: a proxy that hurts nothing would prove every promise. */
import { createServer, connect } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { randomFrom } from '../../../serve/testing/random.ts'
import { FaultProxy } from './fault-proxy.ts'
import { pause, until } from './pause.ts'

let echo: Server
let proxy: FaultProxy
const clients: Socket[] = []

beforeEach(async () => {
  echo = createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => undefined).pipe(socket))
  await new Promise<void>((resolve) => {
    echo.listen(0, '127.0.0.1', resolve)
  })
  proxy = new FaultProxy(() => ({ port: (echo.address() as AddressInfo).port }), randomFrom(7))
  await proxy.start()
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await proxy.stop()
  await new Promise((resolve) => {
    echo.close(resolve)
  })
})

interface Talk {
  readonly socket: Socket
  readonly got: () => Buffer
  readonly ended: () => 'open' | 'end' | 'reset'
}

function dial(): Talk {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true })
  clients.push(socket)
  const pieces: Buffer[] = []
  let ended: 'open' | 'end' | 'reset' = 'open'
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  socket.on('end', () => (ended = 'end'))
  socket.on('error', (error: NodeJS.ErrnoException) => (ended = error.code === 'ECONNRESET' ? 'reset' : 'end'))
  return { socket, got: () => Buffer.concat(pieces), ended: () => ended }
}

const text = (talk: Talk): string => talk.got().toString()

describe('the fault proxy', () => {
  test('passes everything on, and the end of it, when nothing is wrong', async () => {
    const talk = dial()
    talk.socket.end('x'.repeat(300_000))
    expect(await until(() => talk.got().length === 300_000 && talk.ended() === 'end', 3_000)).toBeLessThan(3_000)
  })

  test('latency delays, on connections that were open before', async () => {
    const talk = dial()
    talk.socket.write('a')
    await until(() => text(talk) === 'a', 1_000)
    proxy.poison([{ kind: 'latency', ms: 150, jitterMs: 10 }], 'up')
    const began = performance.now()
    talk.socket.write('b')
    await until(() => text(talk) === 'ab', 2_000)
    expect(performance.now() - began).toBeGreaterThanOrEqual(149)
  })

  test('bandwidth lets so many bytes a second through', async () => {
    proxy.poison([{ kind: 'bandwidth', bytesPerSecond: 10_000 }], 'down')
    const talk = dial()
    const began = performance.now()
    talk.socket.write('x'.repeat(5_000))
    await until(() => talk.got().length === 5_000, 5_000)
    expect(performance.now() - began).toBeGreaterThan(400)
  })

  test('slow_close holds back the end only', async () => {
    proxy.poison([{ kind: 'slow_close', ms: 200 }], 'down')
    const talk = dial()
    const began = performance.now()
    talk.socket.end('hello')
    await until(() => text(talk) === 'hello', 1_000)
    expect(talk.ended()).toBe('open')
    await until(() => talk.ended() === 'end', 2_000)
    expect(performance.now() - began).toBeGreaterThanOrEqual(199)
  })

  test('timeout passes nothing and closes; blackhole passes nothing and does not', async () => {
    proxy.poison([{ kind: 'timeout', ms: 100 }])
    const closed = dial()
    closed.socket.write('x')
    expect(await until(() => closed.ended() !== 'open' || closed.socket.destroyed, 2_000)).toBeGreaterThan(80)
    expect(text(closed)).toBe('')
    proxy.poison([{ kind: 'blackhole' }])
    const hanging = dial()
    hanging.socket.write('x')
    await pause(300)
    expect(hanging.ended()).toBe('open')
    expect(text(hanging)).toBe('')
    proxy.heal()
    // What was swallowed is lost, so the connection must not look whole afterwards.
    expect(await until(() => hanging.ended() !== 'open' || hanging.socket.destroyed, 2_000)).toBeLessThan(2_000)
  })

  test('reset_peer resets', async () => {
    proxy.poison([{ kind: 'reset_peer', ms: 20 }], 'up')
    const talk = dial()
    talk.socket.write('x')
    await until(() => talk.ended() !== 'open', 2_000)
    expect(talk.ended()).toBe('reset')
  })

  test('slicer cuts into small pieces and changes nothing', async () => {
    proxy.poison([{ kind: 'slicer', bytes: 3, delayMs: 1 }], 'down')
    const talk = dial()
    let pieces = 0
    talk.socket.on('data', () => (pieces += 1))
    talk.socket.write('0123456789abcdef')
    await until(() => talk.got().length === 16, 2_000)
    expect(text(talk)).toBe('0123456789abcdef')
    expect(pieces).toBeGreaterThan(2)
  })

  test('limit_data lets so many bytes through, then closes', async () => {
    proxy.poison([{ kind: 'limit_data', bytes: 1_000 }], 'down')
    const talk = dial()
    talk.socket.write('x'.repeat(5_000))
    await until(() => talk.ended() !== 'open' || talk.socket.destroyed, 2_000)
    expect(talk.got().length).toBe(1_000)
  })

  test('corrupt flips bits and keeps the length', async () => {
    proxy.poison([{ kind: 'corrupt', every: 100 }], 'down')
    const sent = Buffer.alloc(10_000, 'x')
    const talk = dial()
    talk.socket.write(sent)
    await until(() => talk.got().length === sent.length, 2_000)
    const wrong = talk.got().filter((byte, index) => byte !== sent[index]).length
    expect(wrong).toBeGreaterThan(20)
    expect(wrong).toBeLessThan(1_000)
  })

  test('cut resets every open connection', async () => {
    const talk = dial()
    talk.socket.write('x')
    await until(() => text(talk) === 'x', 1_000)
    proxy.cut()
    expect(await until(() => talk.ended() === 'reset', 2_000)).toBeLessThan(2_000)
    expect(await until(() => proxy.connections === 0, 2_000)).toBeLessThan(2_000)
  })
})
