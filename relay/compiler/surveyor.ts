/**
 * The serving thread's end of the survey thread, which is started when the first large document comes and ended when none
 * came for a while: its memory is as large as the document. Should it die, whatever was asked of it is rejected and the
 * next question starts another one.
 */
import { extname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Timers, TimerHandle } from '../upstream/clock.ts'
import type { Surveyed, SurveyOrder } from './survey-thread.ts'

const IDLE_MS = 10_000
/** What it allocates is garbage at once; left alone the collector would let tens of megabytes of it lie. */
const YOUNG_MB = 4
/** Compiled modules keep the ending of their siblings. */
const THREAD = join(import.meta.dirname, `survey-thread${extname(import.meta.filename)}`)

interface Question {
  readonly resolve: (surveyed: Surveyed) => void
  readonly reject: (error: Error) => void
}

export class Surveyor {
  readonly #timers: Timers
  readonly #questions = new Map<number, Question>()
  #thread: Worker | undefined
  #idle: TimerHandle | undefined
  #asked = 0

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Rejects when the thread died over it. The bytes stay the caller's. */
  survey(bytes: Uint8Array, known?: string): Promise<Surveyed> {
    this.#timers.clearTimeout(this.#idle)
    const thread = (this.#thread ??= this.#start())
    return new Promise((resolve, reject) => {
      const id = this.#asked++
      this.#questions.set(id, { resolve, reject })
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      thread.postMessage({ id, bytes, known } satisfies SurveyOrder)
    })
  }

  async stop(): Promise<void> {
    this.#timers.clearTimeout(this.#idle)
    await this.#thread?.terminate()
  }

  #start(): Worker {
    const thread = new Worker(THREAD, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } })
    thread.unref()
    thread.on('message', ({ id, ...surveyed }: Surveyed & { readonly id: number }) => {
      this.#questions.get(id)?.resolve(surveyed)
      this.#questions.delete(id)
      if (this.#questions.size === 0) {
        this.#idle = this.#timers.setTimeout(() => void thread.terminate(), IDLE_MS)
      }
    })
    thread.on('error', (error: Error) => this.#lost(thread, error))
    thread.on('exit', () => this.#lost(thread, new Error('the survey thread ended')))
    return thread
  }

  #lost(thread: Worker, error: Error): void {
    if (this.#thread !== thread) return
    this.#thread = undefined
    const questions = [...this.#questions.values()]
    this.#questions.clear()
    for (const { reject } of questions) reject(error)
  }
}
