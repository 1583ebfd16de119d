/**
 * What the client tells of itself: to health checks, and with every event. Kept apart from what it does, since nothing
 * here may change anything: asking how a provider is must not alter how it is.
 */
import type { DocumentFeed } from './document-feed.ts'
import type { Health } from './health.ts'
import type { Holder } from './holder.ts'
import type { EventMetadata } from './listeners.ts'
import type { Settings } from './options.ts'
import type { Remote } from './remote.ts'
import type { Reporter } from './reporter.ts'
import type { Status } from './status.ts'

export interface AccountParts {
  readonly settings: Settings
  readonly feed: DocumentFeed
  readonly remote: Remote
  readonly holder: Holder
  readonly health: Health
  readonly reporter: Reporter
  /** Whether answers come from the relay now. */
  readonly asksRelay: () => boolean
}

export class Account {
  readonly #parts: AccountParts

  constructor(parts: AccountParts) {
    this.#parts = parts
  }

  status(closed: boolean): Status {
    const { settings, feed, remote, holder, health, reporter } = this.#parts
    const { mode, timers } = settings
    const { snapshot } = holder
    return {
      state: closed ? 'closed' : health.announced,
      mode,
      source: this.#source(),
      connection: mode === 'remote' ? (remote.obstacle === undefined ? 'live' : 'waiting') : feed.connection,
      revision: snapshot?.ruleset.revision,
      epoch: snapshot?.epoch,
      version: snapshot?.version,
      receivedAt: snapshot?.receivedAt,
      ageMs: this.#age(),
      lostForMs: health.lostSince === undefined ? 0 : timers.now() - health.lostSince,
      flags: snapshot?.ruleset.keys.length ?? 0,
      problems: snapshot?.problems ?? [],
      lastError: holder.refusal?.message ?? health.lastError?.message,
      storeError: holder.storeError,
      events: reporter.counts,
    }
  }

  eventMetadata(): EventMetadata {
    const { snapshot, metadata } = this.#parts.holder
    const { version, flagSetId } = metadata
    return {
      source: this.#source(),
      ageMs: this.#age(),
      ...(snapshot === undefined ? undefined : { revision: snapshot.ruleset.revision }),
      ...(version === undefined ? undefined : { version }),
      ...(flagSetId === undefined ? undefined : { flagSetId }),
    }
  }

  #source(): Status['source'] {
    const { holder, remote, asksRelay } = this.#parts
    return holder.snapshot?.origin ?? (asksRelay() && remote.obstacle === undefined ? 'remote' : 'none')
  }

  /** Since a relay said that this is what it serves; before the first time, since it had it from its vendor. */
  #age(): number {
    const { settings, holder, feed } = this.#parts
    if (holder.snapshot === undefined) return 0
    const confirmed = holder.confirmedAt
    // A relay that is heard but serves what we cannot use confirms nothing.
    const heard = confirmed === undefined || holder.refusal !== undefined ? undefined : feed.heardAt
    return Math.max(0, settings.timers.now() - Math.max(heard ?? 0, confirmed ?? holder.snapshot.receivedAt))
  }
}
