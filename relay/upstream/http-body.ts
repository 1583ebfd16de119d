/**
 * Reads a response body whole, bounded twice: bytes on the wire and bytes after decompression. A megabyte of gzip can
 * unfold to a gigabyte; cut at the cap it costs one failed poll, uncut it costs the process.
 */
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'
import { UpstreamError, causeCode } from './upstream-error.ts'

/** How far a body may unfold: decoded bytes per byte on the wire. */
const RATIO = 100
/** Small bodies may unfold to this regardless: repetitive little documents are honest. Bytes. */
const RATIO_FREE = 1024 * 1024

/** Understood in `Content-Encoding`, and therefore what is asked for. */
export const ACCEPT_ENCODING = 'gzip, br, deflate'

type Decode = (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>
const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['br', promisify(brotliDecompress)],
  // Servers disagree whether deflate has a zlib header; its first byte tells.
  ['deflate', (bytes, options) => promisify(((bytes[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw)(bytes, options)],
])

/** The whole body as sent. Throws `UpstreamError` `too-large`; stream errors pass through. */
export async function readBody(
  body: AsyncIterable<Uint8Array>,
  declaredLength: string | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  const tooLarge = (): UpstreamError => new UpstreamError('too-large', `the body exceeds ${maxBytes} bytes`)
  if (declaredLength !== undefined && Number(declaredLength) > maxBytes) throw tooLarge()
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) throw tooLarge()
    chunks.push(chunk)
  }
  // Always copied: chunks are views on the socket's buffers and would keep them alive with the document.
  const whole = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}

/** Undoes at most one `Content-Encoding`. Throws `UpstreamError` `body` or `too-large`. */
export async function decodeBody(
  bytes: Uint8Array,
  contentEncoding: string | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  const encodings = (contentEncoding ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && name !== 'identity')
  const [encoding] = encodings
  if (encoding === undefined || bytes.length === 0) return bytes
  if (encodings.length > 1) throw new UpstreamError('body', 'the body is encoded more than once')
  const decode = decoders.get(encoding)
  if (decode === undefined) throw new UpstreamError('body', 'the body has an unknown encoding')
  const cap = Math.min(maxBytes, Math.max(RATIO_FREE, bytes.length * RATIO))
  try {
    return await decode(bytes, { maxOutputLength: cap })
  } catch (cause) {
    if (causeCode(cause) === 'ERR_BUFFER_TOO_LARGE') {
      throw new UpstreamError('too-large', `the body unfolds to more than ${cap} bytes`, { cause })
    }
    throw new UpstreamError('body', `the ${encoding} body is damaged or incomplete`, { cause })
  }
}
