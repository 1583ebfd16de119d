/** Bulk answers in the coding that a client asks for: over real sockets and by real clients. */
import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open, sendRaw, startRig } from '../testing/rig.ts'
import type { Rig } from '../testing/rig.ts'
import { BodyCache } from './body-cache.ts'
import { CodedBodies } from './coded-bodies.ts'

const PATH = '/ofrep/v1/evaluate/flags'
const flags = Object.fromEntries(
  Array.from({ length: 60 }, (_, index) => [`flag-${index}`, { variants: { a: `välue-${index}` }, serve: 'a' }]),
)

let rig: Rig
beforeAll(async () => {
  rig = await startRig({
    environments: [open({ flags }, { name: 'big' }), open({ flags: { f: { variants: { a: 1 }, serve: 'a' } } })],
  })
})
afterAll(() => rig.stop())

interface Answer {
  readonly headers: NodeJS.Dict<string | string[]>
  readonly status: number | undefined
  readonly body: Buffer
}

function ask(headers: Readonly<Record<string, string>>, path = `/environments/big${PATH}`): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const body = '{"context":{"targetingKey":"u"}}'
    const asking = request(`${rig.url}${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Content-Length': body.length, ...headers },
    })
    asking.on('error', reject)
    asking.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ headers: response.headers, status: response.statusCode, body: Buffer.concat(chunks) }),
      )
    })
    asking.end(body)
  })
}

describe('bulk answers', () => {
  it.each([
    ['br', brotliDecompressSync],
    ['zstd', zstdDecompressSync],
    ['gzip', gunzipSync],
  ] as const)('come as %s, equal to the plain ones, whether made now or kept', async (coding, decode) => {
    const plain = await ask({})
    expect(plain.headers['content-encoding']).toBeUndefined()
    const kept: Buffer[] = []
    for (let time = 0; time < 4; time++) {
      const coded = await ask({ 'Accept-Encoding': `${coding}, identity;q=0.5` })
      expect(coded.headers['content-encoding']).toBe(coding)
      expect(coded.headers['vary']).toContain('Accept-Encoding')
      expect(coded.headers['etag']).toBe(plain.headers['etag'])
      expect(coded.headers['content-length']).toBe(String(coded.body.length))
      expect(coded.body.length).toBeLessThan(plain.body.length / 3)
      expect(decode(coded.body)).toEqual(plain.body)
      kept.push(coded.body)
    }
    const unchanged = await ask({ 'Accept-Encoding': coding, 'If-None-Match': `${plain.headers['etag']?.toString()}` })
    expect([unchanged.status, unchanged.body.length, unchanged.headers['content-encoding']]).toEqual([
      304,
      0,
      undefined,
    ])
  })

  it('come plain to who does not ask, who declines, and where there is little to save', async () => {
    for (const accept of ['identity', 'br;q=0, gzip;q=0', 'deflate', 'nonsense;q=x']) {
      expect((await ask({ 'Accept-Encoding': accept })).headers['content-encoding']).toBeUndefined()
    }
    for (const path of [`/environments/test${PATH}`, `/environments/big${PATH}/flag-1`]) {
      const small = await ask({ 'Accept-Encoding': 'gzip, br' }, path)
      expect([small.status, small.headers['content-encoding']]).toEqual([200, undefined])
    }
  })

  it('are understood by fetch', async () => {
    const response = await rig.post(`/environments/big${PATH}`, { context: { targetingKey: 'fetched' } })
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(((await response.json()) as { flags: unknown[] }).flags).toHaveLength(60)
  })

  it('stay in order on one connection, coded and plain', async () => {
    const bytes = ['gzip', 'identity', 'br', 'identity'].map(
      (accept) =>
        `POST /environments/big${PATH} HTTP/1.1\r\nHost: h\r\nAccept-Encoding: ${accept}\r\nContent-Length: 2\r\n\r\n{}`,
    )
    const { statuses, text } = await sendRaw(rig.port, bytes.join(''))
    expect(statuses).toEqual([200, 200, 200, 200])
    const codings = text.split('HTTP/1.1 200 ').map((answer) => /Content-Encoding: (\w+)/.exec(answer)?.[1])
    expect(codings).toEqual([undefined, 'gzip', undefined, 'br', undefined])
  })
})

describe('coded bodies', () => {
  const tag = 'x'.repeat(32)
  const body = { bytes: Buffer.from('{"key":"value"},'.repeat(500)), reasons: [] }

  it('are made once for all who ask meanwhile, and kept where the plain one is', async () => {
    const bodies = new BodyCache(1_000_000)
    const coded = new CodedBodies(bodies)
    await coded.code(tag, 'br', body)
    expect(coded.get(tag, 'br')).toBeUndefined()
    bodies.keep(tag, body)
    const made = await Promise.all(Array.from({ length: 50 }, () => coded.code(tag, 'br', body)))
    expect(new Set(made).size).toBe(1)
    expect(made[0]).toBeDefined()
    expect(coded.get(tag, 'br')).toBe(made[0])
    expect(coded.get(tag, 'gzip')).toBeUndefined()
    expect(bodies.get(tag)).toBe(body)
  })

  it('count against the same bytes as the plain ones', async () => {
    const bodies = new BodyCache(body.bytes.length + 600)
    const coded = new CodedBodies(bodies)
    bodies.keep(tag, body)
    await coded.code(tag, 'gzip', body)
    expect([bodies.get(tag), coded.get(tag, 'gzip')].filter(Boolean)).toHaveLength(1)
  })
})
