/**
 * The deterministic clock of the tests: time stands still until it is moved, randomness is a seeded generator, and the
 * number of pending timers can be counted, which is how "one timer, one attempt" is proven.
 */
import type { TimerHandle, Timers } from './clock.ts'

interface Pending {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

/** A clock moved by hand. `advance` fires due timers in time order, letting promises settle between them. */
export class FakeTimers implements Timers {
  #now: number
  #elapsed = 0
  #order = 0
  #state: number
  readonly #pending = new Map<TimerHandle, Pending>()

  constructor(options: { readonly now?: number; readonly seed?: number } = {}) {
    this.#now = options.now ?? 1_800_000_000_000
    this.#state = (options.seed ?? 1) >>> 0
  }

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#elapsed
  }

  setTimeout(callback: () => void, delay: number): TimerHandle {
    const handle: TimerHandle = {}
    this.#order += 1
    this.#pending.set(handle, { at: this.#elapsed + Math.max(delay, 0), order: this.#order, callback })
    return handle
  }

  clearTimeout(handle: TimerHandle | undefined): void {
    if (handle !== undefined) this.#pending.delete(handle)
  }

  /** mulberry32: small, fast and the same on every machine. */
  random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#pending.size
  }

  /** Milliseconds until the next timer, or undefined when none waits. */
  get nextIn(): number | undefined {
    const next = this.#next(Infinity)
    return next === undefined ? undefined : next[1].at - this.#elapsed
  }

  /** Moves the wall clock alone, as NTP or an operator does. */
  jump(milliseconds: number): void {
    this.#now += milliseconds
  }

  /** Moves time forward, firing what falls due, including timers set by the callbacks themselves. */
  async advance(milliseconds: number): Promise<void> {
    await settle()
    const target = this.#elapsed + milliseconds
    for (let next = this.#next(target); next !== undefined; next = this.#next(target)) {
      const [handle, timer] = next
      this.#moveTo(timer.at)
      this.#pending.delete(handle)
      timer.callback()
      await settle()
    }
    this.#moveTo(target)
    await settle()
  }

  #moveTo(elapsed: number): void {
    this.#now += elapsed - this.#elapsed
    this.#elapsed = elapsed
  }

  #next(until: number): [TimerHandle, Pending] | undefined {
    let best: [TimerHandle, Pending] | undefined
    for (const entry of this.#pending) {
      if (entry[1].at > until) continue
      if (best !== undefined && (entry[1].at - best[1].at || entry[1].order - best[1].order) > 0) continue
      best = entry
    }
    return best
  }
}

/** Enough microtask turns for a chain of awaits to reach its next timer or socket. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}
