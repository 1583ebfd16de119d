/** Three replicas, one vendor, one real Redis that is killed, stopped, emptied and taken away from single replicas. */
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { startRedis, startRedisCluster, startRedisSentinel } from '../testing/redis.ts'
import type { RedisServer } from '../testing/redis.ts'
import { expectForward, flagd, passageTo, startReplica, Vendor } from './testing/replicas.ts'
import type { Replica, ReplicaOptions } from './testing/replicas.ts'

const LEASE_MS = 1_000
const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

async function redis(): Promise<RedisServer> {
  const server = await startRedis()
  open.push(server.stop)
  return server
}

async function replica(options: ReplicaOptions): Promise<Replica> {
  const started = await startReplica({ leaseMs: LEASE_MS, ...options })
  open.unshift(started.stop)
  return started
}

async function three(url: string, vendor: Vendor): Promise<[Replica, Replica, Replica]> {
  const at = (name: string): Promise<Replica> => replica({ name, url, vendor })
  return [await at('a'), await at('b'), await at('c')]
}

const roles = (replicas: readonly Replica[]): string[] => replicas.map(({ replication }) => replication.role ?? '')
const served = (replicas: readonly Replica[]): (string | undefined)[] => replicas.map((each) => each.served())

describe('with Redis', () => {
  it('one replica asks the vendor, and what it hears reaches all at once', async () => {
    const { url } = await redis()
    const vendor = new Vendor(flagd('one'), 20)
    const all = await three(url, vendor)
    expect(roles(all)).toEqual(['leader', 'follower', 'follower'])
    await expect.poll(() => served(all)).toEqual(['1.1 one', '1.1 one', '1.1 one'])
    await pause(100)
    const began = performance.now()
    vendor.document = flagd('two')
    await expect.poll(() => served(all), { interval: 5 }).toEqual(['1.2 two', '1.2 two', '1.2 two'])
    expect(performance.now() - began).toBeLessThan(250)
    expect(vendor.askers(0)).toEqual(['a'])
    const [leader, follower] = all
    const { notices } = follower.environment.status().replication ?? {}
    expect(notices?.received).toBeGreaterThan(0)
    // The leader hears its own notices too, and does nothing about them.
    const own = leader.environment.status().replication?.notices
    expect(own?.received).toBeGreaterThan(0)
    expect(own?.ignored).toBe(own?.received)
  })

  it('a follower is as fresh as its leader, and as stale', async () => {
    const { url } = await redis()
    const vendor = new Vendor(flagd('one'), 20)
    const [, b] = await three(url, vendor)
    await pause(2_500)
    expect(b.environment.status()).toMatchObject({ state: 'ready', source: { state: 'live' } })
    expect(Date.now() - (b.environment.status().confirmedAt ?? 0)).toBeLessThan(1_000)
    vendor.document = undefined
    await expect.poll(() => b.environment.status().state, { timeout: 5_000 }).toBe('stale')
    expect(b.environment.status().source).toMatchObject({ state: 'retrying' })
    vendor.document = flagd('one')
    await expect.poll(() => b.environment.status().state, { timeout: 5_000 }).toBe('ready')
  })

  it('a leader that stops hands over at once', async () => {
    const { url } = await redis()
    const vendor = new Vendor(flagd('one'), 20)
    const [a, b, c] = await three(url, vendor)
    await pause(100)
    const began = performance.now()
    await a.stop()
    await expect.poll(() => roles([b, c]).filter((role) => role === 'leader'), { interval: 5 }).toHaveLength(1)
    expect(performance.now() - began).toBeLessThan(LEASE_MS / 4)
    vendor.document = flagd('two')
    await expect.poll(() => served([b, c])).toEqual(['1.2 two', '1.2 two'])
  })
})
