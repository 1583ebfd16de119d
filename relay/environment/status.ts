/** An environment's state as health, metrics and the status page show it. */
import type { SourceStatus } from '../upstream/source.ts'

/**
 * `starting`: no document known yet, evaluation answers 503. `ready`: serving, upstream confirmed it recently.
 * `stale`: serving the last known good while the upstream cannot be reached.
 */
export type EnvironmentState = 'starting' | 'ready' | 'stale'

/** A document that was not taken over because it looks wrong, and why. */
export interface Quarantine {
  readonly sha256: string
  readonly since: number
  /** How often in a row exactly this document was delivered. */
  readonly deliveries: number
  readonly reason: string
}

export interface EnvironmentStatus {
  readonly name: string
  readonly vendor: string
  readonly dialect: string
  readonly state: EnvironmentState
  readonly revision?: string
  readonly epoch?: number
  readonly version?: number
  readonly flags: number
  readonly quarantinedFlags: number
  readonly loadedFrom?: 'upstream' | 'disk' | 'redis'
  /** When the served document was received, ms since the epoch. */
  readonly receivedAt?: number
  /** When the upstream last said that the served document is current, ms since the epoch. */
  readonly confirmedAt?: number
  /** Since when the upstream has not confirmed it, ms since the epoch. */
  readonly staleSince?: number
  readonly quarantine?: Quarantine
  /** The last document that could not be used at all. */
  readonly rejected?: { readonly at: number; readonly message: string }
  readonly source: SourceStatus
}
