/**
 * Splits: FNV-1a, 32 bits, over UTF-8 bytes and over whole UTF-16 units. The two agree for ASCII only; a vendor's
 * dialect names the one its engine uses, else users with other names change sides.
 */
import { encodeUtf8, utf8Bytes } from './utf8.ts'

const OFFSET = 0x811c9dc5
const PRIME = 0x01000193

/** Hash of the text's UTF-8 bytes as an unsigned 32-bit number. */
export function fnv1a(text: string): number {
  const length = encodeUtf8(text)
  const bytes = utf8Bytes()
  let hash = OFFSET
  for (let index = 0; index < length; index++) hash = Math.imul(hash ^ (bytes[index] ?? 0), PRIME)
  return hash >>> 0
}

/** Hash that takes in each UTF-16 unit whole (all 16 bits at once), as an unsigned 32-bit number. */
export function fnv1aCodeUnits(text: string): number {
  let hash = OFFSET
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), PRIME)
  return hash >>> 0
}
