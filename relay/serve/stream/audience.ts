/**
 * The clients of one environment that hear of the same things: who they are, and how the news reaches all of them without
 * anybody's request having to wait.
 */
import type { Timers } from '../clock.ts'
import type { Channel } from './channel.ts'
import { Slices } from './slices.ts'

export interface Audience {
  /** There is something newer. `reached` is called when everybody who keeps up was told, unless something newer came. */
  announce(reached: () => void): void
  readonly size: number
  stop(): void
}

/**
 * Tells everybody as fast as it goes. A change that comes while clients are told of the one before waits until all of them
 * were: beginning anew with each would never reach the last ones while changes come faster than everybody can be told.
 */
export class PromptAudience<One extends Channel> implements Audience {
  readonly #channels = new Set<One>()
  readonly #slices: Slices<One>
  #telling = false
  /** There is something newer than what those at the front were told. */
  #again = false
  #reached: () => void = () => {}

  constructor(timers: Timers) {
    this.#slices = new Slices(timers)
  }

  get size(): number {
    return this.#channels.size
  }

  join(channel: One): void {
    this.#channels.add(channel)
  }

  leave(channel: One): void {
    this.#channels.delete(channel)
  }

  announce(reached: () => void): void {
    this.#reached = reached
    if (this.#telling) this.#again = true
    else this.#tell()
  }

  stop(): void {
    this.#slices.stop()
  }

  #tell(): void {
    this.#telling = true
    this.#again = false
    this.#slices.start(
      this.#channels,
      (channel) => channel.refresh(),
      () => {
        this.#telling = false
        if (this.#again) this.#tell()
        else this.#reached()
      },
    )
  }
}

/** In how many portions a window is cut. */
const PORTIONS = 20

/**
 * Tells everybody within a window: each client belongs to a random portion, and a portion is told in its turn. Changes
 * that come during the window are told in the same turns, so that a burst is one event to each client.
 */
export class PacedAudience<One extends Channel> implements Audience {
  readonly #portions: readonly Set<One>[]
  readonly #slices: Slices<One>
  readonly #timers: Timers
  readonly #windowMs: number
  #turn = 0
  /** Portions that were not told of the newest state. */
  #left = 0
  #reached: () => void = () => {}
  /** A portion is being told, which may take longer than its turn. */
  #telling = false
  #timer: object | undefined

  constructor(timers: Timers, windowMs: number) {
    this.#timers = timers
    this.#windowMs = windowMs
    const count = windowMs === 0 ? 1 : PORTIONS
    this.#portions = Array.from({ length: count }, () => new Set<One>())
    this.#slices = new Slices(timers)
  }

  get size(): number {
    return this.#portions.reduce((sum, portion) => sum + portion.size, 0)
  }

  join(channel: One): void {
    this.#portions[Math.floor(this.#timers.random() * this.#portions.length)]?.add(channel)
  }

  leave(channel: One): void {
    for (const portion of this.#portions) if (portion.delete(channel)) return
  }

  announce(reached: () => void): void {
    this.#left = this.#portions.length
    this.#reached = reached
    if (this.#timer === undefined && !this.#telling) this.#tell()
  }

  stop(): void {
    this.#timers.clearTimeout(this.#timer)
    this.#timer = undefined
    this.#slices.stop()
  }

  #tell(): void {
    const portion = this.#portions[this.#turn] ?? new Set<One>()
    this.#turn = (this.#turn + 1) % this.#portions.length
    this.#left--
    const isLast = this.#left === 0
    const next = this.#timers.monotonic() + this.#windowMs / this.#portions.length
    this.#telling = true
    this.#slices.start(
      portion,
      (channel) => channel.refresh(),
      () => {
        this.#telling = false
        if (isLast && this.#left === 0) this.#reached()
        this.#timer = this.#timers.setTimeout(
          () => {
            this.#timer = undefined
            if (this.#left > 0) this.#tell()
          },
          Math.max(0, next - this.#timers.monotonic()),
        )
      },
    )
  }
}
