/**
 * Splits: SHA-1 of a text's UTF-8 bytes, for vendors that bucket by its first 15 hexadecimal digits. Not for security.
 * The number is built from the words, never by printing and parsing digits: that is the hot path of every rollout. So a
 * short ASCII text, which nearly every hashed key is, goes straight into the words of its one block.
 */
import { wordsToHex } from './hex.ts'
import { encodeUtf8, padBlocks, utf8Bytes } from './utf8.ts'

/** Longest text that fits one block with its padding. */
const ONE_BLOCK = 55

const schedule: Int32Array = new Int32Array(80)
const digest: Int32Array = new Int32Array(5)

/** The first 60 bits as a number: what `parseInt(first 15 digits, 16)` gives, rounded to a double the same way. */
export function sha1First15Hex(text: string): number {
  sha1Words(text)
  return first15Hex()
}

function first15Hex(): number {
  return ((digest[0] as number) >>> 0) * 2 ** 28 + ((digest[1] as number) >>> 4)
}

/**
 * As `sha1First15Hex` of a text that follows the prefix. What is hashed with nearly every key begins alike, so the prefix
 * is made into words once and the two texts need not be joined.
 */
export function sha1Prefixed(prefix: string): (text: string) => number {
  const known = prefix.length <= ONE_BLOCK && readAscii(prefix, 0) ? schedule.slice(0, 16) : undefined
  if (known === undefined) return (text) => sha1First15Hex(prefix + text)
  // Behind the prefix stands its end mark, which the text takes the place of.
  const from = prefix.length
  known[from >> 2] = (known[from >> 2] as number) & ~(0xff << (24 - 8 * (from & 3)))
  return (text) => {
    const end = from + text.length
    if (end > ONE_BLOCK) return sha1First15Hex(prefix + text)
    for (let word = 0; word <= from >> 2; word++) schedule[word] = known[word] as number
    if (!readAscii(text, from)) return sha1First15Hex(prefix + text)
    begin()
    mixBlock()
    return first15Hex()
  }
}

/** The digest as 40 lower-case hexadecimal digits. */
export function sha1Hex(text: string): string {
  return wordsToHex(sha1Words(text), 'big')
}

function begin(): void {
  digest[0] = 0x67452301
  digest[1] = 0xefcdab89
  digest[2] = 0x98badcfe
  digest[3] = 0x10325476
  digest[4] = 0xc3d2e1f0
}

function sha1Words(text: string): Int32Array {
  begin()
  if (text.length <= ONE_BLOCK && readAscii(text, 0)) mixBlock()
  else mixEncoded(text)
  return digest
}

function mixEncoded(text: string): void {
  const length = encodeUtf8(text)
  const bytes = utf8Bytes()
  const end = padBlocks(bytes, length, 'big')
  for (let start = 0; start < end; start += 64) {
    for (let word = 0; word < 16; word++) {
      const at = start + word * 4
      schedule[word] =
        ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
    }
    mixBlock()
  }
}

/**
 * Writes the text from that byte on, and the padding behind it, as the only block; false when it is no ASCII. Bytes
 * before `from` are kept, and the rest of the word that it is in must be zero unless `from` is at a word's beginning.
 */
function readAscii(text: string, from: number): boolean {
  const length = text.length
  let word = from >> 2
  let shift = 24 - 8 * (from & 3)
  let bytes = shift === 24 ? 0 : (schedule[word] as number)
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index)
    if (unit > 0x7f) return false
    bytes |= unit << shift
    if (shift === 0) {
      schedule[word++] = bytes
      bytes = 0
      shift = 24
    } else shift -= 8
  }
  schedule[word++] = bytes | (0x80 << shift)
  for (; word < 15; word++) schedule[word] = 0
  schedule[15] = (from + length) << 3
  return true
}

/** Mixes the sixteen words at the beginning of the schedule into the digest. One loop per kind of round. */
function mixBlock(): void {
  for (let word = 16; word < 80; word++) {
    const mixed =
      (schedule[word - 3] as number) ^
      (schedule[word - 8] as number) ^
      (schedule[word - 14] as number) ^
      (schedule[word - 16] as number)
    schedule[word] = (mixed << 1) | (mixed >>> 31)
  }
  let a = digest[0] ?? 0
  let b = digest[1] ?? 0
  let c = digest[2] ?? 0
  let d = digest[3] ?? 0
  let e = digest[4] ?? 0
  let next = 0
  for (let step = 0; step < 20; step++) {
    next = (((a << 5) | (a >>> 27)) + ((b & c) | (~b & d)) + e + 0x5a827999 + (schedule[step] as number)) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  for (let step = 20; step < 40; step++) {
    next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0x6ed9eba1 + (schedule[step] as number)) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  for (let step = 40; step < 60; step++) {
    next = (((a << 5) | (a >>> 27)) + ((b & c) | (d & (b | c))) + e - 0x70e44324 + (schedule[step] as number)) | 0
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = next
  }
  for (let step = 60; step < 80; step++) {
    next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e - 0x359d3e2a + (schedule[step] as number)) | 0
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
