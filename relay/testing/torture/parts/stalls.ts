/**
 * How long this very process was held up. A late answer that waited in our own event loop is no fault of the relay; a
 * suite that could not tell the two apart would be tuned to noise until it proves nothing.
 */
const EVERY_MS = 10
const ORDINARY_MS = 20

export class Stalls {
  #total = 0
  #worst = 0
  #last = performance.now()
  readonly #timer = setInterval(() => {
    const now = performance.now()
    const held = now - this.#last - EVERY_MS
    if (held > ORDINARY_MS) {
      this.#total += held
      this.#worst = Math.max(this.#worst, held)
    }
    this.#last = now
  }, EVERY_MS).unref()

  /** Milliseconds lost so far, the one under way included. */
  get total(): number {
    const held = performance.now() - this.#last - EVERY_MS
    return this.#total + (held > ORDINARY_MS ? held : 0)
  }

  get worst(): number {
    return this.#worst
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
