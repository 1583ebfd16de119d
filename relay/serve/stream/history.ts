/**
 * What an environment served lately, so that a client that comes back is sent only what changed since. Bounded in bytes:
 * a document that has fallen out is let go of even where a slow client still refers to its point.
 */
import type { Snapshot } from '../../environment/snapshot.ts'
import { changes } from '@halyard/engine'
import type { Changes, Ruleset } from '@halyard/engine'

/** What is served from one moment on: a document, or the same document after a clock in its rules has moved on. */
export interface Point {
  readonly revision: string
  readonly epoch: number
  readonly version: number
  /** Ms since the epoch; answers of this point are those of this moment. */
  readonly at: number
  /** Undefined once it was forgotten. */
  snapshot: Snapshot | undefined
}

/** Revisions remembered by name only, to tell a client that lags behind from one that is ahead. */
const NAMES = 256

export class History {
  readonly #maxBytes: number
  /** Oldest first. */
  #points: Point[] = []
  readonly #names = new Set<string>()
  readonly #deltas = new WeakMap<Ruleset, WeakMap<Ruleset, Changes>>()

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The newest point; it is kept whatever its size, and so is the one before it, from which everybody is led on. */
  add(point: Point): void {
    this.#points = [...this.#points.filter(({ revision }) => revision !== point.revision), point]
    this.#names.delete(point.revision)
    this.#names.add(point.revision)
    for (const name of this.#names) {
      if (this.#names.size <= NAMES) break
      this.#names.delete(name)
    }
    // Not left to `trim` alone: while changes keep coming there is no moment at which everybody was told.
    this.#forget(2)
  }

  /** Lets go of what is too much, to be called when nobody needs the older points for a change that is under way. */
  trim(): void {
    this.#forget(1)
  }

  /** The newest `least` are kept. */
  #forget(least: number): void {
    let bytes = 0
    const kept: Point[] = []
    for (const point of this.#points.toReversed()) {
      bytes += point.snapshot?.bytes.byteLength ?? 0
      if (kept.length >= least && bytes > this.#maxBytes) point.snapshot = undefined
      else kept.unshift(point)
    }
    this.#points = kept
  }

  /** The newest point of a revision that is not forgotten. */
  find(revision: string): Point | undefined {
    return this.#points.find((point) => point.revision === revision)
  }

  /** Whether it was served here not too long ago. */
  knows(revision: string): boolean {
    return this.#names.has(revision)
  }

  /** Computed once for each pair. */
  delta(before: Ruleset, after: Ruleset): Changes {
    let byAfter = this.#deltas.get(before)
    if (byAfter === undefined) this.#deltas.set(before, (byAfter = new WeakMap()))
    let delta = byAfter.get(after)
    if (delta === undefined) byAfter.set(after, (delta = changes(before, after)))
    return delta
  }
}
