/**
 * The bytes of an endless response, decompressed on the way. Compression is watched as in whole bodies: a stream that
 * unfolds without measure is cut off before it is memory.
 */
import type { Readable } from 'node:stream'
import { constants, createGunzip } from 'node:zlib'
import { UpstreamError } from './upstream-error.ts'

/** How far a stream may unfold: decoded bytes per byte on the wire. */
const RATIO = 100
/** Streams may unfold to this regardless. Bytes. */
const RATIO_FREE = 1024 * 1024

/** Chunks as they can be read, not held back for more. Throws `UpstreamError` `body` or `too-large`. */
export async function* decodedStream(body: Readable, contentEncoding: string | undefined): AsyncGenerator<Uint8Array> {
  const encoding = (contentEncoding ?? '').trim().toLowerCase()
  if (encoding === '' || encoding === 'identity') {
    for await (const chunk of body) yield chunk as Uint8Array
    return
  }
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    body.destroy()
    throw new UpstreamError('body', 'the stream has an encoding that was not asked for')
  }
  // The flush makes each event readable when the server has flushed it.
  const gunzip = createGunzip({ flush: constants.Z_SYNC_FLUSH })
  let wire = 0
  body.on('data', (chunk: Uint8Array) => {
    wire += chunk.length
  })
  body.on('error', (error) => gunzip.destroy(error))
  body.pipe(gunzip)
  let decoded = 0
  try {
    for await (const chunk of gunzip as AsyncIterable<Uint8Array>) {
      decoded += chunk.length
      if (decoded > Math.max(RATIO_FREE, wire * RATIO)) {
        throw new UpstreamError('too-large', `the stream unfolds to more than ${RATIO} times its size`)
      }
      yield chunk
    }
  } finally {
    body.destroy()
  }
}
