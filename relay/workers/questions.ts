/** Questions that are put to several workers at once: answered when all have answered, left, or had their time. */
import type { Timers } from '../upstream/clock.ts'
import type { FromWorker } from './messages.ts'

interface Open {
  readonly waiting: Set<number>
  readonly answers: Map<number, FromWorker>
  readonly close: () => void
}

export class Questions {
  readonly #timers: Timers
  readonly #open = new Map<number, Open>()
  #last = 0

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** The question's number (never 0) and the answers that came in time, by worker. */
  put(
    workers: ReadonlySet<number>,
    ms: number,
  ): { readonly question: number; readonly answers: Promise<ReadonlyMap<number, FromWorker>> } {
    const question = ++this.#last
    const answers = new Promise<ReadonlyMap<number, FromWorker>>((resolve) => {
      const given = new Map<number, FromWorker>()
      const close = (): void => {
        this.#timers.clearTimeout(timer)
        this.#open.delete(question)
        resolve(given)
      }
      const timer = this.#timers.setTimeout(close, ms)
      this.#open.set(question, { waiting: new Set(workers), answers: given, close })
      if (workers.size === 0) close()
    })
    return { question, answers }
  }

  answered(question: number, worker: number, answer: FromWorker): void {
    const open = this.#open.get(question)
    if (open?.waiting.delete(worker) !== true) return
    open.answers.set(worker, answer)
    if (open.waiting.size === 0) open.close()
  }

  left(worker: number): void {
    for (const { waiting, close } of this.#open.values()) {
      if (waiting.delete(worker) && waiting.size === 0) close()
    }
  }
}
