/** The source against a server that keeps the vendor's protocol: raw SDK key, ETags, 401, payload filters. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { compileWith } from '../../engine/compile.ts'
import { launchdarkly as dialect } from '../../engine/dialects/launchdarkly/lower.ts'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { Recorder } from '../../upstream/testing/recorder.ts'
import { httpUpstream } from '../../upstream/testing/upstreams.ts'
import type { TestUpstream } from '../../upstream/testing/upstreams.ts'
import { follow } from '../testing/follow.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { launchdarkly } from './source.ts'

const KEY = 'sdk-5d7c2b1e-1f4a-4c3b-9e0a-3a2b1c0d9e8f'
const DEMO = fileURLToPath(new URL('../../../config/flags/launchdarkly.json', import.meta.url))

/** The polling route of the service: a document with an ETag, 304 when it is known, one document per payload filter. */
class PollingService {
  key: string = KEY
  version: number = 1

  answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://service')
    if (url.pathname !== '/relay/sdk/latest-all') response.writeHead(404).end()
    else if (request.headers.authorization !== this.key) response.writeHead(401).end()
    else this.#send(request, response, url.searchParams.get('filter'))
  }

  #send(request: IncomingMessage, response: ServerResponse, filter: string | null): void {
    const body = this.document(filter)
    const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`
    if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
    else response.writeHead(200, { 'content-type': 'application/json', etag }).end(body)
  }

  document(filter: string | null = null): string {
    const flag = { key: 'f', version: this.version, on: false, variations: [filter ?? 'all'], offVariation: 0 }
    return JSON.stringify({ flags: { f: flag }, segments: {} })
  }
}

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function connected(change: (server: TestUpstream) => Partial<UpstreamSettings> = () => ({})) {
  const service = new PollingService()
  const server = await httpUpstream((request, response) => service.answer(request, response))
  const settings = {
    vendor: 'launchdarkly',
    url: `${server.url}/relay/`,
    secret: KEY,
    stream: false,
    ...change(server),
  }
  const { source, sink, next } = follow(launchdarkly, settings)
  open.push({ close: () => source.stop() }, server)
  return { service, server, sink, source, next }
}

describe('polling', () => {
  it('asks with the raw SDK key every 30 s, and tells the ETag back', async () => {
    const { service, server, sink, next } = await connected()
    expect(await sink.at(1)).toMatchObject({ kind: 'document', text: service.document() })
    expect((await next()).event.kind).toBe('unchanged')
    service.version = 2
    const { event, wait } = await next()
    expect(event).toMatchObject({ kind: 'document', text: service.document() })
    expect(wait).toBeGreaterThanOrEqual(27_000)
    expect(wait).toBeLessThanOrEqual(33_000)
    expect(server.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual(
      Array.from({ length: 3 }, () => ['/relay/sdk/latest-all', KEY]),
    )
    expect(server.requests[1]?.headers['if-none-match']).toMatch(/^"[0-9a-f]{16}"$/)
  })

  it('never gives up on a 401, which ends the vendor’s own SDKs', async () => {
    const { service, sink, next, source } = await connected()
    await sink.at(1)
    service.key = 'sdk-rotated'
    for (let attempt = 0; attempt < 6; attempt += 1) {
      expect((await next()).event).toMatchObject({ kind: 'failed', error: { kind: 'unauthorized', status: 401 } })
    }
    expect(source.status()).toMatchObject({ state: 'retrying', consecutiveFailures: 6 })
    service.key = KEY
    service.version = 3
    expect((await next()).event.kind).toBe('document')
  })

  it('keeps a payload filter, and extra headers do not replace the key', async () => {
    const { server, sink } = await connected(({ url }) => ({
      url: `${url}/relay?filter=mobile%20apps`,
      headers: { 'x-trace': '1', Authorization: 'other' },
    }))
    expect(await sink.at(1)).toMatchObject({
      kind: 'document',
      text: expect.stringContaining('["mobile apps"]') as string,
    })
    expect(server.requests[0]?.headers).toMatchObject({ 'x-trace': '1', authorization: KEY })
  })
})

it('reads the demo file, in which every flag compiles and answers', async () => {
  const settings = { vendor: 'launchdarkly', file: DEMO }
  expect(launchdarkly.check(settings)).toEqual([])
  const source = launchdarkly.connect(settings, { timers: new FakeTimers(), seed: 'test' })
  open.push({ close: () => source.stop() })
  const sink = new Recorder()
  source.start(sink)
  const event = await sink.at(1)
  const { ruleset, problems } = compileWith(dialect, { document: event.kind === 'document' ? event.text : '' })
  expect(problems).toEqual([])
  const shopper = { targetingKey: 'u-17', email: 'ada@example.com', country: 'NL', plan: 'pro' }
  const answers = ruleset.evaluateAll(shopper, { now: 0 })
  expect(answers.length).toBeGreaterThanOrEqual(8)
  for (const answer of answers) expect(answer).toMatchObject({ variant: expect.stringMatching(/^\d$/) as string })
})

describe('settings', () => {
  const good = { vendor: 'launchdarkly', url: 'https://sdk.launchdarkly.com', secret: KEY }

  it.each<[string, Partial<UpstreamSettings>, string, RegExp]>([
    ['a url with a query', { url: 'https://sdk.launchdarkly.com/?x=1' }, 'url', /base address/],
    ['a url with a user', { url: 'https://me@sdk.launchdarkly.com' }, 'url', /base address/],
    ['a socket', { url: 'wss://stream.launchdarkly.com' }, 'url', /base address/],
    ['both a url and a file', { file: 'flags.json' }, 'url', /either url or file/],
    ['polls that the vendor does not serve', { everyMs: 5_000 }, 'every', /at least 30s/],
    ['no secret', { secret: '' }, 'secret', /SDK key/],
    ['a mobile key', { secret: 'mob-123' }, 'secret', /mobile key/],
    ['a client-side ID', { secret: '0123456789abcdef01234567' }, 'secret', /client-side ID/],
    ['an API token', { secret: 'api-123' }, 'secret', /API access token/],
    ['a line break', { secret: 'sdk-1\n2' }, 'secret', /characters/],
    ['an unknown profile', { options: { profile: 'php' } }, 'options', /node, go/],
  ])('with %s are refused with a reason that keeps the secret', (_, change, path, message) => {
    const problems = launchdarkly.check({ ...good, ...change })
    expect(problems.map((problem) => problem.path)).toEqual([path])
    expect(problems[0]?.message).toMatch(message)
    if (change.secret) expect(JSON.stringify(problems)).not.toContain(change.secret)
  })

  it('need a url or a file, and are fine otherwise', () => {
    expect(launchdarkly.check({ vendor: 'launchdarkly' })).toMatchObject([{ path: 'url' }])
    expect(launchdarkly.check(good)).toEqual([])
    expect(launchdarkly.check({ ...good, url: 'http://relay.internal:8030/ld', everyMs: 2_000 })).toEqual([])
  })
})
