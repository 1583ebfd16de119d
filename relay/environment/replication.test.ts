/** Three replicas, one vendor, one real Redis that is killed, stopped, emptied and taken away from single replicas. */
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterEach, describe, expect, it } from 'vitest'
import { startRedis, startRedisCluster, startRedisSentinel } from '../testing/redis.ts'
import type { RedisServer } from '../testing/redis.ts'
import { systemTimers } from '../upstream/clock.ts'
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

/** Waits until notices of one arrive at the other: subscribing takes a moment. */
async function hears(speaker: Replica, listener: Replica): Promise<void> {
  const heard = (): number => {
    speaker.replication.ask({ kind: 'refresh' })
    return listener.environment.status().replication?.notices.received ?? 0
  }
  await expect.poll(heard, { timeout: 15_000 }).toBeGreaterThan(0)
}

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

  it('a follower that is told of news has the leader ask the vendor', async () => {
    const { url } = await redis()
    const vendor = new Vendor(flagd('one'), 60_000)
    const all = await three(url, vendor)
    await expect.poll(() => served(all)).toEqual(['1.1 one', '1.1 one', '1.1 one'])
    await pause(100)
    vendor.document = flagd('two')
    all[2].environment.refresh()
    await expect.poll(() => served(all)).toEqual(['1.2 two', '1.2 two', '1.2 two'])
    expect(vendor.askers(0)).toEqual(['a'])
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

describe('when Redis', () => {
  const alone = ['alone', 'alone', 'alone']

  /** Answers all the time, asks the vendor by itself from some moment on, and is back in step once Redis is. */
  async function survives(
    server: RedisServer,
    fail: () => Promise<unknown>,
    heal: () => Promise<unknown>,
  ): Promise<void> {
    const vendor = new Vendor(flagd('one'), 20)
    const all = await three(server.url, vendor)
    await expect.poll(() => served(all)).toEqual(['1.1 one', '1.1 one', '1.1 one'])
    await fail()
    const began = performance.now()
    await expect.poll(() => roles(all), { timeout: 4 * LEASE_MS }).toEqual(alone)
    // A lease until it is known, and another over which they spread.
    await expect.poll(() => vendor.askers(began), { timeout: 3 * LEASE_MS }).toEqual(['a', 'b', 'c'])
    vendor.document = flagd('two')
    const flags = (): unknown => all.map((each) => each.served()?.split(' ')[1])
    await expect.poll(flags).toEqual(['two', 'two', 'two'])
    await heal()
    await expect.poll(() => roles(all).sort(), { timeout: 12_000 }).toEqual(['follower', 'follower', 'leader'])
    await expect.poll(() => new Set(served(all)).size, { timeout: 5_000 }).toBe(1)
    await pause(100)
    const since = performance.now()
    await pause(200)
    expect(vendor.askers(since)).toHaveLength(1)
    vendor.document = flagd('three')
    await expect.poll(flags, { timeout: 5_000 }).toEqual(['three', 'three', 'three'])
    for (const { history } of all) expectForward(history)
  }

  it('is killed and comes back empty', async () => {
    const server = await redis()
    await survives(server, () => server.kill('SIGKILL'), server.restart)
  }, 40_000)

  it('hangs and wakes up', async () => {
    const server = await redis()
    await survives(
      server,
      () => server.kill('SIGSTOP'),
      () => server.kill('SIGCONT'),
    )
  }, 40_000)

  it('becomes a read-only replica', async () => {
    const server = await redis()
    await survives(
      server,
      () => server.command('REPLICAOF', '127.0.0.1', '1'),
      () => server.command('REPLICAOF', 'NO', 'ONE'),
    )
  }, 40_000)

  it('is full', async () => {
    const server = await redis()
    await survives(
      server,
      () => server.command('CONFIG', 'SET', 'maxmemory', '1'),
      () => server.command('CONFIG', 'SET', 'maxmemory', '0'),
    )
  }, 40_000)

  it('refuses the password from now on', async () => {
    const server = await redis()
    const withPassword = async (...command: [string, ...string[]][]): Promise<void> => {
      const client = new Redis({ port: server.port, password: 'another' })
      for (const [name, ...rest] of command) await client.call(name, ...rest)
      client.disconnect()
    }
    await survives(
      server,
      async () => {
        await server.command('CONFIG', 'SET', 'requirepass', 'another')
        await withPassword(['CLIENT', 'KILL', 'TYPE', 'NORMAL'], ['CLIENT', 'KILL', 'TYPE', 'PUBSUB'])
      },
      () => withPassword(['CONFIG', 'SET', 'requirepass', '']),
    )
  }, 40_000)

  it('is gone, replicas begin to ask at moments spread over a lease, and the leader never paused', async () => {
    const server = await redis()
    const vendor = new Vendor(flagd('one'), 100)
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    const all: Replica[] = []
    for (const name of names) all.push(await replica({ name, url: server.url, vendor }))
    await expect.poll(() => new Set(served(all))).toEqual(new Set(['1.1 one']))
    await server.kill('SIGKILL')
    const began = performance.now()
    await expect.poll(() => vendor.askers(began), { timeout: 4 * LEASE_MS }).toEqual(names)
    const first = names.map((name) => vendor.requests.find((one) => one.replica === name && one.at > began)?.at ?? 0)
    const followers = first.slice(1).sort((one, other) => one - other)
    const widest = (followers.at(-1) ?? 0) - (followers[0] ?? 0)
    expect(widest).toBeGreaterThan(LEASE_MS / 3)
    expect(Math.max(...followers) - began).toBeLessThan(2.5 * LEASE_MS)
    const asked = vendor.requests.filter(({ replica, at }) => replica === 'a' && at > began - 300).map(({ at }) => at)
    for (const [index, at] of asked.entries()) expect(at - (asked[index - 1] ?? at)).toBeLessThan(LEASE_MS / 2)
  }, 30_000)

  it('is emptied, it is filled again within two seconds and nobody changes role', async () => {
    const server = await redis()
    const vendor = new Vendor(flagd('one'), 20)
    const all = await three(server.url, vendor)
    vendor.document = flagd('two')
    await expect.poll(() => served(all)).toEqual(['1.2 two', '1.2 two', '1.2 two'])
    await pause(200)
    const began = performance.now()
    await server.command('FLUSHALL')
    const stored = async (): Promise<unknown> =>
      ((await server.command('HKEYS', 'halyard:{shop}:generations')) as string[]).map((field) => field.slice(0, 4))
    await expect.poll(stored, { timeout: 2_000, interval: 10 }).toEqual(['1.2.'])
    console.log(`emptied Redis refilled after ${Math.round(performance.now() - began)} ms`)
    await pause(1_500)
    expect(await stored()).toEqual(['1.2.'])
    expect(all.map((each) => each.roles)).toEqual([['leader'], ['follower'], ['follower']])
  })

  it('is emptied while its leader is cut off, a follower gives back what it serves', async () => {
    const server = await redis()
    const vendor = new Vendor(flagd('one'), 20)
    const passage = await passageTo(server.port)
    open.push(passage.close)
    const options = { vendor, recheckMs: 60_000, leaseMs: 60_000 }
    const a = await replica({ name: 'a', url: `redis://127.0.0.1:${passage.port}`, ...options })
    const b = await replica({ name: 'b', url: server.url, ...options })
    await hears(a, b)
    vendor.document = flagd('two')
    await expect.poll(() => served([a, b]), { timeout: 5_000 }).toEqual(['1.2 two', '1.2 two'])
    passage.shut()
    await server.command('FLUSHALL')
    const stored = (): Promise<unknown> => server.command('HLEN', 'halyard:{shop}:generations')
    await expect.poll(stored, { timeout: 2_000 }).toBe(1)
    expect(roles([b])).toEqual(['follower'])
  })

  it('has a newest document that is damaged, the leader puts its own above it', async () => {
    const server = await redis()
    const vendor = new Vendor(flagd('one'), 20)
    const all = await three(server.url, vendor)
    await expect.poll(() => served(all)).toEqual(['1.1 one', '1.1 one', '1.1 one'])
    await server.command('HSET', 'halyard:{shop}:generations', `1.7.${'a'.repeat(64)}.4`, 'junk')
    await expect.poll(() => served(all), { timeout: 5_000 }).toEqual(['1.8 one', '1.8 one', '1.8 one'])
    for (const { history } of all) expectForward(history)
  })
})

describe('when a replica', () => {
  it('is cut off, it goes on alone, is refused as a stale leader, and comes back without going back', async () => {
    const server = await redis()
    const vendor = new Vendor(flagd('one'), 20)
    const passage = await passageTo(server.port)
    open.push(passage.close)
    const a = await replica({ name: 'a', url: `redis://127.0.0.1:${passage.port}`, vendor })
    const b = await replica({ name: 'b', url: server.url, vendor })
    await expect.poll(() => served([a, b])).toEqual(['1.1 one', '1.1 one'])
    const [{ token: old }, snapshot] = [a.replication.fence(), a.environment.snapshot()]
    passage.shut()
    const began = performance.now()
    await expect.poll(() => roles([a, b]), { timeout: 3 * LEASE_MS, interval: 5 }).toEqual(['alone', 'leader'])
    const took = performance.now() - began
    console.log(`lease of ${LEASE_MS} ms taken over after ${Math.round(took)} ms`)
    // Within a lease by design, which `npm run torture` judges; here the machine may be busy with other tests.
    expect(took).toBeLessThan(2 * LEASE_MS)
    // It sees documents that the new leader does not.
    for (const flag of ['two', 'three', 'four']) {
      vendor.document = flagd(flag)
      await expect.poll(() => a.served()?.split(' ')[1]).toBe(flag)
    }
    if (snapshot === undefined) throw new Error('nothing is served')
    const { bytes, sha256, receivedAt } = snapshot
    const stale = {
      environment: 'shop',
      epoch: 1,
      version: 99,
      sha256,
      dialect: 'flagd',
      savedAt: 1,
      receivedAt,
      bytes,
    }
    expect(await b.store.save(stale, { token: old })).toBe('fenced')
    passage.open()
    await expect.poll(() => roles([a, b]), { timeout: 12_000 }).toEqual(['follower', 'leader'])
    await expect.poll(() => new Set(served([a, b])).size, { timeout: 5_000 }).toBe(1)
    for (const { history } of [a, b]) expectForward(history)
  }, 40_000)

  it('has clocks that jump by a day, nothing happens', async () => {
    const { url } = await redis()
    const vendor = new Vendor(flagd('one'), 20)
    let skew = 0
    const timers = { ...systemTimers, now: () => Date.now() + skew }
    const a = await replica({ name: 'a', url, vendor, timers })
    const b = await replica({ name: 'b', url, vendor, timers })
    for (const day of [1, -1, 0]) {
      skew = day * 86_400_000
      await pause(LEASE_MS)
      expect([a.roles, b.roles]).toEqual([['leader'], ['follower']])
    }
    vendor.document = flagd('two')
    await expect.poll(() => served([a, b])).toEqual(['1.2 two', '1.2 two'])
    await a.stop()
    await expect.poll(() => roles([b])).toEqual(['leader'])
  })

  it('is configured anew, the new environment leads in place of the old one, which follows until it is stopped', async () => {
    const { url } = await redis()
    const before = await replica({ name: 'a', url, vendor: new Vendor(flagd('one'), 20) })
    await expect.poll(() => before.served()).toBe('1.1 one')
    const after = await replica({ name: 'a', url, vendor: new Vendor(flagd('two'), 20) })
    await expect.poll(() => served([before, after])).toEqual(['1.2 two', '1.2 two'])
    await expect.poll(() => roles([before, after])).toEqual(['follower', 'leader'])
    await before.stop()
    await pause(1_500)
    expect([before.roles, after.roles]).toEqual([['leader', 'follower'], ['leader']])
  })

  it('speaks another dialect, it asks the vendor itself and leaves what the others share alone', async () => {
    const server = await redis()
    const a = await replica({ name: 'a', url: server.url, vendor: new Vendor(flagd('one'), 20) })
    const other = new Vendor(
      JSON.stringify({ flag: { variations: { on: true }, defaultRule: { variation: 'on' } } }),
      20,
    )
    const b = await replica({ name: 'b', url: server.url, vendor: other, dialect: 'goff' })
    await expect.poll(() => served([a, b])).toEqual(['1.1 one', '1.1 flag'])
    expect(roles([a, b])).toEqual(['leader', 'alone'])
    await pause(1_500)
    expect(served([a, b])).toEqual(['1.1 one', '1.1 flag'])
    expect(b.problems).toEqual(['1.1: it is of dialect flagd'])
  })
})

describe.each([
  ['a cluster, by sharded channels', startRedisCluster],
  ['a Sentinel group', startRedisSentinel],
])('in %s', (_, start) => {
  it('replicas lead, follow and hear each other', { timeout: 120_000 }, async () => {
    const group = await start()
    open.push(group.stop)
    const vendor = new Vendor(flagd('one'), 20)
    // What arrives within the re-check came by a notice.
    const options = { url: group.url, vendor, recheckMs: 60_000, leaseMs: 60_000 }
    const a = await replica({ name: 'a', ...options })
    const b = await replica({ name: 'b', ...options })
    await expect.poll(() => roles([a, b]), { timeout: 10_000 }).toEqual(['leader', 'follower'])
    await expect.poll(() => served([a, b]), { timeout: 10_000 }).toEqual(['1.1 one', '1.1 one'])
    await hears(a, b)
    for (const flag of ['two', 'three', 'four']) {
      vendor.document = flagd(flag)
      await expect.poll(() => b.served()?.split(' ')[1], { timeout: 5_000 }).toBe(flag)
    }
    if ('nodes' in group) {
      const channels = await Promise.all(group.nodes.map((node) => node.command('PUBSUB', 'SHARDCHANNELS')))
      expect(channels.flat()).toEqual(['halyard:{shop}:notices:0'])
    }
    await a.stop()
    await expect.poll(() => roles([b]), { timeout: 5_000 }).toEqual(['leader'])
  })
})
