import { afterEach, expect, it, vi } from 'vitest'
import { HandMadeEnvironment } from './testing/environment.ts'
import { openEvents } from './testing/event-client.ts'
import { open, startRig } from './testing/rig.ts'
import type { Rig } from './testing/rig.ts'
import type { RelayStatus } from './status.ts'

const running: { rig?: Rig } = {}

afterEach(() => running.rig?.stop())

it('the status tells of streams: open, told, cut, refused', async () => {
  const document = (value: number) => ({ flags: { one: { variants: { a: value }, serve: 'a' } } })
  const environment = new HandMadeEnvironment('test', document(1))
  const other = open(document(1), { name: 'other' })
  const streams = { perKey: 2 }
  const rig = (running.rig = await startRig({ environments: [open(document(1), { environment }), other], streams }))
  const read = async (): Promise<RelayStatus> =>
    (await (await fetch(`${rig.managementUrl}/status`)).json()) as RelayStatus
  expect((await read()).environments[0]?.streams).toEqual({ open: {}, droppedSlow: 0, refused: 0, propagationMs: {} })
  const headers = { 'X-Halyard-Environment': 'test' }
  const clients = [
    await openEvents(`${rig.url}/v1/stream`, { headers }),
    await openEvents(`${rig.url}/v1/document/stream`, { headers }),
  ]
  await Promise.all(clients.map((client) => client.at(0)))
  expect((await openEvents(`${rig.url}/v1/stream`, { headers })).status).toBe(429)
  environment.swap(document(2))
  await Promise.all(clients.map((client) => client.at(1)))
  const { streamsBehind, environments } = await read()
  const [test, elsewhere] = environments.map((one) => one.streams)
  expect(test).toMatchObject({ open: { evaluated: 1, document: 1 }, droppedSlow: 0, refused: 1 })
  expect(test?.propagationMs['evaluated']).toBeLessThan(1_000)
  expect(streamsBehind).toBe(0)
  expect(elsewhere?.open).toEqual({})
  const page = await (await fetch(`${rig.managementUrl}/status`, { headers: { Accept: 'text/html' } })).text()
  expect(page).toMatch(/1 evaluated, told within \d+ ms<br>1 document/)
  expect(await rig.metrics.text()).toMatch(/halyard_snapshot_info\{environment="test",revision="[0-9a-f]+"\} 1/)
  for (const client of clients) client.close()
  await vi.waitFor(async () =>
    expect((await read()).environments[0]?.streams.open).toEqual({ evaluated: 0, document: 0 }),
  )
})
