/** Time that stands still until a test moves it, so that graces and backoffs of minutes are exact and take no time. */
import { setImmediate } from 'node:timers/promises'

export class FakeClock {
  time: number
  #timers: { readonly at: number; readonly run: () => void }[] = []

  constructor(time = 1_790_000_000_000) {
    this.time = time
  }

  readonly now = (): number => this.time
  readonly setTimeout = (run: () => void, milliseconds: number): unknown => {
    const timer = { at: this.time + milliseconds, run }
    this.#timers.push(timer)
    return timer
  }
  readonly clearTimeout = (timer: unknown): void => {
    this.#timers = this.#timers.filter((other) => other !== timer)
  }

  /** Timers that are set. */
  get pending(): number {
    return this.#timers.length
  }

  /** Runs what is due within `milliseconds`, in order, with everything that follows from it. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds
    await settled()
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      this.time = Math.max(this.time, next.at)
      this.clearTimeout(next)
      next.run()
      await settled()
    }
    this.time = end
  }
}

/** Resolves when promises and streams have nothing left to do: they need a few turns of the event loop at most. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate()
}
