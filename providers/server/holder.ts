/**
 * Holds the one snapshot that is answered from. Whatever comes, from wherever, either replaces it whole or not at all;
 * every evaluation takes one reference and sees one document throughout.
 */
import type { Metadata } from '@halyard/engine'
import type { Settings } from './options.ts'
import type { RelayError } from './relay-error.ts'
import { restore, unusable } from './restore.ts'
import { Saver } from './saver.ts'
import { LARGE, snapshotInSteps, snapshotOf } from './snapshot.ts'
import type { Snapshot } from './snapshot.ts'

export interface HolderEvents {
  /** Another document is answered from. */
  replaced(before: Snapshot | undefined, after: Snapshot): void
  /** A relay said that what is held is what it serves. */
  confirmed(): void
  /** What a relay sent cannot be used. */
  refused(error: RelayError): void
}

const NONE: Metadata = Object.freeze({})

export class Holder {
  snapshot: Snapshot | undefined
  /** What is wrong with the document offered last; undefined when it was taken. */
  refusal: RelayError | undefined
  /** When a relay said last that the snapshot is what it serves, ms since the epoch. */
  confirmedAt: number | undefined
  readonly #settings: Settings
  readonly #events: HolderEvents
  readonly #saver: Saver
  /** The document that the relay sent last, whether it is taken or not. */
  #offer: Uint8Array | undefined
  #closed = false

  constructor(settings: Settings, events: HolderEvents) {
    this.#settings = settings
    this.#events = events
    this.#saver = new Saver(settings.store)
  }

  /** Of the whole flag set. */
  get metadata(): Metadata {
    return this.snapshot?.ruleset.metadata ?? NONE
  }

  get storeError(): string | undefined {
    return this.#saver.lastError
  }

  /** Begins with what was handed in or kept. Never rejects. */
  async restore(): Promise<void> {
    const { snapshot, refusal } = await restore(this.#settings, this.#saver)
    this.refusal ??= refusal
    // Late, when the relay was faster: its document is the newer one.
    this.snapshot ??= snapshot
  }

  /** A document from the relay; `stale` when that knows of a newer one. Whether it is held now. Never rejects. */
  offer(bytes: Uint8Array, via: 'stream' | 'poll', stale: boolean): boolean | Promise<boolean> {
    if (this.#closed) return false
    // Behind what is held: wait for the relay to catch up.
    if (stale && this.snapshot !== undefined) return true
    this.#offer = bytes
    // Nobody is served yet, or it is quick: then whole and at once.
    if (this.snapshot !== undefined && bytes.length >= LARGE) return this.#takeInSteps(bytes, via)
    try {
      return this.#take(snapshotOf(bytes, via, this.#settings.timers))
    } catch (error) {
      return this.#refuse(via, error)
    }
  }

  confirm(): void {
    if (this.#closed) return
    this.refusal = undefined
    this.confirmedAt = this.#settings.timers.now()
    this.#events.confirmed()
  }

  /** Takes nothing more; what is held stays. Resolves when it is saved. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#saver.settled()
  }

  async #takeInSteps(bytes: Uint8Array, via: 'stream' | 'poll'): Promise<boolean> {
    const overtaken = (): boolean => this.#offer !== bytes || this.#closed
    try {
      const snapshot = await snapshotInSteps(bytes, via, this.#settings.timers, overtaken)
      return snapshot !== undefined && !overtaken() && this.#take(snapshot)
    } catch (error) {
      return !overtaken() && this.#refuse(via, error)
    }
  }

  #take(snapshot: Snapshot): boolean {
    const before = this.snapshot
    this.snapshot = snapshot
    this.#saver.save(snapshot)
    this.#events.replaced(before, snapshot)
    this.confirm()
    return true
  }

  #refuse(via: 'stream' | 'poll', error: unknown): false {
    this.refusal = unusable(via, error)
    this.#events.refused(this.refusal)
    return false
  }
}
