/** A follower that was cut off from Redis looks again as soon as it is back: what it missed will not be told twice. */
import { setTimeout as pause } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { startRedis } from '../testing/redis.ts'
import { flagd, passageTo, startReplica, Vendor } from './testing/replicas.ts'

/** Nobody looks by the clock while this runs. */
const NEVER_MS = 600_000

it('a change that was missed is served after the reconnect, before the next look', { timeout: 40_000 }, async () => {
  const server = await startRedis()
  const passage = await passageTo(server.port)
  const vendor = new Vendor(flagd('one'), 20)
  const slow = { vendor, leaseMs: NEVER_MS, recheckMs: NEVER_MS }
  const leader = await startReplica({ name: 'a', url: server.url, ...slow })
  const follower = await startReplica({ name: 'b', url: `redis://127.0.0.1:${passage.port}`, ...slow })
  try {
    await expect.poll(() => follower.served(), { timeout: 10_000 }).toBe('1.1 one')
    expect(follower.replication.role).toBe('follower')
    // Subscribing takes a moment; what the follower hears afterwards is told, not looked up.
    await pause(500)
    passage.shut()
    vendor.document = flagd('two')
    await expect.poll(() => leader.served(), { timeout: 10_000 }).toBe('1.2 two')
    expect(follower.served()).toBe('1.1 one')
    passage.open()
    await expect.poll(() => follower.served(), { timeout: 15_000 }).toBe('1.2 two')
  } finally {
    await follower.stop()
    await leader.stop()
    await passage.close()
    await server.stop()
  }
})
