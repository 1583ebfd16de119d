/** The source against the vendor's API as its own SDK knows it: keys, pages, conditional requests, settings. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { compileWith } from '../../engine/compile.ts'
import { flagsmith as dialect } from '../../engine/dialects/flagsmith/lower.ts'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { Recorder } from '../../upstream/testing/recorder.ts'
import { follow } from '../testing/follow.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { flagsmith } from './source.ts'
import { FlagsmithApi } from './testing/mock.ts'
import type { EnvironmentDocument } from './testing/mock.ts'

const DEMO = new URL('../../../config/flags/flagsmith.json', import.meta.url)
const demo = JSON.parse(await readFile(DEMO, 'utf8')) as EnvironmentDocument

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function connected(change: Partial<UpstreamSettings> = {}, pageSize: number = 100) {
  const api = new FlagsmithApi(structuredClone(demo))
  api.pageSize = pageSize
  const server = await api.listen()
  const settings = { vendor: 'flagsmith', url: server.url, secret: api.key, stream: false, ...change }
  const { source, sink, next } = follow(flagsmith, settings)
  open.push({ close: () => source.stop() }, server)
  return { api, server, sink, next, source }
}

describe('polling', () => {
  it('asks with the server-side key every 60 s, and for what changed since', async () => {
    const { api, server, sink, next } = await connected({ headers: { 'x-trace': '1', 'X-Environment-Key': 'other' } })
    expect(JSON.parse(((await sink.at(1)) as { text: string }).text)).toEqual(demo)
    expect((await next()).event.kind).toBe('unchanged')
    api.document = { ...demo, updated_at: '2026-11-03T00:00:00.500000Z' }
    const { event, wait } = await next()
    expect(event).toMatchObject({ kind: 'document' })
    expect(wait).toBeGreaterThanOrEqual(54_000)
    expect(wait).toBeLessThanOrEqual(66_000)
    for (const { url, method, headers } of server.requests) {
      expect({ url, method }).toEqual({ url: '/api/v1/environment-document/', method: 'GET' })
      expect(headers).toMatchObject({ 'x-environment-key': api.key, 'x-trace': '1' })
    }
    expect(server.requests.map(({ headers }) => headers['if-modified-since'])).toEqual([
      undefined,
      'Mon, 02 Nov 2026 09:30:00 GMT',
      'Mon, 02 Nov 2026 09:30:00 GMT',
    ])
  })

  it('finds a changed identity override, which is no change of the environment, at the tenth poll', async () => {
    const { api, sink, next } = await connected()
    await sink.at(1)
    api.document = { ...demo, identity_overrides: [] }
    for (let poll = 1; poll < 10; poll++) expect((await next()).event.kind).toBe('unchanged')
    expect((await next()).event).toMatchObject({ kind: 'document' })
  })

  it('gathers the identity overrides of all pages', async () => {
    const { server, sink, next } = await connected({}, 1)
    const event = await sink.at(1)
    if (event.kind !== 'document') throw new Error('no document')
    expect(server.seen).toBe(2)
    const { ruleset, problems } = compileWith(dialect, { document: event.document.bytes })
    expect(problems).toEqual([])
    expect(ruleset.evaluate('new-checkout', { targetingKey: 'shop-owner' }).value).toBe(true)
    expect(ruleset.evaluate('items-per-page', { targetingKey: 'qa-robot' }).value).toBe(3)
    expect((await next()).event.kind).toBe('unchanged')
    expect(server.seen).toBe(4)
  })

  it('keeps trying after a refused key and an outage', async () => {
    const { api, sink, next, source } = await connected()
    await sink.at(1)
    const { key } = api
    api.key = 'ser.rotated'
    expect((await next()).event).toMatchObject({ kind: 'failed', error: { kind: 'unauthorized', status: 401 } })
    api.key = key
    api.failing = 503
    expect((await next()).event).toMatchObject({ kind: 'failed', error: { status: 503 } })
    expect(source.status()).toMatchObject({ state: 'retrying', consecutiveFailures: 2 })
    api.failing = undefined
    api.document = { ...demo, updated_at: '2026-11-04T00:00:00Z' }
    expect((await next()).event.kind).toBe('document')
  })
})

it.each(['', '/', '/api/v1', '/api/v1/', '/api/v1/environment-document/'])('takes the address %j', async (path) => {
  const api = new FlagsmithApi(demo)
  const server = await api.listen()
  const settings = { vendor: 'flagsmith', url: `${server.url}${path}`, secret: api.key }
  const source = flagsmith.connect(settings, { timers: new FakeTimers(), seed: 'test' })
  open.push({ close: () => source.stop() }, server)
  const sink = new Recorder()
  source.start(sink)
  expect((await sink.at(1)).kind).toBe('document')
})

it('reads a file instead', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'halyard-flagsmith-'))
  open.push({ close: () => rm(folder, { recursive: true }) })
  const file = join(folder, 'environment.json')
  await writeFile(file, JSON.stringify(demo))
  const settings = { vendor: 'flagsmith', file }
  expect(flagsmith.check(settings)).toEqual([])
  const source = flagsmith.connect(settings, { timers: new FakeTimers(), seed: 'test' })
  open.unshift({ close: () => source.stop() })
  const sink = new Recorder()
  source.start(sink)
  expect(await sink.at(1)).toMatchObject({ kind: 'document', text: JSON.stringify(demo) })
})

describe('settings', () => {
  const secret = 'ser.abc'
  it('need no url', () => expect(flagsmith.check({ vendor: 'flagsmith', secret })).toEqual([]))

  it.each<[Partial<UpstreamSettings>, string, RegExp]>([
    [{}, 'secret', /server-side environment key/],
    [{ url: 'https://a.example', file: 'flags.json', secret }, 'url', /not both/],
    [{ url: 'a.example', secret }, 'url', /base address/],
    [{ url: 'wss://a.example', secret }, 'url', /base address/],
    [{ url: 'https://me:pw@a.example', secret }, 'url', /without user/],
    [{ secret: 'B62qaMZNwfiqT76p38ggrQ' }, 'secret', /begins with ser\./],
    [{ secret: 'ser.ab c' }, 'secret', /white space/],
    [{ secret, options: { profile: 'java' } }, 'options', /python, node/],
    [{ secret, options: { objectValues: 1 } }, 'options', /objectValues must be true or false/],
  ])('%o', (settings, path, message) => {
    const problems = flagsmith.check({ vendor: 'flagsmith', ...settings })
    expect(problems).toEqual([{ path, message: expect.stringMatching(message) }])
    if (settings.secret !== undefined) expect(JSON.stringify(problems)).not.toContain(settings.secret)
  })
})

interface Flags {
  isFeatureEnabled(name: string): boolean
  getFeatureValue(name: string): unknown
}
interface Client {
  getIdentityFlags(identifier: string, traits: object): Promise<Flags>
  close(): Promise<void>
}
interface Sdk {
  readonly Flagsmith: new (settings: object) => Client
}

it('the vendor’s own SDK evaluates what the same server gives it, pages included, as we do', async () => {
  const api = new FlagsmithApi(demo)
  api.pageSize = 1
  const server = await api.listen()
  const { Flagsmith } = (await import('flagsmith-nodejs')) as unknown as Sdk
  const quiet = (): void => undefined
  const client = new Flagsmith({
    environmentKey: api.key,
    apiUrl: `${server.url}/api/v1/`,
    enableLocalEvaluation: true,
    logger: { error: quiet, warn: quiet, info: quiet },
  })
  open.push({ close: () => client.close() }, server)
  const options = { profile: 'node', returnValueForDisabledFlags: true }
  const { ruleset } = compileWith(dialect, { document: demo, options })
  const traits = { plan: 'pro', country: 'NL', email: 'ann@shop.example', appVersion: '2.5.0' }
  for (const targetingKey of ['shop-owner', 'qa-robot', 'ann', 'bob']) {
    const flags = await client.getIdentityFlags(targetingKey, traits)
    for (const key of ruleset.keys) {
      const context = { targetingKey, traits }
      expect(ruleset.evaluate(key, context, 'boolean').value).toBe(flags.isFeatureEnabled(key))
      const value = flags.getFeatureValue(key)
      if (value !== null) expect(ruleset.evaluate(key, context).value).toEqual(value)
    }
  }
})
