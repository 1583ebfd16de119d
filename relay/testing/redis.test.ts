/** The servers that other tests lean on must really start, die, come back empty and form a cluster. */
import { afterEach, expect, test } from 'vitest'
import { startRedis, startRedisCluster } from './redis.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

test(
  'two servers live side by side and a restart comes back empty on the same port',
  { timeout: 120_000 },
  async () => {
    const [one, two] = await Promise.all([startRedis(), startRedis({ password: 'a b@c' })])
    cleanups.push(one.stop, two.stop)
    expect(one.port).not.toBe(two.port)
    await one.command('SET', 'here', 'yes')
    expect(await one.command('GET', 'here')).toBe('yes')
    await one.kill('SIGKILL')
    expect(one.pid).toBeUndefined()
    await one.restart()
    expect(await one.command('GET', 'here')).toBeNull()
    expect(two.url).toContain('a%20b%40c')
    expect(await two.command('PING')).toBe('PONG')
  },
)

test('a cluster of three masters covers every slot', { timeout: 120_000 }, async () => {
  const cluster = await startRedisCluster()
  cleanups.push(cluster.stop)
  const slots = await cluster.nodes[2]?.command('CLUSTER', 'SLOTS')
  expect(slots).toHaveLength(3)
})
