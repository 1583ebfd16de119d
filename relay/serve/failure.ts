/** Why a request was not answered as asked, before it is spelled for the wire. */

/** What an error says. `key` only where one flag was asked for. */
export interface Failure {
  readonly status: number
  readonly errorCode: string
  readonly errorDetails: string
  readonly key?: string
  /** Seconds, at least 1. */
  readonly retryAfter?: number
  /** Further headers, names and values alternating. */
  readonly headers?: readonly string[]
}
