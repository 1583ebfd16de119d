/** The balancer hides one lost backend and no more, and names who answered: else it would hide the faults it is there for. */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Balancer } from './balancer.ts'
import { until } from './pause.ts'

let servers: Server[]
let balancer: Balancer
let hanging = -1
beforeEach(async () => {
  servers = []
  hanging = -1
  for (const index of [0, 1]) {
    const server = createServer((request, response) => {
      if (hanging === index && request.url !== '/readyz') return
      response.end(`from ${index}`)
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    servers.push(server)
  }
  const backends = servers.map((server) => (server.address() as AddressInfo).port)
  balancer = new Balancer(backends.map((port) => ({ port, managementPort: port })))
  await balancer.start()
})
afterEach(async () => {
  await balancer.stop()
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

const ask = async (): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${balancer.port}/x`, { method: 'POST', body: 'hello' })
  return `${response.status} ${response.headers.get('x-backend')} ${await response.text()}`
}

test('backends take turns, and their answers say whose they are', async () => {
  const seen = new Set<string>()
  for (let round = 0; round < 6; round += 1) seen.add(await ask())
  expect([...seen].sort()).toEqual(['200 0 from 0', '200 1 from 1'])
  expect(balancer.counts).toEqual({ retried: 0, slow: 0, failed: 0 })
})

test('a backend that is gone or hangs costs a retry and no answer', async () => {
  hanging = 0
  for (let round = 0; round < 2; round += 1) expect(await ask()).toBe('200 1 from 1')
  hanging = -1
  expect(await until(async () => (await ask()).endsWith('from 0'), 3_000)).toBeLessThan(3_000)
  servers[0]?.closeAllConnections()
  servers[0]?.close()
  for (let round = 0; round < 4; round += 1) expect(await ask()).toBe('200 1 from 1')
  expect(balancer.counts.retried).toBeGreaterThan(0)
  expect(balancer.counts.failed).toBe(0)
})

test('with all of them gone it says so', async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  expect(await ask()).toBe('502 none ')
  expect(balancer.counts.failed).toBe(1)
})
