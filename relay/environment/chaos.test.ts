/**
 * Random lives of three replicas on a real Redis: documents, lost connections, emptied Redis, replicas that vanish and
 * come back from their disks, operators that go back. Whatever happened, no replica ever went back in the order, and
 * soon after all is well they serve one document under one order, with one leader.
 *
 * HALYARD_CHAOS_SEED and HALYARD_CHAOS_RUNS choose others; a failure names its seed.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { DiskStore } from '../store/disk.ts'
import { startRedis } from '../testing/redis.ts'
import type { RedisServer } from '../testing/redis.ts'
import { FakeTimers } from '../upstream/fake-timers.ts'
import { Refusal } from './operations.ts'
import { expectForward, flagd, passageTo, startReplica, Vendor } from './testing/replicas.ts'
import type { Passage, Replica } from './testing/replicas.ts'

const SEED = Number(process.env['HALYARD_CHAOS_SEED'] ?? 1)
const RUNS = Number(process.env['HALYARD_CHAOS_RUNS'] ?? 4)
const STEPS = 25
const LEASE_MS = 400

let server: RedisServer
let folder: string
beforeAll(async () => {
  server = await startRedis()
  folder = await mkdtemp(join(tmpdir(), 'halyard-chaos-'))
}, 60_000)
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

/** One replica's place in the world; the replica in it may come and go. */
interface Seat {
  readonly passage: Passage
  readonly disk: string
  replica: Replica | undefined
  lives: number
}

async function sit(seat: Seat, name: string, vendor: Vendor): Promise<void> {
  seat.lives += 1
  seat.replica = await startReplica({
    name: `${name}${seat.lives}`,
    url: `redis://127.0.0.1:${seat.passage.port}`,
    vendor,
    leaseMs: LEASE_MS,
    recheckMs: 80,
    stores: [new DiskStore({ folder: seat.disk })],
  })
}

async function rollBack(replica: Replica): Promise<void> {
  try {
    await replica.environment.operations.rollBack()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
  }
}

async function live(seed: number): Promise<void> {
  const open: (() => Promise<unknown>)[] = []
  try {
    await liveOn(seed, open)
  } finally {
    for (const close of open) await close()
  }
}

async function liveOn(seed: number, open: (() => Promise<unknown>)[]): Promise<void> {
  await server.command('FLUSHALL')
  const chance = new FakeTimers({ seed })
  const below = (bound: number): number => Math.floor(chance.random() * bound)
  const vendor = new Vendor(flagd('d0'), 15)
  let documents = 0
  const seats: Seat[] = []
  const past: Replica[] = []
  for (const name of ['a', 'b', 'c']) {
    const passage = await passageTo(server.port)
    open.push(passage.close)
    const seat: Seat = { passage, disk: join(folder, `${seed}-${name}`), replica: undefined, lives: 0 }
    seats.push(seat)
    open.unshift(async () => seat.replica?.stop())
    await sit(seat, name, vendor)
  }
  const told: string[] = []
  for (let step = 0; step < STEPS; step++) {
    const index = below(3)
    const [seat, name] = [seats[index], 'abc'.charAt(index)]
    if (seat === undefined) continue
    const what = below(10)
    told.push(`${what}${name}`)
    if (what < 3) vendor.document = flagd(`d${(documents += 1)}`)
    else if (what === 3) seat.passage.shut()
    else if (what < 6) seat.passage.open()
    else if (what === 6) await server.command('FLUSHALL')
    else if (what === 7 && seat.replica !== undefined) {
      past.push(seat.replica)
      // Half of them vanish without a word to Redis.
      if (below(2) === 0) seat.passage.shut()
      await seat.replica.stop()
      seat.passage.open()
      await sit(seat, name, vendor)
    } else if (what === 8 && seat.replica !== undefined) await rollBack(seat.replica)
    // Now and then long enough for leases to run out.
    await pause(below(6) === 0 ? LEASE_MS * 1.5 : below(60))
  }
  for (const { passage } of seats) passage.open()
  const replicas = seats.flatMap(({ replica }) => replica ?? [])
  const state = (): unknown => [
    new Set(replicas.map((each) => each.served())).size === 1 ? 'one' : replicas.map((each) => each.served()),
    replicas.filter(({ replication }) => replication.role === 'leader').length,
    replicas.filter(({ replication }) => replication.role === 'follower').length,
  ]
  const context = `seed ${seed}: ${told.join(' ')}`
  await expect.poll(state, { timeout: 8_000, message: context }).toEqual(['one', 1, 2])
  // And the vendor's next word is everybody's, pinned or not before.
  vendor.document = flagd('last')
  const flags = (): unknown => replicas.map((each) => each.served()?.split(' ')[1])
  await expect.poll(flags, { timeout: 8_000, message: context }).toEqual(['last', 'last', 'last'])
  for (const { history } of [...past, ...replicas]) expectForward(history, context)
}

for (let seed = SEED; seed < SEED + RUNS; seed++) {
  it(`seed ${seed}`, { timeout: 60_000 }, () => live(seed))
}
