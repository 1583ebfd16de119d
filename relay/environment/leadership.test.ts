/** What a replica believes of the lease, on a clock turned by hand. */
import { expect, it } from 'vitest'
import type { LeaseView } from '../store/lease.ts'
import { FakeTimers } from '../upstream/fake-timers.ts'
import { keptMs, Leadership } from './leadership.ts'

const LEASE_MS = 10_000

function view(parts: Partial<LeaseView>): LeaseView {
  const nothing = { newest: undefined, floor: undefined, report: '' }
  return { holder: 'b', token: 4, mine: false, left: 5_000, mark: '4.1', ...nothing, ...parts }
}

function rig(): { readonly timers: FakeTimers; readonly leadership: Leadership } {
  const timers = new FakeTimers()
  return { timers, leadership: new Leadership({ timers, holder: 'a', leaseMs: LEASE_MS }) }
}

const mine = view({ holder: 'a', mine: true, left: keptMs(LEASE_MS) })

it('a leader that cannot renew stops believing before its lease ends, counted from when it asked', async () => {
  const { timers, leadership } = rig()
  const sentAt = timers.monotonic()
  await timers.advance(400)
  leadership.heard(mine, sentAt)
  expect([leadership.role, leadership.token]).toEqual(['leader', 4])
  await timers.advance(7_099)
  leadership.failed()
  expect(leadership.role).toBe('leader')
  await timers.advance(1)
  expect([leadership.role, leadership.token]).toEqual(['alone', 0])
  expect(7_500).toBeLessThan(keptMs(LEASE_MS))
})

it('a follower waits for the lease it saw, and then tries within one lease of the last renewal', async () => {
  const { timers, leadership } = rig()
  leadership.heard(view({ left: keptMs(LEASE_MS) }), 0)
  expect([leadership.role, leadership.leader]).toEqual(['follower', 'b'])
  expect(leadership.request.hold).toBe(false)
  // Emptied: nobody holds it, but who held it may still live.
  await timers.advance(1_000)
  leadership.heard(view({ holder: '', left: 0 }), 0)
  expect(leadership.request.hold).toBe(false)
  await timers.advance(leadership.dueIn)
  expect(leadership.request.hold).toBe(true)
  expect(timers.monotonic()).toBeLessThan(LEASE_MS)
})

it('a follower without Redis is alone when the lease it saw has run out, and not before', async () => {
  const { timers, leadership } = rig()
  leadership.heard(view({}), 0)
  leadership.failed()
  expect(leadership.role).toBe('follower')
  await timers.advance(5_500)
  leadership.failed()
  expect(leadership.role).toBe('alone')
})

it('a replica that starts without Redis is alone at once', () => {
  const { leadership } = rig()
  expect(leadership.role).toBeUndefined()
  leadership.failed()
  expect(leadership.role).toBe('alone')
})

it('a lease that its holder gave up is tried for at once', () => {
  const { leadership } = rig()
  leadership.heard(view({}), 0)
  leadership.released()
  expect([leadership.request.hold, leadership.dueIn]).toEqual([true, 0])
})

it('a lease that is not renewed is taken although Redis’s clock says it lasts for a day', async () => {
  const { timers, leadership } = rig()
  leadership.heard(view({ left: 86_400_000 }), 0)
  await timers.advance(6_000)
  leadership.heard(view({ left: 86_400_000, mark: '4.2' }), 0)
  await timers.advance(10_900)
  expect(leadership.request).toMatchObject({ hold: false, dead: undefined })
  await timers.advance(200)
  expect(leadership.request).toMatchObject({ hold: true, dead: '4.2' })
})

it('jumps of the wall clock mean nothing', async () => {
  const { timers, leadership } = rig()
  leadership.heard(mine, timers.monotonic())
  for (const days of [1, -2, 1]) {
    timers.jump(days * 86_400_000)
    expect(leadership.role).toBe('leader')
  }
  await timers.advance(7_500)
  expect(leadership.role).toBe('alone')
})

it('a replica whose environment was configured anew lets its successor in the same process lead', () => {
  const { leadership } = rig()
  leadership.heard(mine, 0)
  leadership.heard(view({ holder: 'a', token: 5, left: 0 }), 0)
  expect(leadership.role).toBe('follower')
  expect([leadership.request.hold, leadership.dueIn]).toEqual([false, Infinity])
})

it('tokens only grow, also when Redis has forgotten them', () => {
  const { leadership } = rig()
  leadership.heard(view({ token: 41 }), 0)
  leadership.heard(view({ token: 0, holder: '' }), 0)
  expect(leadership.request.highest).toBe(41)
})
