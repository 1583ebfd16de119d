import { afterEach, describe, expect, it } from 'vitest'
import type { TrackDelivery } from '../../telemetry/track-queue.ts'
import { open, startRig } from '../testing/rig.ts'
import type { Rig, RigOptions } from '../testing/rig.ts'

const AT = 1_790_000_000_000
const EXPOSURE = { type: 'exposure', flag: 'banner', variant: 'on', targetingKey: 'u1', timestamp: AT, revision: 'r' }
const TRACK = { type: 'track', name: 'checkout', targetingKey: 'u1', timestamp: AT, value: 9.5, attributes: { a: [1] } }

const running: { rig?: Rig } = {}

afterEach(() => running.rig?.stop())

async function start(more: Partial<RigOptions> = {}): Promise<Rig> {
  const environments = [open({ flags: {} }, { name: 'one' }), open({ flags: {} }, { name: 'two' })]
  return (running.rig = await startRig({ environments, ...more }))
}

async function send(rig: Rig, body: unknown, environment = 'one'): Promise<{ status: number; body: unknown }> {
  const response = await rig.post('/v1/track', body, { 'X-Halyard-Environment': environment })
  return { status: response.status, body: await response.json() }
}

async function counted(rig: Rig, type: string, result: string): Promise<number> {
  const line = `halyard_track_events_total{environment="one",type="${type}",result="${result}"}`
  return Number(new RegExp(`^${line.replace(/[{}]/g, '\\$&')} (\\d+)$`, 'm').exec(await rig.metrics.text())?.[1] ?? 0)
}

describe('POST /v1/track', () => {
  it('takes events, counts them, and hands them on when the relay drains', async () => {
    const delivered: TrackDelivery[] = []
    const rig = await start({ sink: { deliver: async (batch) => void delivered.push(batch) } })
    expect(await send(rig, { events: [EXPOSURE, TRACK, TRACK] })).toEqual({
      status: 202,
      body: { accepted: 3, dropped: 0 },
    })
    expect(
      await send(rig, { events: [{ type: 'exposure', flag: 'f', timestamp: 0, unknown: 1 }] }, 'two'),
    ).toMatchObject({
      status: 202,
    })
    expect([await counted(rig, 'exposure', 'accepted'), await counted(rig, 'track', 'accepted')]).toEqual([1, 2])
    await rig.server.drain({ windowMs: 0, graceMs: 2_000 })
    const events = delivered.map((one) => [one.environment, one.events.map((text) => JSON.parse(text) as unknown)])
    expect(events).toEqual([
      ['one', [EXPOSURE, TRACK, TRACK]],
      ['two', [{ type: 'exposure', flag: 'f', timestamp: 0 }]],
    ])
  })

  it('takes a batch once, however often it is sent', async () => {
    const rig = await start()
    const batch = { batch: 'b-1', events: [EXPOSURE, TRACK] }
    for (let time = 0; time < 3; time++) expect((await send(rig, batch)).body).toEqual({ accepted: 2, dropped: 0 })
    expect(await counted(rig, 'track', 'accepted')).toBe(1)
    await send(rig, { ...batch, batch: 'b-2' })
    expect(await counted(rig, 'track', 'accepted')).toBe(2)
    // The same id in another environment is another batch.
    await send(rig, batch, 'two')
    expect(await rig.metrics.text()).toContain(
      'halyard_track_events_total{environment="two",type="track",result="accepted"} 1',
    )
    for (let time = 0; time < 2; time++) await send(rig, { events: [TRACK] })
    expect(await counted(rig, 'track', 'accepted')).toBe(4)
  })

  it('drops and counts what does not fit', async () => {
    const rig = await start({ sink: { deliver: () => new Promise(() => {}) }, trackBytes: 1_000 })
    const { body } = await send(rig, { events: Array.from({ length: 20 }, () => EXPOSURE) })
    const { accepted, dropped } = body as { accepted: number; dropped: number }
    expect(accepted + dropped).toBe(20)
    expect(accepted).toBeGreaterThan(2)
    expect(accepted).toBeLessThan(10)
    expect(await counted(rig, 'exposure', 'dropped')).toBe(dropped)
  })

  const wrong: [unknown, string][] = [
    ['[]', 'the body must be a JSON object'],
    ['{', 'not valid JSON'],
    [{}, 'events must be a list'],
    [{ events: {} }, 'events must be a list'],
    [{ events: Array.from({ length: 1_001 }, () => EXPOSURE) }, 'events may have 1000 elements'],
    [{ batch: 1, events: [] }, 'batch must be a text'],
    [{ events: [EXPOSURE, 1] }, 'events[1] must be an object'],
    [{ events: [{ ...EXPOSURE, type: 'click' }] }, 'events[0].type must be exposure or track'],
    [{ events: [{ ...EXPOSURE, timestamp: undefined }] }, 'events[0].timestamp must be a number'],
    [{ events: [{ ...EXPOSURE, timestamp: '1' }] }, 'events[0].timestamp must be a number'],
    [{ events: [TRACK, { ...EXPOSURE, flag: '' }] }, 'events[1].flag must be a text that is not empty'],
    [{ events: [{ ...EXPOSURE, flag: undefined }] }, 'events[0].flag must be a text that is not empty'],
    [{ events: [{ ...EXPOSURE, variant: null }] }, 'events[0].variant must be a text'],
    [{ events: [{ ...TRACK, name: undefined }] }, 'events[0].name must be a text that is not empty'],
    [{ events: [{ ...TRACK, value: '9' }] }, 'events[0].value must be a number'],
    [{ events: [{ ...TRACK, attributes: [] }] }, 'events[0].attributes must be an object'],
    [{ events: [{ ...TRACK, targetingKey: 7 }] }, 'events[0].targetingKey must be a text'],
    [{ events: [{ ...TRACK, name: 'x'.repeat(2_000) }] }, 'events[0].name may have 1024 characters'],
    ['{"events":[{"type":"track","name":"n","timestamp":1e999}]}', 'events[0] contains a number beyond'],
    [`{"events":[{"type":"track","name":"n","timestamp":1,"attributes":${'['.repeat(500)}`, 'too many depth'],
  ]
  it.each(wrong)('refuses a malformed batch whole: %j', async (body, message) => {
    const rig = await start()
    const answer = await send(rig, body)
    expect(answer.status).toBe(400)
    expect((answer.body as { errorDetails: string }).errorDetails).toContain(message)
    expect([await counted(rig, 'exposure', 'accepted'), await counted(rig, 'track', 'accepted')]).toEqual([0, 0])
  })

  it('takes names that objects cannot be trusted with', async () => {
    const rig = await start()
    const body = '{"events":[{"type":"track","name":"__proto__","timestamp":1,"attributes":{"__proto__":{"x":1}}}]}'
    expect((await send(rig, body)).status).toBe(202)
    expect((await send(rig, '{"__proto__":{"events":[]}}')).status).toBe(400)
  })
})
