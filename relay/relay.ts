/**
 * The composition root: with the files beside it (`environments`, `storage`, `events`, `shares`) the one place that knows
 * everyone. It turns settings into running parts, wires what they tell of themselves to logs and metrics, and gives the
 * process one handle to reload and stop them by.
 */
import type { Context } from '@halyard/engine'
import type { Settings } from '../config/settings.ts'
import { Compiler } from './compiler/compiler.ts'
import { Environments } from './environments.ts'
import { refreshEvents, replicationEvents } from './events.ts'
import type { Log } from './log.ts'
import { Server } from './serve/server.ts'
import { ratesOf, shareOf, streamsOf } from './shares.ts'
import { Storage } from './storage.ts'
import { Metrics } from './telemetry/metrics.ts'
import { TelemetryQueue } from './telemetry/track-queue.ts'
import { SummedMetrics } from './telemetry/summed-metrics.ts'
import { systemTimers } from './upstream/clock.ts'
import type { Timers } from './upstream/clock.ts'
import { Pool } from './workers/pool.ts'

export interface RelayTools {
  readonly log: Log
  /** Default: the machine's clock and randomness. */
  readonly timers?: Timers
}

export interface RunningRelay {
  /** As URLs, with the ports that were really taken. */
  readonly addresses: { readonly public: string; readonly management: string }
  /** Names, in the order of the configuration. */
  readonly environments: readonly string[]
  /** The first flag of an environment that has a value for this person; undefined before the first document. */
  exampleOf(environment: string, person: Context): string | undefined
  /** Takes over other environments, keys and origins without dropping a request; `listen` and `store` need a restart. */
  reload(settings: Settings): Promise<void>
  /** Drains as `settings.drain` says, then ends everything. Idempotent. */
  stop(): Promise<void>
}

/** Starts serving at once; environments answer 503 until their first document. Rejects when an address is taken. */
export async function startRelay(
  settings: Settings,
  { log, timers = systemTimers }: RelayTools,
): Promise<RunningRelay> {
  const relay = new Relay(settings, log, timers)
  await relay.start()
  return relay
}

class Relay implements RunningRelay {
  addresses = { public: '', management: '' }
  environments: readonly string[]
  readonly #log: Log
  readonly #metrics: Metrics
  readonly #environments: Environments
  readonly #storage: Storage
  readonly #compiler: Compiler
  /** Absent where this process serves by itself. */
  readonly #pool: Pool | undefined
  readonly #server: Server
  #settings: Settings
  #reloading: Promise<void> = Promise.resolve()
  #stopping: Promise<void> | undefined

  constructor(settings: Settings, log: Log, timers: Timers) {
    this.#settings = settings
    this.environments = [...settings.environments.keys()]
    this.#log = log
    this.#compiler = new Compiler(timers)
    this.#metrics = new Metrics({
      environments: () => this.#environments.all(),
      now: () => timers.now(),
      defect: (error) => log.error({ err: error }, 'a request could not be handled'),
    })
    this.#storage = new Storage({
      settings: settings.store,
      timers,
      warn: (store, message) => log.warn({ store }, message),
      events: replicationEvents(log),
    })
    const { prefix, publicUrl, limits, rateLimit, readiness, express, management, ...where } = settings.listen
    const { host, port, tls, http2, proxies } = where
    const { workers, streams, track } = settings
    const outward = publicUrl === undefined ? undefined : { publicUrl }
    const share = {
      limits: shareOf(limits, workers),
      rateLimit: ratesOf(rateLimit, workers),
      streams: streamsOf(streams, workers),
    }
    const listen = { host, port, http2, proxies, ...(tls === undefined ? undefined : { tls }) }
    const pool = (this.#pool =
      workers === 1
        ? undefined
        : new Pool({
            count: workers,
            settings: { listen, prefix, readiness, express, ...outward, ...share },
            trackBytes: Math.floor(track.queueBytes / workers),
            logLevel: settings.log.level,
            log,
            timers,
          }))
    this.#environments = new Environments({
      timers,
      storage: this.#storage,
      compiler: this.#compiler,
      events: refreshEvents(log, this.#metrics),
      pool,
      serve: (environments) => this.#server.reload({ environments }),
    })
    const own = this.#metrics
    this.#server = new Server({
      settings: {
        environments: [],
        listen,
        management,
        prefix,
        limits,
        readiness,
        express,
        ...outward,
        rateLimit,
        streams,
      },
      track: new TelemetryQueue({
        sink: undefined,
        maxBytes: track.queueBytes,
        timers,
        lost: (...what) => own.trackLost(...what),
      }),
      timers,
      observer: own,
      ...(pool === undefined
        ? { metrics: own }
        : {
            metrics: new SummedMetrics({ own, others: () => pool.metrics(), living: () => pool.living }),
            doors: { public: pool },
          }),
    })
  }

  async start(): Promise<void> {
    const addresses = await this.#server.start()
    this.addresses = {
      public: urlOf(addresses.public, this.#settings.listen.tls === undefined ? 'http' : 'https'),
      management: urlOf(addresses.management, 'http'),
    }
    await this.#environments.reconcile(this.#settings)
  }

  exampleOf(environment: string, person: Context): string | undefined {
    const ruleset = this.#environments.get(environment)?.snapshot()?.ruleset
    return ruleset?.keys.find((key) => {
      const { errorCode, value } = ruleset.evaluate(key, person)
      return errorCode === undefined && value !== undefined
    })
  }

  reload(settings: Settings): Promise<void> {
    const reloading = this.#reloading.then(async () => {
      if (this.#stopping !== undefined) return
      for (const name of needingRestart(this.#settings, settings)) {
        this.#log.warn({ setting: name }, `a change of ${name} needs a restart; the running relay keeps the old value`)
      }
      await this.#environments.reconcile(settings)
      this.#pool?.setLogLevel(settings.log.level)
      this.#settings = settings
      this.environments = [...settings.environments.keys()]
    })
    this.#reloading = reloading.catch(() => undefined)
    return reloading
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    await this.#server.drain(this.#settings.drain)
    await this.#reloading
    await this.#environments.stop()
    await this.#compiler.stop()
    await this.#storage.close()
  }
}

/** Settings that a running process cannot take over. */
function needingRestart(before: Settings, after: Settings): string[] {
  const names = ['listen', 'store', 'streams', 'track', 'workers'] as const
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
}

function urlOf({ host, port }: { readonly host: string; readonly port: number }, scheme: 'http' | 'https'): string {
  const shown = host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
  return `${scheme}://${shown}:${port}`
}
