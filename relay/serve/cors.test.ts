import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CorsPolicy } from './cors.ts'
import { HandMadeEnvironment } from './testing/environment.ts'
import { open, startRig } from './testing/rig.ts'
import type { Rig } from './testing/rig.ts'

const BULK = '/ofrep/v1/evaluate/flags'
const document = { flags: { f: { variants: { a: 1 }, serve: 'a' } } }

describe('R14: cross-origin access', () => {
  let rig: Rig
  beforeAll(async () => {
    const environment = (name: string, key: string, origins: string[]): ReturnType<typeof open> =>
      open(document, {
        name,
        environment: new HandMadeEnvironment(name, name === 'empty' ? undefined : document),
        keys: { server: [], client: [{ secret: key }], admin: [] },
        cors: { origins, headers: ['X-Trace'] },
      })
    rig = await startRig({
      // Else an Origin would add a member to the body.
      streams: { eventStreams: 'never' },
      limits: { bodyBytes: 1_000 },
      environments: [
        environment('shop', 'shop-key', ['https://shop.example', 'http://localhost:3000']),
        environment('blog', 'blog-key', ['https://blog.example']),
        environment('empty', 'empty-key', ['https://shop.example']),
        open(document, { name: 'closed', keys: { server: [{ secret: 'closed-key' }], client: [], admin: [] } }),
      ],
    })
  })
  afterAll(() => rig.stop())

  const ORIGINS: [string, boolean][] = [
    ['https://shop.example', true],
    ['http://localhost:3000', true],
    ['https://blog.example', false],
    ['http://shop.example', false],
    ['https://shop.example:8443', false],
    ['https://shop.example.evil.example', false],
    ['https://evil.example', false],
    ['null', false],
  ]
  const ROUTES: [string, string, Record<string, string>, unknown, number][] = [
    ['bulk', BULK, { 'X-API-Key': 'shop-key' }, {}, 200],
    ['single', `${BULK}/f`, { 'X-API-Key': 'shop-key' }, {}, 200],
    ['unknown flag', `${BULK}/nope`, { 'X-API-Key': 'shop-key' }, {}, 404],
    ['bad body', BULK, { 'X-API-Key': 'shop-key' }, '{', 400],
    ['large body', BULK, { 'X-API-Key': 'shop-key' }, 'x'.repeat(2_000), 413],
    ['no key', `/environments/shop${BULK}`, {}, {}, 401],
    ['another key', `/environments/shop${BULK}`, { 'X-API-Key': 'blog-key' }, {}, 403],
    ['nothing there', '/environments/shop/nope', {}, {}, 404],
  ]

  it.each(ROUTES)(
    '%s: listed origins get headers, others the same body without',
    async (_name, path, headers, body, status) => {
      const plain = await rig.post(path, body, headers)
      const text = await plain.text()
      for (const [origin, listed] of ORIGINS) {
        const response = await rig.post(path, body, { ...headers, Origin: origin })
        expect(response.status).toBe(status)
        expect(await response.text()).toBe(text)
        expect(response.headers.get('vary')).toContain('Origin')
        expect(response.headers.get('access-control-allow-origin')).toBe(listed ? origin : null)
        expect(response.headers.get('access-control-expose-headers')).toBe(
          listed ? 'ETag, Retry-After, X-Halyard-Revision, X-Halyard-Age' : null,
        )
        expect(response.headers.get('access-control-allow-credentials')).toBeNull()
      }
    },
  )

  it.each(ROUTES.slice(0, 2))(
    '%s: preflights need no key and are answered for listed origins only',
    async (_name, path) => {
      for (const [origin, listed] of ORIGINS) {
        const response = await fetch(`${rig.url}/environments/shop${path}`, {
          method: 'OPTIONS',
          headers: {
            Origin: origin,
            'Access-Control-Request-Method': 'POST',
            'Access-Control-Request-Headers': 'x-api-key',
          },
        })
        expect(response.status).toBe(listed ? 204 : 405)
        expect(response.headers.get('access-control-allow-origin')).toBe(listed ? origin : null)
        if (!listed) continue
        expect(response.headers.get('access-control-allow-methods')).toBe('POST')
        expect(response.headers.get('access-control-max-age')).toBe('7200')
        expect(response.headers.get('vary')).toContain('Origin')
        const allowed = response.headers.get('access-control-allow-headers')?.toLowerCase().split(', ') ?? []
        const needed = [
          'content-type',
          'authorization',
          'x-api-key',
          'if-none-match',
          'flagd-selector',
          'traceparent',
          'last-event-id',
          'x-trace',
        ]
        expect(allowed).toEqual(expect.arrayContaining(needed))
      }
    },
  )

  it('a preflight that names no environment is answered for any listed origin', async () => {
    for (const [origin, status] of [
      ['https://blog.example', 204],
      ['https://evil.example', 405],
    ] as const) {
      const headers = { Origin: origin, 'Access-Control-Request-Method': 'POST' }
      expect((await fetch(`${rig.url}${BULK}`, { method: 'OPTIONS', headers })).status).toBe(status)
    }
  })

  it('503 carries the headers, and an environment without origins never has any', async () => {
    const starting = await rig.post(BULK, {}, { 'X-API-Key': 'empty-key', Origin: 'https://shop.example' })
    expect([starting.status, starting.headers.get('access-control-allow-origin')]).toEqual([
      503,
      'https://shop.example',
    ])
    const closed = await rig.post(BULK, {}, { 'X-API-Key': 'closed-key', Origin: 'https://shop.example' })
    expect([closed.status, closed.headers.get('access-control-allow-origin')]).toEqual([200, null])
  })

  it('refuses settings that are no origins', () => {
    for (const origin of [
      'null',
      'shop.example',
      'https://shop.example/',
      'https://shop.example/x',
      'https://*.example',
      '',
    ]) {
      expect(() => new CorsPolicy([{ origins: [origin] }]), origin).toThrow('neither an origin')
    }
  })

  it('takes * for every origin that has a name', () => {
    const policy = new CorsPolicy([{ origins: ['*'] }])
    expect(['https://shop.example', 'http://localhost:3000'].map((origin) => policy.allows(origin))).toEqual([
      true,
      true,
    ])
    expect(['null', '*', 'https://shop.example/x', ''].filter((origin) => policy.allows(origin))).toEqual([])
    expect(policy.answer('https://a.example')).toContain('https://a.example')
  })
})
