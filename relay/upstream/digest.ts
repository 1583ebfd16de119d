/**
 * Hashes of documents as they arrived. Six megabytes take this thread milliseconds, so large ones are hashed in another
 * and none twice: what is known goes by the bytes themselves, since a converted document is another object and must never
 * be taken for the one it was made of.
 */
import { createHash } from 'node:crypto'

/** Below this many bytes asking another thread takes longer than hashing. */
const LARGE_BYTES = 131_072

const digests = new WeakMap<Uint8Array, string>()

/** SHA-256 in hex. The bytes must not be changed any more. */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest =
    bytes.byteLength < LARGE_BYTES
      ? createHash('sha256').update(bytes).digest('hex')
      : Buffer.from(await crypto.subtle.digest('SHA-256', unshared(bytes))).toString('hex')
  digests.set(bytes, digest)
  return digest
}

/** What `digestOf` found for these very bytes. */
export function knownDigest(bytes: Uint8Array): string | undefined {
  return digests.get(bytes)
}

/** Another thread works on its own copy, which it makes of memory that only this one writes. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
}
