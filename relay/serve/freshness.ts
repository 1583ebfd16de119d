/**
 * How old what we serve is, as clients see it: the revision, the seconds since the upstream last confirmed it, and
 * whether it counts as stale. Asked for by every request and computed once a second, since an environment's status is
 * not made for the hot path.
 */
import type { Environment } from '../environment/environment.ts'
import type { Snapshot } from '../environment/snapshot.ts'
import type { Timers } from './clock.ts'

export interface Freshness {
  readonly stale: boolean
  /** `X-Halyard-Revision` and `X-Halyard-Age`, names and values alternating. */
  readonly headers: readonly string[]
}

const REFRESH_MS = 1_000

export class FreshnessGauge {
  readonly #environment: Environment
  readonly #timers: Timers
  #known: { readonly snapshot: Snapshot; readonly until: number; readonly freshness: Freshness } | undefined

  constructor(environment: Environment, timers: Timers) {
    this.#environment = environment
    this.#timers = timers
  }

  of(snapshot: Snapshot): Freshness {
    const moment = this.#timers.monotonic()
    if (this.#known?.snapshot === snapshot && moment < this.#known.until) return this.#known.freshness
    const status = this.#environment.status()
    const age = ageSeconds(status.confirmedAt ?? snapshot.receivedAt, this.#timers.now())
    const freshness = {
      stale: status.state === 'stale',
      headers: ['X-Halyard-Revision', snapshot.ruleset.revision, 'X-Halyard-Age', String(age)],
    }
    this.#known = { snapshot, until: moment + REFRESH_MS, freshness }
    return freshness
  }
}

/** Whole seconds from `since` to `now` (ms since the epoch), never negative. */
export function ageSeconds(since: number, now: number): number {
  return Math.max(0, Math.floor((now - since) / 1_000))
}
