/** Notices over a real Redis that loses them: what arrives, what is ignored, and that every gap is told. */
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { startRedis } from '../testing/redis.ts'
import type { RedisServer } from '../testing/redis.ts'
import { Notices } from './notices.ts'
import type { Notice } from './notices.ts'
import { RedisLink } from './redis-link.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

async function redis(): Promise<RedisServer> {
  const server = await startRedis()
  open.push(server.stop)
  return server
}

interface Ear {
  readonly notices: Notices
  readonly heard: Notice[]
  /** How often it was told that something may have been missed. */
  readonly resumed: () => number
  readonly end: () => void
}

function listen(url: string, replica: string, environment = 'shop'): Ear {
  const link = new RedisLink({ url })
  const notices = new Notices({ link, replica, checkEvery: 100 })
  const heard: Notice[] = []
  let resumed = 0
  const end = notices.listen(environment, {
    noticed: (notice) => {
      heard.push(notice)
      return notice.kind !== 'floor'
    },
    resumed: () => void (resumed += 1),
  })
  open.unshift(() => {
    notices.close()
    link.close()
  })
  return { notices, heard, resumed: () => resumed, end }
}

const saved = { kind: 'saved', epoch: 1, version: 2, sha256: 'a'.repeat(64) } as const

test('others hear, the sender does not hear itself, and other environments hear nothing', async () => {
  const { url } = await redis()
  const [a, b, other] = [listen(url, 'a'), listen(url, 'b'), listen(url, 'c', 'other')]
  await expect.poll(() => [a.resumed(), b.resumed(), other.resumed()]).toEqual([1, 1, 1])
  await a.notices.publish('shop', saved)
  await a.notices.publish('shop', { kind: 'floor' })
  await expect.poll(() => b.heard).toEqual([saved, { kind: 'floor' }])
  expect([a.heard, other.heard]).toEqual([[], []])
  expect(b.notices.counts('shop')).toEqual({ sent: 0, received: 2, ignored: 1 })
  await expect.poll(() => a.notices.counts('shop')).toEqual({ sent: 2, received: 2, ignored: 2 })
  b.end()
  await a.notices.publish('shop', saved)
  await pause(50)
  expect(b.heard).toHaveLength(2)
})

test('what is no notice is counted and ignored', async () => {
  const server = await redis()
  const a = listen(server.url, 'a')
  await expect.poll(a.resumed).toBe(1)
  const bad = [
    '',
    '{',
    '[]',
    'null',
    '{"replica":"b"}',
    '{"replica":"b","kind":"saved","epoch":"1"}',
    'x'.repeat(9_999),
  ]
  for (const text of [...bad, '{"replica":"b","kind":"__proto__"}', '{"replica":"a","kind":"released"}']) {
    await server.command('PUBLISH', 'halyard:{shop}:notices:0', text)
  }
  await expect.poll(() => a.notices.counts('shop')).toEqual({ sent: 0, received: 9, ignored: 9 })
  expect(a.heard).toEqual([])
})

test('after every loss of the connection the listener is told that it may have missed something', async () => {
  const server = await redis()
  const [a, b] = [listen(server.url, 'a'), listen(server.url, 'b')]
  await expect.poll(() => [a.resumed(), b.resumed()]).toEqual([1, 1])
  await server.command('CLIENT', 'KILL', 'TYPE', 'PUBSUB')
  await expect.poll(() => [a.resumed(), b.resumed()], { timeout: 15_000 }).toEqual([2, 2])
  await server.kill('SIGKILL')
  await a.notices.publish('shop', saved)
  await server.restart()
  await expect.poll(() => Math.min(a.resumed(), b.resumed()), { timeout: 15_000 }).toBeGreaterThanOrEqual(3)
  await expect
    .poll(
      async () => {
        await a.notices.publish('shop', saved)
        return b.heard.length
      },
      { timeout: 10_000 },
    )
    .toBeGreaterThan(0)
})

test('a Redis that is down at the start is listened to once it is there', async () => {
  const server = await redis()
  await server.kill('SIGKILL')
  const a = listen(server.url, 'a')
  await pause(300)
  expect(a.resumed()).toBe(0)
  await server.restart()
  await expect.poll(a.resumed, { timeout: 15_000 }).toBe(1)
})

test('notices for a Redis that is away are dropped and not kept', async () => {
  const server = await redis()
  const a = listen(server.url, 'a')
  await expect.poll(a.resumed).toBe(1)
  await server.kill('SIGSTOP')
  const before = process.memoryUsage().heapUsed
  for (let round = 0; round < 50_000; round++) await a.notices.publish('shop', saved)
  globalThis.gc?.()
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024)
  expect(a.notices.counts('shop').sent).toBe(0)
  await server.kill('SIGCONT')
}, 30_000)
