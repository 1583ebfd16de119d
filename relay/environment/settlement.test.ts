/**
 * The rules of leading and settling against a model of Redis of a page: thousands of random histories of losses, restarts,
 * emptied stores and late writes. No replica goes back, never do two believe that they lead, and once all is well a few
 * looks bring all to one document under one order.
 */
import { expect, it } from 'vitest'
import type { LeaseView, Stamp, TendRequest } from '../store/lease.ts'
import { compareGenerations } from '../store/store.ts'
import { FakeTimers } from '../upstream/fake-timers.ts'
import { keptMs, Leadership } from './leadership.ts'
import { coveredBy, nextStep } from './settlement.ts'

const LEASE_MS = 1_000
const HISTORIES = Number(process.env['HALYARD_HISTORIES'] ?? 3_000)

/** A clock that a test turns without waiting. */
class Clock {
  at = 0
  readonly random: () => number

  constructor(seed: number) {
    const chance = new FakeTimers({ seed })
    this.random = () => chance.random()
  }

  monotonic(): number {
    return this.at
  }
}

/** What the scripts do, without Redis. */
class ModelRedis {
  newest: Stamp | undefined
  floor: Stamp | undefined
  fence = 0
  lease = { holder: '', token: 0, beat: 0, until: -Infinity }

  empty(): void {
    this.newest = undefined
    this.floor = undefined
    this.fence = 0
    this.lease = { holder: '', token: 0, beat: 0, until: -Infinity }
  }

  tend(me: string, now: number, { token, hold, highest, floor, dead }: Omit<TendRequest, 'report'>): LeaseView {
    if (now >= this.lease.until) this.lease = { holder: '', token: 0, beat: 0, until: -Infinity }
    const { holder } = this.lease
    const mark = `${this.lease.token}.${this.lease.beat}.${holder}`
    let mine = hold && holder === me && this.lease.token === token
    if (mine) this.lease.beat += 1
    else if (hold && (holder === '' || (holder === me && token === 0) || dead === mark)) {
      this.lease = { holder: me, token: Math.max(this.fence, highest) + 1, beat: 1, until: 0 }
      mine = true
    }
    if (mine) {
      this.fence = Math.max(this.fence, this.lease.token)
      this.lease.until = now + keptMs(LEASE_MS)
    }
    if (floor !== undefined && (this.floor === undefined || compareGenerations(floor, this.floor) >= 0)) {
      this.floor = floor
    }
    const left = Math.max(0, this.lease.until - now)
    const { holder: held, token: given, beat } = this.lease
    const seen = { holder: held, token: given, mine, left, mark: `${given}.${beat}.${held}`, report: '' }
    const newest = this.newest && { ...this.newest, field: '', length: 0 }
    return { ...seen, newest, floor: this.floor }
  }

  /** `token` undefined: an operator's. */
  save(stamp: Stamp, token: number | undefined): void {
    if (token === 0 && this.newest !== undefined) return
    if (token !== undefined && token > 0 && token < this.fence) return
    if (this.newest !== undefined && compareGenerations(stamp, this.newest) <= 0) return
    this.newest = stamp
  }
}

class ModelReplica {
  readonly leadership: Leadership
  readonly name: string
  served: Stamp | undefined
  vouched = false
  #played: string | undefined

  constructor(name: string, timers: Clock, served: Stamp | undefined) {
    this.name = name
    this.served = served
    this.leadership = new Leadership({ timers, holder: name, leaseMs: LEASE_MS })
  }

  serve(stamp: Stamp): void {
    const went = this.served === undefined || compareGenerations(stamp, this.served) > 0
    if (!went) throw new Error(`${this.name} would go back`)
    this.served = stamp
  }

  #play(): void {
    const { role } = this.leadership
    if (role !== this.#played) this.vouched = false
    this.#played = role
  }

  /** Undefined when Redis cannot be reached. */
  look(redis: ModelRedis | undefined, timers: Clock): void {
    for (let step = 0; step < 4; step++) {
      if (redis === undefined) {
        this.leadership.failed()
        this.#play()
        return
      }
      const now = timers.monotonic()
      const view = redis.tend(this.name, now, { ...this.leadership.request, floor: undefined })
      this.leadership.heard(view, now)
      this.#play()
      const { newest, floor } = view
      const leads = this.leadership.role === 'leader'
      const { served, vouched } = this
      const next = nextStep({ leads, served, vouched, newest, unusable: false, floor })
      if (next.kind === 'adopt' && newest !== undefined) {
        if (newest.sha256 !== served?.sha256) this.vouched = false
        this.serve({ epoch: newest.epoch, version: newest.version, sha256: newest.sha256 })
        continue
      }
      if (served === undefined) return
      if (next.kind === 'restamp') {
        this.serve({ ...served, ...next.order })
        redis.save(this.served ?? served, this.leadership.token)
      } else if (next.kind === 'save') {
        redis.save(served, next.authority === 'operator' ? undefined : this.leadership.token)
      } else if (next.kind === 'raise' && !coveredBy(floor, served)) {
        redis.tend(this.name, now, { ...this.leadership.request, hold: false, floor: served })
      }
      return
    }
  }

  /** Asks the vendor, if that is this replica's business; gives the save that follows. */
  poll(sha256: string): { readonly stamp: Stamp; readonly token: number } | undefined {
    const { role, token } = this.leadership
    if (role !== 'leader' && role !== 'alone') return undefined
    this.vouched = true
    if (this.served?.sha256 === sha256) return undefined
    const stamp = { epoch: this.served?.epoch ?? 1, version: (this.served?.version ?? 0) + 1, sha256 }
    this.serve(stamp)
    return { stamp, token }
  }
}

function history(seed: number): void {
  const timers = new Clock(seed)
  const below = (bound: number): number => Math.floor(timers.random() * bound)
  const redis = new ModelRedis()
  let vendor = 0
  let lives = 3
  const replicas = ['a', 'b', 'c'].map((name) => new ModelReplica(name, timers, undefined))
  const reach = [true, true, true]
  const late: (() => void)[] = []
  let emptiedAt = -Infinity
  /** An emptied Redis has forgotten who leads; whoever does finds out within a lease. */
  const oneLeader = (): void => {
    if (timers.at - emptiedAt <= LEASE_MS) return
    const leaders = replicas.filter(({ leadership }) => leadership.role === 'leader')
    if (leaders.length > 1) throw new Error(`${leaders.map(({ name }) => name).join(' and ')} lead`)
  }
  for (let step = 0; step < 60; step++) {
    const index = below(3)
    const replica = replicas[index]
    if (replica === undefined) continue
    const there = reach[index] === true ? redis : undefined
    const what = below(12)
    if (what < 4) replica.look(there, timers)
    else if (what < 6) {
      const saved = replica.poll(`v${vendor}`)
      const save = (): void => redis.save(saved?.stamp ?? { epoch: 0, version: 0, sha256: '' }, saved?.token)
      if (saved !== undefined && there !== undefined) {
        // Some writes take longer than others, and some longer than a lease.
        if (below(3) === 0) late.push(save)
        else save()
      }
    } else if (what === 6) vendor += 1
    else if (what === 7) reach[index] = below(2) === 0
    else if (what === 8) late.splice(below(late.length + 1), 1)[0]?.()
    else if (what === 9 && below(3) === 0) {
      redis.empty()
      emptiedAt = timers.at
    } else if (what === 10 && below(3) === 0) {
      lives += 1
      replicas[index] = new ModelReplica(`${replica.name}${lives}`, timers, below(2) === 0 ? replica.served : undefined)
    } else if (what === 11 && replica.served !== undefined && below(3) === 0) {
      const decided = { epoch: replica.served.epoch + 1, version: replica.served.version + 1, sha256: `r${step}` }
      replica.serve(decided)
      if (there !== undefined) redis.save(decided, undefined)
    }
    timers.at += below(4) === 0 ? below(LEASE_MS) : below(50)
    oneLeader()
  }
  for (const save of late) save()
  // All is well again. The order in which replicas look is still chance.
  for (let round = 0; round < 40; round++) {
    const order = [0, 1, 2].sort(() => timers.random() - 0.5)
    for (const index of order) {
      replicas[index]?.look(redis, timers)
      const saved = round < 3 ? undefined : replicas[index]?.poll(`v${vendor}`)
      if (saved !== undefined) redis.save(saved.stamp, saved.token)
      oneLeader()
    }
    timers.at += 100
  }
  const [first, ...others] = replicas.map(({ served }) => served)
  expect(first?.sha256).toBe(`v${vendor}`)
  for (const other of others) expect(other).toEqual(first)
  const stamp = redis.newest
  expect(stamp).toEqual(first)
  expect(replicas.filter(({ leadership }) => leadership.role === 'leader')).toHaveLength(1)
}

const [X, Y] = ['x'.repeat(64), 'y'.repeat(64)]
const at = (version: number, sha256 = X, epoch = 1): Stamp => ({ epoch, version, sha256 })
const calm = { leads: false, served: at(5), vouched: false, newest: at(5), unusable: false, floor: undefined }

it.each([
  ['a follower adopts what is newer', { newest: at(6, Y) }, { kind: 'adopt' }],
  ['a follower with nothing adopts anything usable', { served: undefined }, { kind: 'adopt' }],
  ['nobody adopts what cannot be used', { newest: at(6, Y), unusable: true }, { kind: 'none' }],
  ['a follower raises the floor when the newest is another document', { newest: at(5, Y) }, { kind: 'raise' }],
  ['a follower raises the floor when it has served a later order', { newest: at(4) }, { kind: 'raise' }],
  ['an operator’s epoch is saved, whoever leads', { served: at(6, Y, 2) }, { kind: 'save', authority: 'operator' }],
  ['an empty Redis is filled', { newest: undefined }, { kind: 'save', authority: 'lease' }],
  ['a new leader adopts before the vendor has spoken', { leads: true, newest: at(6, Y) }, { kind: 'adopt' }],
  [
    'a leader with the vendor’s word puts it on top',
    { leads: true, vouched: true, newest: at(6, Y) },
    { kind: 'restamp', order: { epoch: 1, version: 7 } },
  ],
  [
    'a leader bows to an operator, vendor’s word or not',
    { leads: true, vouched: true, newest: at(6, Y, 2) },
    { kind: 'adopt' },
  ],
  ['a leader saves what Redis lacks', { leads: true, newest: at(4, Y) }, { kind: 'save', authority: 'lease' }],
  [
    'a leader goes above another document of its own order',
    { leads: true, newest: at(5, Y) },
    { kind: 'restamp', order: { epoch: 1, version: 6 } },
  ],
  [
    'a leader goes above a floor of its own order although the newest is its own',
    { leads: true, floor: at(5, Y) },
    { kind: 'restamp', order: { epoch: 1, version: 6 } },
  ],
  [
    'a leader takes over the floor’s order for the same document',
    { leads: true, floor: at(8) },
    { kind: 'restamp', order: { epoch: 1, version: 8 } },
  ],
  ['a floor that was passed means nothing', { leads: true, floor: at(4, Y) }, { kind: 'none' }],
] as const)('%s', (_, parts, step) => {
  expect(nextStep({ ...calm, ...parts })).toEqual(step)
})

it(`holds in ${HISTORIES} random histories`, { timeout: 120_000 }, () => {
  for (let seed = 1; seed <= HISTORIES; seed++) {
    try {
      history(seed)
    } catch (error) {
      throw new Error(`history ${seed}`, { cause: error })
    }
  }
})
