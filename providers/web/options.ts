/**
 * What an application may set. Wrong options are refused where they are written down, naming the field: a misspelt
 * number would otherwise show as a page that polls without pause.
 */
import type { CacheStorage } from './cache.ts'
import type { SavedState } from './state.ts'
import type { Surroundings } from './surroundings.ts'

export interface HalyardWebOptions {
  /** Base URL of the relay, or of any OFREP server; may be relative to the page. */
  readonly url: string
  /** Environment, where the key does not decide it. Default none. */
  readonly environment?: string
  /** A client key; sent as `Authorization: Bearer …`. Default none. */
  readonly key?: string
  /** More headers, or a function that makes them anew for each request (rotating tokens). Default none. */
  readonly headers?: Headers | (() => Headers | Promise<Headers>)
  /** Until the first answer of a connection or request. Milliseconds, default 10,000. */
  readonly requestTimeoutMs?: number
  /** How long the relay may be out of reach before the status is STALE. Milliseconds, default 10,000. */
  readonly staleAfterMs?: number
  /** Between two polls where nothing can be streamed; 0: never poll. Milliseconds, default 60,000. */
  readonly pollMs?: number
  /** How long a page may be hidden before its connection is closed. Milliseconds, default 120,000. */
  readonly hiddenAfterMs?: number
  /** Whether to stream. Default true. */
  readonly stream?: boolean
  /** Whether the tabs of a browser share one connection. Default true. */
  readonly shareTabs?: boolean
  /**
   * What evaluations give while a new context has no values yet: the caller's `default`, or the `previous` context's
   * values with reason STALE. Default `default`: nobody sees anybody else's flags.
   */
  readonly duringChange?: 'default' | 'previous'
  /** Values rendered into the page by `bootstrapFor`. Ignored when made for another context. */
  readonly bootstrap?: SavedState
  /** Where values outlive the page. Default local storage where there is one; `false`: nowhere. */
  readonly cache?: CacheOptions | false
  /** Whether evaluations are reported to the relay, once per flag, variant and context. Default false. */
  readonly exposures?: boolean
  /** Clock, network and page, for tests. Default the browser's. */
  readonly surroundings?: Surroundings
}

export interface CacheOptions {
  /** Default local storage. */
  readonly storage?: CacheStorage
  /** Older entries are not used. Milliseconds, default 30 days. */
  readonly ttlMs?: number
  /** Contexts kept, the latest ones. Default 10. */
  readonly maxEntries?: number
  /** Longest entry, in characters of JSON. Default 500,000. */
  readonly maxSize?: number
}

type Headers = Readonly<Record<string, string>>

const NUMBERS = ['requestTimeoutMs', 'staleAfterMs', 'pollMs', 'hiddenAfterMs'] as const

/** Throws a TypeError that names the first wrong field. */
export function check(options: HalyardWebOptions): void {
  const wrong = (field: string, must: string): never => {
    throw new TypeError(`HalyardWebProvider: ${field} must be ${must}`)
  }
  if (typeof options?.url !== 'string' || options.url === '') wrong('url', 'a text')
  for (const field of NUMBERS) {
    const value = options[field]
    if (value !== undefined && !(value >= 0 && value <= 0x7fffffff)) wrong(field, 'milliseconds from 0 to 2147483647')
  }
  if (!['default', 'previous', undefined].includes(options.duringChange)) wrong('duringChange', 'default or previous')
}
