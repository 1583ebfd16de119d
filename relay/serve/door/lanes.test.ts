/**
 * Which lane serves, proven by its own count. The serving tests run twice, and would prove nothing about one of the lanes
 * if it stood by.
 */
import { expect, it } from 'vitest'
import { open, sendRaw, startRig } from '../testing/rig.ts'

const express = process.env['HALYARD_TEST_DOOR'] !== 'http'

it(`requests of the common form are answered by ${express ? 'the express lane' : 'node:http'}`, async () => {
  const rig = await startRig({ environments: [open({ flags: { f: { variants: { a: 1 }, serve: 'a' } } })] })
  const served = async (): Promise<number> =>
    Number(/halyard_express_lane_total\{event="served"\} (\d+)/.exec(await rig.metrics.text())?.[1])
  expect(await served()).toBe(0)
  for (const path of ['/ofrep/v1/evaluate/flags', '/ofrep/v1/evaluate/flags/f']) {
    expect((await rig.post(path, {})).status).toBe(200)
    const raw = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}`
    expect((await sendRaw(rig.port, raw)).statuses).toEqual([200])
  }
  const get = 'HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n'
  for (const path of [
    '/v1/stream?context=e30',
    '/environments/test/v1/stream',
    '/v1/document/stream',
    '/v1/document',
  ]) {
    const { statuses, text } = await sendRaw(rig.port, `GET ${path} ${get}`, 50)
    expect([path, statuses]).toEqual([path, [200]])
    expect(text).toContain(path.includes('stream') ? 'text/event-stream' : 'application/json')
  }
  expect(await served()).toBe(express ? 8 : 0)
  await rig.stop()
})
