import { afterEach, describe, expect, it } from 'vitest'
import { FakeTimers } from '../upstream/fake-timers.ts'
import { defaultRateLimit, RateLimit } from './rate-limit.ts'
import type { RateLimitSettings } from './rate-limit.ts'
import { Tenants } from './tenants.ts'
import type { Caller } from './tenants.ts'
import { open, startRig } from './testing/rig.ts'
import type { Rig } from './testing/rig.ts'

const keys = { server: [{ secret: 'one' }, { secret: 'two' }], client: [], admin: [] }
const running: { rig?: Rig } = {}

afterEach(() => running.rig?.stop())

function setUp(settings: Partial<RateLimitSettings>): { timers: FakeTimers; ask: (key: string) => boolean } {
  const timers = new FakeTimers()
  const limit = new RateLimit({ ...defaultRateLimit, ...settings }, timers)
  const tenants = new Tenants([open({ flags: {} }, { keys })], timers)
  const callers = new Map<string, Caller>()
  for (const grant of tenants.grants()) {
    const { owner: tenant, scope } = grant
    callers.set(callers.size === 0 ? 'one' : 'two', {
      tenant,
      scope,
      grant,
      view: tenant.serverView,
      valueless: 'omit',
    })
  }
  return {
    timers,
    ask: (key) => {
      const caller = callers.get(key)
      return caller !== undefined && limit.ask(caller) === 'within'
    },
  }
}

describe('the token bucket of a key', () => {
  it('lets a burst through, then as many a second as configured, each key for itself', async () => {
    const { timers, ask } = setUp({ mode: 'enforce', perSecond: 10, burst: 30 })
    const asked = (count: number, key = 'one'): number =>
      Array.from({ length: count }, () => ask(key)).filter(Boolean).length
    expect(asked(100)).toBe(30)
    expect(asked(5, 'two')).toBe(5)
    await timers.advance(1_000)
    expect(asked(100)).toBe(10)
    await timers.advance(50)
    expect(asked(100)).toBe(0)
    await timers.advance(50)
    expect(asked(100)).toBe(1)
    await timers.advance(3_600_000)
    expect(asked(100)).toBe(30)
  })

  it('refuses with 429, a time to wait that differs, and a JSON body that names no secret', async () => {
    const rateLimit = { mode: 'enforce', perSecond: 1, burst: 2 } as const
    const rig = (running.rig = await startRig({ environments: [open({ flags: {} }, { keys })], rateLimit }))
    const bulk = (): Promise<Response> => rig.post('/ofrep/v1/evaluate/flags', {}, { 'X-API-Key': 'one' })
    expect([(await bulk()).status, (await bulk()).status]).toEqual([200, 200])
    const refused = await Promise.all(Array.from({ length: 20 }, bulk))
    expect(refused.every(({ status }) => status === 429)).toBe(true)
    const waits = refused.map(({ headers }) => Number(headers.get('retry-after')))
    expect(waits.every((wait) => Number.isInteger(wait) && wait >= 1 && wait <= 5)).toBe(true)
    expect(new Set(waits).size).toBeGreaterThan(1)
    expect(await refused[0]?.json()).toEqual({
      errorCode: 'GENERAL',
      errorDetails: 'this key may ask 1 times a second',
    })
    const single = await rig.post('/ofrep/v1/evaluate/flags/f', {}, { 'X-API-Key': 'one' })
    expect([single.status, ((await single.json()) as { key: string }).key]).toEqual([429, 'f'])
    expect((await rig.post('/ofrep/v1/evaluate/flags', {}, { 'X-API-Key': 'two' })).status).toBe(200)
    expect(await rig.metrics.text()).toContain('halyard_rate_limited_total{environment="test",result="refused"} 21')
  })

  it('only counts where it shall only warn, and not even that where it is off', async () => {
    const environments = [open({ flags: {} }, { keys })]
    const rig = (running.rig = await startRig({ environments, rateLimit: { mode: 'warn', perSecond: 1, burst: 1 } }))
    for (let time = 0; time < 3; time++) {
      expect((await rig.post('/ofrep/v1/evaluate/flags', {}, { 'X-API-Key': 'one' })).status).toBe(200)
    }
    expect(await rig.metrics.text()).toContain('halyard_rate_limited_total{environment="test",result="warned"} 2')
    expect(setUp({ mode: 'off', perSecond: 1, burst: 1 }).ask('one')).toBe(true)
  })
})
