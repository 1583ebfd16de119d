import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyId } from './credentials.ts'
import { HandMadeEnvironment } from './testing/environment.ts'
import { open, startRig } from './testing/rig.ts'
import type { Rig } from './testing/rig.ts'

const BULK = '/ofrep/v1/evaluate/flags'
const document = { flags: { f: { variants: { a: 1 }, serve: 'a' }, off: { variants: {}, disabled: true } } }
const SECRET = 'canary-7f3a-secret'

describe('the management door', () => {
  let rig: Rig
  const shop = new HandMadeEnvironment('shop', document)
  const late = new HandMadeEnvironment('late')
  const odd = new HandMadeEnvironment('<b>"&odd', document)

  beforeAll(async () => {
    const keys = {
      server: [{ secret: SECRET }],
      client: [{ secret: `${SECRET}-2`, expiresAt: Date.UTC(2100, 0) }],
      admin: [],
    }
    rig = await startRig({
      environments: [
        open(document, { name: 'shop', environment: shop, keys }),
        open(document, { name: 'late', environment: late }),
        open(document, { name: odd.name, environment: odd }),
      ],
    })
  })
  afterAll(() => rig.stop())

  const at = (path: string, init?: RequestInit): Promise<Response> => fetch(`${rig.managementUrl}${path}`, init)

  it('listens on loopback unless told otherwise', () => {
    expect(new URL(rig.managementUrl).hostname).toBe('127.0.0.1')
  })

  it('is alive from the start and ready when every environment has a document; stale still is', async () => {
    expect((await at('/healthz')).status).toBe(200)
    const starting = await at('/readyz')
    expect([starting.status, starting.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await starting.json()).toMatchObject({
      status: 'starting',
      environments: [
        { name: 'shop', state: 'ready', ageSeconds: 0 },
        { name: 'late', state: 'starting' },
        { name: odd.name, state: 'ready' },
      ],
    })
    late.swap(document)
    expect((await at('/readyz')).status).toBe(200)
    shop.state = 'stale'
    shop.confirmedAt = Date.now() - 120_000
    const stale = await at('/readyz')
    expect(stale.status).toBe(200)
    expect(await stale.json()).toMatchObject({
      status: 'ready',
      environments: [{ state: 'stale', ageSeconds: 120 }, {}, {}],
    })
    expect((await at('/readyz', { method: 'HEAD' })).status).toBe(200)
  })

  it('is ready with any environment where that is configured', async () => {
    const environments = [
      open(document),
      open(document, { name: 'none', environment: new HandMadeEnvironment('none') }),
    ]
    const any = await startRig({ readiness: 'any', environments })
    expect((await fetch(`${any.managementUrl}/readyz`)).status).toBe(200)
    await any.stop()
  })

  it('counts requests by template, evaluations by reason, and shows each environment', async () => {
    const headers = { 'X-API-Key': SECRET }
    await rig.post(`${BULK}/f`, {}, headers)
    await rig.post(`${BULK}/nope`, {}, headers)
    const tag = (await rig.post(BULK, {}, headers)).headers.get('etag') ?? ''
    await rig.post(BULK, {}, { ...headers, 'If-None-Match': tag })
    const response = await at('/metrics')
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4')
    const text = await response.text()
    for (const line of [
      'http_server_request_duration_seconds_count{http_route="/ofrep/v1/evaluate/flags/{key}",http_request_method="POST",http_response_status_code="404"} 1',
      'http_server_request_duration_seconds_bucket{le="+Inf",http_route="/ofrep/v1/evaluate/flags",http_request_method="POST",http_response_status_code="304"} 1',
      'halyard_evaluations_total{environment="shop",reason="STATIC"} 2',
      'halyard_evaluations_total{environment="shop",reason="DISABLED"} 1',
      'halyard_evaluations_total{environment="shop",reason="ERROR"} 1',
      'halyard_bulk_answers_total{environment="shop",result="full"} 1',
      'halyard_bulk_answers_total{environment="shop",result="not_modified"} 1',
      'halyard_snapshot_version{environment="shop"} 1',
      'halyard_environment_state{environment="shop",state="stale"} 1',
      'halyard_upstream_state{environment="shop",state="live"} 1',
      '# TYPE http_server_request_duration_seconds histogram',
    ]) {
      expect(text).toContain(line)
    }
    expect(text).toMatch(/halyard_snapshot_age_seconds\{environment="shop"\} 1[12]\d/)
  })

  it('keeps its series bounded whatever strangers ask for', async () => {
    const series = async (): Promise<number> =>
      (await rig.metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
    for (let index = 0; index < 1_500; index += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, offset) => {
          const one = index + offset
          const method = ['POST', 'PURGE', 'MKCOL', 'LINK', 'DELETE'][one % 5] ?? 'POST'
          const path = one % 3 === 0 ? `${BULK}/flag-${one}` : `/path-${one}`
          return fetch(`${rig.url}${path}`, { method, headers: { 'X-API-Key': SECRET, 'User-Agent': `agent-${one}` } })
        }),
      )
    }
    expect(await series()).toBeLessThan(500)
    expect(await rig.metrics.text()).toMatch(/http_route="other",http_request_method="other"/)
  })

  it('shows the status as JSON or as a page, keys by id only', async () => {
    const asJson = await at('/status')
    const body = (await asJson.json()) as { environments: { keys: unknown }[] }
    expect(body.environments[0]).toMatchObject({
      name: 'shop',
      state: 'stale',
      keys: [
        { id: keyId(SECRET), scope: 'server' },
        { id: keyId(`${SECRET}-2`), scope: 'client', expiresAt: '2100-01-01T00:00:00.000Z' },
      ],
    })
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
    const page = await at('/status', { headers: { Accept: accept } })
    const html = await page.text()
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(html).toContain(keyId(SECRET))
    expect(html).toContain('&lt;b&gt;&quot;&amp;odd')
    expect(html).not.toContain('<b>"&odd')
    expect(
      (await at('/status', { headers: { Accept: 'application/json, text/html;q=0.5' } })).headers.get('content-type'),
    ).toContain('json')
    for (const path of ['/status', '/metrics', '/readyz', '/healthz']) {
      for (const headers of [{}, { Accept: accept }])
        expect(await (await at(path, { headers })).text()).not.toContain('canary')
    }
  })

  it('has these routes and no other, and the public door has none of them', async () => {
    const words = [
      'healthz',
      'readyz',
      'metrics',
      'status',
      'debug',
      'pprof',
      'env',
      'config',
      'admin',
      'heap',
      'trace',
      'keys',
      'document',
      'ofrep',
      'v1',
      'console',
      'flags',
      'evaluate',
      'internal',
      'actuator',
      'health',
      'ready',
      'info',
      'dump',
      'api',
      'rollback',
      'confirm',
      'generations',
    ]
    const paths = words.flatMap((one) => ['', ...words].map((two) => (two === '' ? `/${one}` : `/${one}/${two}`)))
    const found = async (base: string): Promise<string[]> => {
      const statuses = await Promise.all(
        paths.map(async (path) => [path, (await fetch(`${base}${path}`)).status] as const),
      )
      return statuses.filter(([, status]) => status !== 404).map(([path]) => path)
    }
    const operations = ['rollback', 'confirm'].flatMap((one) => words.map((two) => `/${one}/${two}`))
    const listed = ['/healthz', '/readyz', '/metrics', '/status', ...operations]
    expect((await found(rig.managementUrl)).sort()).toEqual(listed.sort())
    expect(await found(rig.url)).toEqual(['/v1/document'])
    expect((await at('/metrics', { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD')
    expect((await fetch(`${rig.url}${BULK}`)).status).toBe(405)
  })
})
