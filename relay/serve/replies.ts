/**
 * Replies that are the same everywhere: JSON with its media type, and errors in the one shape all OFREP clients can read.
 *
 * Some clients parse a body whatever the status says, so an error without a JSON body reaches their users as a parse
 * error and hides the cause.
 */
import type { Failure } from './failure.ts'
import type { HttpReply } from './http-message.ts'

export const JSON_TYPE = 'application/json; charset=utf-8'

const ERROR_HEADERS: readonly string[] = ['Content-Type', JSON_TYPE, 'Cache-Control', 'no-store']

/** A JSON reply from a value. For rare answers: what is asked for often is prepared as text. */
export function json(status: number, value: unknown, headers: readonly string[] = []): HttpReply {
  return {
    status,
    headers: ['Content-Type', JSON_TYPE, 'Cache-Control', 'no-store', ...headers],
    body: JSON.stringify(value),
  }
}

/** An error reply. With `snakeCase` its members also appear as `error_code` and `error_details`. */
export function failure(what: Failure, snakeCase = false): HttpReply {
  const { status, key, errorCode, errorDetails, retryAfter, headers = [] } = what
  const body = {
    ...(key === undefined ? undefined : { key }),
    errorCode,
    errorDetails,
    ...(snakeCase ? { error_code: errorCode, error_details: errorDetails } : undefined),
  }
  const retry = retryAfter === undefined ? [] : ['Retry-After', String(Math.max(1, Math.ceil(retryAfter)))]
  return { status, headers: [...ERROR_HEADERS, ...retry, ...headers], body: JSON.stringify(body) }
}

/** The same reply with more headers. */
export function withHeaders(reply: HttpReply, headers: readonly string[]): HttpReply {
  if (headers.length === 0) return reply
  return { ...reply, extra: reply.extra === undefined ? headers : [...reply.extra, ...headers] }
}
