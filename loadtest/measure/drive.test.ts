/** How shots are dealt, and that a wrong status never passes for a measurement. */
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { drive, handsOf } from './drive.ts'

test('connections get different shots, and all shots are dealt', () => {
  expect(handsOf([1, 2, 3, 4, 5], 2)).toEqual([
    [1, 3, 5],
    [2, 4],
  ])
  expect(handsOf([1, 2], 64)).toEqual([[1], [2]])
})

test('a run counts CPU, memory and every answer that was not the expected one', async () => {
  const seen = new Set<string>()
  const server = createServer((incoming, answer) => {
    let body = ''
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()))
    incoming.on('end', () => {
      seen.add(body)
      answer.writeHead(body === 'b' ? 404 : 200).end('{}')
    })
  }).listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const shots = ['a', 'b', 'c', 'd'].map((body) => ({ body }))
  const load = {
    url: `http://127.0.0.1:${port}`,
    path: '/x',
    connections: 2,
    pipelining: 1,
    seconds: 1,
    pid: process.pid,
  }
  const measured = await drive({ ...load, shots, expect: 200 })
  server.closeAllConnections()
  server.close()
  expect([...seen].sort()).toEqual(['a', 'b', 'c', 'd'])
  expect(measured.requests).toBeGreaterThan(10)
  expect(measured.failures).toBeGreaterThan(measured.requests / 5)
  expect(measured.cpuMicrosPerRequest).toBeGreaterThan(0)
  expect(measured.rssBytes).toBeGreaterThan(10e6)
}, 20_000)
