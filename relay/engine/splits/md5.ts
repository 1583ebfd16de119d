/**
 * Splits: MD5 of a text's UTF-8 bytes, for vendors that bucket by it. Not for security. The result lives in one shared
 * array, so an evaluation allocates nothing; callers that keep a digest take the hexadecimal form.
 */
import { wordsToHex } from './hex.ts'
import { encodeUtf8, padBlocks, utf8Bytes } from './utf8.ts'

const ROTATIONS: readonly number[] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]

/** Step constants: the integer part of 2^32 * |sin(step + 1)|, as the algorithm defines them. */
const SINES: Int32Array = Int32Array.from({ length: 64 }, (_, step) =>
  Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32),
)

const block: Int32Array = new Int32Array(16)
const digest: Int32Array = new Int32Array(4)

/**
 * The digest as four signed 32-bit words, each read little-endian from its four bytes: `words[0]` is what a vendor gets
 * that reads the first four bytes as an int32. The array is shared: read it before the next call.
 */
export function md5Words(text: string): Int32Array {
  const length = encodeUtf8(text)
  const bytes = utf8Bytes()
  const end = padBlocks(bytes, length, 'little')
  digest[0] = 0x67452301
  digest[1] = 0xefcdab89
  digest[2] = 0x98badcfe
  digest[3] = 0x10325476
  for (let start = 0; start < end; start += 64) mixBlock(bytes, start)
  return digest
}

/** The digest as 32 lower-case hexadecimal digits. */
export function md5Hex(text: string): string {
  return wordsToHex(md5Words(text), 'little')
}

/** The digest, read as one 128-bit big-endian number, modulo `modulus` (an integer from 1 to 2^21). Exact. */
export function md5Remainder(text: string, modulus: number): number {
  let remainder = 0
  const words = md5Words(text)
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? 0
    // The bytes turned round in halves: numbers of 32 bits would be allocated to be handed from function to function.
    const high = ((word & 0xff) << 8) | ((word >>> 8) & 0xff)
    const low = ((word >>> 8) & 0xff00) | (word >>> 24)
    remainder = ((remainder * 2 ** 16 + high) % modulus) * 2 ** 16 + low
    remainder %= modulus
  }
  return remainder
}

function mixBlock(bytes: Uint8Array, start: number): void {
  for (let word = 0; word < 16; word++) {
    const at = start + word * 4
    block[word] =
      (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
  }
  let a = digest[0] ?? 0
  let b = digest[1] ?? 0
  let c = digest[2] ?? 0
  let d = digest[3] ?? 0
  for (let step = 0; step < 64; step++) {
    const round = step >> 4
    let mix: number
    let word: number
    if (round === 0) {
      mix = (b & c) | (~b & d)
      word = step
    } else if (round === 1) {
      mix = (d & b) | (~d & c)
      word = (5 * step + 1) & 15
    } else if (round === 2) {
      mix = b ^ c ^ d
      word = (3 * step + 5) & 15
    } else {
      mix = c ^ (b | ~d)
      word = (7 * step) & 15
    }
    const sum = (a + mix + (SINES[step] ?? 0) + (block[word] ?? 0)) | 0
    const turn = ROTATIONS[(round << 2) | (step & 3)] ?? 0
    a = d
    d = c
    c = b
    b = (b + ((sum << turn) | (sum >>> (32 - turn)))) | 0
  }
  digest[0] = (digest[0] ?? 0) + a
  digest[1] = (digest[1] ?? 0) + b
  digest[2] = (digest[2] ?? 0) + c
  digest[3] = (digest[3] ?? 0) + d
}
