import { describe, expect, it } from 'vitest'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { Slices } from './slices.ts'

/** A clock on which every look and every item takes time. */
class BusyTimers extends FakeTimers {
  spent = 0

  override monotonic(): number {
    return super.monotonic() + this.spent
  }
}

function setUp(itemMs: number): {
  timers: BusyTimers
  slices: Slices<number>
  each: (item: number) => void
  done: number[]
} {
  const timers = new BusyTimers()
  const done: number[] = []
  const each = (item: number): void => {
    timers.spent += itemMs
    done.push(item)
  }
  return { timers, slices: new Slices<number>(timers), each, done }
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

describe('work in slices', () => {
  it('pauses after 5 ms, and goes on where it was', async () => {
    const { timers, slices, each, done } = setUp(0.1)
    let finished = 0
    slices.start(numbers(1_000), each, () => finished++)
    expect(done.length).toBeLessThanOrEqual(64)
    expect(done.length).toBeGreaterThanOrEqual(50)
    await timers.advance(1)
    expect(done.length).toBeGreaterThan(64)
    await timers.advance(100)
    expect(done).toEqual(numbers(1_000))
    expect([finished, timers.pending]).toEqual([1, 0])
  })

  it('gives up for newer work, also when that comes out of the middle of it', async () => {
    const { timers, slices, each, done } = setUp(0.1)
    let finished = ''
    slices.start(numbers(1_000), each, () => (finished += 'a'))
    slices.start([7, 8], each, () => (finished += 'b'))
    await timers.advance(100)
    expect(done.slice(-2)).toEqual([7, 8])
    expect(finished).toBe('b')
    slices.start(
      numbers(10),
      (item) => {
        each(item)
        if (item === 3) slices.start([100], each, () => (finished += 'd'))
      },
      () => (finished += 'c'),
    )
    await timers.advance(100)
    expect(done.slice(-2)).toEqual([3, 100])
    expect(finished).toBe('bd')
  })

  it('meets who joins meanwhile and nobody who has left', async () => {
    const { timers, slices, each, done } = setUp(1)
    const set = new Set(numbers(100))
    slices.start(set, each, () => {})
    set.delete(50)
    set.add(1_000)
    await timers.advance(1_000)
    expect(done).not.toContain(50)
    expect(done).toContain(1_000)
    expect(done).toHaveLength(100)
  })
})
