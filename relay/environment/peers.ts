/**
 * The doorway between an environment and the other replicas that serve it. An environment without peers leads by itself
 * and pays nothing; one with peers is told what to serve and whether to ask the vendor, and never how that was found out.
 */
import type { Stamp } from '../store/lease.ts'
import type { NoticeCounts } from '../store/notices.ts'
import type { Fence, Generation, Order, SaveResult, StoreStatus } from '../store/store.ts'
import type { SourceState } from '../upstream/source.ts'
import type { Role } from './leadership.ts'
import type { Authority } from './served.ts'
import type { Quarantine } from './status.ts'

/** What the leader says of itself, for followers whose own source is stopped. Ages in ms: clocks differ. */
export interface Report {
  /** The document that is served. */
  readonly sha256?: string
  /** How long ago the vendor confirmed it. */
  readonly confirmedAgo?: number
  readonly source: { readonly state: SourceState; readonly consecutiveFailures: number }
  readonly quarantine?: Quarantine
  readonly rejected?: { readonly at: number; readonly message: string }
}

/** Who else serves an environment, as status pages show it. */
export interface PeerStatus {
  /** This replica. */
  readonly replica: string
  readonly role: Role
  /** The replica that talks to the vendor, as far as this one knows. */
  readonly leader?: string
  readonly redis: StoreStatus['state']
  readonly notices: NoticeCounts
}

/** An environment as its peers see it. */
export interface Member {
  stamp(): Stamp | undefined
  /** The vendor confirmed what is served since `lead` was last called. */
  vouched(): boolean
  report(): Report
  /** Ask the vendor, from now on for all replicas. */
  lead(): void
  /** Ask the vendor no more. */
  follow(): void
  /** Ask the vendor for this replica alone, in `delay` ms unless nothing is served yet. */
  standAlone(delay: number): void
  /** Serve it; false when it cannot be used. */
  adopt(generation: Generation): Promise<boolean>
  restamp(order: Order): void
  /** Save what is served once more. */
  save(authority: Authority): void
  /** What the leader reported, `ago` ms ago; undefined when there is none. */
  told(report: Report | undefined, ago: number): void
  /** A notice that concerns the leader. */
  asked(request: { readonly kind: 'confirm'; readonly sha256: string } | { readonly kind: 'refresh' }): void
}

/** What an environment tells and asks. */
export interface Peers {
  readonly role: Role | undefined
  /** Resolves when it is known for the first time whether this replica leads. Never rejects. */
  join(member: Member): Promise<void>
  /** Under which lease this replica saves. */
  fence(): Fence
  /** What became of a save in the store that replicas share. */
  saved(generation: Generation, result: SaveResult): void
  /** Asks the leader for something. */
  ask(request: Parameters<Member['asked']>[0]): void
  status(): PeerStatus
  /** Gives up the lease. Never rejects. */
  leave(): Promise<void>
}
