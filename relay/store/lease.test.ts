/** The lease's scripts on a real Redis: who gets it, who keeps it, whose writes count. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startRedis } from '../testing/redis.ts'
import type { RedisServer } from '../testing/redis.ts'
import { Lease } from './lease.ts'
import type { TendRequest } from './lease.ts'
import { RedisStore } from './redis.ts'
import { generation, labels } from './testing/generations.ts'

let server: RedisServer
let store: RedisStore
beforeAll(async () => {
  server = await startRedis()
}, 60_000)
afterAll(() => server.stop())
beforeEach(async () => {
  await server.command('FLUSHALL')
  store = new RedisStore({ url: server.url, checkEvery: 0 })
})
afterEach(() => store.close())

const wish: TendRequest = { token: 0, hold: true, report: '{}', highest: 0, floor: undefined, dead: undefined }

function lease(holder: string, ttl = 10_000): Lease {
  return new Lease({ link: store.link, environment: 'shop', holder, ttl })
}

test('one of many gets it, under a token that only grows, also when Redis has forgotten the tokens', async () => {
  const views = await Promise.all(['a', 'b', 'c', 'd'].map((holder) => lease(holder).tend(wish)))
  expect(views.filter(({ mine }) => mine)).toHaveLength(1)
  expect(new Set(views.map(({ holder, token }) => `${holder} ${token}`)).size).toBe(1)
  const [holder = ''] = views.map((view) => view.holder)
  await lease(holder).release(1)
  const next = await lease('e').tend(wish)
  expect([next.mine, next.token]).toEqual([true, 2])
  await server.command('FLUSHALL')
  const after = await lease('f').tend({ ...wish, highest: 2 })
  expect([after.mine, after.token]).toEqual([true, 3])
})

test('it is renewed by its holder alone, and looking does not renew it', async () => {
  const first = await lease('a').tend({ ...wish, report: 'one' })
  await server.command('PEXPIRE', 'halyard:{shop}:lease', 500)
  const looked = await lease('b').tend({ ...wish, hold: false })
  expect(looked).toMatchObject({ holder: 'a', token: 1, mine: false, report: 'one', mark: first.mark })
  expect(looked.left).toBeLessThanOrEqual(500)
  expect((await lease('b').tend(wish)).mine).toBe(false)
  const renewed = await lease('a').tend({ ...wish, token: 1, report: 'two' })
  expect(renewed).toMatchObject({ mine: true, token: 1, report: 'two' })
  expect(renewed.left).toBeGreaterThan(9_000)
  expect(renewed.mark).not.toBe(first.mark)
})

test('only its holder gives it up, and only under the token it has', async () => {
  await lease('a').tend(wish)
  await lease('b').release(1)
  await lease('a').release(7)
  expect((await lease('b').tend(wish)).mine).toBe(false)
  await lease('a').release(1)
  expect((await lease('b').tend(wish)).mine).toBe(true)
})

test('a successor in the same process takes it over, and its predecessor does not take it back', async () => {
  await lease('a').tend(wish)
  const successor = await lease('a').tend(wish)
  expect([successor.mine, successor.token]).toEqual([true, 2])
  const predecessor = await lease('a').tend({ ...wish, token: 1 })
  expect([predecessor.mine, predecessor.holder]).toEqual([false, 'a'])
  await lease('a').release(1)
  expect((await lease('b').tend(wish)).mine).toBe(false)
})

test('one that its holder never renews is taken by whoever saw that, although it does not expire', async () => {
  const dead = (await lease('a').tend(wish)).mark
  await server.command('PERSIST', 'halyard:{shop}:lease')
  expect((await lease('b').tend({ ...wish, dead: 'another.mark' })).mine).toBe(false)
  expect((await lease('b').tend({ ...wish, dead })).mine).toBe(true)
  // Taken in the meantime: then it is alive.
  expect((await lease('c').tend({ ...wish, dead })).mine).toBe(false)
})

test('a save counts under the newest token; an older one is fenced off, and none at all only fills emptiness', async () => {
  await lease('a').tend(wish)
  await store.save(generation(1), { token: 1 })
  await lease('a').release(1)
  await lease('b').tend(wish)
  expect(await store.save(generation(5), { token: 1 })).toBe('fenced')
  expect(await store.save(generation(6), { token: 0 })).toBe('fenced')
  expect(await store.save(generation(2), { token: 2 })).toBe('saved')
  expect(labels((await store.load('shop')).generations)).toEqual(['0.2', '0.1'])
  // An operator's decision needs no lease.
  expect(await store.save(generation(3, { epoch: 1 }))).toBe('saved')
  await server.command('FLUSHALL')
  expect(await store.save(generation(6), { token: 0 })).toBe('saved')
  expect(await store.save(generation(6), { token: 0 })).toBe('saved')
  expect(await store.save(generation(7), { token: 0 })).toBe('fenced')
})

test('everybody who looks is told the newest whole generation and the highest floor', async () => {
  const [x, y] = ['a'.repeat(64), 'b'.repeat(64)]
  await store.save(generation(3))
  await server.command('HSET', 'halyard:{shop}:generations', `0.9.${x}.100`, 'half')
  const look = { ...wish, hold: false }
  expect((await lease('a').tend({ ...look, floor: { epoch: 1, version: 10, sha256: x } })).newest?.version).toBe(3)
  const floors = []
  for (const [version, sha256] of [
    [9, x],
    [10, y],
    [11, x],
  ] as const) {
    const { floor } = await lease('b').tend({ ...look, floor: { epoch: 1, version, sha256 } })
    floors.push(`${floor?.version}${floor?.sha256[0]}`)
  }
  expect(floors).toEqual(['10a', '10b', '11a'])
  await server.command('HSET', 'halyard:{shop}:fence', 'floor', 'junk')
  expect((await lease('a').tend(look)).floor).toBeUndefined()
})
