/**
 * Answers that stay open: what a handler writes to, and the list by which a door ends them all. Ten thousand of them idle
 * most of the time, so one is a small object without timers or listeners of its own; whoever owns the connection tells
 * it when that has ended.
 */
import type { Buffer } from 'node:buffer'
import type { Timers } from '../clock.ts'
import type { Outlet, OutletListener } from '../http-message.ts'

/** What open answers are written to: a socket, a response of node:http, a stream of node:http2. */
export interface Sink {
  readonly writableLength: number
  write(bytes: Buffer, taken: (error: Error | null | undefined) => void): unknown
  end(): unknown
  destroy(): unknown
  setTimeout(ms: number, callback: () => void): unknown
}

/** In how many portions answers are ended, so that not all their clients come back at once. */
const PORTIONS = 20

export class OpenAnswers {
  readonly #open = new Set<OpenAnswer>()
  readonly #timers: Timers
  #ending = false
  /** How long the peer may take for what is pending when an answer was ended, ms. */
  readonly lingerMs: number

  constructor(timers: Timers, lingerMs: number) {
    this.#timers = timers
    this.lingerMs = lingerMs
  }

  get size(): number {
    return this.#open.size
  }

  /** To be called when the head was written; the answer must be told when its connection has ended. */
  open(sink: Sink, stream: (outlet: Outlet) => OutletListener): OpenAnswer {
    const answer = new OpenAnswer(sink, this)
    this.#open.add(answer)
    answer.begin(stream)
    if (this.#ending) answer.end()
    return answer
  }

  forget(answer: OpenAnswer): void {
    this.#open.delete(answer)
  }

  /** Ends all within `spreadMs`, in the order in which they were opened, and each that is opened later at once. */
  endAll(spreadMs: number): void {
    this.#ending = true
    const portion = Math.max(1, Math.ceil(this.#open.size / PORTIONS))
    const next = (): void => {
      let ended = 0
      for (const answer of this.#open) {
        if (answer.ended) continue
        answer.end()
        if (++ended === portion && spreadMs > 0) {
          this.#timers.setTimeout(next, spreadMs / PORTIONS)
          return
        }
      }
    }
    next()
  }
}

export class OpenAnswer implements Outlet {
  readonly #sink: Sink
  readonly #all: OpenAnswers
  #listener: OutletListener | undefined
  #backlog = false
  ended = false

  constructor(sink: Sink, all: OpenAnswers) {
    this.#sink = sink
    this.#all = all
  }

  begin(stream: (outlet: Outlet) => OutletListener): void {
    this.#listener = stream(this)
  }

  get pending(): number {
    return this.#sink.writableLength
  }

  write(bytes: Buffer): void {
    if (this.ended) return
    this.#sink.write(bytes, (error) => this.#taken(error))
    if (this.#sink.writableLength > 0) this.#backlog = true
  }

  end(): void {
    if (this.ended) return
    this.ended = true
    this.#sink.end()
    this.#sink.setTimeout(this.#all.lingerMs, () => this.#sink.destroy())
  }

  destroy(): void {
    this.ended = true
    this.#sink.destroy()
  }

  /** The peer sends no more: it has lost interest. */
  onEnd(): void {
    this.destroy()
  }

  /** The connection is closed. */
  onClose(): void {
    this.ended = true
    this.#all.forget(this)
    const listener = this.#listener
    this.#listener = undefined
    listener?.closed()
  }

  #taken(error: Error | null | undefined): void {
    if (!this.#backlog || this.ended || (error !== null && error !== undefined)) return
    if (this.#sink.writableLength > 0) return
    this.#backlog = false
    this.#listener?.drained()
  }
}
