/**
 * Notices a connection that has died without a word, which no network reports: a machine that was unplugged, a proxy that
 * forgot. Without it a client would listen to nothing for ever, and call its document fresh.
 */
import type { Timers } from './timers.ts'

/** Calls once when nothing was heard for a while; one timer, however often something is heard. */
export class Watch {
  expired = false
  readonly #timers: Timers
  readonly #silence: number
  readonly #call: () => void
  #heardAt: number
  #timer: unknown

  constructor(timers: Timers, silence: number, call: () => void) {
    this.#timers = timers
    this.#silence = silence
    this.#call = call
    this.#heardAt = timers.now()
    this.#arm(silence)
  }

  heard(): void {
    this.#heardAt = this.#timers.now()
  }

  stop(): void {
    this.#timers.clearTimeout(this.#timer)
  }

  #arm(delay: number): void {
    this.#timer = this.#timers.setTimeout(() => {
      const left = this.#heardAt + this.#silence - this.#timers.now()
      if (left > 0) return this.#arm(left)
      this.expired = true
      this.#call()
    }, delay)
  }
}
