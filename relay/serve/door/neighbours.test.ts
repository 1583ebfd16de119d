import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { connect as connectSecurely } from 'node:tls'
import { describe, expect, it, vi } from 'vitest'
import { systemTimers } from '../../upstream/clock.ts'
import { json } from '../replies.ts'
import { defaultLimits } from '../settings.ts'
import { sendRaw } from '../testing/rig.ts'
import { HttpDoor } from './http.ts'
import { Neighbours } from './neighbours.ts'
import { authority, certificate } from './testing/certificates.ts'

describe('connections from one address', () => {
  it('are let in up to the limit, and again when one has gone', () => {
    const neighbours = new Neighbours(2)
    const [first, second] = [neighbours.admit('192.0.2.1'), neighbours.admit('::ffff:192.0.2.1')]
    expect([first, second, neighbours.admit('192.0.2.1')]).toEqual([
      expect.any(Function),
      expect.any(Function),
      undefined,
    ])
    expect(neighbours.admit('192.0.2.2')).toBeDefined()
    first?.()
    expect(neighbours.admit('192.0.2.1')).toBeDefined()
    expect(neighbours.admit('192.0.2.1')).toBeUndefined()
  })

  it('of IPv6 count by their /64, however it is written', () => {
    const neighbours = new Neighbours(1)
    expect(neighbours.admit('2001:db8::1')).toBeDefined()
    expect(neighbours.admit('2001:0db8:0:0:ffff::2')).toBeUndefined()
    expect(neighbours.admit('2001:db8:0:1::1')).toBeDefined()
    expect(neighbours.admit('fe80::1%eth0')).toBeDefined()
    expect(neighbours.admit('fe80::2')).toBeUndefined()
  })

  it('are not counted from this machine and from proxies', () => {
    const neighbours = new Neighbours(1, ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'])
    const free = ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '10.1.2.3', '::ffff:10.1.2.3', '192.0.2.7']
    for (const address of [...free, '2001:db8:1::1']) {
      for (let time = 0; time < 3; time++) expect(neighbours.admit(address)).toBeDefined()
    }
    expect(() => new Neighbours(1, ['nonsense'])).toThrow()
    expect(() => new Neighbours(1, ['10.0.0.0/99'])).toThrow()
  })
})

const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address

describe.each(['express', 'node:http', 'TLS'])('a door that counts them, by %s', (lane) => {
  it.skipIf(address === undefined)('closes what is too much at once, and tells', async () => {
    const refused: string[] = []
    const door = new HttpDoor({
      listen: { host: '0.0.0.0', port: 0, ...(lane === 'TLS' ? { tls: certificate('first') } : {}) },
      limits: { ...defaultLimits, connectionsPerAddress: 2 },
      timers: systemTimers,
      refused: () => undefined,
      turnedAway: (why) => refused.push(why),
      handle: () => json(200, {}),
      ...(lane === 'node:http' ? {} : { express: { counted: () => undefined } }),
    })
    const { port } = await door.listen()
    const open = (host = address): Promise<{ socket: Socket; answer: string }> =>
      new Promise((resolve) => {
        const ca = authority('first')
        const options = { host, port }
        const socket =
          lane === 'TLS' ? connectSecurely({ ...options, ca, checkServerIdentity: () => undefined }) : connect(options)
        socket.on('error', () => undefined)
        socket.on('data', (chunk) => resolve({ socket, answer: chunk.toString('latin1') }))
        socket.on('close', () => resolve({ socket, answer: '' }))
        socket.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n')
      })
    const held = [await open(), await open()]
    expect(held.map(({ answer }) => answer.slice(0, 15))).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK'])
    expect((await open()).answer).toBe('')
    expect(refused).toEqual(['address'])
    const local = await open('127.0.0.1')
    expect(local.answer).toContain('200 OK')
    held[0]?.socket.destroy()
    await vi.waitFor(async () => expect((await open()).answer).toContain('200 OK'))
    for (const { socket } of [...held, local]) socket.destroy()
    await door.close(0)
  })
})

it.each([true, false])('a door takes no more connections than it may, and tells (express: %s)', async (express) => {
  const refused: string[] = []
  const door = new HttpDoor({
    listen: { host: '127.0.0.1', port: 0 },
    limits: { ...defaultLimits, connections: 2 },
    timers: systemTimers,
    refused: () => undefined,
    turnedAway: (why) => refused.push(why),
    handle: () => json(200, {}),
    ...(express ? { express: { counted: () => undefined } } : {}),
  })
  const { port } = await door.listen()
  const post = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n'
  const held = [1, 2].map(() => connect(port, '127.0.0.1'))
  await Promise.all(
    held.map((socket) => new Promise((resolve) => void socket.write(post, () => socket.once('data', resolve)))),
  )
  expect(await sendRaw(port, post, 500)).toMatchObject({ statuses: [], closed: true })
  expect(refused).toEqual(['total'])
  for (const socket of held) socket.destroy()
  await vi.waitFor(async () => expect((await sendRaw(port, post, 50)).statuses).toEqual([200]))
  await door.close(0)
})
