/**
 * The lease of an environment: the replica that holds it talks to the vendor and saves. It is a means against storms at
 * the vendor and against stale writes, never a condition for serving. Every command also tells what the leader says of
 * itself and what the newest stored generation is, so that looking after a lease is one round trip.
 */
import type { RedisLink } from './redis-link.ts'
import { RELEASE_SCRIPT, TEND_SCRIPT } from './lease-script.ts'
import { parseFieldName } from './redis-script.ts'
import type { FieldName } from './redis-script.ts'
import type { Order } from './store.ts'

/** A document by its place in the order and its content. */
export interface Stamp extends Order {
  readonly sha256: string
}

export interface TendRequest {
  /** The token this replica was given; 0 for none. */
  readonly token: number
  /** Take it if it is free, renew it if it is ours. Otherwise only look. */
  readonly hold: boolean
  /** What the leader says of itself; told to everybody who looks. */
  readonly report: string
  /** The highest token ever heard of: tokens must grow even when Redis has forgotten them. */
  readonly highest: number
  /** What this replica serves, where Redis has nothing as new. */
  readonly floor: Stamp | undefined
  /** `mark` of a lease that its holder has not renewed for so long that it must be dead, whatever Redis's clock says. */
  readonly dead: string | undefined
}

/** The lease as Redis knows it. */
export interface LeaseView {
  /** Empty when nobody holds it. */
  readonly holder: string
  readonly token: number
  readonly mine: boolean
  /** Milliseconds until it expires by Redis's clock. */
  readonly left: number
  /** Changes with every renewal, and is no other lease’s, also when Redis has forgotten its tokens. */
  readonly mark: string
  readonly report: string
  readonly newest: FieldName | undefined
  readonly floor: Stamp | undefined
}

export interface LeaseOptions {
  readonly link: RedisLink
  readonly environment: string
  /** Unique to this process. */
  readonly holder: string
  /** How long a lease lives in Redis without being renewed, ms. */
  readonly ttl: number
}

/** One environment's lease, seen by one replica. Stateless: what follows from a view is `leadership.ts`'s to know. */
export class Lease {
  readonly #options: LeaseOptions
  readonly #keys: readonly [lease: string, fence: string, generations: string]

  constructor(options: LeaseOptions) {
    this.#options = options
    const { link, environment } = options
    this.#keys = [link.key(environment, 'lease'), link.key(environment, 'fence'), link.key(environment, 'generations')]
  }

  /** Rejects with `StoreError`. */
  async tend(request: TendRequest): Promise<LeaseView> {
    const { link, holder: me, ttl } = this.#options
    const { token: own, hold, report, highest, floor, dead } = request
    const wish = hold ? '1' : '0'
    const below = floor === undefined ? '' : `${floor.epoch}.${floor.version}.${floor.sha256}`
    const rest = [me, own, ttl, wish, report, highest, below, dead ?? '']
    const reply = await link.send(0, 'EVAL', TEND_SCRIPT, 3, ...this.#keys, ...rest)
    const [holder, token, beat, left, told, newest, lowest, mine] = (Array.isArray(reply) ? reply : []).map(String)
    return {
      holder: holder ?? '',
      token: Number(token ?? 0),
      mine: mine === '1',
      left: Math.max(0, Number(left ?? 0)),
      mark: `${token}.${beat}.${holder}`,
      report: told ?? '',
      newest: parseFieldName(newest ?? ''),
      floor: parseStamp(lowest ?? ''),
    }
  }

  /** Gives it up, if it still is ours under this token. Rejects with `StoreError`. */
  async release(token: number): Promise<void> {
    await this.#options.link.send(0, 'EVAL', RELEASE_SCRIPT, 1, this.#keys[0], this.#options.holder, token)
  }
}

function parseStamp(text: string): Stamp | undefined {
  const match = /^(\d{1,15})\.(\d{1,15})\.([0-9a-f]{64})$/.exec(text)
  return match === null ? undefined : { epoch: Number(match[1]), version: Number(match[2]), sha256: match[3] ?? '' }
}
