/**
 * Asking the relay for each answer, over OFREP. A relay that does not answer is left alone: after a few failures in a
 * row nobody waits for it any more, one probe asks instead, and the first that succeeds lets everybody through again.
 */
import type { Context, Evaluation, ValueType } from '@halyard/engine'
import { answerOf, failed } from './answers.ts'
import { RelayError } from './relay-error.ts'
import { delayAfter } from './schedule.ts'
import { pause } from './timers.ts'
import type { Timers } from './timers.ts'
import { discard } from './transport.ts'
import type { Transport } from './transport.ts'

export interface RemoteEvents {
  up(): void
  down(error: RelayError): void
}

/** Failures in a row after which nobody waits for the relay any more. */
const TOLERATED = 5
const PATH = '/ofrep/v1/evaluate/flags'

export class Remote {
  /** Why nobody is let through; undefined while everybody is. */
  obstacle: RelayError | undefined = new RelayError('network', 'the relay was not asked yet')
  readonly #transport: Transport
  readonly #timers: Timers
  readonly #events: RemoteEvents
  readonly #abort = new AbortController()
  #failures = 0
  #probing = false

  constructor(transport: Transport, timers: Timers, events: RemoteEvents) {
    this.#transport = transport
    this.#timers = timers
    this.#events = events
  }

  /** Finds out, for as long as it takes, whether the relay answers. */
  start(): void {
    if (!this.#probing) void this.#probe(0)
  }

  close(): void {
    this.#abort.abort()
  }

  /** Never rejects. */
  async evaluate(key: string, context: Context, type?: ValueType): Promise<Evaluation> {
    const path = pathOf(key)
    if (path === undefined) return failed(key, 'FLAG_NOT_FOUND', 'no address can hold this key')
    const answer = await this.#ask(path, context)
    return answer instanceof RelayError ? failed(key, 'GENERAL', answer.message) : answerOf(key, answer, type)
  }

  /** Every flag's answer, of one moment. Rejects with RelayError. */
  async evaluateAll(context: Context): Promise<Evaluation[]> {
    const answer = await this.#ask(PATH, context)
    if (answer instanceof RelayError) throw answer
    const { flags } = answer as { flags?: unknown }
    if (!Array.isArray(flags)) throw new RelayError('unfit', 'the answer lists no flags')
    return flags.flatMap((flag: { key?: unknown } | null) =>
      typeof flag?.key === 'string' ? [answerOf(flag.key, flag, undefined)] : [],
    )
  }

  /** A parsed body of an answer that OFREP knows; else why there is none. */
  async #ask(path: string, context: Context): Promise<object | RelayError> {
    if (this.obstacle !== undefined) return this.obstacle
    let body: string
    try {
      body = JSON.stringify({ context })
    } catch (error) {
      return new RelayError('unfit', `the evaluation context is not plain data: ${String(error)}`)
    }
    try {
      const answer = await this.#send(path, body)
      this.#failures = 0
      return answer
    } catch (thrown) {
      const error = RelayError.from(thrown)
      // What is wrong with one context is nothing that others should suffer for.
      if (error.status === 400 || error.status === 413) return error
      this.#failures++
      if (error.kind === 'refused' || error.kind === 'busy' || this.#failures >= TOLERATED) this.#stop(error)
      return error
    }
  }

  #send(path: string, body: string): Promise<object> {
    const signal = this.#abort.signal
    return this.#transport.ask(path, { method: 'POST', body, signal }, async (response) => {
      if (![200, 400, 404].includes(response.status)) {
        await discard(response)
        throw this.#transport.failure(response, 'evaluation')
      }
      const answer: unknown = await response.json().catch(() => undefined)
      const usable = typeof answer === 'object' && answer !== null
      if (usable && (response.status === 200 || 'errorCode' in answer)) return answer
      throw new RelayError('unfit', 'the answer is none of OFREP', { status: response.status })
    })
  }

  #stop(error: RelayError): void {
    if (this.obstacle !== undefined) return
    this.obstacle = error
    this.#events.down(error)
    if (!this.#probing) void this.#probe(delayAfter(error, 1, this.#timers))
  }

  /** A bulk request is the only one that any OFREP server answers without knowing a flag's name. */
  async #probe(delay: number): Promise<void> {
    const { signal } = this.#abort
    this.#probing = true
    let wait = delay
    for (let failures = 1; !signal.aborted; failures++) {
      if (wait > 0) await pause(this.#timers, wait, signal)
      if (signal.aborted) return
      try {
        await this.#send(PATH, '{"context":{}}')
        this.obstacle = undefined
        this.#failures = 0
        this.#probing = false
        return this.#events.up()
      } catch (thrown) {
        this.obstacle = RelayError.from(thrown)
        if (!signal.aborted) this.#events.down(this.obstacle)
        wait = delayAfter(this.obstacle, failures, this.#timers)
      }
    }
  }
}

/** Undefined for keys that an address swallows (dots) or cannot spell (half a character). */
function pathOf(key: string): string | undefined {
  try {
    return /^\.{0,2}$/.test(key) ? undefined : `${PATH}/${encodeURIComponent(key)}`
  } catch {
    return undefined
  }
}
