import { Buffer } from 'node:buffer'
import { request } from 'node:http'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HandMadeEnvironment } from '../testing/environment.ts'
import { open, sendRaw, startRig } from '../testing/rig.ts'
import type { Rig } from '../testing/rig.ts'
import type { TestDocument } from '../testing/rules.ts'

const SINGLE = '/ofrep/v1/evaluate/flags'
const BULK = '/ofrep/v1/evaluate/flags'

const document: TestDocument = {
  metadata: { flagSetId: 'shop', version: 7 },
  flags: {
    'new-checkout': {
      variants: { on: true, off: false },
      serve: 'off',
      rules: [{ attribute: 'plan', equals: 'pro', serve: 'on' }],
      metadata: { owner: 'payments' },
    },
    ratio: { variants: { whole: 1, half: 0.5 }, serve: 'whole' },
    count: { variants: { one: 1, two: 2 }, serve: 'one' },
    layout: { variants: { wide: { columns: [1, 2], nested: null } }, serve: 'wide' },
    banner: { variants: { hello: 'Hällo "you" 😀' }, serve: 'hello' },
    off: { variants: { a: 1 }, disabled: true, serve: 'a' },
    'code-default': { variants: {} },
    keyed: { variants: { a: 'a' }, serve: 'a', needsTargetingKey: true },
    bad: { variants: {}, broken: true },
    secret: { variants: { a: 'hidden' }, serve: 'a', serverOnly: true },
    'a b': { variants: { a: 'space' }, serve: 'a' },
    'a+b': { variants: { a: 'plus' }, serve: 'a' },
    'x+y z': { variants: { a: 'mixed' }, serve: 'a' },
    'team/flag': { variants: { a: 'slash' }, serve: 'a' },
    'ends/': { variants: { a: 'slash at end' }, serve: 'a' },
    '100%': { variants: { a: 'percent' }, serve: 'a' },
    'größe-😀': { variants: { a: 'unicode' }, serve: 'a' },
    __proto__x: { variants: { a: 'x' }, serve: 'a' },
  },
}

describe('OFREP by the tolerance rules', () => {
  let rig: Rig
  const environment = new HandMadeEnvironment('shop', document)

  beforeAll(async () => {
    rig = await startRig({
      prefix: '/relay/',
      environments: [
        {
          name: 'shop',
          environment,
          keys: {
            server: [{ secret: 'server-key' }],
            client: [{ secret: 'client-key' }, { secret: 'legacy-client', valueless: '404' }],
            admin: [{ secret: 'admin-key' }],
          },
          valuelessByAgent: [{ agent: 'Java-http-client', valueless: '404' }],
          clientFlags: { exclude: ['layo*'] },
        },
        {
          name: 'ruby',
          environment: new HandMadeEnvironment('ruby', document),
          keys: { server: [{ secret: 'ruby-key' }], client: [], admin: [] },
          snakeCaseErrors: true,
          flagSetMetadata: false,
          valueless: '404',
        },
        {
          name: 'empty',
          environment: new HandMadeEnvironment('empty'),
          keys: { server: [{ secret: 'empty-key' }], client: [], admin: [] },
        },
      ],
    })
  })
  afterAll(() => rig.stop())

  const server = { Authorization: 'Bearer server-key' }
  const client = { 'X-API-Key': 'client-key' }
  const one = (
    key: string,
    context: unknown = {},
    headers: Readonly<Record<string, string>> = server,
  ): Promise<Response> => rig.post(`${SINGLE}/${key}`, { context }, headers)

  it('R1: every refusal has a JSON body with its media type', async () => {
    const cases: [Promise<Response>, number][] = [
      [rig.post(`${SINGLE}/ratio`, {}), 401],
      [rig.post(`${SINGLE}/ratio`, {}, { ...server, 'X-Halyard-Environment': 'ruby' }), 403],
      [rig.post('/nothing', {}, server), 404],
      [rig.post('/ofrep/v1/configuration', {}, server), 404],
      [fetch(`${rig.url}${BULK}`), 405],
      [rig.post(BULK, 'x'.repeat(1_048_577), server), 413],
      [rig.post(BULK, '{}', { ...server, 'Content-Encoding': 'zstd' }), 415],
      [rig.post(BULK, '{}', { ...server, 'Content-Type': 'application/json; charset=utf-16' }), 415],
      [rig.post(BULK, '{', server), 400],
      [rig.post(BULK, {}, { 'X-API-Key': 'empty-key' }), 503],
    ]
    for (const [answer, status] of cases) {
      const response = await answer
      expect(response.status).toBe(status)
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
      const body = (await response.json()) as Record<string, unknown>
      expect(body['errorCode']).toEqual(expect.any(String))
      expect(body['errorDetails']).toEqual(expect.any(String))
    }
  })

  it('R1: so do answers to bytes that are no request', async () => {
    const vectors: [string, number][] = [
      ['POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 0\r\n\r\n', 417],
      [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
      [`GET / HTTP/1.1\r\nHost: a\r\n${'X: y\r\n'.repeat(101)}\r\n`, 431],
      ['GARBAGE\r\n\r\n', 400],
      ['CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', 405],
    ]
    for (const [bytes, status] of vectors) {
      const { text, statuses, closed } = await sendRaw(rig.port, bytes, 1_000)
      expect(statuses).toEqual([status])
      expect(closed).toBe(true)
      expect(text.toLowerCase()).toContain('content-type: application/json')
      expect(text.toLowerCase()).toContain('connection: close')
      expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))).toHaveProperty('errorDetails')
    }
  })

  it('R2: errors name key, code and details, and the snake-case spelling where it is switched on', async () => {
    const missing = await one('nope')
    expect(missing.status).toBe(404)
    expect(await missing.json()).toEqual({
      key: 'nope',
      errorCode: 'FLAG_NOT_FOUND',
      errorDetails: 'flag "nope" was not found',
    })
    const broken = await one('bad')
    expect(broken.status).toBe(400)
    expect(await broken.json()).toMatchObject({
      key: 'bad',
      errorCode: 'PARSE_ERROR',
      errorDetails: expect.any(String),
    })
    const keyless = await one('keyed')
    expect(keyless.status).toBe(400)
    expect(await keyless.json()).toMatchObject({ errorCode: 'TARGETING_KEY_MISSING', errorDetails: expect.any(String) })
    const unauthorised = await rig.post(`${SINGLE}/ratio`, {})
    expect(await unauthorised.json()).toMatchObject({ key: 'ratio', errorCode: 'GENERAL' })

    const ruby = { 'X-API-Key': 'ruby-key' }
    for (const key of ['nope', 'keyed', 'bad']) {
      const body = (await (await one(key, {}, ruby)).json()) as Record<string, unknown>
      expect(body['error_code']).toBe(body['errorCode'])
      expect(body['error_details']).toBe(body['errorDetails'])
    }
    expect(await (await rig.post(BULK, '[]', ruby)).json()).toMatchObject({ error_code: 'PARSE_ERROR' })
  })

  it('R3 and R22: before the first document 503 with Retry-After in whole seconds', async () => {
    for (const path of [BULK, `${SINGLE}/ratio`]) {
      const response = await rig.post(path, {}, { 'X-API-Key': 'empty-key' })
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
      expect(await response.json()).toMatchObject({ errorCode: 'PROVIDER_NOT_READY' })
    }
  })

  it('R4: only standard reasons', async () => {
    const standard = [
      'STATIC',
      'DEFAULT',
      'TARGETING_MATCH',
      'SPLIT',
      'CACHED',
      'DISABLED',
      'UNKNOWN',
      'STALE',
      'ERROR',
    ]
    const { flags } = (await (await rig.post(BULK, {}, server)).json()) as { flags: { reason: string }[] }
    expect(flags.length).toBe(Object.keys(document.flags).length)
    for (const flag of flags) expect(standard).toContain(flag.reason)
    expect(await (await one('new-checkout', { plan: 'pro' })).json()).toMatchObject({ reason: 'TARGETING_MATCH' })
    expect(await (await one('new-checkout')).json()).toMatchObject({ reason: 'DEFAULT' })
    expect(await (await one('count')).json()).toMatchObject({ reason: 'STATIC' })
  })

  it('R5: variant always present in successes, metadata flat or absent', async () => {
    const { flags } = (await (await rig.post(BULK, {}, server)).json()) as { flags: Record<string, unknown>[] }
    for (const flag of flags.filter((one) => !Object.hasOwn(one, 'errorCode'))) {
      expect(flag['variant']).toEqual(expect.any(String))
      if (Object.hasOwn(flag, 'metadata')) expect(Object.values(flag['metadata'] as object)).toEqual(['payments'])
    }
    expect(await (await one('code-default')).json()).toEqual({ key: 'code-default', reason: 'DEFAULT', variant: '' })
  })

  it('R6: numbers keep their spelling, in single and in bulk', async () => {
    expect(await (await one('ratio')).text()).toContain('"value":1.0')
    expect(await (await one('count')).text()).toContain('"value":1}')
    const bulk = await (await rig.post(BULK, {}, server)).text()
    expect(bulk).toContain('{"key":"ratio","reason":"STATIC","variant":"whole","value":1.0}')
    expect(bulk).toContain('{"key":"count","reason":"STATIC","variant":"one","value":1}')
  })

  it.each([
    ['a%20b', 'space'],
    ['a+b', 'plus'],
    ['a%2Bb', 'plus'],
    ['x%2By%20z', 'mixed'],
    ['x%2By+z', 'mixed'],
    ['team/flag', 'slash'],
    ['team%2Fflag', 'slash'],
    ['team%2fflag/', 'slash'],
    ['ends/', 'slash at end'],
    ['ends%2F', 'slash at end'],
    ['100%25', 'percent'],
    ['100%', 'percent'],
    ['gr%C3%B6%C3%9Fe-%F0%9F%98%80', 'unicode'],
    ['gr%C3%B6%C3%9Fe-%F0%9F%98%80/', 'unicode'],
  ])('R7: the key %s is understood', async (spelled, value) => {
    const bytes = `POST ${SINGLE}/${spelled} HTTP/1.1\r\nHost: a\r\nX-API-Key: server-key\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
    const { text, statuses } = await sendRaw(rig.port, bytes, 1_000)
    expect(statuses).toEqual([200])
    expect(text).toContain(`"value":"${value}"`)
  })

  it('R7: a malformed escape is a flag that does not exist, and the bulk path may end in a slash', async () => {
    const bytes = (path: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nX-API-Key: server-key\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
    for (const key of ['%zz', '%ff', '%', '%c3%28', '/', '..', '.', '%00']) {
      const { text, statuses } = await sendRaw(rig.port, bytes(`${SINGLE}/${key}`), 1_000)
      expect(statuses).toEqual([404])
      expect(text).toContain('FLAG_NOT_FOUND')
    }
    const { text } = await sendRaw(rig.port, bytes(`${BULK}/`), 1_000)
    expect(text).toContain('{"flags":[')
  })

  it('R8: bodies may be empty, bare, null, chunked, marked, compressed', async () => {
    const bodies: [string | Buffer | undefined, Record<string, string>][] = [
      [undefined, {}],
      ['', {}],
      [' \n', {}],
      ['{}', {}],
      ['{"context":null}', {}],
      ['{"context":{}}', {}],
      ['{"context":{}}', { 'Content-Type': 'application/json; charset="UTF-8"' }],
      ['{"context":{}}', { 'Content-Type': 'text/plain' }],
      ['\uFEFF{"context":{}}', {}],
      [gzipSync('{"context":{}}'), { 'Content-Encoding': 'gzip' }],
      [deflateSync('{"context":{}}'), { 'Content-Encoding': 'deflate' }],
      [deflateRawSync('{"context":{}}'), { 'Content-Encoding': 'deflate' }],
      [brotliCompressSync('{"context":{}}'), { 'Content-Encoding': 'br' }],
      ['{}', { 'Content-Encoding': 'identity' }],
    ]
    for (const [body, headers] of bodies) {
      const response = await fetch(`${rig.url}${SINGLE}/count`, {
        method: 'POST',
        headers: { ...server, ...headers },
        ...(body === undefined ? undefined : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
      })
      expect([response.status, await response.text()]).toEqual([200, expect.stringContaining('"value":1')])
    }
    expect(await chunked(rig.port, ['{"context":{"pl', 'an":"pro"}', '}'])).toContain('"value":true')
  })

  it('R9: everything is served at the root and under the prefix at once', async () => {
    for (const prefix of ['', '/relay', '/environments/shop', '/relay/environments/shop']) {
      expect((await rig.post(`${prefix}${SINGLE}/count`, {}, server)).status).toBe(200)
      expect((await rig.post(`${prefix}${BULK}`, {}, server)).status).toBe(200)
    }
    expect((await rig.post(`/relayx${BULK}`, {}, server)).status).toBe(404)
    expect((await rig.post(`/environments/ruby${BULK}`, {}, server)).status).toBe(403)
  })

  it('R10: an offer to upgrade to h2c is answered as plain HTTP/1.1', async () => {
    const body = '{"context":{"plan":"pro"}}'
    const upgrade =
      'Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\nUpgrade: h2c\r\n'
    const bytes = `POST ${SINGLE}/new-checkout HTTP/1.1\r\n${upgrade}Host: a\r\nAuthorization: Bearer server-key\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const twice = await sendRaw(rig.port, [bytes, bytes])
    expect(twice.statuses).toEqual([200, 200])
    expect(twice.text).toContain('"value":true')
    expect(twice.text).not.toMatch(/\r\nupgrade:/i)
  })

  it('R11: answers without a value, by environment, by key and by User-Agent', async () => {
    const omitted = await one('off')
    expect(omitted.status).toBe(200)
    expect(await omitted.json()).toEqual({ key: 'off', reason: 'DISABLED', variant: '' })
    const others = [
      { 'X-API-Key': 'legacy-client' },
      { 'X-API-Key': 'ruby-key' },
      { ...server, 'User-Agent': 'Java-http-client/21' },
    ]
    for (const headers of others) {
      const response = await one('off', {}, headers)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ key: 'off', errorCode: 'FLAG_NOT_FOUND' })
      const bulk = (await (await rig.post(BULK, {}, headers)).json()) as { flags: { key: string }[] }
      expect(bulk.flags.find(({ key }) => key === 'off')).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' })
    }
  })

  it('R12: the flag set metadata can be switched off', async () => {
    expect(await (await rig.post(BULK, {}, server)).json()).toHaveProperty('metadata', {
      flagSetId: 'shop',
      version: 7,
    })
    expect(await (await rig.post(BULK, {}, { 'X-API-Key': 'ruby-key' })).json()).not.toHaveProperty('metadata')
  })

  it('R19: other methods on POST paths get 405, Allow and JSON', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH']) {
      for (const path of [BULK, `${SINGLE}/count`, `/relay${BULK}`]) {
        const response = await fetch(`${rig.url}${path}`, { method, headers: server })
        expect(response.status).toBe(405)
        expect(response.headers.get('allow')).toBe('POST')
        if (method !== 'HEAD') expect(await response.json()).toHaveProperty('errorDetails')
      }
    }
  })

  it('client keys get what does not exist for flags they may not see', async () => {
    for (const key of ['secret', 'layout']) {
      expect((await one(key)).status).toBe(200)
      const hidden = await one(key, {}, client)
      const absent = await one('absent', {}, client)
      expect(hidden.status).toBe(404)
      expect((await hidden.text()).replaceAll(key, 'absent')).toBe(await absent.text())
    }
    const keys = async (headers: Record<string, string>): Promise<string[]> => {
      const { flags } = (await (await rig.post(BULK, {}, headers)).json()) as { flags: { key: string }[] }
      return flags.map(({ key }) => key)
    }
    const all = await keys(server)
    expect(await keys(client)).toEqual(all.filter((key) => key !== 'secret' && key !== 'layout'))
    expect(await keys({ 'X-API-Key': 'admin-key' })).toEqual(all)
  })

  it('data answers tell caches what they depend on, and clients what they come from', async () => {
    const response = await one('count')
    expect(response.headers.get('cache-control')).toBe('private, no-cache')
    expect(response.headers.get('vary')).toContain('Authorization')
    expect(response.headers.get('x-halyard-revision')).toBe(environment.snapshot()?.ruleset.revision)
    expect(Number(response.headers.get('x-halyard-age'))).toBeLessThan(60)
  })
})

describe('staleness', () => {
  it('R22: old data is served with its age, and bulk metadata says so', async () => {
    const settings = open(document)
    const rig = await startRig({ environments: [settings] })
    const environment = settings.environment as HandMadeEnvironment
    environment.state = 'stale'
    environment.confirmedAt = Date.now() - 90_500
    const response = await rig.post(BULK, {})
    expect(response.status).toBe(200)
    expect(Number(response.headers.get('x-halyard-age'))).toBeGreaterThanOrEqual(90)
    expect(await response.json()).toHaveProperty('metadata', { flagSetId: 'shop', version: 7, stale: true })
    expect((await rig.post(`${SINGLE}/count`, {})).headers.get('x-halyard-age')).toMatch(/^9\d$/)
    await rig.stop()
  })

  it('R21: under swaps every bulk answer is wholly of one version', async () => {
    const version = (number: number): TestDocument => ({
      flags: Object.fromEntries(
        Array.from({ length: 50 }, (_, index) => [`flag-${index}`, { variants: { v: number }, serve: 'v' }]),
      ),
    })
    const environment = new HandMadeEnvironment('test', version(0))
    const rig = await startRig({ environments: [open(document, { environment })] })
    let number = 0
    const swapping = setInterval(() => environment.swap(version(++number)), 1)
    const seen = new Set<number>()
    for (let round = 0; round < 100; round++) {
      const answers = await Promise.all(
        Array.from({ length: 4 }, () => rig.post(BULK, {}).then((response) => response.json())),
      )
      for (const { flags } of answers as { flags: { value: number }[] }[]) {
        const values = new Set(flags.map(({ value }) => value))
        expect(values.size).toBe(1)
        for (const value of values) seen.add(value)
      }
    }
    clearInterval(swapping)
    expect(seen.size).toBeGreaterThan(3)
    await rig.stop()
  })
})

function chunked(port: number, parts: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({
      port,
      method: 'POST',
      path: `${SINGLE}/new-checkout`,
      headers: { Authorization: 'Bearer server-key', 'Transfer-Encoding': 'chunked' },
    })
    call.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text))
    })
    call.on('error', reject)
    for (const part of parts) call.write(part)
    call.end()
  })
}
