/** What operators do: going back, staying there, and letting the vendor in again; with disk alone and across replicas. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DiskStore } from '../store/disk.ts'
import { startRedis } from '../testing/redis.ts'
import { FakeTimers } from '../upstream/fake-timers.ts'
import { Refusal } from './operations.ts'
import { RefreshedEnvironment } from './refresh.ts'
import { expectForward, flagd, startReplica, Vendor } from './testing/replicas.ts'
import { ScriptedSource } from './testing/scripted.ts'

let folder: string
const open: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halyard-operations-'))
})
afterEach(async () => {
  for (const close of open.splice(0)) await close()
  await rm(folder, { recursive: true, force: true })
})

interface Rig {
  readonly environment: RefreshedEnvironment
  /** The present one: going back makes a new source. */
  readonly source: () => ScriptedSource
  readonly served: () => string
}

async function rig(): Promise<Rig> {
  const sources: ScriptedSource[] = []
  const timers = new FakeTimers()
  const environment = new RefreshedEnvironment({
    name: 'shop',
    vendor: 'test',
    dialect: 'flagd',
    options: {},
    connect: () => {
      const source = new ScriptedSource()
      sources.push(source)
      return source
    },
    stores: [new DiskStore({ folder })],
    plausibility: { maxShrink: 0.5, maxGrowth: 4, confirmations: 3, confirmAfterMs: 60_000 },
    staleAfterMs: 30_000,
    timers,
    events: {
      swapped: () => undefined,
      quarantined: () => undefined,
      rejected: () => undefined,
      upstreamFailed: () => undefined,
      storeFailed: () => undefined,
      listenerFailed: () => undefined,
    },
  })
  await environment.start()
  open.unshift(() => environment.stop())
  const source = (): ScriptedSource => {
    const last = sources.at(-1)
    if (last === undefined) throw new Error('no source was made')
    return last
  }
  const served = (): string => {
    const snapshot = environment.snapshot()
    return `${snapshot?.epoch}.${snapshot?.version} ${snapshot?.ruleset.keys[0]}`
  }
  return { environment, source, served }
}

/** Delivers each, and lets the disk have it. */
async function deliver({ source, environment }: Rig, ...documents: string[]): Promise<void> {
  for (const document of documents) {
    source().deliver(document, 1)
    const { version = 0, epoch = 0 } = environment.snapshot() ?? {}
    await expect
      .poll(async () => (await environment.operations.generations())[0]?.order, { interval: 2 })
      .toBe(`${epoch}.${version}`)
  }
}

describe('going back, with a disk and no Redis', () => {
  it('serves the document before, in a new epoch, and the vendor’s same document does not undo it', async () => {
    const one = await rig()
    await deliver(one, flagd('one'), flagd('two'))
    const back = await one.environment.operations.rollBack()
    expect(back).toMatchObject({ from: '1.2', to: '1.1', order: '2.3' })
    expect(one.served()).toBe('2.3 one')
    one.source().deliver(flagd('two'), 2)
    one.source().unchanged(3)
    expect(one.served()).toBe('2.3 one')
    expect(one.environment.status()).toMatchObject({ state: 'ready', confirmedAt: 3 })
    expect(one.environment.status().pinnedAgainst).toBe(back.pinnedAgainst)
    one.source().deliver(flagd('three'), 4)
    expect(one.served()).toBe('2.4 three')
    expect(one.environment.status().pinnedAgainst).toBeUndefined()
  })

  it('lasts over a restart, and the epoch with it', async () => {
    const one = await rig()
    await deliver(one, flagd('one'), flagd('two'))
    await one.environment.operations.rollBack()
    await one.environment.stop()
    const next = await rig()
    expect(next.served()).toBe('2.3 one')
    next.source().deliver(flagd('two'), 2)
    expect(next.served()).toBe('2.3 one')
    next.source().deliver(flagd('three'), 3)
    expect(next.served()).toBe('2.4 three')
  })

  it('goes back further step by step, or at once by version, digits or revision, with the vendor’s document out', async () => {
    const one = await rig()
    await deliver(one, flagd('one'), flagd('two'), flagd('three'))
    const kept = await one.environment.operations.generations()
    expect(kept.map(({ order, flags, served, stores }) => [order, flags, served, stores])).toEqual([
      ['1.3', 1, true, ['disk']],
      ['1.2', 1, false, ['disk']],
      ['1.1', 1, false, ['disk']],
    ])
    await one.environment.operations.rollBack('1.2')
    expect(one.served()).toBe('2.4 two')
    await one.environment.operations.rollBack(kept[1]?.sha256.slice(0, 8))
    expect(one.served()).toBe('3.5 two')
    // Still the vendor's, and not the one that was gone back from last.
    expect(one.environment.status().pinnedAgainst).toBe(kept[0]?.sha256)
    await one.environment.operations.rollBack(kept[0]?.revision)
    expect(one.served()).toBe('4.6 three')
    expect(one.environment.status().pinnedAgainst).toBeUndefined()
  })

  it('ends when the vendor comes round to what is served: its next word counts, even if it is the old one', async () => {
    const one = await rig()
    await deliver(one, flagd('one'), flagd('two'))
    await one.environment.operations.rollBack()
    one.source().deliver(flagd('one'), 2)
    expect(one.served()).toBe('2.4 one')
    one.source().deliver(flagd('two'), 3)
    expect(one.served()).toBe('2.5 two')
  })

  it('is ended by unpinning, which asks the vendor for its document anew', async () => {
    const one = await rig()
    await deliver(one, flagd('one'), flagd('two'))
    await one.environment.operations.rollBack()
    const before = one.source()
    await one.environment.operations.unpin()
    expect([one.served(), before.stopped, one.source() === before]).toEqual(['3.4 one', true, false])
    one.source().deliver(flagd('two'), 2)
    expect(one.served()).toBe('3.5 two')
    await expect(one.environment.operations.unpin()).rejects.toThrow(Refusal)
  })

  it('says why it cannot', async () => {
    const one = await rig()
    await expect(one.environment.operations.rollBack()).rejects.toThrow('no store holds an earlier document')
    await deliver(one, flagd('one'))
    await expect(one.environment.operations.rollBack()).rejects.toThrow('no store holds an earlier document')
    await expect(one.environment.operations.rollBack('9.9')).rejects.toThrow('no kept generation is called "9.9"')
    expect(() => one.environment.operations.confirm()).toThrow('no document waits')
  })
})

describe('across replicas', () => {
  it('a decision at a follower counts everywhere, also when Redis was away meanwhile, and so does its end', async () => {
    const redis = await startRedis()
    open.push(redis.stop)
    const vendor = new Vendor(flagd('one'), 20)
    const options = { url: redis.url, vendor, leaseMs: 1_000 }
    const start = async (name: string): ReturnType<typeof startReplica> => {
      const replica = await startReplica({ name, ...options, stores: [new DiskStore({ folder: join(folder, name) })] })
      open.unshift(replica.stop)
      return replica
    }
    const all = [await start('a'), await start('b'), await start('c')] as const
    const flags = (): unknown => all.map((replica) => replica.served()?.split(' ')[1])
    const served = (): unknown => all.map((replica) => replica.served())
    await expect.poll(flags).toEqual(['one', 'one', 'one'])
    vendor.document = flagd('two')
    await expect.poll(flags).toEqual(['two', 'two', 'two'])
    await all[1].environment.operations.rollBack()
    await expect.poll(served).toEqual(['2.3 one', '2.3 one', '2.3 one'])
    await pause(200)
    expect(served()).toEqual(['2.3 one', '2.3 one', '2.3 one'])

    await redis.kill('SIGKILL')
    await all[2].environment.operations.unpin()
    await expect.poll(() => all[2].served()?.split(' ')[1], { timeout: 5_000 }).toBe('two')
    expect(all[0].served()).toBe('2.3 one')
    await redis.restart()
    await expect.poll(flags, { timeout: 15_000 }).toEqual(['two', 'two', 'two'])
    await expect.poll(() => new Set(all.map((replica) => replica.served())).size, { timeout: 5_000 }).toBe(1)
    for (const { history } of all) expectForward(history)
  }, 60_000)

  it('a document that waits at the leader can be confirmed at a follower', async () => {
    const redis = await startRedis()
    open.push(redis.stop)
    const vendor = new Vendor(flagd('one', 'two', 'three', 'four', 'five'), 20)
    const options = { url: redis.url, vendor, leaseMs: 600 }
    const a = await startReplica({ name: 'a', ...options })
    const b = await startReplica({ name: 'b', ...options })
    open.unshift(a.stop, b.stop)
    await expect.poll(() => b.served()).toBe('1.1 one')
    vendor.document = JSON.stringify({ flags: {} })
    await expect.poll(() => b.environment.status().quarantine?.reason, { timeout: 3_000 }).toContain('no flags')
    expect(b.environment.operations.confirm().by).toBe('the leader')
    await expect.poll(() => b.environment.status().flags).toBe(0)
  })
})
