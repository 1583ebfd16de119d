/**
 * Cross-origin access: off unless an environment lists the origin.
 *
 * The headers go on every answer a listed origin gets, errors and 304 included: a browser hides an answer without them,
 * so the application would see a network failure where there was a clear 401.
 */
import type { Cors } from './settings.ts'

const REQUEST_HEADERS: readonly string[] = [
  'Content-Type',
  'Authorization',
  'X-API-Key',
  'If-None-Match',
  'Flagd-Selector',
  'traceparent',
  'Last-Event-ID',
  'X-Halyard-Environment',
]
const EXPOSED = 'ETag, Retry-After, X-Halyard-Revision, X-Halyard-Age'
/** Seconds; browsers cap it at about this. */
const PREFLIGHT_AGE = '7200'
const NOTHING: readonly string[] = []
/** Every origin that has a name: not `null`, which is what sandboxed and local pages of anybody send. */
const ANY = '*'

export class CorsPolicy {
  readonly #origins: ReadonlySet<string>
  readonly #anyOrigin: boolean
  readonly #requestHeaders: string

  /** Several settings together allow what any of them allows. */
  constructor(settings: readonly Cors[]) {
    const origins = settings.flatMap((cors) => cors.origins)
    const unusable = origins.find((origin) => origin !== ANY && !isOrigin(origin))
    if (unusable !== undefined) {
      throw new Error(`${JSON.stringify(unusable)} is neither an origin such as https://shop.example nor *`)
    }
    this.#origins = new Set(origins)
    this.#anyOrigin = this.#origins.has(ANY)
    this.#requestHeaders = [...new Set([...REQUEST_HEADERS, ...settings.flatMap((cors) => cors.headers ?? [])])].join(
      ', ',
    )
  }

  /** Whether answers differ by origin at all, so that caches must be told. */
  get active(): boolean {
    return this.#origins.size > 0
  }

  allows(origin: string): boolean {
    return this.#anyOrigin ? isOrigin(origin) : this.#origins.has(origin)
  }

  /** Headers of an answer to this origin; without origin, what caches must know. */
  answer(origin: string | undefined): readonly string[] {
    if (!this.active) return NOTHING
    if (origin === undefined || !this.allows(origin)) return ['Vary', 'Origin']
    return ['Vary', 'Origin', 'Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', EXPOSED]
  }

  /** Headers of a preflight answer for a route with these methods. */
  preflight(origin: string, allow: string): readonly string[] {
    return [
      'Vary',
      'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      'Access-Control-Allow-Origin',
      origin,
      'Access-Control-Allow-Methods',
      allow,
      'Access-Control-Allow-Headers',
      this.#requestHeaders,
      'Access-Control-Max-Age',
      PREFLIGHT_AGE,
    ]
  }
}

/** Patterns are no origins: `*` in a host name is legal in a URL and would silently allow nobody. */
function isOrigin(text: string): boolean {
  return !text.includes('*') && URL.canParse(text) && new URL(text).origin === text
}
