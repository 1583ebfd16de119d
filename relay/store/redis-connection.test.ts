/** The connection outlives whatever the library takes for its end. */
import { afterEach, expect, test } from 'vitest'
import { startRedis } from '../testing/redis.ts'
import { connectRedis } from './redis-connection.ts'
import { parseRedisUrl } from './redis-url.ts'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

test('a connection told to disconnect while it connects comes back, until it is closed', async () => {
  const server = await startRedis()
  open.push(server.stop)
  let closed = false
  const client = connectRedis({
    address: parseRedisUrl(server.url),
    connectTimeout: 1_000,
    random: () => 0,
    closed: () => closed,
  })
  client.on('error', () => undefined)
  const ends: number[] = []
  client.on('end', () => ends.push(Date.now()))
  const connecting = client.connect()
  client.disconnect(true)
  await expect(connecting).rejects.toThrow('closed')
  await expect.poll(() => ends.length).toBe(1)
  await expect.poll(() => client.status, { timeout: 10_000 }).toBe('ready')
  expect(await client.ping()).toBe('PONG')
  closed = true
  client.disconnect()
  await expect.poll(() => ends.length).toBe(2)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(client.status).toBe('end')
})
