import { describe, expect, it } from 'vitest'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import { PacedAudience, PromptAudience } from './audience.ts'
import type { Audience } from './audience.ts'
import type { Channel } from './channel.ts'

/** A busy process: every client that is told takes a millisecond, and what is put off comes 4 ms later at the earliest. */
class BusyTimers extends FakeTimers {
  spent = 0

  override monotonic(): number {
    return super.monotonic() + this.spent
  }

  override setTimeout(callback: () => void, delay: number): object {
    return super.setTimeout(callback, Math.max(4, delay))
  }
}

class Member {
  told = 0
  readonly #timers: BusyTimers
  readonly #newest: () => number

  constructor(timers: BusyTimers, newest: () => number) {
    this.#timers = timers
    this.#newest = newest
  }

  refresh(): void {
    this.told = this.#newest()
    this.#timers.spent++
  }
}

function setUp(make: (timers: BusyTimers) => Audience & { join(channel: Channel): void }, count: number) {
  const timers = new BusyTimers()
  const audience = make(timers)
  const state = { newest: 0 }
  const members = Array.from({ length: count }, () => new Member(timers, () => state.newest))
  for (const member of members) audience.join(member as unknown as Channel)
  let reached = 0
  const announce = (): void => {
    state.newest++
    audience.announce(() => reached++)
  }
  const lagging = (): number => members.filter(({ told }) => told !== state.newest).length
  return { timers, audience, members, announce, lagging, reached: () => reached }
}

describe('clients that are told within a window', () => {
  it('are all told, also when a portion takes longer than its turn', async () => {
    // 50 clients a portion, and 5 ms of the window for each portion.
    const { timers, announce, lagging, reached } = setUp((each) => new PacedAudience(each, 100), 1_000)
    announce()
    await timers.advance(5_000)
    expect([lagging(), reached(), timers.pending]).toEqual([0, 1, 0])
  })

  it('are all told of the newest when changes come in the middle of a portion', async () => {
    const { timers, announce, lagging } = setUp((each) => new PacedAudience(each, 100), 1_000)
    for (let change = 0; change < 40; change++) {
      announce()
      await timers.advance(7)
    }
    await timers.advance(5_000)
    expect([lagging(), timers.pending]).toEqual([0, 0])
  })

  it('are told nothing any more once it was stopped', async () => {
    const { timers, audience, announce, members } = setUp((each) => new PacedAudience(each, 100), 1_000)
    announce()
    audience.stop()
    await timers.advance(5_000)
    expect(members.filter(({ told }) => told > 0).length).toBeLessThan(50)
    expect(timers.pending).toBe(0)
  })
})

describe('clients that are told at once', () => {
  it('are none of them forgotten while changes come faster than everybody can be told', async () => {
    const { timers, announce, lagging, members, reached } = setUp((each) => new PromptAudience(each), 1_000)
    for (let change = 0; change < 100; change++) {
      announce()
      // Two or three turns of 16 clients each.
      await timers.advance(10)
    }
    expect(Math.min(...members.map(({ told }) => told))).toBeGreaterThan(0)
    await timers.advance(5_000)
    expect([lagging(), reached(), timers.pending]).toEqual([0, 1, 0])
  })
})
