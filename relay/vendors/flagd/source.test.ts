/** The source against a server that keeps the daemon's HTTP habits: ETag, formats by ending and content type, a token. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { compileWith } from '../../engine/compile.ts'
import { flagd as dialect } from '../../engine/dialects/flagd/lower.ts'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import type { Source } from '../../upstream/source.ts'
import type { Recorder } from '../../upstream/testing/recorder.ts'
import { httpUpstream } from '../../upstream/testing/upstreams.ts'
import type { TestUpstream } from '../../upstream/testing/upstreams.ts'
import { follow } from '../testing/follow.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { flagd } from './source.ts'

const JSON_TEXT = '{"flags":{"f":{"state":"ENABLED","variants":{"on":true},"defaultVariant":"on"}}}'
const YAML_TEXT = `
flags:
  f:
    state: ENABLED
    variants: { "on": true }
    defaultVariant: "on"
`

/** What the server says; exchanged while it runs. */
interface Site {
  body: string
  type: string
  token?: string
}

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function serve(site: Site): Promise<TestUpstream> {
  const server = await httpUpstream((request, response) => {
    const etag = `"${site.body.length}"`
    if (site.token !== undefined && request.headers.authorization !== site.token) response.writeHead(401).end()
    else if (request.headers['if-none-match'] === etag) response.writeHead(304, { etag }).end()
    else response.writeHead(200, { 'content-type': site.type, etag }).end(site.body)
  })
  open.push(server)
  return server
}

interface Running {
  readonly source: Source
  readonly sink: Recorder
  readonly timers: FakeTimers
  readonly next: () => Promise<number>
}

function start(settings: Omit<UpstreamSettings, 'vendor'>): Running {
  const followed = follow(flagd, { vendor: 'flagd', ...settings })
  open.unshift({ close: () => followed.source.stop() })
  return { ...followed, next: async () => (await followed.next()).wait }
}

describe('over HTTP', () => {
  it('polls every five seconds, sends the token and understands 304', async () => {
    const site: Site = { body: JSON_TEXT, type: 'application/json', token: 'Bearer t0ken' }
    const server = await serve(site)
    const { sink, next } = start({ url: `${server.url}/flags.json`, secret: 't0ken' })
    await sink.at(1)
    await next()
    const wait = await next()
    expect(sink.words).toEqual([JSON_TEXT, 'unchanged', 'unchanged'])
    expect(wait).toBeGreaterThanOrEqual(4_500)
    expect(wait).toBeLessThanOrEqual(5_500)
    expect(server.requests[0]?.headers.accept).toContain('yaml')
    site.body = JSON_TEXT.replace('"f"', '"other"')
    await next()
    expect(sink.words.at(-1)).toBe(site.body)
  })

  it('sends a secret that names its scheme as it is', async () => {
    const server = await serve({ body: JSON_TEXT, type: 'application/json', token: 'Basic dTpw' })
    const { sink } = start({ url: server.url, secret: 'Basic dTpw' })
    expect((await sink.at(1)).kind).toBe('document')
  })

  it.each([
    ['the ending', '/flags.yaml', 'text/plain'],
    ['the other ending', '/flags.yml?v=1', 'application/json'],
    ['the content type', '/flags', 'application/yaml; charset=utf-8'],
    ['another content type', '/flags', 'text/x-yaml'],
  ])('knows YAML by %s and delivers JSON', async (_, path, type) => {
    const server = await serve({ body: YAML_TEXT, type })
    const { sink } = start({ url: `${server.url}${path}` })
    await sink.at(1)
    expect(sink.words).toEqual([JSON_TEXT])
  })

  it('trusts the ending over the content type', async () => {
    const server = await serve({ body: JSON_TEXT, type: 'application/yaml' })
    const { sink } = start({ url: `${server.url}/flags.json` })
    await sink.at(1)
    expect(sink.words).toEqual([JSON_TEXT])
  })

  it('stays failed while a broken YAML document is unchanged, and recovers', async () => {
    const site: Site = { body: 'flags: [', type: 'text/yaml' }
    const server = await serve(site)
    const { sink, source, next } = start({ url: `${server.url}/flags.yaml` })
    const error = await sink.failureAt(1)
    expect(error.message).toContain('not valid YAML')
    await next()
    expect(await sink.failureAt(2)).toBe(error)
    expect(source.status()).toMatchObject({ state: 'retrying', lastError: { kind: 'body' } })
    site.body = YAML_TEXT
    await next()
    expect(sink.words.at(-1)).toBe(JSON_TEXT)
    expect(source.status().state).toBe('live')
  })

  it('refuses aliases that would unfold without end', async () => {
    const levels = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9).slice(0, -1)}]`)
    const server = await serve({ body: `a0: &a0 [x]\n${levels.join('\n')}\nflags: {}\n`, type: 'text/yaml' })
    const { sink } = start({ url: server.url })
    expect((await sink.failureAt(1)).kind).toBe('body')
  })
})

it('follows a YAML file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'flagd-'))
  open.push({ close: () => rm(folder, { recursive: true }) })
  const file = join(folder, 'flags.yml')
  await writeFile(file, YAML_TEXT)
  const { sink } = start({ file })
  await sink.at(1)
  expect(sink.words).toEqual([JSON_TEXT])
})

describe('settings', () => {
  const problems = (settings: Omit<UpstreamSettings, 'vendor'>): string[] =>
    flagd.check({ vendor: 'flagd', ...settings }).map(({ path, message }) => `${path} ${message}`)

  it.each([
    [{}, /^url give the url/],
    [{ url: 'https://x.example', file: 'a.json' }, /^url give either/],
    [{ url: 'gs://bucket/flags.json' }, /^url must be the http/],
    [{ url: 'nonsense' }, /^url must be the http/],
    [{ file: 'flags.toml' }, /^file must end/],
    [{ url: 'https://x.example', secret: ' s' }, /^secret has white space/],
    [{ url: 'https://x.example', secret: 's', headers: { Authorization: 'x' } }, /^headers give the authorization/],
    [{ url: 'https://x.example', everyMs: 86_400_001 }, /^every must be at most/],
    [{ url: 'https://x.example', options: { fractional: 1 } }, /^options options.fractional: must be 2 or 3/],
  ])('%j is refused', (settings, message) => {
    expect(problems(settings)).toEqual([expect.stringMatching(message)])
  })
})

it('has a demo document that the dialect finds no fault in', () => {
  const text = readFileSync(new URL('../../../config/flags/flagd.json', import.meta.url), 'utf8')
  const { ruleset, problems } = compileWith(dialect, { document: text })
  expect(problems).toEqual([])
  expect(ruleset.evaluate('free-shipping-from', { country: 'NL' })).toMatchObject({ value: 29.5, variant: 'reduced' })
  expect(ruleset.evaluate('loyalty-banner', { orders: [{ total: 20 }, { total: 120 }] }).variant).toBe('gold')
  expect(ruleset.evaluate('new-checkout', { email: 'a@shop.example' }).value).toBe(true)
})
