/**
 * Splits: SHA-1 of a text's UTF-8 bytes, for vendors that bucket by its first 15 hexadecimal digits. Not for security.
 * The number is built from the words, never by printing and parsing digits: that is the hot path of every rollout.
 */
import { wordsToHex } from './hex.ts'
import { encodeUtf8, padBlocks, utf8Bytes } from './utf8.ts'

const schedule: Int32Array = new Int32Array(80)
const digest: Int32Array = new Int32Array(5)

/** The first 60 bits as a number: what `parseInt(first 15 digits, 16)` gives, rounded to a double the same way. */
export function sha1First15Hex(text: string): number {
  const words = sha1Words(text)
  return ((words[0] ?? 0) >>> 0) * 2 ** 28 + ((words[1] ?? 0) >>> 4)
}

/** The digest as 40 lower-case hexadecimal digits. */
export function sha1Hex(text: string): string {
  return wordsToHex(sha1Words(text), 'big')
}

function sha1Words(text: string): Int32Array {
  const length = encodeUtf8(text)
  const bytes = utf8Bytes()
  const end = padBlocks(bytes, length, 'big')
  digest[0] = 0x67452301
  digest[1] = 0xefcdab89
  digest[2] = 0x98badcfe
  digest[3] = 0x10325476
  digest[4] = 0xc3d2e1f0
  for (let start = 0; start < end; start += 64) mixBlock(bytes, start)
  return digest
}

function mixBlock(bytes: Uint8Array, start: number): void {
  for (let word = 0; word < 16; word++) {
    const at = start + word * 4
    schedule[word] =
      ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
  }
  for (let word = 16; word < 80; word++) {
    const mixed =
      (schedule[word - 3] ?? 0) ^ (schedule[word - 8] ?? 0) ^ (schedule[word - 14] ?? 0) ^ (schedule[word - 16] ?? 0)
    schedule[word] = (mixed << 1) | (mixed >>> 31)
  }
  let a = digest[0] ?? 0
  let b = digest[1] ?? 0
  let c = digest[2] ?? 0
  let d = digest[3] ?? 0
  let e = digest[4] ?? 0
  for (let step = 0; step < 80; step++) {
    let mix: number
    if (step < 20) mix = ((b & c) | (~b & d)) + 0x5a827999
    else if (step < 40) mix = (b ^ c ^ d) + 0x6ed9eba1
    else if (step < 60) mix = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
    else mix = (b ^ c ^ d) + 0xca62c1d6
    const next = (((a << 5) | (a >>> 27)) + mix + e + (schedule[step] ?? 0)) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  digest[0] = (digest[0] ?? 0) + a
  digest[1] = (digest[1] ?? 0) + b
  digest[2] = (digest[2] ?? 0) + c
  digest[3] = (digest[3] ?? 0) + d
  digest[4] = (digest[4] ?? 0) + e
}
