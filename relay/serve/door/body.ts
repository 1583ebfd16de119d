/**
 * Reads a whole request body before anybody acts on it: a request whose end never comes, or comes malformed, must have
 * had no effect. Beyond the limit the bytes are thrown away as they arrive, so that the sender gets to read its 413
 * instead of a broken connection.
 */
import { Buffer } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Failure } from '../failure.ts'
import { decodeBody, tooLarge } from './content-encoding.ts'

const EMPTY: Buffer = Buffer.alloc(0)
/** A sender that goes on this many times beyond the limit is answered, and cut off, at once. */
const PATIENCE = 16

export interface ReadBody {
  readonly body: Buffer
  readonly fault: Failure | undefined
  /** Whether unread bytes remain, so that the connection cannot be used further. */
  readonly unread: boolean
}

/** Calls back once, when the body has ended or is given up; not at all when the connection breaks before. */
export function readBody(
  request: Readable,
  headers: Pick<IncomingHttpHeaders, 'content-length' | 'content-encoding'>,
  limit: number,
  done: (read: ReadBody) => void,
): void {
  if (Number(headers['content-length'] ?? 0) > limit * PATIENCE) {
    done({ body: EMPTY, fault: tooLarge(limit), unread: true })
    return
  }
  let chunks: Buffer[] = []
  let length = 0
  let settled = false
  request.on('data', (chunk: Buffer) => {
    if (settled) return
    length += chunk.length
    if (length <= limit) {
      chunks.push(chunk)
      return
    }
    chunks = []
    if (length > limit * PATIENCE) {
      settled = true
      done({ body: EMPTY, fault: tooLarge(limit), unread: true })
    }
  })
  request.on('end', () => {
    if (settled) return
    settled = true
    if (length > limit) return done({ body: EMPTY, fault: tooLarge(limit), unread: false })
    const [first = EMPTY] = chunks
    const body = chunks.length <= 1 ? first : Buffer.concat(chunks, length)
    const encoding = headers['content-encoding']
    if (encoding === undefined || length === 0) return done({ body, fault: undefined, unread: false })
    decodeBody(encoding, body, limit, (decoded, fault) => done({ body: decoded, fault, unread: false }))
  })
}
