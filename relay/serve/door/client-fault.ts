/** What went wrong with bytes that node's parser could not read as a request, as an answer for whoever sent them. */
import type { Failure } from '../failure.ts'

/** Undefined when nobody is there to be answered. */
export function clientFault(error: Error): Failure | undefined {
  const code = 'code' in error ? error.code : undefined
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return fault(408, 'the request did not arrive in time')
    case 'HPE_HEADER_OVERFLOW':
      return fault(431, 'the request head is too large')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return fault(413, 'the chunk extensions are too large')
    default:
      return fault(400, 'the request is malformed')
  }
}

function fault(status: number, errorDetails: string): Failure {
  return { status, errorCode: 'PARSE_ERROR', errorDetails }
}
