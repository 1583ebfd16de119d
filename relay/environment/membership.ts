/**
 * An environment's part among its peers: begins and ceases to ask the vendor as told, says what it serves and how it stands
 * with the vendor, and listens to what the leader says of that while it follows.
 */
import type { Stamp } from '../store/lease.ts'
import type { Generation, Order } from '../store/store.ts'
import type { Feed } from './feed.ts'
import type { Judgement } from './judgement.ts'
import type { Member, Report } from './peers.ts'
import type { Authority, Served } from './served.ts'

export interface MembershipParts {
  readonly served: Served
  readonly judgement: Judgement
  readonly feed: Feed
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly adopt: (generation: Generation) => Promise<boolean>
}

export class Membership implements Member {
  readonly #parts: MembershipParts
  #heard: Report | undefined

  constructor(parts: MembershipParts) {
    this.#parts = parts
  }

  /** What the leader said last. */
  get heard(): Report | undefined {
    return this.#heard
  }

  stamp(): Stamp | undefined {
    return this.#parts.served.snapshot
  }

  vouched(): boolean {
    return this.#parts.judgement.vouched
  }

  report(): Report {
    const { served, judgement, feed, now } = this.#parts
    const { state, consecutiveFailures } = feed.status()
    const { confirmedAt, quarantine, rejected } = judgement
    const sha256 = served.snapshot?.sha256
    const confirmedAgo = confirmedAt === undefined ? undefined : Math.max(0, now() - confirmedAt)
    return {
      source: { state, consecutiveFailures },
      ...(sha256 === undefined ? undefined : { sha256 }),
      ...(confirmedAgo === undefined ? undefined : { confirmedAgo }),
      ...(quarantine === undefined ? undefined : { quarantine }),
      ...(rejected === undefined ? undefined : { rejected }),
    }
  }

  lead(): void {
    this.#ask(0)
  }

  standAlone(delay: number): void {
    this.#ask(this.#parts.served.snapshot === undefined ? 0 : delay)
  }

  follow(): void {
    const { feed, judgement } = this.#parts
    void feed.stop()
    judgement.forget()
  }

  adopt(generation: Generation): Promise<boolean> {
    return this.#parts.adopt(generation)
  }

  restamp(order: Order): void {
    this.#parts.served.restamp(order)
  }

  save(authority: Authority): void {
    this.#parts.served.save(authority)
  }

  told(report: Report | undefined, ago: number): void {
    this.#heard = report
    const { served, judgement, now } = this.#parts
    if (report?.confirmedAgo === undefined || report.sha256 !== served.snapshot?.sha256) return
    judgement.hearsay(now() - report.confirmedAgo - ago)
  }

  asked(request: Parameters<Member['asked']>[0]): void {
    if (request.kind === 'refresh') this.#parts.feed.refresh()
    else this.#parts.judgement.confirm(request.sha256)
  }

  #ask(delay: number): void {
    const { feed, judgement } = this.#parts
    judgement.forget()
    if (feed.running) feed.refresh()
    else feed.start(delay)
  }
}
