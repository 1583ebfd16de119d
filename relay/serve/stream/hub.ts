/**
 * An environment as its streams see it: the point it has reached, what it served before, and who is to be told. It lives
 * as long as the environment's name is served, whatever is put in its place on a reload.
 */
import type { Snapshot } from '../../environment/snapshot.ts'
import type { Timers } from '../clock.ts'
import type { Tenant } from '../tenants.ts'
import type { Audience } from './audience.ts'
import type { StreamKind } from './channel.ts'
import { History } from './history.ts'
import type { Point } from './history.ts'
import type { Streams } from './streams.ts'

/** A wall clock may be set; it is looked at again after this long, ms. */
const LONGEST_WAIT = 60_000

export class Hub {
  readonly streams: Streams
  readonly history: History
  tenant: Tenant
  #point: Point | undefined
  readonly #audiences = new Map<StreamKind, Audience>()
  readonly #waiting = new Set<() => void>()
  #unsubscribe: () => void
  #transition: object | undefined

  constructor(tenant: Tenant, streams: Streams) {
    this.streams = streams
    this.tenant = tenant
    this.history = new History(streams.settings.historyBytes)
    this.#unsubscribe = this.#follow(tenant)
  }

  get timers(): Timers {
    return this.streams.timers
  }

  /** What is served; undefined until the first document. */
  get point(): Point | undefined {
    const snapshot = this.tenant.environment.snapshot()
    const point = this.#point
    // The same document under another number, as replicas agree on their order: nobody has to hear of it.
    if (point !== undefined && snapshot !== point.snapshot && snapshot?.ruleset === point.snapshot?.ruleset) {
      this.#point = { ...point, epoch: snapshot?.epoch ?? 0, version: snapshot?.version ?? 0, snapshot }
      this.history.add(this.#point)
    }
    return this.#point
  }

  /** The audience of a kind of stream; made when first asked for. */
  audience<One extends Audience>(kind: StreamKind, make: () => One): One {
    const known = this.#audiences.get(kind)
    if (known !== undefined) return known as One
    const made = make()
    this.#audiences.set(kind, made)
    return made
  }

  /** The environment, its settings or keys were replaced. */
  adopt(tenant: Tenant): void {
    if (tenant.environment !== this.tenant.environment) {
      this.#unsubscribe()
      this.tenant = tenant
      this.#unsubscribe = this.#follow(tenant)
    }
    this.tenant = tenant
    this.#announce()
  }

  stop(): void {
    this.#unsubscribe()
    this.timers.clearTimeout(this.#transition)
    for (const audience of this.#audiences.values()) audience.stop()
    for (const resolve of this.#waiting) resolve()
  }

  /** Resolves after the next change, or after `ms`. */
  moved(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        this.timers.clearTimeout(timer)
        this.#waiting.delete(finish)
        resolve()
      }
      const timer = this.timers.setTimeout(finish, ms)
      this.#waiting.add(finish)
    })
  }

  /** Somebody is about to listen: rules with a clock have to be watched, and may have moved on while nobody did. */
  watch(): void {
    const { point } = this
    if (this.#transition !== undefined || point?.snapshot === undefined) return
    const { snapshot } = point
    if ((snapshot.ruleset.nextTransition(point.at) ?? Infinity) <= this.timers.now()) this.#move(snapshot)
    if (this.#transition === undefined) this.#await(snapshot)
  }

  #follow({ environment }: Tenant): () => void {
    const snapshot = environment.snapshot()
    if (snapshot !== undefined && snapshot !== this.#point?.snapshot) this.#move(snapshot)
    return environment.subscribe(({ before, after }) => {
      this.#move(after, before === undefined || after.loadedFrom === 'disk' ? undefined : after.receivedAt)
    })
  }

  #move(snapshot: Snapshot, receivedAt?: number): void {
    const { epoch, version, ruleset } = snapshot
    this.#point = { revision: ruleset.revision, epoch, version, at: this.timers.now(), snapshot }
    this.history.add(this.#point)
    this.timers.clearTimeout(this.#transition)
    this.#transition = undefined
    if (this.#size > 0) this.#await(snapshot)
    this.#announce(receivedAt)
    for (const resolve of this.#waiting) resolve()
  }

  get #size(): number {
    return [...this.#audiences.values()].reduce((sum, { size }) => sum + size, 0)
  }

  /** Rules with a clock answer otherwise at moments that are known: then the same document is a new state. */
  #await(snapshot: Snapshot): void {
    const now = this.timers.now()
    const next = snapshot.ruleset.nextTransition(now) ?? Infinity
    this.#transition = this.timers.setTimeout(
      () => {
        if (this.timers.now() < next) this.#await(snapshot)
        else this.#move(snapshot)
      },
      Math.min(next - now, LONGEST_WAIT),
    )
  }

  #announce(receivedAt?: number): void {
    let telling = this.#audiences.size
    if (telling === 0) this.history.trim()
    for (const [kind, audience] of this.#audiences) {
      audience.announce(() => {
        if (receivedAt !== undefined) this.#reached(kind, audience, receivedAt)
        if (--telling === 0) this.history.trim()
      })
    }
  }

  #reached(kind: StreamKind, audience: Audience, receivedAt: number): void {
    if (audience.size === 0) return
    const seconds = Math.max(0, this.timers.now() - receivedAt) / 1_000
    this.streams.observer.streams.propagated(this.tenant.name, kind, seconds)
  }
}
