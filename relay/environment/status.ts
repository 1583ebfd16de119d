/** An environment's state as health, metrics and the status page show it. */
import type { PeerStatus } from './peers.ts'
import type { SourceStatus } from '../upstream/source.ts'
import type { Snapshot } from './snapshot.ts'

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
  /** Of this replica's own source; on a follower what the leader says of its source. */
  readonly source: SourceStatus
  /** SHA-256 of the vendor's document that an operator rolled back from and that is therefore not served. */
  readonly pinnedAgainst?: string
  /** Absent where no replicas share a Redis: then this one leads by itself. */
  readonly replication?: PeerStatus
}

export interface StatusParts {
  readonly name: string
  readonly vendor: string
  readonly dialect: string
  readonly snapshot: Snapshot | undefined
  readonly confirmedAt: number | undefined
  readonly quarantine: Quarantine | undefined
  readonly rejected: { readonly at: number; readonly message: string } | undefined
  readonly source: SourceStatus
  readonly replication: PeerStatus | undefined
  readonly staleAfterMs: number
  readonly now: number
}

/** Puts an environment's parts together as others see them; members without a value are left out. */
export function statusOf(parts: StatusParts): EnvironmentStatus {
  const { name, vendor, dialect, snapshot, confirmedAt, quarantine, rejected, source, replication } = parts
  const pinnedAgainst = snapshot?.pinnedAgainst
  const staleSince = staleSinceOf(parts)
  return {
    name,
    vendor,
    dialect,
    state: snapshot === undefined ? 'starting' : staleSince === undefined ? 'ready' : 'stale',
    flags: snapshot?.ruleset.keys.length ?? 0,
    quarantinedFlags: snapshot?.problems.filter((problem) => problem.severity === 'error').length ?? 0,
    ...(snapshot === undefined
      ? undefined
      : {
          revision: snapshot.ruleset.revision,
          epoch: snapshot.epoch,
          version: snapshot.version,
          loadedFrom: snapshot.loadedFrom,
          receivedAt: snapshot.receivedAt,
        }),
    ...(confirmedAt === undefined ? undefined : { confirmedAt }),
    ...(staleSince === undefined ? undefined : { staleSince }),
    ...(quarantine === undefined ? undefined : { quarantine }),
    ...(rejected === undefined ? undefined : { rejected }),
    source,
    ...(pinnedAgainst === undefined ? undefined : { pinnedAgainst }),
    ...(replication === undefined ? undefined : { replication }),
  }
}

/**
 * A snapshot is stale when something stands between it and the upstream's word (a failing source, a rejected or waiting
 * document) and the last word is older than the grace; one from a store has no word yet, so any failure makes it stale.
 */
function staleSinceOf(parts: StatusParts): number | undefined {
  const { snapshot, confirmedAt, quarantine, rejected, source, staleAfterMs, now } = parts
  const troubled = source.consecutiveFailures > 0 || quarantine !== undefined || rejected !== undefined
  if (snapshot === undefined || !troubled) return undefined
  if (confirmedAt === undefined) return snapshot.receivedAt
  return now - confirmedAt >= staleAfterMs ? confirmedAt : undefined
}
