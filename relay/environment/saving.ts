/**
 * Writing behind: what is served goes to every store, one generation after the other, and nobody waits. A store that
 * fails is reported; what it refuses is told to whoever keeps replicas in step.
 */
import type { Fence, Generation, SaveResult, Store } from '../store/store.ts'

export interface SavingParts {
  readonly stores: readonly Store[]
  readonly finished: (generation: Generation, store: Store, result: SaveResult) => void
  readonly failed: (store: string, error: unknown) => void
}

export class Saving {
  readonly #parts: SavingParts
  #last: Promise<void> = Promise.resolve()

  constructor(parts: SavingParts) {
    this.#parts = parts
  }

  /** `fence` is asked for when its turn comes: a lease may end while others are written. */
  save(generation: Generation, fence: () => Fence | undefined): void {
    this.#last = this.#last.then(async () => {
      const { stores, finished, failed } = this.#parts
      await Promise.all(
        stores.map(async (store) => {
          try {
            finished(generation, store, await store.save(generation, fence()))
          } catch (error) {
            failed(store.name, error)
          }
        }),
      )
    })
  }

  /** Resolves when everything saved so far is written or has failed. */
  settled(): Promise<void> {
    return this.#last
  }
}
