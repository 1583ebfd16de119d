/** The source against a server that keeps the vendor's protocol: raw credential, no ETags used, empty bodies, 401. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { Recorder } from '../../upstream/testing/recorder.ts'
import { httpUpstream } from '../../upstream/testing/upstreams.ts'
import type { TestUpstream } from '../../upstream/testing/upstreams.ts'
import { follow } from '../testing/follow.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { featbit } from './source.ts'

const SECRET = 'v3faJy3RCUO8d-EJiVdN6waRfGjfNan02Ms9c0LiTD6w'

/** The evaluation server's route: a document, or nothing when no item is newer than the timestamp asked for. */
class EvaluationServer {
  secret: string = SECRET
  updatedAt: number = 1
  empty: boolean = false

  answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://server')
    if (url.pathname !== '/base/api/public/sdk/server/latest-all') response.writeHead(404).end()
    else if (request.headers.authorization !== this.secret) response.writeHead(401).end()
    else if (this.empty || Number(url.searchParams.get('timestamp')) >= this.updatedAt) response.writeHead(200).end()
    else response.writeHead(200, { 'content-type': 'application/json', etag: '"e"' }).end(this.document)
  }

  get document(): string {
    const featureFlags = [{ key: 'f', updatedAt: new Date(this.updatedAt).toISOString() }]
    return JSON.stringify({ messageType: 'data-sync', data: { eventType: 'full', featureFlags, segments: [] } })
  }
}

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function connected(change: (server: TestUpstream) => Partial<UpstreamSettings> = () => ({})) {
  const vendor = new EvaluationServer()
  const server = await httpUpstream((request, response) => vendor.answer(request, response))
  const settings = { vendor: 'featbit', url: `${server.url}/base`, secret: SECRET, stream: false, ...change(server) }
  const { source, sink, next } = follow(featbit, settings)
  open.push({ close: () => source.stop() }, server)
  return { vendor, server, sink, source, next }
}

describe('polling', () => {
  it('asks for everything with the raw secret every 30 s, and never sends validators', async () => {
    const { vendor, server, sink, next } = await connected()
    expect(await sink.at(1)).toMatchObject({ kind: 'document', text: vendor.document })
    await next()
    vendor.updatedAt = 2
    const { event, wait } = await next()
    expect(event).toMatchObject({ kind: 'document', text: vendor.document })
    expect(wait).toBeGreaterThanOrEqual(27_000)
    expect(wait).toBeLessThanOrEqual(33_000)
    expect(sink.words[1]).toBe('unchanged')
    for (const { url, method, headers } of server.requests) {
      expect({ url, method }).toEqual({ url: '/base/api/public/sdk/server/latest-all?timestamp=0', method: 'GET' })
      expect(headers.authorization).toBe(SECRET)
      expect(headers).not.toHaveProperty('if-none-match')
    }
  })

  it('takes an empty body for no news', async () => {
    const { vendor, sink, next } = await connected()
    await sink.at(1)
    vendor.empty = true
    expect((await next()).event.kind).toBe('unchanged')
  })

  it('is slower after a 401 but never gives up', async () => {
    const { vendor, sink, next, source } = await connected()
    await sink.at(1)
    vendor.secret = 'rotated'
    expect((await next()).event).toMatchObject({ kind: 'failed', error: { kind: 'unauthorized', status: 401 } })
    for (let attempt = 0; attempt < 8; attempt += 1) expect((await next()).event.kind).toBe('failed')
    expect(source.status()).toMatchObject({ state: 'retrying', consecutiveFailures: 9 })
    vendor.secret = SECRET
    vendor.updatedAt = 3
    expect((await next()).event.kind).toBe('document')
  })

  it('understands the streaming address that SDKs are given, and extra headers that do not replace the secret', async () => {
    const { server, sink } = await connected(({ url }) => ({
      url: `${url.replace('http', 'ws')}/base/streaming/`,
      headers: { 'x-trace': '1', Authorization: 'other' },
    }))
    expect((await sink.at(1)).kind).toBe('document')
    expect(server.requests[0]?.headers).toMatchObject({ 'x-trace': '1', authorization: SECRET })
  })
})

it('reads a file instead', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'halyard-featbit-'))
  open.push({ close: () => rm(folder, { recursive: true }) })
  const file = join(folder, 'flags.json')
  await writeFile(file, new EvaluationServer().document)
  const settings = { vendor: 'featbit', file }
  expect(featbit.check(settings)).toEqual([])
  const source = featbit.connect(settings, { timers: new FakeTimers(), seed: 'test' })
  open.unshift({ close: () => source.stop() })
  const sink = new Recorder()
  source.start(sink)
  expect(await sink.at(1)).toMatchObject({ kind: 'document', text: new EvaluationServer().document })
})

describe('settings', () => {
  const url = 'https://featbit.example.com'
  it.each<[Partial<UpstreamSettings>, string, RegExp]>([
    [{ secret: SECRET }, 'url', /url of the evaluation server, or a file/],
    [{ url, file: 'flags.json', secret: SECRET }, 'url', /not both/],
    [{ url: 'featbit.example.com', secret: SECRET }, 'url', /base address/],
    [{ url: 'ftp://featbit.example.com', secret: SECRET }, 'url', /base address/],
    [{ url: 'https://me:pw@featbit.example.com', secret: SECRET }, 'url', /without user/],
    [{ url }, 'secret', /server secret of the environment/],
    [{ url, secret: `${SECRET}x` }, 'secret', /45 characters; a server secret has 44/],
    [{ url, secret: ` ${SECRET}` }, 'secret', /white space/],
    [{ url, secret: 'rp-0123456789' }, 'secret', /relay-proxy key/],
    [{ url, secret: SECRET.replace('-', '+') }, 'secret', /a letter, a digit, - or _/],
    [{ url, secret: SECRET, options: { profile: 'java' } }, 'options', /els, node-1.3/],
  ])('%o', (settings, path, message) => {
    const problems = featbit.check({ vendor: 'featbit', ...settings })
    expect(problems).toEqual([{ path, message: expect.stringMatching(message) }])
    if (settings.secret !== undefined) expect(JSON.stringify(problems)).not.toContain(settings.secret)
  })
})
