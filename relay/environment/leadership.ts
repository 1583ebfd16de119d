/**
 * Who talks to the vendor: what one replica may believe after what it heard of the lease, and when. Pure and without
 * timers, so that every interleaving can be tried.
 *
 *     (start) ──taken──► leader ──not renewed in time──► alone ──taken──► leader
 *        │                 │ taken by another               │ held by another
 *        └──held──► follower ◄────────────────────────────┘
 *                       └── its lease ran out, and Redis does not answer ──► alone
 *
 * Only the monotonic clock counts. A leader stops believing before its lease ends in Redis, so that two never believe at
 * once; a follower that sees no renewal for longer than a lease takes over even if Redis's own clock was set back.
 */
import type { LeaseView, TendRequest } from '../store/lease.ts'
import type { Timers } from '../upstream/clock.ts'

/** `alone`: Redis is away, so this replica asks the vendor itself and saves to its own disk only. */
export type Role = 'leader' | 'follower' | 'alone'

export interface LeadershipOptions {
  readonly timers: Pick<Timers, 'monotonic' | 'random'>
  readonly holder: string
  /** Longest time that nobody talks to the vendor after a leader vanished, ms. */
  readonly leaseMs: number
}

/** Shares of the lease: what a leader trusts, what Redis keeps, and how long silence may last whatever Redis says. */
const TRUSTED = 0.75
const KEPT = 0.85
const SILENT = 1.1
/** Followers of one dead leader do not all try in the same instant. Share of the lease. */
const SPREAD = 0.05

/** How long Redis keeps a lease that is not renewed, ms. */
export function keptMs(leaseMs: number): number {
  return Math.round(leaseMs * KEPT)
}

export class Leadership {
  readonly #options: LeadershipOptions
  #role: Role | undefined
  #token = 0
  #highest = 0
  #trustedUntil = -Infinity
  /** When the lease of another, as last seen, will be over. */
  #theirsUntil = -Infinity
  #seen: { readonly mark: string; readonly since: number } | undefined
  /** This process has another, newer member for the environment. */
  #succeeded = false
  #leader: string | undefined

  constructor(options: LeadershipOptions) {
    this.#options = options
  }

  /** Undefined until something was heard, or not heard, for the first time. */
  get role(): Role | undefined {
    if (this.#role === 'leader' && this.#now() >= this.#trustedUntil) this.#role = 'alone'
    return this.#role
  }

  /** 0 unless this replica leads. */
  get token(): number {
    return this.role === 'leader' ? this.#token : 0
  }

  /** Who leads, as far as this replica knows. */
  get leader(): string | undefined {
    return this.role === 'alone' ? undefined : this.#leader
  }

  /** What to ask of the lease now. */
  get request(): Pick<TendRequest, 'token' | 'hold' | 'highest' | 'dead'> {
    const dead = this.#seen !== undefined && this.#now() - this.#seen.since > this.#options.leaseMs * SILENT
    const due = this.#now() >= this.#theirsUntil || dead
    return {
      token: this.#token,
      hold: !this.#succeeded && (this.role === 'leader' || due),
      highest: this.#highest,
      dead: dead ? this.#seen?.mark : undefined,
    }
  }

  /** Milliseconds until something is to be done for the lease's sake: renewing it, or trying to take it. */
  get dueIn(): number {
    if (this.role === 'leader') return this.#options.leaseMs / 3
    return this.#succeeded ? Infinity : Math.max(0, this.#theirsUntil - this.#now())
  }

  /** `sentAt`: when the question went out, since the lease was renewed no earlier than that. */
  heard(view: LeaseView, sentAt: number): void {
    const { leaseMs, holder, timers } = this.#options
    this.#highest = Math.max(this.#highest, view.token)
    this.#leader = view.holder === '' ? undefined : view.holder
    if (view.mine) {
      this.#role = 'leader'
      this.#token = view.token
      this.#trustedUntil = sentAt + leaseMs * TRUSTED
      this.#seen = undefined
      return
    }
    this.#role = 'follower'
    this.#token = 0
    if (view.holder === '') return
    if (view.holder === holder) this.#succeeded = true
    if (this.#seen?.mark !== view.mark) this.#seen = { mark: view.mark, since: this.#now() }
    this.#theirsUntil = this.#now() + view.left + leaseMs * SPREAD * timers.random()
  }

  /** Redis did not answer. */
  failed(): void {
    if (this.role !== 'leader' && this.#now() >= this.#theirsUntil) this.#role = 'alone'
  }

  /** The leader says that it leads no more. */
  released(): void {
    this.#theirsUntil = -Infinity
    this.#seen = undefined
  }

  #now(): number {
    return this.#options.timers.monotonic()
  }
}
