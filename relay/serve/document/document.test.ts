import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { hash } from 'node:crypto'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { compile, unwrap } from '@halyard/engine'
import { afterEach, describe, expect, it } from 'vitest'
import type { Snapshot } from '../../environment/snapshot.ts'
import { HandMadeEnvironment } from '../testing/environment.ts'
import { openEvents } from '../testing/event-client.ts'
import type { EventClient } from '../testing/event-client.ts'
import { open, startRig } from '../testing/rig.ts'
import type { Rig } from '../testing/rig.ts'
import type { TestDocument } from '../testing/rules.ts'

const keys = {
  server: [{ secret: 'server-key' }],
  client: [{ secret: 'client-key' }],
  admin: [{ secret: 'admin-key' }],
}
const document = (value: string): TestDocument => ({ flags: { title: { variants: { a: value }, serve: 'a' } } })
const KEY = { 'X-API-Key': 'server-key' }

const running: { rigs: Rig[]; clients: EventClient[] } = { rigs: [], clients: [] }

afterEach(async () => {
  for (const client of running.clients) client.close()
  for (const rig of running.rigs) await rig.stop()
  running.rigs = []
  running.clients = []
})

async function start(environment: HandMadeEnvironment): Promise<Rig> {
  const rig = await startRig({ environments: [open(document(''), { environment, keys })] })
  running.rigs.push(rig)
  return rig
}

async function follow(rig: Rig, headers: Record<string, string> = {}): Promise<EventClient> {
  const client = await openEvents(`${rig.url}/v1/document/stream`, { headers: { ...KEY, ...headers } })
  running.clients.push(client)
  return client
}

/** Without undoing any compression. */
async function get(rig: Rig, headers: Record<string, string>): Promise<{ message: IncomingMessage; body: Buffer }> {
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${rig.url}/v1/document`, { headers: { ...KEY, ...headers } }, resolve)
      .on('error', reject)
      .end()
  })
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return { message, body: Buffer.concat(chunks) }
}

/** An environment whose vendor is flagd, with the document as somebody wrote it. */
class FlagdEnvironment extends HandMadeEnvironment {
  readonly #snapshot: Snapshot

  constructor(bytes: Buffer, options: Readonly<Record<string, unknown>> = {}) {
    super('test')
    const sha256 = hash('sha256', bytes, 'hex')
    const { ruleset, problems } = compile({ dialect: 'flagd', document: bytes, options, sha256 })
    const order = { epoch: 2, version: 9, receivedAt: 1_790_000_000_000 }
    this.#snapshot = { ruleset, problems, bytes, sha256, ...order, loadedFrom: 'upstream' }
  }

  override snapshot(): Snapshot {
    return this.#snapshot
  }

  override status(): ReturnType<HandMadeEnvironment['status']> {
    return { ...super.status(), dialect: 'flagd', state: 'ready' }
  }
}

const WRITTEN =
  '\uFEFF{\r\n  "flags": {\n\t"one": {"state":"ENABLED", "variants": {"a": 1.0, "b": 12345678901234567890},\r"defaultVariant":"a"}\n  }\n}\n'

describe('GET /v1/document', () => {
  it('is the envelope: one line, known order, the document as it was written', async () => {
    const environment = new FlagdEnvironment(Buffer.from(WRITTEN), {})
    const rig = await start(environment)
    const { ruleset, sha256 } = environment.snapshot()
    const response = await fetch(`${rig.url}/v1/document`, { headers: KEY })
    const text = await response.text()
    const head = `{"dialect":"flagd","options":{},"revision":"${ruleset.revision}","sha256":"${sha256}","epoch":2,"version":9,"receivedAt":1790000000000,"document":`
    expect(text).toBe(`${head}${WRITTEN.slice(1).replace(/[\r\n]/g, ' ')}}`)
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    expect(response.headers.get('etag')).toBe(`"${ruleset.revision}"`)
    expect(response.headers.get('vary')).toContain('Accept-Encoding')
    expect(response.headers.get('cache-control')).toBe('private, no-cache')
    const there = compile({ dialect: 'halyard', document: text })
    expect(there.ruleset.revision).toBe(ruleset.revision)
    expect(there.ruleset.outcome('one', {}).json).toContain('"value":1.0')
  })

  it('is 304 to whoever has it, with or without a word on weakness', async () => {
    const rig = await start(new HandMadeEnvironment('test', document('x')))
    const tag = (await fetch(`${rig.url}/v1/document`, { headers: KEY })).headers.get('etag') ?? ''
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const { message, body } = await get(rig, { 'If-None-Match': header })
      expect([message.statusCode, message.headers.etag, body.length], header).toEqual([304, tag, 0])
    }
    expect((await get(rig, { 'If-None-Match': '"other"' })).message.statusCode).toBe(200)
    expect((await get(rig, {})).message.statusCode).toBe(200)
  })

  it('is compressed as the client likes it', async () => {
    const long = { flags: { title: { variants: { a: 'x'.repeat(20_000) }, serve: 'a' } } }
    const rig = await start(new HandMadeEnvironment('test', long))
    const { body: plain } = await get(rig, { 'Accept-Encoding': 'identity' })
    for (const [accept, encoding, decode] of [
      ['gzip, br', 'br', brotliDecompressSync],
      ['gzip', 'gzip', gunzipSync],
      ['zstd, gzip', 'zstd', zstdDecompressSync],
      ['br;q=0.5, gzip', 'gzip', gunzipSync],
      ['*', 'br', brotliDecompressSync],
    ] as const) {
      const { message, body } = await get(rig, { 'Accept-Encoding': accept })
      expect(message.headers['content-encoding'], accept).toBe(encoding)
      expect(body.length).toBeLessThan(plain.length / 10)
      expect(decode(body).equals(plain)).toBe(true)
    }
    for (const accept of ['', 'identity', 'deflate', 'gzip;q=0, br;q=0']) {
      const { message, body } = await get(rig, { 'Accept-Encoding': accept })
      expect([message.headers['content-encoding'], body.equals(plain)], accept).toEqual([undefined, true])
    }
  })

  it('is for server and admin keys only', async () => {
    const rig = await start(new HandMadeEnvironment('test', document('x')))
    for (const path of ['/v1/document', '/v1/document/stream']) {
      const as = async (secret?: string): Promise<number> => {
        const abort = new AbortController()
        const headers: Record<string, string> = secret === undefined ? {} : { 'X-API-Key': secret }
        const { status } = await fetch(`${rig.url}${path}`, { headers, signal: abort.signal })
        abort.abort()
        return status
      }
      expect([await as('server-key'), await as('admin-key'), await as('client-key'), await as()], path).toEqual([
        200, 200, 403, 401,
      ])
    }
    const empty = await start(new HandMadeEnvironment('test'))
    for (const path of ['/v1/document', '/v1/document/stream']) {
      const response = await fetch(`${empty.url}${path}`, { headers: KEY })
      expect([response.status, response.headers.has('retry-after')], path).toEqual([503, true])
    }
  })
})

describe('GET /v1/document/stream', () => {
  it('has the envelope as its data, and another whenever there is one', async () => {
    const environment = new HandMadeEnvironment('test', document('1'))
    const rig = await start(environment)
    const client = await follow(rig)
    const first = await client.at(0)
    expect(first.type).toBe('document')
    expect(first.data).toBe(await (await fetch(`${rig.url}/v1/document`, { headers: KEY })).text())
    expect(client.retries).toHaveLength(1)
    environment.swap(document('2'))
    const second = await client.at(1)
    expect(JSON.parse(second.data)).toMatchObject({ version: 2, document: document('2') })
    expect(second.id).not.toBe(first.id)
    const resumed = await follow(rig, { 'Last-Event-ID': second.id })
    const { type, data, id } = await resumed.at(0)
    const revision = environment.snapshot()?.ruleset.revision
    expect([type, id, JSON.parse(data)]).toEqual(['current', second.id, { revision, epoch: 1, version: 2 }])
    expect((await (await follow(rig, { 'Last-Event-ID': first.id })).at(0)).type).toBe('document')
    environment.swap(document('3'))
    expect((await resumed.at(1)).type).toBe('document')
  })

  it('says so when the client knows a newer document that does not come', async () => {
    const environment = new HandMadeEnvironment('test', document('1'))
    const rig = await start(environment)
    const client = await follow(rig, { 'Last-Event-ID': '1.2.unheard-of' })
    const first = await client.at(0)
    expect(JSON.parse(first.data)).toMatchObject({ stale: true, version: 1 })
    expect(unwrap(first.data).revision).toBe(environment.snapshot()?.ruleset.revision)
    environment.swap(document('2'))
    expect(JSON.parse((await client.at(1)).data)).not.toHaveProperty('stale')
  })

  it('sends a large document whole to a client that reads slowly', async () => {
    const long = (mark: string): TestDocument => ({
      flags: { title: { variants: { a: mark.repeat(3_000_000) }, serve: 'a' } },
    })
    const environment = new HandMadeEnvironment('test', long('x'))
    const rig = await start(environment)
    const client = await follow(rig)
    environment.swap(long('y'))
    expect(JSON.parse((await client.at(0, 20_000)).data)).toMatchObject({ document: long('x') })
    expect(JSON.parse((await client.at(1, 20_000)).data)).toMatchObject({ document: long('y') })
  })
})
