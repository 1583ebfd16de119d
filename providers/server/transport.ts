/**
 * Requests to one relay: addresses, headers, timeouts, and what each failure means. Here and nowhere else, so that
 * streams, answers and events agree on what a refused key or a busy relay is.
 */
import { retryAfter } from '../shared/backoff.ts'
import type { Settings } from './options.ts'
import { RelayError } from './relay-error.ts'

export type TransportSettings = Pick<Settings, 'url' | 'headers' | 'requestTimeoutMs' | 'fetch' | 'timers'>

export interface Ask {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

export class Transport {
  readonly #settings: TransportSettings

  constructor(settings: TransportSettings) {
    this.#settings = settings
  }

  /** An answer and its whole body, within the request timeout. Rejects with RelayError. */
  async ask<T>(path: string, ask: Ask, read: (response: Response) => Promise<T>): Promise<T> {
    const { timers, requestTimeoutMs } = this.#settings
    const abort = new AbortController()
    const stop = (): void => abort.abort()
    let late = false
    const timer = timers.setTimeout(() => {
      late = true
      stop()
    }, requestTimeoutMs)
    ask.signal?.addEventListener('abort', stop)
    if (ask.signal?.aborted === true) stop()
    try {
      return await read(await this.open(path, { ...ask, signal: abort.signal }))
    } catch (error) {
      throw late ? new RelayError('timeout', `no answer within ${requestTimeoutMs} ms`) : RelayError.from(error)
    } finally {
      timers.clearTimeout(timer)
      ask.signal?.removeEventListener('abort', stop)
    }
  }

  /** An answer whose body is not read yet. Rejects with RelayError when there is none. */
  async open(path: string, { method = 'GET', headers, body, signal }: Ask): Promise<Response> {
    const { url, headers: own, fetch: send } = this.#settings
    try {
      return await send(url + path, {
        method,
        headers: { ...own, ...headers, ...(body === undefined ? undefined : { 'content-type': 'application/json' }) },
        // Not followed: keys are for the relay alone. Some edge runtimes do not know `error`.
        redirect: 'manual',
        ...(body === undefined ? undefined : { body }),
        ...(signal === undefined ? undefined : { signal }),
      })
    } catch (error) {
      throw RelayError.from(error)
    }
  }

  /** What is wrong with an answer, judged by its status. */
  failure(response: Response, what: string): RelayError {
    const { status } = response
    const wait = retryAfter(response.headers.get('retry-after'), this.#settings.timers.now())
    const kind = status === 401 || status === 403 ? 'refused' : status === 429 || status === 503 ? 'busy' : 'unfit'
    return new RelayError(kind, `${what}: the relay answered ${status}`, { status, retryAfter: wait })
  }
}

/** Frees the connection of an answer whose body is of no interest. */
export async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined)
}
