/** The small client against node:http: statuses, bodies in pieces, queueing, and broken connections. */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { bytesOf, WireClient } from './wire-client.ts'

let server: Server | undefined
let client: WireClient | undefined
afterEach(() => {
  client?.close()
  server?.closeAllConnections()
  server?.close()
})

async function start(handler: Parameters<typeof createServer>[1]): Promise<number> {
  server = createServer({}, handler).listen(0, '127.0.0.1')
  await new Promise((listening) => server?.once('listening', listening))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const request = (path: string): Buffer =>
  bytesOf({ method: 'POST', path, headers: { 'content-type': 'application/json' }, body: '{"é":1}' }, 'test')

test('many requests over few connections all get their own status', async () => {
  const bodies: string[] = []
  let open = 0
  let most = 0
  const port = await start((incoming, answer) => {
    most = Math.max(most, ++open)
    incoming.setEncoding('utf8').on('data', (text: string) => bodies.push(text))
    incoming.on('end', () => {
      const status = Number(incoming.url?.slice(1))
      const body = status === 304 ? '' : 'x'.repeat(100_000)
      answer.writeHead(status, status === 304 ? {} : { 'content-length': body.length })
      setTimeout(() => {
        open--
        answer.end(body)
      }, 5)
    })
  })
  const opened = (client = await WireClient.open('127.0.0.1', port, 2))
  const statuses = [200, 304, 404, 200, 500, 304, 200]
  expect(await Promise.all(statuses.map((status) => opened.send(request(`/${status}`))))).toEqual(statuses)
  expect(bodies).toEqual(statuses.map(() => '{"é":1}'))
  expect(most).toBe(2)
})

test('a connection that breaks, and an answer without a length, are failures', async () => {
  const port = await start((incoming, answer) => {
    if (incoming.url === '/break') incoming.socket.destroy()
    else {
      answer.write('chunked')
      answer.end()
    }
  })
  client = await WireClient.open('127.0.0.1', port, 2)
  expect(await client.send(request('/break'))).toBe(0)
  expect(await client.send(request('/chunked'))).toBe(0)
})

test('closing answers what still waits', async () => {
  const port = await start(() => undefined)
  client = await WireClient.open('127.0.0.1', port, 1)
  const both = Promise.all([client.send(request('/1')), client.send(request('/2'))])
  client.close()
  expect(await both).toEqual([0, 0])
})
