/**
 * Composes the serving side: the public door, the management door, and their common life: start, reload, drain.
 */
import type { Timers } from './clock.ts'
import type { Address, Door } from './door/door.ts'
import { HttpDoor } from './door/http.ts'
import { ManagementSite } from './management.ts'
import type { MetricsSource } from './metrics.ts'
import type { Observer } from './observer.ts'
import { bulkRoute } from './ofrep/bulk.ts'
import { singleRoute } from './ofrep/single.ts'
import type { Route } from './route.ts'
import { defaultLimits } from './settings.ts'
import type { ReloadableSettings, ServeSettings } from './settings.ts'
import { Site } from './site.ts'
import { Tenants } from './tenants.ts'

export interface ServerParts {
  readonly settings: ServeSettings
  readonly timers: Timers
  readonly observer: Observer
  readonly metrics: MetricsSource
  /** Routes of the public door besides OFREP's. */
  readonly routes?: readonly Route[]
  /** Doors to open instead of listeners of this process's own, where several processes share the work. */
  readonly doors?: { readonly public?: Door; readonly management?: Door }
}

/** Stands where this process shall have no door. */
export const absentDoor: Door = {
  listen: () => Promise.resolve({ host: '', port: 0 }),
  retire: () => undefined,
  close: () => Promise.resolve(),
}

export interface Addresses {
  readonly public: Address
  readonly management: Address
}

export interface DrainOptions {
  /** How long to go on serving after readiness was withdrawn, ms: balancers need time to notice. */
  readonly windowMs: number
  /** How long what is then still under way may take, ms. Default 5,000. */
  readonly graceMs?: number
}

export class Server {
  readonly #timers: Timers
  readonly #tenants: Tenants
  readonly #public: Door
  readonly #management: Door
  #draining: Promise<void> | undefined

  /** Throws when the settings contradict themselves, such as one key for two environments. */
  constructor({ settings, timers, observer, metrics, routes = [], doors = {} }: ServerParts) {
    const { environments, prefix, readiness = 'all', express = true, listen, management } = settings
    const limits = { ...defaultLimits, ...settings.limits }
    this.#timers = timers
    this.#tenants = new Tenants(environments, timers)
    const tenants = this.#tenants
    const ofrep = { limits, timers, observer }
    const site = new Site({
      routes: [bulkRoute(ofrep), singleRoute(ofrep), ...routes],
      tenants,
      timers,
      observer,
      ...(prefix === undefined ? undefined : { prefix }),
    })
    const draining = (): boolean => this.#draining !== undefined
    const startedAt = timers.monotonic()
    const managed = new ManagementSite({ tenants, timers, observer, metrics, readiness, draining, startedAt })
    const refused = (status: number): void => observer.answered('other', 'other', status, 0)
    this.#public =
      doors.public ??
      new HttpDoor({
        listen,
        limits,
        timers,
        refused,
        handle: (request) => site.handle(request),
        ...(express ? { express: { counted: (what) => observer.lane(what) } } : undefined),
      })
    this.#management =
      doors.management ??
      new HttpDoor({
        listen: { ...management, host: management.host ?? '127.0.0.1' },
        limits,
        timers,
        refused,
        handle: (request) => managed.handle(request),
      })
  }

  /** Opens both doors, management first so that readiness can be asked for from the beginning. */
  async start(): Promise<Addresses> {
    const management = await this.#management.listen()
    try {
      return { public: await this.#public.listen(), management }
    } catch (error) {
      await this.#management.close(0)
      throw error
    }
  }

  /**
   * Serves other environments, keys and origins from the next request on. Throws, and changes nothing, when they
   * contradict themselves.
   */
  reload({ environments }: ReloadableSettings): void {
    this.#tenants.replace(environments)
  }

  /** From now on every answer tells its client to open no further request on its connection. */
  retire(): void {
    this.#public.retire()
  }

  /** Readiness goes first, then new requests on old connections, then idle connections, then all. Idempotent. */
  drain(options: DrainOptions): Promise<void> {
    this.#draining ??= this.#drain(options)
    return this.#draining
  }

  async #drain({ windowMs, graceMs = 5_000 }: DrainOptions): Promise<void> {
    this.#public.retire()
    await new Promise<void>((resolve) => {
      this.#timers.setTimeout(resolve, windowMs)
    })
    await this.#public.close(graceMs)
    await this.#management.close(0)
  }
}
