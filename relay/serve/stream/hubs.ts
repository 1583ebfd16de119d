/** The hub of every environment that is served, and what a reload means to the streams that are open. */
import type { Caller, Tenant, Tenants } from '../tenants.ts'
import { Hub } from './hub.ts'
import type { Streams } from './streams.ts'

export class Hubs {
  readonly #streams: Streams
  readonly #tenants: Tenants
  readonly #hubs = new Map<string, Hub>()

  constructor(tenants: Tenants, streams: Streams) {
    this.#tenants = tenants
    this.#streams = streams
    this.reconcile()
  }

  of(tenant: Tenant): Hub {
    const known = this.#hubs.get(tenant.name)
    if (known !== undefined) return known
    const made = new Hub(tenant, this.#streams)
    this.#hubs.set(tenant.name, made)
    return made
  }

  /** Environments, keys or settings were replaced: streams of whoever may not be served any more end at once. */
  reconcile(): void {
    for (const tenant of this.#tenants.list()) this.of(tenant)
    for (const [name, hub] of this.#hubs) {
      const tenant = this.#tenants.get(name)
      this.#renew(name)
      if (tenant === undefined) {
        hub.stop()
        this.#hubs.delete(name)
      } else if (tenant !== hub.tenant) hub.adopt(tenant)
    }
  }

  /** The rights that a caller has now, who was admitted before something else was waited for. */
  renewed(caller: Caller): Caller | undefined {
    return this.#tenants.renew(caller)
  }

  stop(): void {
    for (const hub of this.#hubs.values()) hub.stop()
  }

  #renew(name: string): void {
    for (const channel of this.#streams.of(name)) {
      const caller = this.#tenants.renew(channel.caller)
      if (caller === undefined) channel.cut('revoked')
      else channel.caller = caller
    }
  }
}
