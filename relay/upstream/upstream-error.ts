/**
 * The one error of the upstream room: a closed set of kinds, a message that is safe to log and show, and a cause that
 * stays inside the process. Without it a token in a query string or a header would travel through an error message
 * into logs, metrics and status pages.
 */

/**
 * - `network`: no connection, or it broke (refused, reset, DNS, TLS)
 * - `timeout`: connect, headers, idle body or the total deadline ran out
 * - `status`: an HTTP status that no other kind covers (429 and 5xx included)
 * - `unauthorized`: 401 or 403; `not-found`: 404 or 410, or a file that is not there
 * - `redirect`: a redirect that is refused, malformed or one too many
 * - `too-large`: over the byte cap or the decompression ratio
 * - `body`: the body is truncated, or its encoding is unknown, stacked or corrupt
 * - `protocol`: a stream or socket peer broke its own protocol
 * - `io`: a file could not be read
 * - `internal`: our own fault; reported, never swallowed
 */
export type UpstreamErrorKind =
  | 'network'
  | 'timeout'
  | 'status'
  | 'unauthorized'
  | 'not-found'
  | 'redirect'
  | 'too-large'
  | 'body'
  | 'protocol'
  | 'io'
  | 'internal'

/** What may be known about a failed attempt besides its message. */
export interface UpstreamErrorOptions {
  /** HTTP status, when there was one. */
  readonly status?: number
  /** How long upstream asked us to wait, in milliseconds. */
  readonly retryAfter?: number
  /** Reachable by `debugCause()` only: loggers print `Error.cause`, and causes quote what upstream sent. */
  readonly cause?: unknown
}

/** A failed attempt to get a document. `message` is safe to show. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly kind: UpstreamErrorKind
  readonly status: number | undefined
  readonly retryAfter: number | undefined
  readonly #cause: unknown

  constructor(kind: UpstreamErrorKind, message: string, options: UpstreamErrorOptions = {}) {
    super(message)
    this.#cause = options.cause
    this.kind = kind
    this.status = options.status
    this.retryAfter = options.retryAfter
  }

  /** What was thrown underneath. For debuggers and tests; not for logs. */
  debugCause(): unknown {
    return this.#cause
  }

  toJSON(): { kind: UpstreamErrorKind; message: string; status?: number } {
    return {
      kind: this.kind,
      message: this.message,
      ...(this.status === undefined ? {} : { status: this.status }),
    }
  }
}

/** A URL fit for logs: no userinfo, no query values, no fragment. What does not parse is not shown at all. */
export function redactUrl(url: string | URL): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : url
  if (parsed === null) return '(unreadable url)'
  const names = [...new Set(parsed.searchParams.keys())]
  const query = names.length === 0 ? '' : `?${names.map((name) => `${encodeURIComponent(name)}=…`).join('&')}`
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}${query}`
}

/** The error code of a Node, undici or OpenSSL failure (`ECONNREFUSED`, `UND_ERR_SOCKET`), or the error's name. */
export function causeCode(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown'
  const code: unknown = Reflect.get(cause, 'code')
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : cause.name
}
