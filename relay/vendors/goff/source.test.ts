/** The source against a relay and a bucket that keep the vendor's habits, over real sockets, and against real files. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { compileWith } from '../../engine/compile.ts'
import { goff as dialect } from '../../engine/dialects/goff/lower.ts'
import type { Source } from '../../upstream/source.ts'
import type { Recorder } from '../../upstream/testing/recorder.ts'
import type { TestUpstream } from '../../upstream/testing/upstreams.ts'
import { follow } from '../testing/follow.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { goff } from './source.ts'
import { MockGoff } from './testing/mock.ts'

const FLAG = { variations: { on: true, off: false }, defaultRule: { variation: 'on' } }
const JSON_TEXT = JSON.stringify({ f: FLAG })
const YAML_TEXT = 'f:\n  variations: { on: true, off: false }\n  defaultRule: { variation: on }\n'
const TOML_TEXT = '[f.variations]\non = true\noff = false\n[f.defaultRule]\nvariation = "on"\n'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function listening(mock: MockGoff): Promise<TestUpstream> {
  const server = await mock.listen()
  open.push(server)
  return server
}

interface Running {
  readonly source: Source
  readonly sink: Recorder
  readonly next: () => Promise<number>
}

function start(settings: Omit<UpstreamSettings, 'vendor'>): Running {
  const followed = follow(goff, { vendor: 'goff', ...settings })
  open.unshift({ close: () => followed.source.stop() })
  return { ...followed, next: async () => (await followed.next()).wait }
}

/** What a text becomes, by way of a file with that ending. */
async function converted(ending: string, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'goff-'))
  open.push({ close: () => rm(folder, { recursive: true }) })
  const file = join(folder, `flags.${ending}`)
  await writeFile(file, text)
  const { sink } = start({ file })
  const event = await sink.at(1)
  return event.kind === 'document' ? event.text : event.kind === 'failed' ? event.error.message : event.kind
}

describe('a flag file over HTTP', () => {
  it('is asked for every minute, with the token and the ETag', async () => {
    const mock = new MockGoff()
    mock.token = 't0ken'
    mock.files.set('/flags.json', { text: JSON_TEXT })
    const server = await listening(mock)
    const { sink, next } = start({ url: `${server.url}/flags.json`, secret: 't0ken' })
    await sink.at(1)
    await next()
    const changed = JSON.stringify({ g: FLAG })
    mock.files.set('/flags.json', { text: changed })
    const wait = await next()
    expect(sink.words).toEqual([JSON_TEXT, 'unchanged', changed])
    expect(wait).toBeGreaterThanOrEqual(54_000)
    expect(wait).toBeLessThanOrEqual(66_000)
    expect(server.requests[1]?.headers['if-none-match']).toMatch(/^"[0-9a-f]{16}"$/)
  })

  it.each([
    ['/flags.yaml', undefined, YAML_TEXT],
    ['/flags.yml', 'application/json', YAML_TEXT],
    ['/flags.toml', 'text/plain', TOML_TEXT],
    ['/raw', 'application/yaml; charset=utf-8', YAML_TEXT],
    ['/raw', 'application/toml', TOML_TEXT],
    ['/raw', 'application/json', JSON_TEXT],
    ['/raw', 'text/plain', YAML_TEXT],
    ['/raw', undefined, JSON_TEXT],
  ])('at %s as %s arrives as JSON', async (path, type, text) => {
    const mock = new MockGoff()
    mock.files.set(path, { text, ...(type === undefined ? {} : { type }) })
    const server = await listening(mock)
    const { sink } = start({ url: `${server.url}${path}` })
    await sink.at(1)
    expect(sink.words).toEqual([JSON_TEXT])
  })

  it('is of the format that the settings say', async () => {
    const mock = new MockGoff()
    mock.files.set('/raw', { text: TOML_TEXT, type: 'text/plain' })
    const server = await listening(mock)
    const { sink } = start({ url: `${server.url}/raw`, options: { fileFormat: 'toml' } })
    await sink.at(1)
    expect(sink.words).toEqual([JSON_TEXT])
  })

  it('that is no YAML is a failure, and stays one while it does not change', async () => {
    const mock = new MockGoff()
    mock.files.set('/flags.yaml', { text: 'f: {' })
    const server = await listening(mock)
    const { source, sink, next } = start({ url: `${server.url}/flags.yaml` })
    expect((await sink.failureAt(1)).message).toContain('not valid YAML')
    await next()
    expect(sink.words).toEqual(['failed', 'failed'])
    expect(source.status()).toMatchObject({ state: 'retrying', lastError: { kind: 'body' } })
    mock.files.set('/flags.yaml', { text: YAML_TEXT })
    await next()
    expect(sink.words.at(-1)).toBe(JSON_TEXT)
    expect(source.status().state).toBe('live')
  })
})

describe('a relay', () => {
  const endpoint = { endpoint: 'flag-configuration' }

  it('is asked for all its flags, with the key, the ETag and the date', async () => {
    const mock = new MockGoff()
    mock.apiKey = 'k3y'
    mock.flags = { f: FLAG }
    mock.enrichment = { env: 'prod' }
    const server = await listening(mock)
    const { sink, next } = start({ url: `${server.url}/`, secret: 'k3y', options: endpoint })
    const first = await sink.at(1)
    await next()
    mock.flags = { f: FLAG, g: FLAG }
    await next()
    expect(sink.events.map(({ kind }) => kind)).toEqual(['document', 'unchanged', 'document'])
    expect(mock.bodies).toEqual(['{"flags":[]}', '{"flags":[]}', '{"flags":[]}'])
    expect(server.requests[1]?.headers['if-modified-since']).toBe('Thu, 01 Jan 2026 00:00:00 GMT')
    const { ruleset } = compileWith(dialect, { document: first.kind === 'document' ? first.text : '' })
    expect(ruleset.evaluate('f', {})).toMatchObject({ value: true, variant: 'on', reason: 'STATIC' })
  })

  it('that refuses the key is reported as such', async () => {
    const mock = new MockGoff()
    mock.apiKey = 'k3y'
    const server = await listening(mock)
    const { sink } = start({ url: server.url, secret: 'wrong', options: endpoint })
    expect(await sink.failureAt(1)).toMatchObject({ kind: 'unauthorized', status: 401 })
  })
})

describe('formats', () => {
  it('keep the names and unquoted texts of YAML as they are written, and numbers by their spelling', async () => {
    const yaml = `
f:
  version: 1.10
  variations: { True: 1.0, False: 2, on: 1e3, 1: 0.50 }
  defaultRule: { percentage: { True: 50, 1: 50 } }
  targeting:
    - { name: 7, query: key eq "u", variation: True }
  metadata: { name: 1.0, level: True }
  scheduledRollout:
    - { date: 2026-01-01T00:00:00Z, disable: true }
`
    expect(await converted('yaml', yaml)).toBe(
      '{"f":{"version":"1.10","variations":{"1":0.50,"True":1.0,"False":2,"on":1e3},' +
        '"defaultRule":{"percentage":{"1":50,"True":50}},' +
        '"targeting":[{"name":"7","query":"key eq \\"u\\"","variation":"True"}],' +
        '"metadata":{"name":1.0,"level":true},' +
        '"scheduledRollout":[{"date":"2026-01-01T00:00:00Z","disable":true}]}}',
    )
  })

  it('follow anchors and merges of YAML, and do not unfold without end', async () => {
    const yaml =
      'f: &base\n  variations: &v { a: 1.0 }\n  defaultRule: { variation: a }\ng:\n  <<: *base\n  disable: true\n'
    expect(JSON.parse(await converted('yaml', yaml))).toEqual({
      f: { variations: { a: 1 }, defaultRule: { variation: 'a' } },
      g: { variations: { a: 1 }, defaultRule: { variation: 'a' }, disable: true },
    })
    const levels = Array.from({ length: 9 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9).slice(0, -1)}]`)
    expect(await converted('yml', `a0: &a0 [x]\n${levels.join('\n')}\n`)).toContain('not valid YAML')
  })

  it('read the dates and numbers of TOML', async () => {
    const toml =
      '[f]\nvariations = { a = 9007199254740993, b = 2 }\ndefaultRule = { variation = "a" }\n' +
      '[f.experimentation]\nstart = 2026-01-01T00:00:00Z\nend = 2026-02-01T00:00:00+01:00\n'
    const text = await converted('toml', toml)
    expect(text).toContain('"a":9007199254740993')
    const { ruleset, problems } = compileWith(dialect, { document: text })
    expect(problems).toEqual([])
    const at = (now: string): string => ruleset.evaluate('f', {}, undefined, { now: Date.parse(now) }).reason
    expect([at('2025-12-31T23:59:59Z'), at('2026-01-31T23:00:00Z'), at('2026-01-31T23:00:01Z')]).toEqual([
      'DISABLED',
      'STATIC',
      'DISABLED',
    ])
    expect(await converted('toml', 'a = = 1')).toContain('not valid TOML')
  })

  it('have room for members named __proto__', async () => {
    for (const [ending, text] of [
      ['yaml', '__proto__:\n  variations: { a: 1 }\n'],
      ['toml', '[__proto__]\nvariations = { a = 1 }\n'],
    ] as const) {
      expect(await converted(ending, text)).toBe('{"__proto__":{"variations":{"a":1}}}')
    }
  })
})

describe('settings', () => {
  const problems = (settings: Omit<UpstreamSettings, 'vendor'>): string[] =>
    goff.check({ vendor: 'goff', ...settings }).map(({ path, message }) => `${path} ${message}`)
  const relay = { endpoint: 'flag-configuration' }

  it.each([
    [{}, /^url give the url/],
    [{ url: 'https://x.example/f.yaml', file: 'a.json' }, /^url give either/],
    [{ url: 'ftp://x.example/f.yaml' }, /^url must be the http or https address of a flag file/],
    [{ url: 'x.example', options: relay }, /^url must be the http or https address of a relay/],
    [{ url: 'https://x.example/v1/flag/configuration', options: relay }, /^url must be the base address/],
    [{ file: 'flags.json', options: relay }, /^options.endpoint flag-configuration needs the url/],
    [{ file: 'flags.txt' }, /^file must end in/],
    [{ url: 'https://x.example', secret: ' s' }, /^secret has white space/],
    [{ url: 'https://x.example', secret: 's', headers: { Authorization: 'x' } }, /^headers give either/],
    [{ url: 'https://x.example', secret: 's', headers: { 'X-API-Key': 'x' }, options: relay }, /^headers give either/],
    [{ url: 'https://x.example', everyMs: 500 }, /^every must be at least 1 second/],
    [{ url: 'https://x.example', options: { endpoint: 'relay' } }, /^options.endpoint must be/],
    [{ url: 'https://x.example', options: { fileFormat: 'xml' } }, /^options.fileFormat must be one of/],
    [{ url: 'https://x.example', options: { invalid: 'drop' } }, /^options options.invalid: must be/],
  ])('%j is refused', (settings, message) => {
    expect(problems(settings)).toEqual([expect.stringMatching(message)])
  })
})

it('has a demo document that the dialect finds no fault in', async () => {
  const document = await readFile(new URL('../../../config/flags/goff.json', import.meta.url), 'utf8')
  const { ruleset, problems } = compileWith(dialect, { document })
  expect(problems).toEqual([])
  const at = { now: Date.parse('2026-12-20T12:00:00Z') }
  const answers = (context: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(ruleset.evaluateAll(context, at).map(({ key, value, errorCode }) => [key, value ?? errorCode]))
  expect(
    answers({ targetingKey: 'u1', companyId: 'c1', email: 'Ann@Shop.example', country: 'NL', app_version: '4.2.0' }),
  ).toMatchObject({
    'new-checkout': true,
    'free-shipping-from': 29.5,
    'search-ranking': { engine: 'vector' },
    'gift-wrapping': true,
    'one-page-basket': 'one page',
    'winter-sale': 'Soon: our winter sale',
  })
  expect(answers({ targetingKey: 'u1', orders: [{ total: 20 }, { total: 120 }] })).toMatchObject({
    'free-shipping-from': 50,
    'loyalty-banner': 'gold',
    'one-page-basket': 'TARGETING_KEY_MISSING',
  })
})
