/** Over real sockets: clients that do not read cost a bounded amount, are cut in time, and nobody else notices. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { HandMadeEnvironment } from '../testing/environment.ts'
import { openEvents } from '../testing/event-client.ts'
import type { EventClient } from '../testing/event-client.ts'
import { open, startRig } from '../testing/rig.ts'
import type { Rig } from '../testing/rig.ts'
import type { TestDocument } from '../testing/rules.ts'

const STALLED = 40
const BYTES = 500_000
const running: { rig?: Rig; sockets: Socket[]; clients: EventClient[] } = { sockets: [], clients: [] }

afterEach(async () => {
  for (const socket of running.sockets) socket.destroy()
  for (const client of running.clients) client.close()
  await running.rig?.stop()
})

const document = (value: number): TestDocument => ({
  flags: { one: { variants: { a: `${value}${'x'.repeat(BYTES)}` }, serve: 'a' } },
})

/** Asks for a stream and never reads. */
function stall(rig: Rig, path: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(rig.port, rig.host)
    running.sockets.push(socket)
    socket.pause()
    socket.on('error', () => undefined)
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, () => resolve())
  })
}

it('are cut after the time without progress; the others hear of every change', { timeout: 60_000 }, async () => {
  const environment = new HandMadeEnvironment('test', document(0))
  const rig = await startRig({ environments: [open(document(0), { environment })], streams: { slowAfterMs: 2_000 } })
  running.rig = rig
  for (let index = 0; index < STALLED; index++) await stall(rig, index % 2 === 0 ? '/v1/stream' : '/v1/document/stream')
  const well = await openEvents(`${rig.url}/v1/stream`)
  running.clients.push(well)
  await well.at(0, 10_000)
  const before = process.memoryUsage()
  let told = 0
  const startedAt = performance.now()
  for (let value = 1; performance.now() - startedAt < 4_500; value++) {
    environment.swap(document(value))
    const since = performance.now()
    await vi.waitFor(() => expect(well.events.at(-1)?.data).toContain(`"value":"${value}x`), {
      timeout: 5_000,
      interval: 5,
    })
    expect(performance.now() - since).toBeLessThan(2_000)
    told++
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  expect(told).toBeGreaterThan(10)
  // Without bounds each of them would hold every frame since it stopped reading.
  const grown = process.memoryUsage().arrayBuffers - before.arrayBuffers
  expect(grown).toBeLessThan((STALLED * BYTES * told) / 4)
  const count = async (pattern: RegExp): Promise<number> =>
    [...(await rig.metrics.text()).matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0)
  await vi.waitFor(
    async () => expect(await count(/^halyard_streams_closed_total\{.*reason="slow"\} (\d+)$/gm)).toBe(STALLED),
    { timeout: 10_000, interval: 100 },
  )
  expect(await count(/^halyard_streams_open\{.*\} (\d+)$/gm)).toBe(1)
})
