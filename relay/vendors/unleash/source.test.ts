/** The source against a server that keeps the vendor's wire, and that server against the vendor's unmodified SDK. */
import { readFileSync } from 'node:fs'
import { InMemStorageProvider, Unleash } from 'unleash-client'
import { afterEach, describe, expect, it } from 'vitest'
import { compileWith } from '../../engine/compile.ts'
import { unleash as dialect } from '../../engine/dialects/unleash/lower.ts'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { Recorder, until } from '../../upstream/testing/recorder.ts'
import { follow } from '../testing/follow.ts'
import type { UpstreamSettings } from '../vendor.ts'
import { unleash } from './source.ts'
import { MockUnleash } from './testing/mock.ts'
import type { State } from './testing/mock.ts'

const TOKEN = '*:production.964a287e1b728cb5f4f3e0120df92cb5'
const DEMO = JSON.parse(readFileSync(new URL('../../../config/flags/unleash.json', import.meta.url), 'utf8')) as State

const open: { close(): Promise<void> | void }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

async function started(state: State = DEMO): Promise<MockUnleash> {
  const mock = await MockUnleash.start([TOKEN], state)
  open.push(mock)
  return mock
}

async function connected(change: (mock: MockUnleash) => Partial<UpstreamSettings> = () => ({})) {
  const mock = await started()
  const settings = { vendor: 'unleash', url: mock.url, secret: TOKEN, stream: false, ...change(mock) }
  const { source, sink, next } = follow(unleash, settings)
  open.unshift({ close: () => source.stop() })
  return { mock, sink, source, next }
}

describe('polling', () => {
  it('says who it is and gets the whole document, segments apart, every 15 s', async () => {
    const { mock, sink, next } = await connected()
    const first = await sink.at(1)
    if (first.kind !== 'document') throw new Error(`the first attempt was ${first.kind}`)
    const { ruleset, problems } = compileWith(dialect, { document: first.document.bytes })
    expect(problems).toEqual([])
    expect(ruleset.keys).toEqual(DEMO.features.map(({ name }) => name))
    expect(ruleset.metadata).toEqual({ flagSetId: 'production', version: '1' })
    expect(first.text).toContain('"segments":[{')
    await next()
    mock.publish({ ...DEMO, features: DEMO.features.slice(1) })
    const { event, wait } = await next()
    expect(event.kind).toBe('document')
    expect(wait).toBeGreaterThanOrEqual(13_500)
    expect(wait).toBeLessThanOrEqual(16_500)
    const [one, two] = mock.requests
    expect(one?.url).toBe('/api/client/features')
    expect(one?.headers).toMatchObject({
      authorization: TOKEN,
      'user-agent': 'halyard',
      'unleash-appname': 'halyard',
      'unleash-instanceid': expect.stringMatching(/^halyard-./),
      'unleash-connection-id': expect.stringMatching(
        /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
      ),
      'unleash-sdk': expect.stringMatching(/^halyard:\d/),
      'unleash-client-spec': '5.2.0',
      'unleash-interval': '15000',
    })
    expect(one?.headers).not.toHaveProperty('if-none-match')
    expect(two?.headers['unleash-connection-id']).toBe(one?.headers['unleash-connection-id'])
  })

  it('replays the ETag verbatim, and a 304 is no news', async () => {
    const { mock, sink, next } = await connected()
    await sink.at(1)
    expect((await next()).event.kind).toBe('unchanged')
    expect(mock.requests[1]?.headers['if-none-match']).toMatch(/^"[\da-f]{8}:1:v1"$/)
  })

  it('takes the address with or without what the vendor’s SDKs want behind it', async () => {
    for (const suffix of ['/', '/api', '/api/', '/api/client/features']) {
      const { mock, sink } = await connected(({ url }) => ({ url: `${url}${suffix}` }))
      expect((await sink.at(1)).kind).toBe('document')
      expect(mock.requests[0]?.url).toBe('/api/client/features')
    }
  })

  it('sends headers of the configuration, but never another token or connection', async () => {
    const headers = {
      'X-Trace': '1',
      Authorization: 'other',
      'Unleash-Connection-Id': 'x',
      'UNLEASH-INSTANCEID': 'one',
    }
    const { mock, sink } = await connected(() => ({ headers, everyMs: 60_000, options: { appName: 'shop' } }))
    expect((await sink.at(1)).kind).toBe('document')
    const sent = mock.requests[0]?.headers
    expect(sent).toMatchObject({ 'x-trace': '1', authorization: TOKEN, 'unleash-instanceid': 'one' })
    expect(sent).toMatchObject({ 'unleash-appname': 'shop', 'user-agent': 'shop', 'unleash-interval': '60000' })
    expect(sent?.['unleash-connection-id']).not.toBe('x')
  })

  it.each([401, 403, 404, 429, 503])(
    'goes on after %i, however often, where the vendor’s SDK may stop',
    async (status) => {
      const { mock, sink, next, source } = await connected()
      await sink.at(1)
      mock.failing = status
      for (let attempt = 0; attempt < 5; attempt += 1) expect((await next()).event).toMatchObject({ error: { status } })
      expect(source.status()).toMatchObject({ state: 'retrying', consecutiveFailures: 5 })
      mock.failing = undefined
      mock.publish({ features: [], segments: [] })
      expect((await next()).event.kind).toBe('document')
    },
  )
})

describe('the server that these tests rely on', () => {
  async function sdk(mock: MockUnleash) {
    const errors: unknown[] = []
    const heard: string[] = []
    const client = new Unleash({
      appName: 'shop',
      environment: 'production',
      url: `${mock.url}/api`,
      customHeaders: { Authorization: TOKEN },
      refreshInterval: 40,
      metricsInterval: 1_000_000,
      storageProvider: new InMemStorageProvider(),
      skipInstanceCountWarning: true,
    })
    client.on('error', (error) => errors.push(error))
    for (const event of ['changed', 'unchanged', 'registered', 'sent'] as const)
      client.on(event, () => heard.push(event))
    open.unshift({ close: () => client.destroy() })
    await new Promise<void>((resolve) => {
      client.once('synchronized', resolve)
    })
    return { client, errors, heard }
  }

  it('serves the vendor’s SDK, which then answers as the relay does', async () => {
    const mock = await started()
    const { client, errors } = await sdk(mock)
    const { ruleset } = compileWith(dialect, {
      document: DEMO,
      options: { appName: 'shop', environment: 'production' },
    })
    for (let index = 0; index < 200; index += 1) {
      const country = index % 3 === 0 ? 'NL' : 'US'
      const plan = index % 2 === 0 ? 'pro' : 'free'
      const userId = `user-${index}`
      const context = { country, plan, email: `${userId}@${index % 5 === 0 ? 'shop.example' : 'mail.example'}` }
      for (const key of ruleset.keys) {
        const { value, variant = 'disabled' } = ruleset.evaluate(key, { targetingKey: userId, ...context })
        expect({ key, value, variant }).toEqual({
          key,
          value: client.isEnabled(key, { userId, properties: context }),
          variant: client.getVariant(key, { userId, properties: context }).name,
        })
      }
    }
    expect(errors).toEqual([])
  })

  it('tells the SDK of news and of none, and takes its reports', async () => {
    const mock = await started()
    const { client, errors, heard } = await sdk(mock)
    await until(() => heard.includes('unchanged'), 'a 304')
    const [feature] = DEMO.features
    mock.publish({ features: [{ ...feature, name: 'brand-new' }], segments: [] })
    await until(() => heard.filter((event) => event === 'changed').length === 2, 'the second document')
    client.isEnabled('brand-new', {})
    await client.flushMetrics()
    await until(() => heard.includes('sent') && heard.includes('registered'), 'reports to be accepted')
    expect(mock.reports.map(({ path }) => path).sort()).toEqual(['/api/client/metrics', '/api/client/register'])
    expect(errors).toEqual([])
  })

  it('inlines segments for callers that do not know them, filters by the query, and validates tokens', async () => {
    const mock = await started()
    const get = (query: string, headers: Record<string, string>) =>
      fetch(`${mock.url}/api/client/features${query}`, { headers: { authorization: TOKEN, ...headers } })
    const old = (await (await get('', { 'unleash-client-spec': '4.1.9' })).json()) as State
    expect(old).not.toHaveProperty('segments')
    expect(JSON.stringify(old.features)).not.toContain('"segments"')
    const [first] = DEMO.features
    const some = (await (
      await get(`?namePrefix=${first?.name ?? ''}`, { 'unleash-client-spec': '4.2.0' })
    ).json()) as State
    expect(some.features.map(({ name }) => name)).toEqual([first?.name])
    expect((await fetch(`${mock.url}/api/client/features`)).status).toBe(401)
    const body = JSON.stringify({ tokens: [TOKEN, '*:x.y'] })
    const valid = await (await fetch(`${mock.url}/edge/validate`, { method: 'POST', body })).json()
    expect(valid).toEqual({ tokens: [{ token: TOKEN, type: 'client', environment: 'production', projects: ['*'] }] })
  })
})

it('reads a file instead', async () => {
  const file = new URL('../../../config/flags/unleash.json', import.meta.url).pathname
  const settings = { vendor: 'unleash', file }
  expect(unleash.check(settings)).toEqual([])
  const source = unleash.connect(settings, { timers: new FakeTimers(), seed: 'test' })
  open.unshift({ close: () => source.stop() })
  const sink = new Recorder()
  source.start(sink)
  expect(await sink.at(1)).toMatchObject({ kind: 'document', text: readFileSync(file, 'utf8') })
})

describe('settings', () => {
  const url = 'https://unleash.example.com'
  it.each<[Partial<UpstreamSettings>, string, RegExp]>([
    [{ secret: TOKEN }, 'url', /url of the Unleash server, such as .*, or a file/],
    [{ url, file: 'flags.json', secret: TOKEN }, 'url', /not both/],
    [{ url: 'unleash.example.com', secret: TOKEN }, 'url', /address of the Unleash server/],
    [{ url: 'ftp://unleash.example.com', secret: TOKEN }, 'url', /http or https/],
    [{ url: 'https://me:pw@unleash.example.com', secret: TOKEN }, 'url', /without user/],
    [{ url: `${url}/api?project=x`, secret: TOKEN }, 'url', /query/],
    [{ url }, 'secret', /backend token/],
    [{ url, secret: '' }, 'secret', /backend token/],
    [{ url, secret: ` ${TOKEN}` }, 'secret', /white space/],
    [{ url, secret: `Bearer ${TOKEN}` }, 'secret', /the token alone/],
    [{ url, secret: `${TOKEN}\n${TOKEN}` }, 'secret', /without blanks/],
    [{ url, secret: TOKEN, options: { profile: 'java' } }, 'options', /node, yggdrasil/],
    [{ url, secret: TOKEN, options: { values: 'text' } }, 'options', /boolean or variant-payload/],
    [{ url, secret: TOKEN, options: { environment: 7 } }, 'options', /options.environment must be a text/],
  ])('%o', (settings, path, message) => {
    const problems = unleash.check({ vendor: 'unleash', ...settings })
    expect(problems).toEqual([{ path, message: expect.stringMatching(message) }])
    if (settings.secret) expect(JSON.stringify(problems)).not.toContain(settings.secret)
  })
})
