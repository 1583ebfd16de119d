/** What every store promises, run against disk, Redis and Redis Cluster alike. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { FakeTimers } from '../upstream/fake-timers.ts'
import { startRedis, startRedisCluster } from '../testing/redis.ts'
import { DiskStore } from './disk.ts'
import { RedisStore } from './redis.ts'
import type { Store } from './store.ts'
import { generation, labels } from './testing/generations.ts'

/** Opens stores on one and the same place, each as another process would. */
interface Place {
  open(): Store
  wipe(): Promise<void>
  remove(): Promise<void>
}

const places: Record<string, () => Promise<Place>> = {
  disk: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'halyard-disk-'))
    const wipe = (): Promise<void> => rm(folder, { recursive: true, force: true })
    return { open: () => new DiskStore({ folder }), wipe, remove: wipe }
  },
  redis: async () => {
    const server = await startRedis({ password: 'p@ss/word' })
    return {
      open: () => new RedisStore({ url: `${server.url}/3`, checkEvery: 0 }),
      wipe: async () => void (await server.command('FLUSHALL')),
      remove: server.stop,
    }
  },
  'redis cluster': async () => {
    const cluster = await startRedisCluster()
    return {
      open: () => new RedisStore({ url: cluster.url, checkEvery: 0, commandTimeout: 1_000 }),
      wipe: async () => void (await Promise.all(cluster.nodes.map((node) => node.command('FLUSHALL')))),
      remove: cluster.stop,
    }
  },
}

describe.each(Object.entries(places))('%s', (_, make) => {
  let place: Place
  let store: Store
  beforeAll(async () => {
    place = await make()
  }, 120_000)
  afterAll(() => place.remove())
  beforeEach(async () => {
    await place.wipe()
    store = place.open()
  })
  afterEach(() => store.close())

  test('knows nothing at first, and that is no problem', async () => {
    expect(await store.load('shop')).toEqual({ generations: [], problems: [] })
  })

  test('gives back exactly what was saved, to another process too', async () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256)
    const saved = generation(7, { bytes, environment: 'Ümläut / {tag} "quote" ../..', epoch: 3 })
    expect(await store.save(saved)).toBe('saved')
    const other = place.open()
    const { generations, problems } = await other.load(saved.environment)
    await other.close()
    expect(problems).toEqual([])
    expect(generations).toEqual([saved])
  })

  test('keeps the newest three, newest first, ordered by epoch and then version as numbers', async () => {
    for (const [epoch, version] of [
      [0, 2],
      [0, 9],
      [0, 10],
      [1, 1],
      [1, 2],
    ] as const) {
      expect(await store.save(generation(version, { epoch }))).toBe('saved')
    }
    expect(labels((await store.load('shop')).generations)).toEqual(['1.2', '1.1', '0.10'])
  })

  test('refuses what is older, and another document under the same version', async () => {
    await store.save(generation(5, { epoch: 1 }))
    expect(await store.save(generation(4, { epoch: 1 }))).toBe('older')
    expect(await store.save(generation(99, { epoch: 0 }))).toBe('older')
    expect(await store.save(generation(5, { epoch: 1, text: 'something else' }))).toBe('older')
    expect(await store.save(generation(5, { epoch: 1 }))).toBe('saved')
    const { generations } = await store.load('shop')
    expect(generations).toEqual([generation(5, { epoch: 1 })])
  })

  test('a generation saved by another process counts', async () => {
    const other = place.open()
    await store.save(generation(1))
    await other.save(generation(3))
    expect(await store.save(generation(2))).toBe('older')
    await other.close()
    expect(labels((await store.load('shop')).generations)).toEqual(['0.3', '0.1'])
  })

  test('environments do not see each other, whatever their names', async () => {
    const names = [
      'shop',
      'Shop',
      'shop ',
      'sh/op',
      '..',
      '.',
      '__proto__',
      'constructor',
      '%2e',
      'a'.repeat(300),
      '{}',
    ]
    for (const [index, environment] of names.entries()) await store.save(generation(index, { environment }))
    for (const [index, environment] of names.entries()) {
      const { generations } = await store.load(environment)
      expect(generations.map((each) => each.environment)).toEqual([environment])
      expect(labels(generations)).toEqual([`0.${index}`])
    }
  })

  test('concurrent saves in any order end with the newest three', async () => {
    const chance = new FakeTimers({ seed: 11 })
    const versions = Array.from({ length: 40 }, (_, index) => index).sort(() => chance.random() - 0.5)
    const other = place.open()
    await Promise.all(versions.map((version, index) => (index % 2 === 0 ? store : other).save(generation(version))))
    await other.close()
    const { generations, problems } = await store.load('shop')
    expect(problems).toEqual([])
    expect(generations[0]?.version).toBe(39)
    expect(generations.length).toBeLessThanOrEqual(3)
    for (const each of generations) expect(each).toEqual(generation(each.version))
  })

  test('a reader beside a writer never meets half a generation', async () => {
    const writer = place.open()
    const text = (version: number): Uint8Array => new Uint8Array(1_000_000).fill(version)
    const writing = (async () => {
      for (let version = 1; version <= 25; version += 1) {
        await writer.save(generation(version, { bytes: text(version) }))
      }
    })()
    const finished = { yet: false }
    const done = writing.finally(() => {
      finished.yet = true
    })
    let loads = 0
    while (!finished.yet) {
      const { generations, problems } = await store.load('shop')
      expect(problems).toEqual([])
      for (const each of generations) expect(each.bytes.every((byte) => byte === each.version)).toBe(true)
      loads += 1
    }
    await done
    await writer.close()
    expect(loads).toBeGreaterThan(0)
  })

  test('counts its work and rejects after close', async () => {
    expect(store.status()).toMatchObject({ state: 'idle', saves: 0 })
    await store.save(generation(1))
    expect(store.status()).toMatchObject({ state: 'available', saves: 1, failures: 0 })
    await store.close()
    await expect(store.save(generation(2))).rejects.toMatchObject({ kind: 'closed' })
    expect(store.status().state).toBe('closed')
  })
})
