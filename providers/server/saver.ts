/**
 * Keeps the newest document in the snapshot store, one write at a time; documents that are overtaken while one is being
 * written are skipped. A store that fails is reported and otherwise ignored: it helps the next start, never this one.
 */
import type { Snapshot } from './snapshot.ts'
import type { SnapshotStore } from './snapshot-store.ts'

export class Saver {
  lastError: string | undefined
  /** Revision of what the store holds, as far as that is known. */
  holds: string | undefined
  readonly #store: SnapshotStore | undefined
  #next: Snapshot | undefined
  #saving: Promise<void> | undefined

  constructor(store: SnapshotStore | undefined) {
    this.#store = store
  }

  async load(): Promise<string | Uint8Array | undefined> {
    try {
      return await this.#store?.load()
    } catch (error) {
      this.#failed(error)
      return undefined
    }
  }

  save(snapshot: Snapshot): void {
    if (this.#store === undefined || this.holds === snapshot.ruleset.revision) return
    this.#next = snapshot
    this.#saving ??= this.#write(this.#store).finally(() => {
      this.#saving = undefined
    })
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.#saving
  }

  async #write(store: SnapshotStore): Promise<void> {
    while (this.#next !== undefined) {
      const { bytes, ruleset } = this.#next
      this.#next = undefined
      try {
        await store.save(bytes)
        this.holds = ruleset.revision
        this.lastError = undefined
      } catch (error) {
        this.#failed(error)
      }
    }
  }

  #failed(error: unknown): void {
    this.lastError = error instanceof Error ? error.message : String(error)
  }
}
