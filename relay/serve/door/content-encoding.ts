/**
 * Undoing a request body's compression, with a ceiling on what comes out: a kilobyte of deflate can hold a megabyte of
 * zeros, and a chain of encodings multiplies that, so there is one encoding at most.
 */
import { Buffer } from 'node:buffer'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'
import type { Failure } from '../failure.ts'

type Done = (body: Buffer, fault: Failure | undefined) => void

const NOTHING: Buffer = Buffer.alloc(0)

/** Calls back with the decoded body, or with the reason why there is none. */
export function decodeBody(encoding: string, body: Buffer, limit: number, done: Done): void {
  const options = { maxOutputLength: limit }
  const settle = (error: Error | null, decoded: Buffer): void => {
    if (error === null) done(decoded, undefined)
    else done(NOTHING, faultOf(error, limit))
  }
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return done(body, undefined)
    case 'gzip':
    case 'x-gzip':
      return gunzip(body, options, settle)
    case 'deflate':
      // Some clients send the bare stream without the zlib header that the standard asks for.
      return ((body[0] ?? 0) & 0x0f) === 8 ? inflate(body, options, settle) : inflateRaw(body, options, settle)
    case 'br':
      return brotliDecompress(body, options, settle)
    default:
      return done(NOTHING, {
        status: 415,
        errorCode: 'PARSE_ERROR',
        errorDetails: 'Content-Encoding may be gzip, deflate or br, and only one of them',
        headers: ['Accept-Encoding', 'gzip, deflate, br'],
      })
  }
}

/** The answer to a body beyond the limit. */
export function tooLarge(limit: number): Failure {
  return { status: 413, errorCode: 'PARSE_ERROR', errorDetails: `the body is larger than ${limit} bytes` }
}

function faultOf(error: Error, limit: number): Failure {
  if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(limit)
  return { status: 400, errorCode: 'PARSE_ERROR', errorDetails: 'the body does not match its Content-Encoding' }
}
