/** Promise P1 and hazards 1, 6 and 7 against a real Redis that is killed, stopped, emptied, filled up and lied to. */
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { startRedis, startRedisSentinel } from '../testing/redis.ts'
import type { RedisServer, RedisServerOptions } from '../testing/redis.ts'
import { RedisStore } from './redis.ts'
import type { RedisStoreOptions } from './redis.ts'
import type { Problem } from './store.ts'
import { generation, labels } from './testing/generations.ts'

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

async function redis(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedis(options)
  open.push(server.stop)
  return server
}

function connect(url: string, options: Partial<RedisStoreOptions> = {}): RedisStore {
  const store = new RedisStore({ url, checkEvery: 0, commandTimeout: 100, ...options })
  open.unshift(() => store.close())
  return store
}

/** Milliseconds that the promise took, and what it said. */
async function timed(promise: Promise<unknown>): Promise<{ took: number; kind: unknown }> {
  const began = performance.now()
  const kind: unknown = await promise.catch((error: unknown) => Reflect.get(Object(error), 'kind'))
  return { took: performance.now() - began, kind }
}

const KEY = 'halyard:{shop}:generations'

test('a killed Redis fails every save at once, and the store recovers by itself', async () => {
  const server = await redis()
  const store = connect(server.url)
  await store.save(generation(1))
  await server.kill('SIGKILL')
  await pause(50)
  for (let version = 2; version < 50; version += 1) {
    const { took, kind } = await timed(store.save(generation(version)))
    expect(kind).toBe('unavailable')
    expect(took).toBeLessThan(50)
  }
  const { generations, problems } = await store.load('shop')
  expect(generations).toEqual([])
  expect(problems).toHaveLength(1)
  await server.restart()
  await expect.poll(() => store.save(generation(50)).catch(String), { timeout: 12_000 }).toBe('saved')
  expect(store.status().state).toBe('available')
})

test('a Redis that is down at start costs at most the connect timeout once, and is found when it comes', async () => {
  const server = await redis()
  await server.kill('SIGKILL')
  const store = connect(server.url)
  const first = await timed(store.save(generation(1)))
  expect(first.kind).toBe('unavailable')
  expect(first.took).toBeLessThan(1_200)
  expect((await timed(store.save(generation(1)))).took).toBeLessThan(50)
  await server.restart()
  await expect.poll(() => store.save(generation(2)).catch(String), { timeout: 12_000 }).toBe('saved')
})

test('a hung Redis costs three timeouts and then nothing, until it wakes', async () => {
  const server = await redis()
  const store = connect(server.url)
  await store.save(generation(1))
  await server.kill('SIGSTOP')
  const took: number[] = []
  for (let version = 2; version < 40; version += 1) took.push((await timed(store.save(generation(version)))).took)
  await server.kill('SIGCONT')
  expect(took.filter((each) => each > 50).length).toBeLessThanOrEqual(5)
  for (const each of took) expect(each).toBeLessThan(200)
  expect(store.status()).toMatchObject({ state: 'unavailable', lastError: { kind: 'timeout' } })
  await expect.poll(() => store.save(generation(40)).catch(String), { timeout: 12_000 }).toBe('saved')
})

test('FLUSHALL and a restart with nothing are repaired with the newest generation only', async () => {
  const server = await redis()
  const store = connect(server.url, { checkEvery: 200 })
  for (const version of [1, 2, 3]) await store.save(generation(version))
  await server.command('FLUSHALL')
  const stored = async (): Promise<string[]> => labels((await connect(server.url).load('shop')).generations)
  await expect.poll(stored, { timeout: 2_000 }).toEqual(['0.3'])
  await server.restart()
  await expect.poll(stored, { timeout: 12_000 }).toEqual(['0.3'])
})

test('a save that met an outage is made good, and never over something newer of another replica', async () => {
  const server = await redis()
  const store = connect(server.url, { checkEvery: 100 })
  await store.save(generation(1))
  await server.kill('SIGKILL')
  await expect(store.save(generation(2))).rejects.toMatchObject({ kind: 'unavailable' })
  await server.restart()
  const stored = async (): Promise<string[]> => labels((await connect(server.url).load('shop')).generations)
  await expect.poll(stored, { timeout: 12_000 }).toEqual(['0.2'])
  await connect(server.url).save(generation(9))
  await server.command(
    'HDEL',
    KEY,
    ...((await server.command('HKEYS', KEY)) as string[]).filter((f) => f.startsWith('0.2.')),
  )
  await pause(400)
  expect(await stored()).toEqual(['0.9'])
  // What is another replica's to look after is asked about no more.
  const scripts = async (): Promise<string | undefined> =>
    /cmdstat_eval:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1]
  const before = await scripts()
  await pause(400)
  expect(await scripts()).toBe(before)
})

test('a wrong password is a refusal that names its reason and never the password', async () => {
  const server = await redis({ password: 'right' })
  const reports: Problem[] = []
  const store = connect(server.url.replace('right', 'canary'), { report: (problem) => reports.push(problem) })
  for (let version = 1; version < 4; version += 1) {
    await expect(store.save(generation(version))).rejects.toMatchObject({ kind: 'refused' })
  }
  expect(reports).toHaveLength(1)
  expect(reports[0]?.message).toMatch(/WRONGPASS|NOAUTH/)
  expect(JSON.stringify([reports, store.status(), await store.load('shop')])).not.toContain('canary')
})

test('a read-only replica and a full Redis refuse, each under its own kind, and recover', async () => {
  const server = await redis({ arguments: ['--maxmemory-policy', 'noeviction'] })
  const store = connect(server.url)
  await store.save(generation(1))
  await server.command('CONFIG', 'SET', 'maxmemory', '1')
  await expect(store.save(generation(2))).rejects.toMatchObject({ kind: 'full' })
  await server.command('CONFIG', 'SET', 'maxmemory', '0')
  expect(await store.save(generation(2))).toBe('saved')

  await server.command('REPLICAOF', '127.0.0.1', '1')
  await expect(store.save(generation(3))).rejects.toMatchObject({ kind: 'refused' })
  expect(store.status().lastError?.message).toContain('READONLY')
  await server.command('REPLICAOF', 'NO', 'ONE')
  await expect.poll(() => store.save(generation(3)).catch(String), { timeout: 12_000 }).toBe('saved')
})

test('corrupt, half-written and foreign values are skipped to the previous generation, and saving goes on', async () => {
  const server = await redis()
  const store = connect(server.url)
  for (const version of [1, 2, 3]) await store.save(generation(version))
  const fields = ((await server.command('HKEYS', KEY)) as string[]).sort()
  const value = String(await server.command('HGET', KEY, fields[2] ?? ''))
  await server.command('HSET', KEY, fields[2] ?? '', value.slice(0, -3))
  await server.command('HSET', KEY, fields[1] ?? '', value.replace('"version":3', '"version":4'))
  await server.command('HSET', KEY, 'note', 'from somebody else')
  const { generations, problems } = await store.load('shop')
  expect(labels(generations)).toEqual(['0.1'])
  expect(problems).toHaveLength(3)
  // The half-written third does not count as newer: the same version can be saved anew, even as another document.
  expect(await store.save(generation(3, { text: 'another three' }))).toBe('saved')
  expect((await store.load('shop')).generations[0]).toEqual(generation(3, { text: 'another three' }))
})

test('a key of another type is a refusal, not a crash', async () => {
  const server = await redis()
  await server.command('SET', KEY, 'text')
  const store = connect(server.url)
  await expect(store.save(generation(1))).rejects.toMatchObject({ kind: 'refused' })
  expect((await store.load('shop')).problems[0]?.message).toContain('WRONGTYPE')
})

test('a large document gets the time it needs', async () => {
  const server = await redis()
  const store = connect(server.url)
  const large = generation(1, { bytes: new Uint8Array(20 * 1024 * 1024).fill(65) })
  expect(await store.save(large)).toBe('saved')
  const { generations, problems } = await store.load('shop')
  expect(problems).toEqual([])
  expect(generations[0]?.sha256).toBe(large.sha256)
})

test('a failover by Sentinel is followed to the new master', { timeout: 180_000 }, async () => {
  const group = await startRedisSentinel()
  open.push(group.stop)
  const store = connect(group.url)
  expect(await store.save(generation(1))).toBe('saved')
  await expect.poll(() => group.replica.command('EXISTS', KEY), { timeout: 5_000 }).toBe(1)
  await group.master.kill('SIGKILL')
  await expect.poll(() => store.save(generation(2)).catch(String), { timeout: 120_000, interval: 200 }).toBe('saved')
  expect(labels((await store.load('shop')).generations)).toEqual(['0.2', '0.1'])
  expect(await group.replica.command('HLEN', KEY)).toBe(2)
})
