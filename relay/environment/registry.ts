/**
 * The environments of this process and their replacement at run time. A reload starts what is new, keeps what is
 * unchanged running untouched, and swaps a changed environment only when its successor has something to serve.
 */
import type { Timers } from '../upstream/clock.ts'
import type { Environment } from './environment.ts'

/** An environment this registry may start and stop. */
export interface ManagedEnvironment extends Environment {
  start(): Promise<void>
  stop(): Promise<void>
}

/** An environment that should run; equal fingerprints mean that a running one can stay. */
export interface Wanted {
  readonly name: string
  readonly fingerprint: string
  /** `before`: the running one that it shall take the place of. */
  create(before: Environment | undefined): ManagedEnvironment
}

/** How long a changed environment may take to find its first document before it replaces its predecessor all the same. */
const SUCCESSION_MS = 10_000

export class Registry {
  readonly #timers: Timers
  #running = new Map<string, { readonly fingerprint: string; readonly environment: ManagedEnvironment }>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  get(name: string): Environment | undefined {
    return this.#running.get(name)?.environment
  }

  all(): Environment[] {
    return [...this.#running.values()].map((entry) => entry.environment)
  }

  /**
   * Makes the running environments those that are wanted. Resolves when all are started; `publish` is called once, just
   * before predecessors are stopped, so that requests are routed to the new ones first.
   */
  async reconcile(wanted: readonly Wanted[], publish: () => void): Promise<void> {
    const before = this.#running
    const next = new Map(
      wanted.map((candidate) => {
        const { name, fingerprint } = candidate
        const running = before.get(name)
        const kept = running?.fingerprint === fingerprint
        return [name, kept ? running : { fingerprint, environment: candidate.create(running?.environment) }]
      }),
    )
    await Promise.all(
      [...next].map(async ([name, entry]) => {
        const running = before.get(name)
        if (running === entry) return
        await entry.environment.start()
        if (running?.environment.snapshot() !== undefined) await this.#served(entry.environment)
      }),
    )
    this.#running = next
    publish()
    const kept = new Set([...next.values()].map((entry) => entry.environment))
    const replaced = [...before.values()].filter(({ environment }) => !kept.has(environment))
    await Promise.all(replaced.map(({ environment }) => environment.stop()))
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ environment }) => environment.stop()))
  }

  async #served(environment: Environment): Promise<void> {
    if (environment.snapshot() !== undefined) return
    await new Promise<void>((resolve) => {
      const unsubscribe = environment.subscribe(() => {
        this.#timers.clearTimeout(timer)
        unsubscribe()
        resolve()
      })
      const timer = this.#timers.setTimeout(() => {
        unsubscribe()
        resolve()
      }, SUCCESSION_MS)
    })
  }
}
