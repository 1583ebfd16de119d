/**
 * Requests whose extent two parsers could read differently. A proxy in front of us and the parser behind this check must
 * never disagree on where a request ends or whom it addresses; whatever leaves room for that is refused and the
 * connection closed, so that no byte after it is taken for another request.
 */
import type { IncomingMessage } from 'node:http'
import type { Failure } from '../failure.ts'

/** What a Host header may consist of. */
export const HOST: RegExp = /^[\w.~!$&'()*+,;=:%[\]-]*$/

/** Why the head cannot be trusted; undefined when it can. */
export function framingFault(request: IncomingMessage, headerCount: number): Failure | undefined {
  const { rawHeaders, httpVersion, url = '', method } = request
  if (rawHeaders.length / 2 > headerCount) return refused('too many headers', 431)
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return refused('the HTTP version is not supported')
  if (!url.startsWith('/')) return refused('the request target must be a path')
  let hosts = 0
  let codings = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++
    else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') codings++
  }
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1')) return refused('exactly one Host header is needed')
  if (!HOST.test(request.headers.host ?? '')) return refused('the Host header is malformed')
  if (codings > 0) {
    if (codings > 1 || request.headers['transfer-encoding']?.toLowerCase() !== 'chunked') {
      return refused('the only Transfer-Encoding is chunked')
    }
    if (httpVersion !== '1.1') return refused('Transfer-Encoding needs HTTP/1.1')
  }
  if (method === 'GET' || method === 'HEAD') {
    const length = request.headers['content-length']
    if (codings > 0 || (length !== undefined && Number(length) !== 0)) return refused(`${method} takes no body`)
  }
  return undefined
}

function refused(errorDetails: string, status = 400): Failure {
  return { status, errorCode: 'PARSE_ERROR', errorDetails }
}
