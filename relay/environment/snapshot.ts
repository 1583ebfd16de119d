/**
 * A Snapshot: what an environment serves from at one moment. Immutable; a request takes one reference and answers
 * wholly from it, so no answer ever mixes two versions.
 */
import type { Problem, Ruleset } from '@halyard/engine'

export interface Snapshot {
  readonly ruleset: Ruleset
  /** Opens anew when an operator rolls back; with `version` the total order of everything this environment served. */
  readonly epoch: number
  /** Grows by one with each accepted document of an epoch. */
  readonly version: number
  /** The document as received, for stores and for in-process evaluation elsewhere. */
  readonly bytes: Uint8Array
  /** SHA-256 of `bytes`, hex. */
  readonly sha256: string
  /** When the upstream delivered it, ms since the epoch. */
  readonly receivedAt: number
  readonly loadedFrom: 'upstream' | 'disk' | 'redis'
  /** SHA-256 of the vendor's document that an operator rolled back from; it is not taken over again. */
  readonly pinnedAgainst?: string
  /** Quarantined flags and warnings. */
  readonly problems: readonly Problem[]
}
