/**
 * Who hears of a swap. A listener that throws must neither stop the swap nor keep the others from hearing of it.
 */
import type { SnapshotChange } from './environment.ts'

export class Subscribers {
  readonly #listeners = new Set<(change: SnapshotChange) => void>()

  readonly #report: (error: unknown) => void

  constructor(report: (error: unknown) => void) {
    this.#report = report
  }

  /** Returns the function that ends the subscription. */
  add(listener: (change: SnapshotChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  notify(change: SnapshotChange): void {
    for (const listener of this.#listeners) {
      try {
        listener(change)
      } catch (error) {
        this.#report(error)
      }
    }
  }
}
