/** The source against a server that keeps the vendor's protocol, which the vendor's own SDK accepts as well. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GrowthBookClient } from '@growthbook/growthbook'
import { afterEach, describe, expect, it } from 'vitest'
import { compile } from '../../engine/index.ts'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { Recorder } from '../../upstream/testing/recorder.ts'
import { follow } from '../testing/follow.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { growthbook } from './source.ts'
import { encrypt, growthbookMock } from './testing/mock.ts'
import type { Connection } from './testing/mock.ts'

const KEY = 'sdk-abc123'
const ENCRYPTION_KEY = 'vMSg2Bj/IurObDsWVmvkUg=='
const OTHER_KEY = 'AAECAwQFBgcICQoLDA0ODw=='

const payload = (value: unknown): Connection['payload'] => ({
  features: { f: { defaultValue: 'default', rules: [{ force: value, condition: { id: { $inGroup: 'g' } } }] } },
  experiments: [],
  savedGroups: { g: ['u1'] },
  dateUpdated: '2026-11-01T00:00:00.000Z',
})

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function connected(connection: Partial<Connection> = {}, change: Partial<UpstreamSettings> = {}) {
  const server = await growthbookMock({ [KEY]: { payload: payload('a'), ...connection } }, '/base')
  const settings = { vendor: 'growthbook', url: `${server.url}/base`, secret: KEY, stream: false, ...change }
  const { source, sink, next } = follow(growthbook, settings)
  open.push({ close: () => source.stop() }, server)
  return { server, source, sink, next }
}

/** What a document that arrived answers to u1. */
function served(text: string): unknown {
  const { ruleset } = compile({ dialect: growthbook.dialect, document: text })
  return ruleset.evaluate('f', { targetingKey: 'u1' }).value
}

describe('polling', () => {
  it('fetches the payload every 60 s and sends back its validator', async () => {
    const { server, sink, next } = await connected()
    const first = await sink.at(1)
    expect(first.kind === 'document' && served(first.text)).toBe('a')
    await next()
    const { event, wait } = await next()
    expect(event.kind).toBe('unchanged')
    expect(wait).toBeGreaterThanOrEqual(54_000)
    expect(wait).toBeLessThanOrEqual(66_000)
    server.connections.set(KEY, { payload: payload('b') })
    const changed = (await next()).event
    expect(changed.kind === 'document' && served(changed.text)).toBe('b')
    expect(server.requests.map(({ url }) => url)).toEqual(Array.from({ length: 4 }, () => `/base/api/features/${KEY}`))
    expect(server.requests[0]?.headers).not.toHaveProperty('authorization')
    expect(server.requests[0]?.headers).not.toHaveProperty('if-none-match')
    expect(server.requests[1]?.headers['if-none-match']).toMatch(/^W\//)
  })

  it('finds the client key in the url', async () => {
    const server = await growthbookMock({ [KEY]: { payload: payload('a') } })
    open.push(server)
    for (const url of [`${server.url}/api/features/${KEY}`, `${server.url}/api/features/${KEY}/`]) {
      const settings = { vendor: 'growthbook', url }
      expect(growthbook.check(settings)).toEqual([])
      const source = growthbook.connect(settings, { timers: new FakeTimers(), seed: 'test' })
      open.unshift({ close: () => source.stop() })
      const sink = new Recorder()
      source.start(sink)
      expect((await sink.at(1)).kind).toBe('document')
    }
  })

  it('never gives up on a key that is refused', async () => {
    const { server, sink, next } = await connected()
    await sink.at(1)
    server.connections.delete(KEY)
    expect((await next()).event).toMatchObject({ kind: 'failed', error: { kind: 'status', status: 400 } })
    expect((await next()).event.kind).toBe('failed')
    server.connections.set(KEY, { payload: payload('b') })
    expect((await next()).event.kind).toBe('document')
  })
})

describe('encrypted payloads', () => {
  const options = { decryptionKey: ENCRYPTION_KEY }

  it('are delivered in plain', async () => {
    const { sink } = await connected({ encryptionKey: ENCRYPTION_KEY }, { options })
    const first = await sink.at(1)
    if (first.kind !== 'document') throw new Error(`was ${first.kind}`)
    expect(served(first.text)).toBe('a')
    expect(JSON.parse(first.text)).toEqual({ status: 200, ...payload('a') })
  })

  it('keep the spelling of numbers', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'halyard-growthbook-'))
    open.push({ close: () => rm(folder, { recursive: true }) })
    const file = join(folder, 'payload.json')
    const encryptedFeatures = encrypt('{"f":{"defaultValue":1.50}}', ENCRYPTION_KEY)
    await writeFile(file, JSON.stringify({ features: {}, encryptedFeatures }))
    const source = growthbook.connect({ vendor: 'growthbook', file, options }, { timers: new FakeTimers(), seed: '' })
    open.unshift({ close: () => source.stop() })
    const sink = new Recorder()
    source.start(sink)
    expect(await sink.at(1)).toMatchObject({ text: '{"features":{"f":{"defaultValue":1.50}}}' })
  })

  it('that cannot be decrypted are failures until one can, and the key is not told', async () => {
    const { server, source, sink, next } = await connected({ encryptionKey: OTHER_KEY }, { options })
    const failure = await sink.failureAt(1)
    expect(failure).toMatchObject({ kind: 'body', message: expect.stringMatching(/encryptedFeatures.*decryptionKey/) })
    expect(failure.message).not.toContain(ENCRYPTION_KEY)
    // The server has nothing newer, and what there is still cannot be read.
    expect((await next()).event.kind).toBe('failed')
    expect(source.status()).toMatchObject({ state: 'retrying', consecutiveFailures: 2, lastError: { kind: 'body' } })
    server.connections.set(KEY, { payload: payload('a'), encryptionKey: ENCRYPTION_KEY })
    expect((await next()).event.kind).toBe('document')
    expect(source.status()).toMatchObject({ state: 'live', consecutiveFailures: 0 })
  })

  it('may become plain ones', async () => {
    const { sink } = await connected({}, { options })
    expect((await sink.at(1)).kind).toBe('document')
  })

  it('without a key say so', async () => {
    const { sink } = await connected({ encryptionKey: ENCRYPTION_KEY })
    const first = await sink.at(1)
    if (first.kind !== 'document') throw new Error(`was ${first.kind}`)
    expect(() => served(first.text)).toThrow(/encryptedFeatures: is encrypted.*decryptionKey/)
  })
})

describe('the server that the tests ask', () => {
  it.each([{}, { encryptionKey: ENCRYPTION_KEY }])('is accepted by the unmodified SDK: %o', async (change) => {
    const server = await growthbookMock({ [KEY]: { payload: payload('a'), ...change } })
    open.push(server)
    const client = new GrowthBookClient({ apiHost: server.url, clientKey: KEY, decryptionKey: ENCRYPTION_KEY })
    expect(await client.init({ timeout: 5_000 })).toMatchObject({ success: true, source: 'network' })
    expect(client.evalFeature('f', { attributes: { id: 'u1' } }).value).toBe('a')
    client.destroy({ destroyAllStreams: true })
  })

  it('refuses unknown keys and remote evaluation as the vendor does', async () => {
    const server = await growthbookMock({ [KEY]: { payload: payload('a'), remoteEval: true } })
    open.push(server)
    for (const key of [KEY, 'sdk-other']) {
      const response = await fetch(`${server.url}/api/features/${key}`)
      expect([response.status, response.headers.get('x-unrecoverable')]).toEqual([400, '1'])
      expect(await response.json()).toMatchObject({ status: 400 })
    }
  })
})

describe('settings', () => {
  const url = 'https://cdn.growthbook.io'
  it.each<[Partial<UpstreamSettings>, string, RegExp]>([
    [{ secret: KEY }, 'url', /url of the API server/],
    [{ url, file: 'flags.json', secret: KEY }, 'url', /not both/],
    [{ url: 'cdn.growthbook.io', secret: KEY }, 'url', /address of the API server/],
    [{ url: `${url}/?x=1`, secret: KEY }, 'url', /without user, query/],
    [{ url }, 'secret', /client key of the SDK connection/],
    [{ url: `${url}/api/features/` }, 'secret', /client key of the SDK connection/],
    [{ url, secret: ` ${KEY}` }, 'secret', /white space/],
    [{ url, secret: 'secret_abc123' }, 'secret', /key of the API/],
    [{ url: `${url}/api/features/${KEY}`, secret: 'sdk-other' }, 'secret', /not the client key that is in the url/],
    [{ url, secret: KEY, options: { decryptionKey: 'short' } }, 'options.decryptionKey', /16 bytes in base64/],
    [{ url, secret: KEY, options: { decryptionKey: 5 } }, 'options.decryptionKey', /16 bytes in base64/],
    [{ url, secret: KEY, options: { qaMode: 'yes' } }, 'options', /qaMode: must be true or false/],
  ])('%o', (settings, path, message) => {
    const problems = growthbook.check({ vendor: 'growthbook', ...settings })
    expect(problems).toEqual([{ path, message: expect.stringMatching(message) }])
    if (settings.secret !== undefined) expect(JSON.stringify(problems)).not.toContain(settings.secret)
  })
})
