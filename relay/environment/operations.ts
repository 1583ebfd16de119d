/**
 * What operators do to an environment: look at the generations that are kept, go back to one of them, let the vendor's
 * word count again, believe a document that waits. Each decision opens a new epoch, which makes it newer than everything
 * served before, on every replica and after every outage. It works from what is at hand, be that only the disk.
 */
import type { Compiled } from '@halyard/engine'
import { compareGenerations } from '../store/store.ts'
import type { Generation, Store } from '../store/store.ts'
import type { Timers } from '../upstream/clock.ts'
import type { Taken } from './intake.ts'
import type { Peers } from './peers.ts'
import type { Snapshot } from './snapshot.ts'
import type { Quarantine } from './status.ts'

/** A generation that can be gone back to. Times are milliseconds since the epoch. */
export interface KeptGeneration {
  /** `epoch.version` */
  readonly order: string
  readonly sha256: string
  /** Absent when it cannot be compiled any more. */
  readonly revision?: string
  readonly flags?: number
  readonly receivedAt: number
  readonly savedAt: number
  /** Stores that have it. */
  readonly stores: readonly string[]
  readonly served: boolean
}

export interface RolledBack {
  readonly from: string
  readonly to: string
  /** What is served now. */
  readonly order: string
  readonly revision: string
  readonly pinnedAgainst?: string
}

export interface Operations {
  /** Newest first. */
  generations(): Promise<readonly KeptGeneration[]>
  /**
   * Goes back to the generation named by its revision, order or the beginning of its SHA-256; unless told, to the newest
   * one with another document than the served. Rejects with `Refusal`.
   */
  rollBack(to?: string): Promise<RolledBack>
  /** Lets the vendor's word count again. Rejects with `Refusal` when it does already. */
  unpin(): Promise<RolledBack>
  /** Believes the document that waits, here or at the leader. Throws `Refusal` when none does. */
  confirm(sha256?: string): { readonly sha256: string; readonly by: 'this replica' | 'the leader' }
}

/** An operation that cannot be done as asked; the message is for the operator. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

/** A document to serve from now on. */
export interface Decision extends Omit<Snapshot, 'ruleset' | 'problems' | 'epoch' | 'version' | 'loadedFrom'> {
  readonly compiled: Compiled
  readonly loadedFrom: 'disk' | 'redis' | 'upstream'
  /** At least this epoch: no generation that a store holds may be newer. */
  readonly epoch: number
}

export interface OperationsParts {
  readonly name: string
  readonly dialect: string
  readonly stores: readonly Store[]
  readonly peers: Peers | undefined
  readonly timers: Timers
  readonly snapshot: () => Snapshot | undefined
  readonly take: (generation: Generation) => Taken | undefined | Promise<Taken | undefined>
  /** Serves it and tells everybody. */
  readonly decide: (decision: Decision) => Promise<Snapshot>
  readonly quarantine: () => Quarantine | undefined
  readonly confirm: (sha256: string) => boolean
}

/** Longest wait for one store, ms. */
const STORE_WAIT_MS = 2_000
const SHORTEST_PREFIX = 6

interface Found {
  readonly generation: Generation
  readonly stores: readonly ('disk' | 'redis')[]
}

export class OperatedEnvironment implements Operations {
  readonly #parts: OperationsParts

  constructor(parts: OperationsParts) {
    this.#parts = parts
  }

  async generations(): Promise<readonly KeptGeneration[]> {
    const served = this.#parts.snapshot()
    const kept: KeptGeneration[] = []
    for (const found of await this.#found()) {
      const { generation, stores } = found
      const { sha256, receivedAt, savedAt } = generation
      const ruleset = (await this.#compiled(generation))?.compiled.ruleset
      kept.push({
        order: orderOf(generation),
        sha256,
        ...(ruleset === undefined ? undefined : { revision: ruleset.revision, flags: ruleset.keys.length }),
        receivedAt,
        savedAt,
        stores,
        served: served !== undefined && compareGenerations(served, generation) === 0 && served.sha256 === sha256,
      })
    }
    return kept
  }

  async rollBack(to?: string): Promise<RolledBack> {
    const found = await this.#found()
    const target = to === undefined ? this.#previous(found) : await this.#named(found, to)
    const taken = await this.#compiled(target.generation)
    if (taken === undefined) throw new Refusal(`${orderOf(target.generation)} cannot be used any more`)
    const served = this.#parts.snapshot()
    const { bytes, sha256, receivedAt } = target.generation
    // The vendor's own document is what must not come back, however many steps were gone back since.
    const vendors = served?.pinnedAgainst ?? served?.sha256
    const pin = vendors === undefined || vendors === sha256 ? undefined : { pinnedAgainst: vendors }
    const [loadedFrom = 'disk'] = target.stores
    return this.#decide({ bytes, sha256, receivedAt, loadedFrom, compiled: taken.compiled, ...pin }, found, target)
  }

  async unpin(): Promise<RolledBack> {
    const served = this.#parts.snapshot()
    if (served?.pinnedAgainst === undefined) throw new Refusal('nothing is pinned: the vendor’s word counts already')
    const { bytes, sha256, receivedAt, loadedFrom } = served
    return this.#decide({ bytes, sha256, receivedAt, loadedFrom, compiled: served }, await this.#found())
  }

  confirm(sha256?: string): ReturnType<Operations['confirm']> {
    const { quarantine, confirm, peers } = this.#parts
    const waiting = quarantine()
    if (waiting === undefined) throw new Refusal('no document waits for confirmation')
    if (sha256 !== undefined && (sha256.length < SHORTEST_PREFIX || !waiting.sha256.startsWith(sha256))) {
      throw new Refusal(`another document waits: ${waiting.sha256}`)
    }
    if (confirm(waiting.sha256)) return { sha256: waiting.sha256, by: 'this replica' }
    peers?.ask({ kind: 'confirm', sha256: waiting.sha256 })
    return { sha256: waiting.sha256, by: 'the leader' }
  }

  async #decide(decision: Omit<Decision, 'epoch'>, found: readonly Found[], target?: Found): Promise<RolledBack> {
    const served = this.#parts.snapshot()
    const epoch = 1 + Math.max(served?.epoch ?? 0, ...found.map(({ generation }) => generation.epoch))
    const after = await this.#parts.decide({ ...decision, epoch })
    const { pinnedAgainst } = after
    return {
      from: served === undefined ? 'nothing' : orderOf(served),
      to: target === undefined ? orderOf(after) : orderOf(target.generation),
      order: orderOf(after),
      revision: after.ruleset.revision,
      ...(pinnedAgainst === undefined ? undefined : { pinnedAgainst }),
    }
  }

  #previous(found: readonly Found[]): Found {
    const served = this.#parts.snapshot()
    const previous = found.find(
      ({ generation }) =>
        generation.sha256 !== served?.sha256 &&
        generation.sha256 !== served?.pinnedAgainst &&
        (served === undefined || compareGenerations(generation, served) < 0),
    )
    if (previous === undefined) throw new Refusal('no store holds an earlier document')
    return previous
  }

  async #named(found: readonly Found[], to: string): Promise<Found> {
    const matches: Found[] = []
    for (const each of found) {
      const { sha256 } = each.generation
      const named = orderOf(each.generation) === to || (to.length >= SHORTEST_PREFIX && sha256.startsWith(to))
      if (named || (await this.#compiled(each.generation))?.compiled.ruleset.revision === to) matches.push(each)
    }
    const [first] = matches
    if (first === undefined) throw new Refusal(`no kept generation is called ${JSON.stringify(to)}`)
    if (matches.some(({ generation }) => generation.sha256 !== first.generation.sha256)) {
      throw new Refusal(`several kept generations are called ${JSON.stringify(to)}`)
    }
    return first
  }

  /** Undefined when it cannot be compiled. */
  async #compiled(generation: Generation): Promise<Taken | undefined> {
    const served = this.#parts.snapshot()
    if (served?.sha256 === generation.sha256) return { sha256: served.sha256, compiled: served }
    try {
      return await this.#parts.take(generation)
    } catch {
      return undefined
    }
  }

  /** What the stores that answer in time hold, newest first, each generation once. */
  async #found(): Promise<readonly Found[]> {
    const { stores, name, dialect, timers } = this.#parts
    const loaded = await Promise.all(
      stores.map(async (store) => {
        const late = new Promise<Generation[]>((resolve) => void timers.setTimeout(() => resolve([]), STORE_WAIT_MS))
        const found = store.load(name).then(({ generations }) => generations)
        return { store, generations: await Promise.race([found, late]) }
      }),
    )
    const known = new Map<string, Found>()
    for (const { store, generations } of loaded) {
      for (const generation of generations) {
        if (generation.dialect !== dialect) continue
        const key = `${orderOf(generation)}.${generation.sha256}`
        const where = store.shared ? 'redis' : 'disk'
        known.set(key, { generation, stores: [...(known.get(key)?.stores ?? []), where] })
      }
    }
    return [...known.values()].sort((a, b) => compareGenerations(b.generation, a.generation))
  }
}

function orderOf({ epoch, version }: Pick<Generation, 'epoch' | 'version'>): string {
  return `${epoch}.${version}`
}
