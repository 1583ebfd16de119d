/**
 * Splits: text to UTF-8 bytes in a buffer that is reused, because every evaluation of a percentage hashes a text and
 * an allocation per hash would show in the collector long before the hash itself would. Bytes equal TextEncoder's:
 * a lone surrogate becomes U+FFFD (EF BF BD), otherwise our buckets would differ from every vendor that hashes UTF-8.
 */

/** Longest text, in UTF-16 units, that is hashed without allocating. Longer ones get a buffer of their own. */
const REUSED_UNITS = 8192

/** Room behind the text for the padding of MD5 and SHA-1: 0x80, zeros to the block, eight bytes of length. */
const PADDING = 72

const reused: Uint8Array = new Uint8Array(REUSED_UNITS * 3 + PADDING)

/** Where `encodeUtf8` wrote: read it before the next call, which overwrites it. */
const encoded: { bytes: Uint8Array } = { bytes: reused }

/** Writes the text's UTF-8 form to `utf8Bytes()` and returns its length in bytes; 72 bytes behind it are writable. */
export function encodeUtf8(text: string): number {
  const units = text.length
  const bytes = units <= REUSED_UNITS ? reused : new Uint8Array(units * 3 + PADDING)
  encoded.bytes = bytes
  let length = 0
  for (let index = 0; index < units; index++) {
    let point = text.charCodeAt(index)
    if (point < 0x80) {
      bytes[length++] = point
      continue
    }
    if (point < 0x800) {
      bytes[length++] = 0xc0 | (point >> 6)
      bytes[length++] = 0x80 | (point & 0x3f)
      continue
    }
    if (point >= 0xd800 && point <= 0xdfff) {
      const next = point <= 0xdbff && index + 1 < units ? text.charCodeAt(index + 1) : 0
      if (next >= 0xdc00 && next <= 0xdfff) {
        index++
        point = 0x10000 + ((point - 0xd800) << 10) + (next - 0xdc00)
        bytes[length++] = 0xf0 | (point >> 18)
        bytes[length++] = 0x80 | ((point >> 12) & 0x3f)
        bytes[length++] = 0x80 | ((point >> 6) & 0x3f)
        bytes[length++] = 0x80 | (point & 0x3f)
        continue
      }
      point = 0xfffd
    }
    bytes[length++] = 0xe0 | (point >> 12)
    bytes[length++] = 0x80 | ((point >> 6) & 0x3f)
    bytes[length++] = 0x80 | (point & 0x3f)
  }
  return length
}

/** The buffer of the last `encodeUtf8`; content behind the returned length is unspecified. */
export function utf8Bytes(): Uint8Array {
  return encoded.bytes
}

/**
 * Appends the padding MD5 and SHA-1 share: 0x80, zeros up to 56 mod 64, the length in bits as eight bytes.
 * Returns the padded length, a multiple of 64.
 */
export function padBlocks(bytes: Uint8Array, length: number, order: 'little' | 'big'): number {
  const end = (((length + 8) >>> 6) + 1) << 6
  bytes.fill(0, length, end)
  bytes[length] = 0x80
  const low = (length << 3) >>> 0
  const high = Math.floor(length / 0x20000000)
  for (let index = 0; index < 4; index++) {
    bytes[order === 'little' ? end - 8 + index : end - 1 - index] = low >>> (8 * index)
    bytes[order === 'little' ? end - 4 + index : end - 5 - index] = high >>> (8 * index)
  }
  return end
}
