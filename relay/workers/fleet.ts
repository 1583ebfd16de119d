/**
 * The worker processes, kept at their number: one that ends is replaced at once, one that keeps ending is replaced more
 * and more slowly, since forking without pause would take the processor from those that serve.
 */
import cluster from 'node:cluster'
import type { Worker } from 'node:cluster'
import { extname, join } from 'node:path'
import type { Log } from '../log.ts'
import type { Timers } from '../upstream/clock.ts'
import type { FromWorker, ToWorker } from './messages.ts'

/** Compiled modules keep the ending of their siblings. */
const ENTRY = join(import.meta.dirname, `process${extname(import.meta.filename)}`)
/** A worker that lived this long did not die of its start, ms. */
const SOUND_MS = 10_000
const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 10_000

export interface FleetParts {
  readonly count: number
  readonly log: Log
  readonly timers: Timers
  /** `number` is never used again for another worker. */
  readonly heard: (number: number, message: FromWorker) => void
  readonly ended: (number: number) => void
}

export class Fleet {
  readonly #parts: FleetParts
  readonly #workers = new Map<number, Worker>()
  #unsound = 0
  #closing = false
  #gone: (() => void) | undefined

  constructor(parts: FleetParts) {
    this.#parts = parts
  }

  get living(): ReadonlySet<number> {
    return new Set(this.#workers.keys())
  }

  start(): void {
    cluster.setupPrimary({ exec: ENTRY, args: [], serialization: 'advanced' })
    for (let index = 0; index < this.#parts.count; index++) this.#fork()
  }

  /** Whether the last deaths were so many and quick that no worker seems able to start. */
  get hopeless(): boolean {
    return this.#unsound >= 3 * this.#parts.count
  }

  tell(number: number, message: ToWorker): void {
    const worker = this.#workers.get(number)
    // A worker that is about to be noticed as dead needs no message.
    if (worker?.isConnected() === true) worker.send(message, () => {})
  }

  /** No worker is replaced any more. Resolves when all are gone; those left after `ms` are killed. */
  close(ms: number): Promise<void> {
    this.#closing = true
    if (this.#workers.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#parts.timers.setTimeout(() => {
        for (const { process } of this.#workers.values()) process.kill('SIGKILL')
      }, ms)
      this.#gone = () => {
        this.#parts.timers.clearTimeout(timer)
        resolve()
      }
    })
  }

  #fork(): void {
    const { log, timers, heard, ended } = this.#parts
    const worker = cluster.fork()
    const { id } = worker
    const born = timers.monotonic()
    this.#workers.set(id, worker)
    worker.on('message', (message: FromWorker) => heard(id, message))
    worker.on('error', (error) => log.error({ err: error, worker: worker.process.pid }, 'a worker cannot be reached'))
    worker.on('exit', (code: number | null, signal: string | null) => {
      this.#workers.delete(id)
      ended(id)
      if (this.#closing) {
        if (this.#workers.size === 0) this.#gone?.()
        return
      }
      const lived = timers.monotonic() - born
      this.#unsound = lived < SOUND_MS ? this.#unsound + 1 : 0
      const delay = this.#delay()
      log.error(
        { worker: worker.process.pid, code, signal, livedMs: Math.round(lived), replacedInMs: delay },
        'a worker ended; the others serve on',
      )
      timers.setTimeout(() => {
        if (!this.#closing) this.#fork()
      }, delay)
    })
  }

  /** As many quick deaths as there are workers are taken for one event. */
  #delay(): number {
    const extra = this.#unsound - this.#parts.count
    return extra <= 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (extra - 1), LONGEST_DELAY_MS)
  }
}
