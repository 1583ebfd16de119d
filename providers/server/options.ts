/**
 * Options as users write them, checked at once: a typo that only showed as a provider that never gets ready would cost
 * somebody an evening. Every error names the option.
 */
import { isIn, lookUp, readEnvironment } from './settings-environment.ts'
import type { SnapshotStore } from './snapshot-store.ts'
import { systemTimers } from './timers.ts'
import type { Timers } from './timers.ts'

/** Where evaluation happens. */
export type Mode = 'in-process' | 'remote' | 'auto' | 'offline'
const MODES: readonly Mode[] = ['in-process', 'remote', 'auto', 'offline']

/** A document as a relay's `/v1/document` gives it: its text, bytes, or parsed; or a vendor's own, and whose it is. */
export type Bootstrap = string | Uint8Array | object | BareDocument

export interface BareDocument {
  /** For example `flagd`; see `dialectNames` of `@halyard/engine`. */
  readonly dialect: string
  readonly options?: Readonly<Record<string, unknown>>
  readonly document: string | Uint8Array | object
}

export interface ExposureOptions {
  /** Pairs of flag, variant and targeting key that are remembered as told. Default 50,000. */
  readonly remembered?: number
  /** After this the same exposure is told again. Milliseconds. Default 3,600,000. */
  readonly againAfterMs?: number
}

export interface HalyardOptions {
  /** Base URL of the relay, with its path prefix if any. Default: the environment variable OFREP_ENDPOINT. */
  readonly url?: string
  /** Sent as `Authorization: Bearer …`. In process needs a server key. */
  readonly key?: string
  /** Name of the environment, where the key does not decide it. */
  readonly environment?: string
  /**
   * Default `in-process`. `auto` asks the relay for each answer as long as there is no document. `offline` asks nobody
   * ever: answers come from `bootstrap` or `store`.
   */
  readonly mode?: Mode
  /** A document to begin with, or a function that fetches one. */
  readonly bootstrap?: Bootstrap | (() => Bootstrap | undefined | Promise<Bootstrap | undefined>)
  /** Keeps the last document over restarts; see `@halyard/openfeature-server/disk`. */
  readonly store?: SnapshotStore
  /** How long `initialize` waits for a first document. Milliseconds. Default 5,000. */
  readonly initTimeoutMs?: number
  /** A connection lost for this long makes the provider STALE. Milliseconds. Default 5,000. */
  readonly staleAfterMs?: number
  /** A connection lost for this long makes it ERROR; values stay. Milliseconds. Default: never. */
  readonly errorAfterMs?: number
  /** Poll the document this often instead of holding a stream. Milliseconds, at least 100. */
  readonly pollMs?: number
  /** How long one request may take. Milliseconds. Default: OFREP_TIMEOUT_MS, else 10,000. */
  readonly requestTimeoutMs?: number
  /** Sent with every request. Added to those of OFREP_HEADERS, `name=value` pairs parted by commas. */
  readonly headers?: Readonly<Record<string, string>>
  /** Report which variant was shown to whom. Default false. */
  readonly exposures?: boolean | ExposureOptions
  /** Exposures and tracking events held back at most; beyond, the oldest go. Default 10,000. */
  readonly maxQueuedEvents?: number
  /** How long they are collected before they are sent. Milliseconds. Default 10,000. */
  readonly flushMs?: number
  /** How long `close` may take to send the rest. Milliseconds. Default 2,000. */
  readonly closeTimeoutMs?: number
  /** Default: the global one. */
  readonly fetch?: typeof fetch
  /** Clock and chance, for tests. */
  readonly timers?: Timers
}

/** Options with every default filled in. */
export interface Settings {
  /** Ends without a slash. */
  readonly url: string
  readonly mode: Mode
  readonly headers: Readonly<Record<string, string>>
  readonly bootstrap: HalyardOptions['bootstrap']
  readonly store: SnapshotStore | undefined
  readonly initTimeoutMs: number
  readonly staleAfterMs: number
  readonly errorAfterMs: number | undefined
  readonly pollMs: number | undefined
  readonly requestTimeoutMs: number
  readonly exposures: Required<ExposureOptions> | undefined
  readonly maxQueuedEvents: number
  readonly flushMs: number
  readonly closeTimeoutMs: number
  readonly fetch: typeof fetch
  readonly timers: Timers
}

/** Throws TypeError, whose message names the option. */
export function readOptions(options: HalyardOptions = {}): Settings {
  const given = new Map<string, unknown>(Object.entries(options))
  for (const name of given.keys()) if (!KNOWN.has(name)) throw new TypeError(`${name}: there is no such option`)
  const fromEnvironment = readEnvironment(lookUp)
  const count = (name: string, fallback: number, least: number): number =>
    number(given.get(name), name, least) ?? fallback
  const mode = options.mode ?? 'in-process'
  if (!isIn(MODES, mode)) throw new TypeError(`mode: must be ${MODES.join(', ')}, not ${JSON.stringify(mode)}`)
  const send = options.fetch ?? globalThis.fetch
  if (typeof send !== 'function') throw new TypeError('fetch: this runtime has none, hand one in')
  return {
    url: mode === 'offline' ? '' : url(options.url ?? fromEnvironment.endpoint),
    mode,
    headers: headers(options, fromEnvironment.headers),
    bootstrap: options.bootstrap,
    store: store(options.store),
    initTimeoutMs: count('initTimeoutMs', 5_000, 1),
    staleAfterMs: count('staleAfterMs', 5_000, 0),
    errorAfterMs: number(options.errorAfterMs, 'errorAfterMs', 0),
    pollMs: number(options.pollMs, 'pollMs', 100),
    requestTimeoutMs: count('requestTimeoutMs', fromEnvironment.timeoutMs ?? 10_000, 1),
    exposures: exposures(options.exposures),
    maxQueuedEvents: count('maxQueuedEvents', 10_000, 1),
    flushMs: count('flushMs', 10_000, 1),
    closeTimeoutMs: count('closeTimeoutMs', 2_000, 0),
    // Some runtimes refuse to be called as a method of anything but the global object.
    fetch: (input, init) => send(input, init),
    timers: timers(options.timers),
  }
}

const KNOWN: ReadonlySet<string> = new Set<keyof HalyardOptions>([
  'url',
  'key',
  'environment',
  'mode',
  'bootstrap',
  'store',
  'initTimeoutMs',
  'staleAfterMs',
  'errorAfterMs',
  'pollMs',
  'requestTimeoutMs',
  'headers',
  'exposures',
  'maxQueuedEvents',
  'flushMs',
  'closeTimeoutMs',
  'fetch',
  'timers',
])

function url(value: unknown): string {
  if (value === undefined) throw new TypeError('url: is missing, and OFREP_ENDPOINT is not set')
  const parsed = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError(`url: must be an absolute http or https URL, not ${JSON.stringify(value)}`)
  }
  if (parsed.username !== '' || parsed.password !== '') throw new TypeError('url: must hold no credentials; use key')
  if (parsed.search !== '' || parsed.hash !== '') throw new TypeError('url: must have neither query nor fragment')
  return parsed.href.replace(/\/+$/, '')
}

function headers(options: HalyardOptions, fromEnvironment: ReadonlyMap<string, string>): Record<string, string> {
  const all = new Headers([...fromEnvironment])
  const set = (option: string, name: string, value: unknown): void => {
    try {
      if (typeof value !== 'string') throw new TypeError('not a text')
      all.set(name, value)
    } catch {
      // The value may be a secret: it is not repeated.
      throw new TypeError(`${option}: cannot be sent as a header`)
    }
  }
  if (typeof options.key === 'string' && options.key === '') throw new TypeError('key: must not be empty')
  if (options.key !== undefined)
    set('key', 'authorization', typeof options.key === 'string' ? `Bearer ${options.key}` : 0)
  if (options.environment !== undefined) set('environment', 'x-halyard-environment', options.environment)
  if (options.headers !== undefined && !isRecord(options.headers)) throw new TypeError('headers: must be an object')
  for (const [name, value] of Object.entries(options.headers ?? {})) set(`headers.${name}`, name, value)
  return Object.fromEntries(all)
}

function number(value: unknown, name: string, least: number): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value
  throw new TypeError(`${name}: must be a number of at least ${least}, not ${JSON.stringify(value) ?? typeof value}`)
}

function store(value: SnapshotStore | undefined): SnapshotStore | undefined {
  if (value === undefined || has(value, 'load', 'save')) return value
  throw new TypeError('store: must have the methods load and save')
}

function exposures(value: HalyardOptions['exposures']): Required<ExposureOptions> | undefined {
  if (value === undefined || value === false) return undefined
  if (value !== true && !isRecord(value)) throw new TypeError('exposures: must be true, false or an object')
  const { remembered, againAfterMs } = value === true ? {} : value
  return {
    remembered: number(remembered, 'exposures.remembered', 1) ?? 50_000,
    againAfterMs: number(againAfterMs, 'exposures.againAfterMs', 0) ?? 3_600_000,
  }
}

function timers(value: Timers = systemTimers): Timers {
  if (has(value, 'now', 'setTimeout', 'clearTimeout', 'random')) return value
  throw new TypeError('timers: must have the methods now, setTimeout, clearTimeout and random')
}

function has(value: unknown, ...methods: string[]): boolean {
  return isRecord(value) && methods.every((name) => typeof value[name] === 'function')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
