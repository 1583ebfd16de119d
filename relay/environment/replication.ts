/**
 * Keeps one environment of one replica in step with the others: looks after the lease, reads again when a notice says so,
 * after every reconnect and now and then, and settles what differs (`settlement.ts`). All of it is beside serving: when
 * Redis is away, each look fails fast, and the replica goes on by itself until one succeeds.
 */
import { createHash } from 'node:crypto'
import type { Lease, LeaseView, Stamp } from '../store/lease.ts'
import type { Notice, Notices } from '../store/notices.ts'
import type { RedisStore } from '../store/redis.ts'
import { compareGenerations } from '../store/store.ts'
import type { Fence, Generation, SaveResult } from '../store/store.ts'
import type { TimerHandle, Timers } from '../upstream/clock.ts'
import { keptMs, Leadership } from './leadership.ts'
import type { Role } from './leadership.ts'
import type { Member, Peers, PeerStatus } from './peers.ts'
import { parseReport } from './report.ts'
import { coveredBy, nextStep } from './settlement.ts'

export interface ReplicationParts {
  readonly environment: string
  readonly dialect: string
  readonly replica: string
  readonly store: Pick<RedisStore, 'read' | 'keep' | 'status' | 'link'>
  readonly lease: Lease
  readonly notices: Notices
  readonly leaseMs: number
  /** How often to look without being told to, ms. */
  readonly recheckMs: number
  readonly timers: Timers
  readonly events: ReplicationEvents
}

export interface ReplicationEvents {
  /** This replica's role changed. */
  role(environment: string, role: Role, leader: string | undefined): void
  /** What Redis holds as newest cannot be used here. */
  unusable(environment: string, message: string): void
}

/** How soon to look again while Redis is away, ms. */
const SOON_MS = 1_000

export class Replication implements Peers {
  readonly #parts: ReplicationParts
  readonly #leadership: Leadership
  #member: Member | undefined
  #played: Role | undefined
  #looking: Promise<void> | undefined
  #again = false
  #failing = false
  #timer: TimerHandle | undefined
  #unlisten: (() => void)[] = []
  /** Compiling what was found can take longer than a lease, which must be renewed meanwhile. */
  #adopting: Promise<void> | undefined
  /** The newest of Redis that cannot be used here; asked for no more. */
  #unusable: string | undefined
  #left = false

  constructor(parts: ReplicationParts) {
    this.#parts = parts
    const { timers, replica, leaseMs } = parts
    this.#leadership = new Leadership({ timers, holder: replica, leaseMs })
  }

  get role(): Role | undefined {
    // A replica that cannot use what the others serve is alone, whoever leads.
    const { role } = this.#leadership
    return role === 'follower' && this.#unusable !== undefined ? 'alone' : role
  }

  async join(member: Member): Promise<void> {
    this.#member = member
    const { environment, notices, store } = this.#parts
    await this.#look()
    if (this.#left) return
    this.#unlisten = [
      notices.listen(environment, {
        noticed: (notice) => this.#noticed(notice),
        resumed: () => void this.#look(),
      }),
      store.link.onReady(() => void this.#look()),
    ]
  }

  fence(): Fence {
    return { token: this.#leadership.token }
  }

  saved({ epoch, version, sha256 }: Generation, result: SaveResult): void {
    const { environment, notices } = this.#parts
    if (result === 'saved') void notices.publish(environment, { kind: 'saved', epoch, version, sha256 })
    // Refused: somebody has something newer, or leads. Saved: followers get to know how fresh it is with the lease.
    void this.#look()
  }

  ask(request: Parameters<Member['asked']>[0]): void {
    void this.#parts.notices.publish(this.#parts.environment, request)
  }

  status(): PeerStatus {
    const { replica, notices, environment, store } = this.#parts
    const { leader } = this.#leadership
    return {
      replica,
      role: this.role ?? 'alone',
      ...(leader === undefined ? undefined : { leader }),
      redis: store.status().state,
      notices: notices.counts(environment),
    }
  }

  async leave(): Promise<void> {
    this.#left = true
    this.#parts.timers.clearTimeout(this.#timer)
    for (const unlisten of this.#unlisten) unlisten()
    await this.#looking
    await this.#adopting
    const { lease, notices, environment } = this.#parts
    const { token } = this.#leadership
    if (token === 0) return
    try {
      await lease.release(token)
      await notices.publish(environment, { kind: 'released' })
    } catch {
      // It runs out by itself.
    }
  }

  /** Looks now, and once more afterwards if it was asked for meanwhile. Never rejects. */
  #look(): Promise<void> {
    if (this.#left) return Promise.resolve()
    if (this.#looking !== undefined) {
      this.#again = true
      return this.#looking
    }
    this.#parts.timers.clearTimeout(this.#timer)
    this.#timer = undefined
    this.#looking = this.#lookOnce().finally(() => {
      this.#looking = undefined
      if (this.#again) {
        this.#again = false
        void this.#look()
      } else this.#schedule()
    })
    return this.#looking
  }

  async #lookOnce(): Promise<void> {
    try {
      const view = await this.#tend()
      // Before another's documents are adopted, ours must not come in any more; before ours do, theirs must be known.
      if (this.#leadership.role !== 'leader') this.#play()
      await this.#settle(view)
      this.#play()
      this.#failing = false
    } catch {
      this.#failing = true
      this.#leadership.failed()
      this.#play()
    }
  }

  async #tend(floor?: Stamp): Promise<LeaseView> {
    const { lease, timers, leaseMs } = this.#parts
    const leadership = this.#leadership
    const sentAt = timers.monotonic()
    const report = JSON.stringify(this.#member?.report() ?? {})
    const view = await lease.tend({ ...leadership.request, report, floor })
    leadership.heard(view, sentAt)
    if (leadership.role === 'follower') {
      const report = view.holder === '' ? undefined : parseReport(view.report)
      this.#member?.told(report, Math.min(Math.max(0, keptMs(leaseMs) - view.left), leaseMs))
    }
    return view
  }

  async #settle(view: LeaseView): Promise<void> {
    const member = this.#member
    if (member === undefined || this.#adopting !== undefined) return
    const { newest, floor } = view
    if (newest === undefined || newest.field !== this.#unusable) this.#unusable = undefined
    const served = member.stamp()
    const leads = this.#leadership.role === 'leader'
    const unusable = this.#unusable !== undefined
    const step = nextStep({ leads, served, vouched: member.vouched(), newest, unusable, floor })
    if (step.kind === 'adopt') this.#beginToAdopt(view, member)
    else if (step.kind === 'restamp') member.restamp(step.order)
    else if (step.kind === 'save') member.save(step.authority)
    else if (step.kind === 'raise' && served !== undefined && !coveredBy(floor, served)) {
      await this.#tend(served)
      void this.#parts.notices.publish(this.#parts.environment, { kind: 'floor' })
    }
  }

  #beginToAdopt(view: LeaseView, member: Member): void {
    const adopted = (): void => {
      this.#adopting = undefined
      void this.#look()
    }
    // Where Redis did not give it, the next look will find it again.
    const failed = (): void => {
      this.#adopting = undefined
    }
    this.#adopting = this.#adopt(view, member).then(adopted, failed)
  }

  async #adopt({ newest }: LeaseView, member: Member): Promise<void> {
    if (newest === undefined) return
    const { store, environment, dialect, events } = this.#parts
    const found = await store.read(environment, newest)
    // Replaced meanwhile: the next look sees by what.
    if (found === undefined) return
    let problem: string | undefined
    if (typeof found === 'string') problem = found
    else if (found.dialect !== dialect) problem = `it is of dialect ${found.dialect}`
    else if (await member.adopt(found)) store.keep(found)
    else problem = 'it cannot be compiled here'
    if (problem === undefined) return
    this.#unusable = newest.field
    events.unusable(environment, `${newest.epoch}.${newest.version}: ${problem}`)
  }

  /** Lets the member play the role it has by now. */
  #play(): void {
    const { role } = this
    const member = this.#member
    if (role === undefined || role === this.#played || member === undefined || this.#left) return
    // What the others serve comes first: the vendor's next document has to be compared with that.
    if (role === 'leader' && this.#adopting !== undefined) return
    this.#played = role
    if (role === 'leader') member.lead()
    else if (role === 'follower') member.follow()
    else member.standAlone(this.#offset())
    this.#parts.events.role(this.#parts.environment, role, this.#leadership.leader)
  }

  /** Where in a lease's time this replica starts asking by itself: no two together, and for each always the same. */
  #offset(): number {
    const { replica, environment, leaseMs } = this.#parts
    const digest = createHash('sha256')
      .update(JSON.stringify([replica, environment]))
      .digest()
    return (digest.readUInt32BE(0) / 2 ** 32) * leaseMs
  }

  #schedule(): void {
    if (this.#left) return
    const { timers, recheckMs, leaseMs } = this.#parts
    const usual = Math.min(recheckMs * (0.9 + 0.2 * timers.random()), this.#leadership.dueIn)
    const delay = this.#failing ? Math.min(SOON_MS, leaseMs / 10) : Math.max(20, usual)
    this.#timer = timers.setTimeout(() => void this.#look(), delay)
  }

  #noticed(notice: Notice): boolean {
    const leads = this.#leadership.role === 'leader'
    switch (notice.kind) {
      case 'saved': {
        const served = this.#member?.stamp()
        const order = served === undefined ? 1 : compareGenerations(notice, served)
        if (order < 0 || (order === 0 && notice.sha256 === served?.sha256)) return false
        void this.#look()
        return true
      }
      case 'released':
        this.#leadership.released()
        void this.#look()
        return true
      case 'floor':
        if (leads) void this.#look()
        return leads
      case 'confirm':
      case 'refresh':
        if (leads) this.#member?.asked(notice)
        return leads
    }
  }
}
