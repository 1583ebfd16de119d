/**
 * The source of an environment, started and stopped as often as this replica begins and ceases to lead. A source is
 * started once, so each start makes a new one; what a stopped one still says is not heard.
 */
import type { Source, SourceSink, SourceStatus } from '../upstream/source.ts'
import type { TimerHandle, Timers } from '../upstream/clock.ts'

export interface FeedParts {
  readonly connect: () => Source
  readonly sink: SourceSink
  readonly timers: Timers
}

export class Feed {
  readonly #parts: FeedParts
  #source: Source | undefined
  #pending: { readonly timer: TimerHandle; readonly dueAt: number } | undefined
  #stopping: Promise<unknown> = Promise.resolve()
  #last: SourceStatus = { state: 'starting', consecutiveFailures: 0 }

  constructor(parts: FeedParts) {
    this.#parts = parts
  }

  get running(): boolean {
    return this.#source !== undefined
  }

  /** Begins after `delay` ms; of several delays the shortest counts. Does nothing while it runs. */
  start(delay = 0): void {
    if (this.#source !== undefined) return
    const { timers } = this.#parts
    const dueAt = timers.monotonic() + delay
    if (this.#pending !== undefined) {
      if (this.#pending.dueAt <= dueAt) return
      timers.clearTimeout(this.#pending.timer)
      this.#pending = undefined
    }
    if (delay > 0) this.#pending = { timer: timers.setTimeout(() => this.#begin(), delay), dueAt }
    else this.#begin()
  }

  /** Asks for the whole document anew, whatever the source has already delivered. */
  restart(): void {
    if (this.#source === undefined) return
    void this.stop()
    this.start()
  }

  /** Asks the vendor now; nothing happens while it is stopped. */
  refresh(): void {
    this.#source?.refresh()
  }

  status(): SourceStatus {
    return this.#source?.status() ?? this.#last
  }

  /** Resolves when this source and all before it have ended. */
  async stop(): Promise<void> {
    this.#parts.timers.clearTimeout(this.#pending?.timer)
    this.#pending = undefined
    const source = this.#source
    this.#source = undefined
    if (source !== undefined) {
      this.#stopping = Promise.allSettled([this.#stopping, source.stop()])
      const { lastSuccessAt } = source.status()
      const last = lastSuccessAt === undefined ? {} : { lastSuccessAt }
      this.#last = { state: 'stopped', consecutiveFailures: 0, ...last }
    }
    await this.#stopping
  }

  #begin(): void {
    this.#pending = undefined
    const { connect, sink } = this.#parts
    const source = connect()
    const whileCurrent =
      <T>(call: (value: T) => void) =>
      (value: T) => {
        if (this.#source === source) call(value)
      }
    this.#source = source
    source.start({
      document: whileCurrent((document) => sink.document(document)),
      unchanged: whileCurrent((at) => sink.unchanged(at)),
      failed: whileCurrent((error) => sink.failed(error)),
    })
  }
}
