/** What is particular to the express lane; that it answers as node:http does is the fuzz's and every serving test's part. */
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, sendRaw, startRig } from '../../testing/rig.ts'
import type { Rig } from '../../testing/rig.ts'
import { Heads } from './head.ts'

const BODY = '{"context":{"targetingKey":"u"}}'
const document = { flags: { f: { variants: { a: 1 }, serve: 'a' } } }

function post(path: string, body: string = BODY, more = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: h\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

async function counted(rig: Rig): Promise<{ served: number; handedOver: number }> {
  const text = await rig.metrics.text()
  const value = (event: string): number =>
    Number(new RegExp(`halyard_express_lane_total\\{event="${event}"\\} (\\d+)`).exec(text)?.[1])
  return { served: value('served'), handedOver: value('handed_over') }
}

describe.skipIf(process.env['HALYARD_TEST_DOOR'] === 'http')('the lane', () => {
  let rig: Rig
  beforeAll(async () => {
    rig = await startRig({
      environments: [open(document)],
      limits: { checkIntervalMs: 50, headersTimeoutMs: 200, requestTimeoutMs: 300, keepAliveTimeoutMs: 400 },
    })
  })
  afterAll(() => rig.stop())

  it('answers single and bulk itself, and leaves the rest to node:http', async () => {
    const before = await counted(rig)
    await sendRaw(rig.port, post('/ofrep/v1/evaluate/flags/f') + post('/ofrep/v1/evaluate/flags'))
    await sendRaw(rig.port, 'PUT /ofrep/v1/evaluate/flags HTTP/1.1\r\nHost: h\r\n\r\n')
    const after = await counted(rig)
    expect(after.served - before.served).toBe(2)
    expect(after.handedOver - before.handedOver).toBe(1)
  })

  it('answers all pipelined requests of one packet by one write, in order', async () => {
    const writes: number[] = []
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(rig.port, '127.0.0.1')
      let text = ''
      socket.on('data', (chunk: Buffer) => {
        writes.push(chunk.length)
        text += chunk.toString()
        if (text.split('HTTP/1.1 ').length > 20) resolve(text)
      })
      socket.write(
        Array.from({ length: 20 }, (_, index) =>
          post(`/ofrep/v1/evaluate/flags/${index % 2 === 0 ? 'f' : 'none'}`),
        ).join(''),
      )
    })
    expect(writes).toHaveLength(1)
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(
      Array.from({ length: 10 }, () => ['200', '404']).flat(),
    )
  })

  it('cuts a request that does not end, and a connection that says nothing', async () => {
    expect(await sendRaw(rig.port, post('/x').slice(0, -1), 1_000)).toMatchObject({ statuses: [408], closed: true })
    expect(await sendRaw(rig.port, 'POST /x HTTP/1.1\r\nHos', 1_000)).toMatchObject({ statuses: [408], closed: true })
    expect(await sendRaw(rig.port, '', 1_000)).toMatchObject({ statuses: [408], closed: true })
  })

  it('closes a connection that was kept for nothing', async () => {
    expect(await sendRaw(rig.port, post('/ofrep/v1/evaluate/flags/f'), 2_000)).toMatchObject({
      statuses: [200],
      closed: true,
    })
  })

  it('reads no further while the peer does not take its answers', async () => {
    const many = post('/ofrep/v1/evaluate/flags').repeat(500)
    const patient = await startRig({ environments: [open(document)] })
    const socket = connect(patient.port, '127.0.0.1')
    socket.pause()
    // Some 20 MB of requests, whose answers are twice that: more than the system keeps for a connection.
    for (let round = 0; round < 400; round++) socket.write(many)
    await new Promise((wake) => setTimeout(wake, 500))
    expect(socket.writableLength).toBeGreaterThan(1_000_000)
    socket.destroy()
    await patient.stop()
  })
})

describe('heads', () => {
  const heads = new Heads({ bodyBytes: 1_000, headerCount: 5 })
  const read = (lines: string): number | undefined => heads.read(lines.replaceAll('\n', '\r\n'))?.length

  it('of the common form are read', () => {
    expect(read('POST /a?b HTTP/1.1\nHost: h\nContent-Length: 5')).toBe(5)
    expect(read('POST /a?b HTTP/1.1\nHost: h\nContent-Length: 5')).toBe(5)
    expect(read('POST /a HTTP/1.1\nhost:h\ncontent-length:\t0 \nconnection: Keep-Alive\nx:')).toBe(0)
    expect(read('GET /a?b HTTP/1.1\nHost: h')).toBe(0)
    expect(read('GET / HTTP/1.1\nHost: h\nContent-Length: 0')).toBe(0)
    expect(heads.read('POST /a?b=c?d HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX-Y:  a  b ')).toMatchObject({
      path: '/a',
      query: 'b=c?d',
    })
  })

  it.each([
    'GET /a HTTP/1.1\nHost: h\nContent-Length: 5',
    'GET /a HTTP/1.1\nHost: h\nContent-Length: 00',
    'GET /a HTTP/1.0\nHost: h',
    'GET a HTTP/1.1\nHost: h',
    'HEAD /a HTTP/1.1\nHost: h',
    'GETS /a HTTP/1.1\nHost: h',
    'POST a HTTP/1.1\nHost: h\nContent-Length: 0',
    'POST /a#b HTTP/1.1\nHost: h\nContent-Length: 0',
    'POST /a HTTP/1.0\nHost: h\nContent-Length: 0',
    'POST /a HTTP/1.1\nContent-Length: 0',
    'POST /a HTTP/1.1\nHost: h',
    'POST /a HTTP/1.1\nHost: h\nHost: h\nContent-Length: 0',
    'POST /a HTTP/1.1\nHost: h/x\nContent-Length: 0',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: 0\nContent-Length: 0',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: 01',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: +1',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: 1001',
    'POST /a HTTP/1.1\nHost: h\nContent-Length : 0',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: 0\n folded',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: 0\nExpect: 100-continue',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: 0\nTransfer-Encoding: chunked',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: 0\nUpgrade: h2c',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: 0\nConnection: close',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: 0\nContent-Encoding: gzip',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: 0\nX: \u0000',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: 0\nX: \u00e9',
    'POST /a HTTP/1.1\nHost: h\nContent-Length: 0\nA: 1\nB: 1\nC: 1\nD: 1',
    '',
  ])('%j is left to node:http', (lines) => expect(read(lines)).toBe(undefined))
})
