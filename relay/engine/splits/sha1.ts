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
  const words = sha1Words(text)
  return ((words[0] ?? 0) >>> 0) * 2 ** 28 + ((words[1] ?? 0) >>> 4)
}

/** The digest as 40 lower-case hexadecimal digits. */
export function sha1Hex(text: string): string {
  return wordsToHex(sha1Words(text), 'big')
}

function sha1Words(text: string): Int32Array {
  digest[0] = 0x67452301
  digest[1] = 0xefcdab89
  digest[2] = 0x98badcfe
  digest[3] = 0x10325476
  digest[4] = 0xc3d2e1f0
  if (text.length <= ONE_BLOCK && readAscii(text)) mixBlock()
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

/** Writes the text and its padding as the only block; false when it is no ASCII. */
function readAscii(text: string): boolean {
  const length = text.length
  const whole = length & ~3
  let index = 0
  for (; index < whole; index += 4) {
    const a = text.charCodeAt(index)
    const b = text.charCodeAt(index + 1)
    const c = text.charCodeAt(index + 2)
    const d = text.charCodeAt(index + 3)
    if ((a | b | c | d) > 0x7f) return false
    schedule[index >> 2] = (a << 24) | (b << 16) | (c << 8) | d
  }
  let last = 0
  let shift = 24
  for (; index < length; index++, shift -= 8) {
    const unit = text.charCodeAt(index)
    if (unit > 0x7f) return false
    last |= unit << shift
  }
  schedule[whole >> 2] = last | (0x80 << shift)
  for (let word = (whole >> 2) + 1; word < 15; word++) schedule[word] = 0
  schedule[15] = length << 3
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
