/**
 * Composes the serving side: the public door, the management door, and their common life: start, reload, drain.
 */
import type { Timers } from './clock.ts'
import type { Address, Door } from './door/door.ts'
import { HttpDoor } from './door/http.ts'
import { ManagementSite } from './management.ts'
import type { MetricsSource } from './metrics.ts'
import type { Observer } from './observer.ts'
import { documentRoutes } from './document/routes.ts'
import { eventsRoute } from './events/route.ts'
import { bulkRoute } from './ofrep/bulk.ts'
import { singleRoute } from './ofrep/single.ts'
import { defaultRateLimit, RateLimit } from './rate-limit.ts'
import type { Route } from './route.ts'
import { defaultLimits } from './settings.ts'
import type { Limits, ReloadableSettings, ServeSettings } from './settings.ts'
import { Site } from './site.ts'
import { Hubs } from './stream/hubs.ts'
import { evaluatedRoutes } from './stream/route.ts'
import { defaultStreams } from './stream/settings.ts'
import { Streams } from './stream/streams.ts'
import { normalisePrefix } from './target.ts'
import { Tenants } from './tenants.ts'
import { trackRoute } from './track/route.ts'
import type { TrackQueue } from './track/route.ts'

export interface ServerParts {
  readonly settings: ServeSettings
  readonly timers: Timers
  readonly observer: Observer
  readonly metrics: MetricsSource
  /** Where exposures and tracking events go. */
  readonly track: Track
  /** Routes of the public door besides OFREP's. */
  readonly routes?: readonly Route[]
  /** Doors to open instead of listeners of this process's own, where several processes share the work. */
  readonly doors?: { readonly public?: Door; readonly management?: Door }
}

export interface Track extends TrackQueue {
  /** Hands on what waits, for `ms` at most. */
  flush(ms: number): Promise<void>
}

/** Stands where this process shall have no door. */
export const absentDoor: Door = {
  listen: () => Promise.resolve({ host: '', port: 0 }),
  retire: () => undefined,
  close: () => Promise.resolve(),
}

/** What of the grace is kept for handing on what clients have told, ms. */
const FLUSH_MS = 1_000

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
  readonly #streams: Streams
  readonly #hubs: Hubs
  readonly #rateLimit: RateLimit
  readonly #track: Track
  #draining: Promise<void> | undefined

  /** Throws when the settings contradict themselves, such as one key for two environments. */
  constructor({ settings, timers, observer, metrics, track, routes = [], doors = {} }: ServerParts) {
    const { environments, prefix, readiness = 'all', express = true, listen, management } = settings
    const limits = { ...defaultLimits, ...settings.limits }
    this.#timers = timers
    this.#tenants = new Tenants(environments, timers)
    const tenants = this.#tenants
    this.#track = track
    this.#rateLimit = new RateLimit(settings.rateLimit ?? defaultRateLimit, timers)
    this.#streams = new Streams({ settings: { ...defaultStreams, ...settings.streams }, timers, observer })
    this.#hubs = new Hubs(tenants, this.#streams)
    const site = new Site({
      routes: [...this.#routes(settings, limits, observer), ...routes],
      tenants,
      timers,
      observer,
      rateLimit: this.#rateLimit,
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
        turnedAway: (why) => observer.turnedAway(why),
        failed: (error) => observer.failed(error),
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
    this.#hubs.reconcile()
    this.#rateLimit.keep(this.#tenants)
  }

  /**
   * From now on every answer tells its client to open no further request on its connection, and streams are ended, spread
   * over the window.
   */
  retire(windowMs: number): void {
    this.#public.retire(windowMs)
    void this.#streams.drain(windowMs)
  }

  /**
   * Readiness goes first, then new requests on old connections and streams, then idle connections, then all; what clients
   * have told is handed on last. Idempotent.
   */
  drain(options: DrainOptions): Promise<void> {
    this.#draining ??= this.#drain(options)
    return this.#draining
  }

  async #drain({ windowMs, graceMs = 5_000 }: DrainOptions): Promise<void> {
    this.retire(windowMs)
    await new Promise<void>((resolve) => {
      this.#timers.setTimeout(resolve, windowMs)
    })
    await this.#streams.drain(windowMs)
    const startedAt = this.#timers.monotonic()
    await this.#public.close(graceMs - Math.min(FLUSH_MS, graceMs / 4))
    this.#hubs.stop()
    await this.#track.flush(Math.max(0, graceMs - (this.#timers.monotonic() - startedAt)))
    await this.#management.close(0)
  }

  #routes(settings: ServeSettings, limits: Limits, observer: Observer): Route[] {
    const hubs = this.#hubs
    const streams = this.#streams
    const { publicUrl } = settings
    const { eventStreams } = streams.settings
    const advertise = { eventStreams, publicUrl, prefix: normalisePrefix(settings.prefix) }
    const ofrep = { limits, timers: this.#timers, observer }
    return [
      bulkRoute({ ...ofrep, hubs, advertise }),
      singleRoute(ofrep),
      eventsRoute(hubs, streams),
      ...evaluatedRoutes({ limits, hubs, streams, observer }),
      ...documentRoutes(hubs, streams),
      trackRoute({ limits, observer, queue: this.#track }),
    ]
  }
}
