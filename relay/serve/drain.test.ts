import { afterEach, describe, expect, it } from 'vitest'
import { HandMadeEnvironment } from './testing/environment.ts'
import { openEvents } from './testing/event-client.ts'
import { open, startRig } from './testing/rig.ts'
import type { Rig } from './testing/rig.ts'

const document = { flags: { one: { variants: { a: 1 }, serve: 'a' } } }
const running: { rig?: Rig } = {}

afterEach(() => running.rig?.stop())

describe('a relay that drains', () => {
  it('is not ready, ends streams over the window, hands on events, and is gone within its time', async () => {
    let deliver: () => void = () => {}
    const delivered = new Promise<void>((resolve) => (deliver = resolve))
    const environment = new HandMadeEnvironment('test', document)
    const rig = (running.rig = await startRig({
      environments: [open(document, { environment })],
      sink: {
        deliver: () => {
          deliver()
          return Promise.resolve()
        },
      },
    }))
    const clients = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        openEvents(`${rig.url}${['/v1/stream', '/ofrep/v1/events', '/v1/document/stream'][index % 3] ?? ''}`),
      ),
    )
    await Promise.all(clients.map((client) => client.at(0)))
    await rig.post('/v1/track', { events: [{ type: 'track', name: 'n', timestamp: 1 }] })
    const startedAt = performance.now()
    const ends: number[] = []
    const ended = Promise.all(
      clients.map((client) => client.ended().then(() => ends.push(performance.now() - startedAt))),
    )
    const drained = rig.server.drain({ windowMs: 1_000, graceMs: 2_000 })
    expect((await fetch(`${rig.managementUrl}/readyz`)).status).toBe(503)
    const answer = await rig.post('/ofrep/v1/evaluate/flags', {})
    expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close'])
    await new Promise((resolve) => setTimeout(resolve, 400))
    environment.swap({ flags: { one: { variants: { a: 2 }, serve: 'a' } } })
    // Opened while it drains: served until the end of the window.
    const late = await openEvents(`${rig.url}/v1/stream`)
    await late.at(0)
    await Promise.all([ended, late.ended()])
    await drained
    await delivered
    const took = performance.now() - startedAt
    expect(took).toBeLessThan(2_500)
    const sorted = ends.toSorted((one, other) => one - other)
    expect(sorted[15]).toBeLessThan(600)
    expect(sorted[45]).toBeGreaterThan(500)
    for (const client of clients) {
      expect(client.retries.length).toBeGreaterThanOrEqual(2)
      expect(client.text()).toMatch(/retry: \d+\n\n$/)
    }
    expect(new Set(clients.map(({ retries }) => retries.at(-1))).size).toBeGreaterThan(30)
    expect(await rig.metrics.text()).toMatch(/halyard_streams_closed_total\{.*reason="drained"\} 20/)
  })

  it('cuts a client that does not read, when its grace is over', async () => {
    const long = { flags: { one: { variants: { a: 'x'.repeat(30_000_000) }, serve: 'a' } } }
    const rig = (running.rig = await startRig({ environments: [open(long)] }))
    const response = await fetch(`${rig.url}/v1/document/stream`)
    expect(response.status).toBe(200)
    const startedAt = performance.now()
    await rig.server.drain({ windowMs: 100, graceMs: 400 })
    expect(performance.now() - startedAt).toBeLessThan(1_500)
    await response.body?.cancel()
  })
})
