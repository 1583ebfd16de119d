/** What a client tells of itself, for health checks and dashboards. */
import type { Problem } from '@halyard/engine'
import type { Connection } from './document-feed.ts'
import type { EventCounts } from './event-queue.ts'
import type { Announced } from './health.ts'
import type { Mode } from './options.ts'
import type { Origin } from './snapshot.ts'

export interface Status {
  readonly state: Announced | 'closed'
  readonly mode: Mode
  /** Where answers come from. */
  readonly source: Origin | 'remote' | 'none'
  readonly connection: Connection
  /** Equal on every relay and provider that has the same document. */
  readonly revision: string | undefined
  readonly epoch: number | undefined
  readonly version: number | undefined
  /** When the relay had the document from its vendor, ms since the epoch. */
  readonly receivedAt: number | undefined
  /** Since a relay confirmed the document, or was heard at all. Milliseconds. */
  readonly ageMs: number
  /** How long the relay has been away. Milliseconds; 0 while it is there. */
  readonly lostForMs: number
  readonly flags: number
  /** What is wrong with single flags of the document. */
  readonly problems: readonly Problem[]
  /** What is wrong now, if anything. */
  readonly lastError: string | undefined
  /** Why the snapshot store could not be read or written last. */
  readonly storeError: string | undefined
  readonly events: EventCounts
}
