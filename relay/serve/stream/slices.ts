/**
 * Long work in short turns: something is done for each of many, with a pause for requests after every few milliseconds.
 * Ten thousand clients hear of a change without any request waiting for all of them.
 */
import type { Timers } from '../clock.ts'

/** How long one turn may take, ms. */
const TURN_MS = 5
/** How many are done between two looks at the clock. */
const STRIDE = 16

export class Slices<Item> {
  readonly #timers: Timers
  #run = 0
  #timer: object | undefined

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Does `each` for every item, then `done`. What is under way is given up, for the new run covers it. */
  start(items: Iterable<Item>, each: (item: Item) => void, done: () => void): void {
    this.stop()
    const run = this.#run
    const iterator = items[Symbol.iterator]()
    const turn = (): void => {
      const until = this.#timers.monotonic() + TURN_MS
      for (;;) {
        for (let count = 0; count < STRIDE; count++) {
          const next = iterator.next()
          if (next.done === true) {
            this.#timer = undefined
            done()
            return
          }
          each(next.value)
          if (run !== this.#run) return
        }
        if (this.#timers.monotonic() >= until) break
      }
      this.#timer = this.#timers.setTimeout(turn, 0)
    }
    turn()
  }

  stop(): void {
    this.#run++
    this.#timers.clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
