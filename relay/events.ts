/** What environments tell of themselves, as log lines for people and counts for Prometheus. */
import type { SnapshotChange } from './environment/environment.ts'
import type { RefreshEvents } from './environment/refresh.ts'
import type { ReplicationEvents } from './environment/replication.ts'
import type { Log } from './log.ts'
import type { Metrics } from './telemetry/metrics.ts'

/** Different troubles of stores that are remembered as told. */
const MOST_TOLD = 100

export function refreshEvents(log: Log, metrics: Metrics): RefreshEvents {
  const told = new Set<string>()
  return {
    swapped: (change) => {
      metrics.document(change.environment, 'swapped')
      log.info(described(change), 'serving a new document')
      for (const { flag, path, message, severity } of change.after.problems) {
        log.warn({ environment: change.environment, flag, path, severity }, message)
      }
    },
    quarantined: (environment, { sha256, reason }) => {
      metrics.document(environment, 'quarantined')
      log.error({ environment, sha256, reason }, 'a document looks wrong and waits; the old one goes on serving')
    },
    rejected: (environment, message) => {
      metrics.document(environment, 'rejected')
      log.error({ environment, reason: message }, 'a document cannot be used; the old one goes on serving')
    },
    upstreamFailed: (environment, message) => {
      metrics.upstreamFailed(environment)
      log.warn({ environment, reason: message }, 'the upstream could not be asked')
    },
    storeFailed: (environment, store, message) => {
      metrics.storeFailed(environment, store)
      // Lasting trouble is told by the store itself, once an hour; a warning for every save would bury that one.
      const about = { environment, store, reason: message }
      const key = JSON.stringify(about)
      if (told.has(key)) {
        log.debug(about, 'a store failed again')
        return
      }
      if (told.size >= MOST_TOLD) told.clear()
      told.add(key)
      log.warn(about, 'a store failed')
    },
    listenerFailed: (environment, message) => log.error({ environment, reason: message }, 'a listener threw'),
  }
}

export function replicationEvents(log: Log): ReplicationEvents {
  return {
    role: (environment, role, leader) => log.info({ environment, role, leader }, ROLES[role]),
    unusable: (environment, message) =>
      log.warn({ environment, reason: message }, 'what other replicas serve cannot be used here'),
  }
}

const ROLES = {
  leader: 'this replica asks the vendor, for all replicas',
  follower: 'another replica asks the vendor',
  alone: 'Redis is away: this replica asks the vendor by itself',
} as const

function described({ environment, before, after }: SnapshotChange): object {
  const { epoch, version, loadedFrom, ruleset, problems } = after
  const quarantined = problems.filter(({ severity }) => severity === 'error').length
  const { revision } = ruleset
  return {
    environment,
    revision,
    epoch,
    version,
    loadedFrom,
    flags: ruleset.keys.length,
    quarantined,
    first: before === undefined,
  }
}
