/**
 * The environments of a relay: made of the settings with their vendor, stores and peers, served by the doors or mirrored
 * by workers, and replaced one by one when the settings change.
 */
import type { EnvironmentSettings } from '../config/environment.ts'
import type { Settings } from '../config/settings.ts'
import type { Compiler } from './compiler/compiler.ts'
import type { Environment } from './environment/environment.ts'
import { RefreshedEnvironment } from './environment/refresh.ts'
import type { RefreshEvents } from './environment/refresh.ts'
import { Registry } from './environment/registry.ts'
import type { ManagedEnvironment, Wanted } from './environment/registry.ts'
import type { EnvironmentSettings as ServedEnvironment } from './serve/settings.ts'
import type { Storage } from './storage.ts'
import type { Timers } from './upstream/clock.ts'
import { vendors } from './vendors/index.ts'
import { dialectOptions } from './vendors/settings.ts'
import type { MirrorSettings } from './workers/messages.ts'
import type { Pool } from './workers/pool.ts'
import { mirrorOf, PublishedEnvironment } from './workers/published.ts'

export interface EnvironmentsParts {
  readonly timers: Timers
  readonly storage: Storage
  readonly compiler: Compiler
  readonly events: RefreshEvents
  /** Absent where this process serves by itself. */
  readonly pool: Pool | undefined
  /** Serves exactly these from now on. */
  readonly serve: (environments: readonly ServedEnvironment[]) => void
}

export class Environments {
  readonly #parts: EnvironmentsParts
  readonly #registry: Registry

  constructor(parts: EnvironmentsParts) {
    this.#parts = parts
    this.#registry = new Registry(parts.timers)
  }

  all(): readonly Environment[] {
    return this.#registry.all()
  }

  get(name: string): Environment | undefined {
    return this.#registry.get(name)
  }

  /** Resolves when all that are configured run and are served, by workers too, and all others are stopped. */
  async reconcile(settings: Settings): Promise<void> {
    const { serve, pool } = this.#parts
    const wanted = [...settings.environments].map(([name, environment]) => this.#wanted(name, environment))
    let taken: Promise<void> | undefined
    await this.#registry.reconcile(wanted, () => {
      const environments = this.#served(settings)
      serve(environments)
      taken = pool?.serve(environments.flatMap(mirrored))
    })
    await taken
  }

  stop(): Promise<void> {
    return this.#registry.stop()
  }

  #served(settings: Settings): ServedEnvironment[] {
    return [...settings.environments].flatMap(([name, configured]) => {
      const environment = this.#registry.get(name)
      return environment === undefined ? [] : [{ ...servingPart(configured), name, environment }]
    })
  }

  #wanted(name: string, { upstream, plausibility, staleAfterMs }: EnvironmentSettings): Wanted {
    const create = (before: Environment | undefined): ManagedEnvironment => {
      const vendor = vendors.get(upstream.vendor)
      if (vendor === undefined) throw new Error(`no vendor is called ${upstream.vendor}`)
      const { name: vendorName, dialect } = vendor
      const options = dialectOptions(vendor, upstream)
      const { timers, storage, compiler, events, pool } = this.#parts
      const peers = storage.peersOf(name, dialect)
      const inner = new RefreshedEnvironment({
        name,
        vendor: vendorName,
        dialect,
        options,
        connect: () => vendor.connect(upstream, { timers, seed: name }),
        stores: storage.stores,
        plausibility,
        staleAfterMs,
        timers,
        events,
        compiler,
        ...(before === undefined ? {} : { before: () => before.snapshot() }),
        ...(peers === undefined ? {} : { peers }),
      })
      if (pool === undefined) return inner
      const listenerFailed = (error: unknown): void => events.listenerFailed(name, String(error))
      return new PublishedEnvironment({ inner, pool, dialect, options, listenerFailed })
    }
    return { name, fingerprint: JSON.stringify([upstream, plausibility, staleAfterMs]), create }
  }
}

/** Without what is only for asking the upstream, its secrets above all. */
function servingPart(settings: EnvironmentSettings): Required<Omit<ServedEnvironment, 'name' | 'environment'>> {
  const { keys, webhookSecrets, anonymous, cors, valueless, valuelessByAgent, snakeCaseErrors } = settings
  const { flagSetMetadata, clientFlags } = settings
  return {
    keys,
    webhookSecrets,
    anonymous,
    cors,
    valueless,
    valuelessByAgent,
    snakeCaseErrors,
    flagSetMetadata,
    clientFlags,
  }
}

/** An environment as workers know it. */
function mirrored({ environment, ...settings }: ServedEnvironment): MirrorSettings[] {
  const mirror = mirrorOf(environment)
  return mirror === undefined ? [] : [{ ...settings, mirror }]
}
