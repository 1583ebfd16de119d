/**
 * Splits: MurmurHash3, the x86 32-bit variant. One mixing core and several ways to read the text, because vendors differ
 * only in that: most hash UTF-8, one Node SDK hashes the low byte of each UTF-16 unit. Using the wrong one moves every
 * user with a non-ASCII key to another bucket.
 *
 * Hashing is the hot path of every rollout, so ASCII, which is its own UTF-8 form, is hashed straight from the text.
 */
import { encodeUtf8, utf8Bytes } from './utf8.ts'

/** Hash of the text's UTF-8 bytes as an unsigned 32-bit number. */
export function murmur3(text: string, seed: number): number {
  const length = text.length
  const whole = length & ~3
  let hash = seed | 0
  let index = 0
  for (; index < whole; index += 4) {
    const a = text.charCodeAt(index)
    const b = text.charCodeAt(index + 1)
    const c = text.charCodeAt(index + 2)
    const d = text.charCodeAt(index + 3)
    if ((a | b | c | d) > 0x7f) return encoded(text, seed)
    hash = mixBlock(hash, a | (b << 8) | (c << 16) | (d << 24))
  }
  let rest = 0
  for (let shift = 0; index < length; index++, shift += 8) {
    const unit = text.charCodeAt(index)
    if (unit > 0x7f) return encoded(text, seed)
    rest |= unit << shift
  }
  return finish(hash ^ scramble(rest), length)
}

function encoded(text: string, seed: number): number {
  const length = encodeUtf8(text)
  return murmur3Bytes(utf8Bytes(), length, seed)
}

/** Hash of the first `length` bytes, for vendors that hash more than a text. */
export function murmur3Bytes(bytes: Uint8Array, length: number, seed: number): number {
  const whole = length & ~3
  let hash = seed | 0
  for (let index = 0; index < whole; index += 4) {
    hash = mixBlock(
      hash,
      byteAt(bytes, index) |
        (byteAt(bytes, index + 1) << 8) |
        (byteAt(bytes, index + 2) << 16) |
        (byteAt(bytes, index + 3) << 24),
    )
  }
  let rest = 0
  for (let index = length - 1; index >= whole; index--) rest = (rest << 8) | byteAt(bytes, index)
  return finish(hash ^ scramble(rest), length)
}

/** Hash of the low byte of every UTF-16 unit, the length mixed in being the number of units. Equal for ASCII. */
export function murmur3CodeUnits(text: string, seed: number): number {
  const length = text.length
  const whole = length & ~3
  let hash = seed | 0
  for (let index = 0; index < whole; index += 4) {
    hash = mixBlock(
      hash,
      (text.charCodeAt(index) & 0xff) |
        ((text.charCodeAt(index + 1) & 0xff) << 8) |
        ((text.charCodeAt(index + 2) & 0xff) << 16) |
        ((text.charCodeAt(index + 3) & 0xff) << 24),
    )
  }
  let rest = 0
  for (let index = length - 1; index >= whole; index--) rest = (rest << 8) | (text.charCodeAt(index) & 0xff)
  return finish(hash ^ scramble(rest), length)
}

/**
 * The hash of a text that is given in pieces, so that nobody has to join them first. Takes ASCII only: the first other
 * character is refused, and the caller hashes the joined text instead. One object serves any number of texts in turn.
 */
export class Murmur3Ascii {
  #hash: number
  /** Characters that are no whole block yet, and how many bits of one they fill. */
  #rest = 0
  #bits = 0
  #length = 0

  constructor(seed: number) {
    this.#hash = seed | 0
  }

  /** Goes on where another one stands. */
  from(other: Murmur3Ascii): void {
    this.#hash = other.#hash
    this.#rest = other.#rest
    this.#bits = other.#bits
    this.#length = other.#length
  }

  /** False when the piece holds anything but ASCII; the object is of no use then until `from` is called. */
  add(piece: string): boolean {
    const length = piece.length
    let hash = this.#hash
    let rest = this.#rest
    let bits = this.#bits
    for (let index = 0; index < length; index++) {
      const unit = piece.charCodeAt(index)
      if (unit > 0x7f) return false
      rest |= unit << bits
      bits += 8
      if (bits === 32) {
        hash = mixBlock(hash, rest)
        rest = 0
        bits = 0
      }
    }
    this.#hash = hash
    this.#rest = rest
    this.#bits = bits
    this.#length += length
    return true
  }

  /** The hash of all pieces so far, as an unsigned 32-bit number. */
  get value(): number {
    return finish(this.#hash ^ scramble(this.#rest), this.#length)
  }
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0
}

function scramble(block: number): number {
  const spread = Math.imul(block, 0xcc9e2d51)
  return Math.imul((spread << 15) | (spread >>> 17), 0x1b873593)
}

function mixBlock(hash: number, block: number): number {
  const mixed = hash ^ scramble(block)
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function finish(hash: number, length: number): number {
  let mixed = hash ^ length
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
