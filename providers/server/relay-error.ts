/**
 * What can go wrong between provider and relay, sorted by what helps: a refused key needs a person, a busy relay needs
 * the time it names, everything else needs another attempt.
 */

/**
 * `refused`: 401 or 403. `busy`: 429 or 503. `unfit`: an answer, but not of a relay's stream (status, content, silence).
 * `network`: no answer. `timeout`: none in time. `ended`: a stream that the relay closed in order, `cut`: one that broke. `document`: cannot be
 * used.
 */
export type RelayErrorKind = 'refused' | 'busy' | 'unfit' | 'network' | 'timeout' | 'ended' | 'cut' | 'document'

export class RelayError extends Error {
  override readonly name = 'RelayError'
  readonly kind: RelayErrorKind
  readonly status: number | undefined
  /** How long the relay asks to be left alone, in milliseconds. */
  readonly retryAfter: number | undefined

  constructor(
    kind: RelayErrorKind,
    message: string,
    { status, retryAfter, cause }: { status?: number; retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause })
    this.kind = kind
    this.status = status
    this.retryAfter = retryAfter
  }

  /** Anything thrown by `fetch` or while reading. The message names causes, which `fetch failed` keeps to itself. */
  static from(thrown: unknown): RelayError {
    if (thrown instanceof RelayError) return thrown
    const reasons: string[] = []
    for (let error = thrown; error instanceof Error && reasons.length < 4; error = error.cause) {
      reasons.push(error.message === '' && 'code' in error ? String(error.code) : error.message)
    }
    return new RelayError('network', reasons.filter(Boolean).join(': ') || String(thrown), { cause: thrown })
  }
}
