/**
 * Proves the hashes twice: against slow references (node:crypto, textbook loops with BigInt) for random text, and
 * against the numbers vendors' own engines gave.
 */
import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scale32 } from './bucket.ts'
import { fnv1a, fnv1aCodeUnits } from './fnv1a.ts'
import vectors from './hash-vectors.json' with { type: 'json' }
import { md5Hex, md5Remainder, md5Words } from './md5.ts'
import { Murmur3Ascii, murmur3, murmur3Bytes, murmur3CodeUnits } from './murmur3.ts'
import { sha1First15Hex, sha1Hex, sha1Prefixed } from './sha1.ts'
import { encodeUtf8, utf8Bytes } from './utf8.ts'

const SEED = 20261120
const runs = { seed: SEED, numRuns: 2000 }

/** Any UTF-16 text: lone surrogates and astral characters included, around the lengths where blocks end. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 140 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 140 }).map((units) => String.fromCharCode(...units)),
  fc.array(fc.constantFrom('a', 'é', '用', '😀', '\ud83d', '\ude00'), { maxLength: 40 }).map((parts) => parts.join('')),
  fc.integer({ min: 0, max: 300 }).map((length) => 'x'.repeat(length)),
  fc.string({ unit: 'binary-ascii', maxLength: 70 }),
)
const seed = fc.integer({ min: 0, max: 0xffffffff })
const MASK = 0xffffffffn

function slowMurmur3(bytes: Uint8Array, seed: number): number {
  const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (32n - by))) & MASK
  const scramble = (block: bigint): bigint => (rotate((block * 0xcc9e2d51n) & MASK, 15n) * 0x1b873593n) & MASK
  let hash = BigInt(seed)
  let index = 0
  for (; index + 4 <= bytes.length; index += 4) {
    const block = BigInt(new DataView(bytes.buffer, bytes.byteOffset).getUint32(index, true))
    hash = (rotate(hash ^ scramble(block), 13n) * 5n + 0xe6546b64n) & MASK
  }
  let rest = 0n
  for (let at = bytes.length - 1; at >= index; at--) rest = (rest << 8n) | BigInt(bytes[at] ?? 0)
  hash ^= scramble(rest) ^ BigInt(bytes.length)
  hash = ((hash ^ (hash >> 16n)) * 0x85ebca6bn) & MASK
  hash = ((hash ^ (hash >> 13n)) * 0xc2b2ae35n) & MASK
  return Number(hash ^ (hash >> 16n))
}

function slowFnv1a(values: Iterable<number>): number {
  let hash = 0x811c9dc5n
  for (const value of values) hash = ((hash ^ BigInt(value)) * 0x01000193n) & MASK
  return Number(hash)
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const units = (text: string): number[] => Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))

describe('against slow references', () => {
  it('encodes like TextEncoder', () => {
    fc.assert(
      fc.property(text, (text) => {
        const length = encodeUtf8(text)
        expect(utf8Bytes().slice(0, length)).toEqual(utf8(text))
      }),
      runs,
    )
  })

  it('hashes like node:crypto and the textbook loops', () => {
    fc.assert(
      fc.property(text, seed, (text, seed) => {
        const bytes = utf8(text)
        expect(md5Hex(text)).toBe(createHash('md5').update(bytes).digest('hex'))
        expect(md5Words(text)[0]).toBe(createHash('md5').update(bytes).digest().readInt32LE(0))
        expect(sha1Hex(text)).toBe(createHash('sha1').update(bytes).digest('hex'))
        expect(sha1First15Hex(text)).toBe(parseInt(createHash('sha1').update(bytes).digest('hex').slice(0, 15), 16))
        for (const cut of [0, 1, 2, 3, 4, 13, 54, 55, 56, text.length]) {
          const hash = sha1Prefixed(text.slice(0, cut))
          const joined = text.slice(0, cut) + text.slice(cut)
          for (const again of [text.slice(cut), 'x', text.slice(cut)]) {
            expect(hash(again)).toBe(again === 'x' ? sha1First15Hex(text.slice(0, cut) + 'x') : sha1First15Hex(joined))
          }
        }
        expect(murmur3(text, seed)).toBe(slowMurmur3(bytes, seed))
        expect(murmur3Bytes(Uint8Array.from([...bytes, 7]), bytes.length, seed)).toBe(slowMurmur3(bytes, seed))
        expect(murmur3CodeUnits(text, seed)).toBe(slowMurmur3(Uint8Array.from(units(text)), seed))
        expect(fnv1a(text)).toBe(slowFnv1a(bytes))
        expect(fnv1aCodeUnits(text)).toBe(slowFnv1a(units(text)))
      }),
      runs,
    )
  })

  it('hashes ASCII in pieces like the joined text, and refuses anything else', () => {
    const pieces = fc.array(fc.string({ unit: 'binary-ascii', maxLength: 12 }), { maxLength: 5 })
    fc.assert(
      fc.property(pieces, seed, (pieces, seed) => {
        const [hash, start] = [new Murmur3Ascii(seed), new Murmur3Ascii(seed)]
        for (const round of [1, 2]) {
          hash.from(start)
          for (const piece of pieces) expect(hash.add(piece)).toBe(true)
          expect([round, hash.value]).toEqual([round, murmur3(pieces.join(''), seed)])
        }
        expect(hash.add('aé')).toBe(false)
      }),
      runs,
    )
  })

  it('hashes texts longer than the reused buffer, and short ones after them', () => {
    const long = '用户😀'.repeat(30_000)
    expect(md5Hex(long)).toBe(createHash('md5').update(long).digest('hex'))
    expect(sha1Hex(long)).toBe(createHash('sha1').update(long).digest('hex'))
    expect(murmur3(long, 7)).toBe(slowMurmur3(utf8(long), 7))
    expect(md5Hex('a')).toBe('0cc175b9c0f1b6a831c399e269772661')
  })

  it('scales without rounding and takes exact remainders', () => {
    const total = fc.oneof(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.constantFrom(1, 100, 100_000, 2 ** 31 - 1))
    fc.assert(
      fc.property(seed, total, (hash, total) => {
        expect(scale32(hash, total)).toBe(Number((BigInt(hash) * BigInt(total)) >> 32n))
      }),
      { ...runs, examples: [[0xffffffff, 2 ** 31 - 1]] },
    )
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 2 ** 21 }), (text, modulus) => {
        expect(md5Remainder(text, modulus)).toBe(Number(BigInt(`0x${md5Hex(text)}`) % BigInt(modulus)))
      }),
      runs,
    )
  })
})

describe('against recorded answers of the vendors', () => {
  it.each(vectors.featbit)('featbit $input', ({ input, md5First4Hex, int32LE, bucket }) => {
    expect(md5Hex(input).slice(0, 8)).toBe(md5First4Hex)
    expect(md5Words(input)[0]).toBe(int32LE)
    expect(Math.abs(int32LE / -(2 ** 31))).toBe(bucket)
  })
  it.each(vectors.featurevisor)('featurevisor $bucketKey', ({ bucketKey, murmur3_x86_32_seed1, bucketValue }) => {
    expect(murmur3(bucketKey, 1)).toBe(murmur3_x86_32_seed1)
    expect(scale32(murmur3(bucketKey, 1), 100_000)).toBe(bucketValue)
  })
  it.each(vectors.flagd)('flagd $input', ({ input, murmur3_32_utf8 }) => {
    expect(murmur3(input, 0)).toBe(murmur3_32_utf8)
  })
  it.each(vectors.goff)('goff $input', ({ input, fnv1a32, modulus, result }) => {
    expect(fnv1a(input)).toBe(fnv1a32)
    expect(fnv1a(input) % (modulus ?? 2 ** 32)).toBe(result)
  })
  it.each(vectors.growthbook)('growthbook $seed $value v$version', ({ seed, value, version, expected }) => {
    const bucket =
      version === 1
        ? (fnv1aCodeUnits(`${value}${seed}`) % 1000) / 1000
        : (fnv1aCodeUnits(String(fnv1aCodeUnits(`${seed}${value}`))) % 10_000) / 10_000
    expect(bucket).toBe(expected)
  })
  it.each(vectors.unleash)('unleash $group:$id', ({ group, id, seed, modulus, expected, utf8EngineWouldGive }) => {
    expect((murmur3CodeUnits(`${group}:${id}`, seed) % modulus) + 1).toBe(expected)
    expect((murmur3(`${group}:${id}`, seed) % modulus) + 1).toBe(utf8EngineWouldGive ?? expected)
  })
  it.each(vectors.launchdarkly)('launchdarkly $hashInput', ({ hashInput, bucket }) => {
    expect(sha1First15Hex(hashInput) / 2 ** 60).toBe(bucket)
  })
  it.each(vectors.flagsmith)('flagsmith $joined', ({ joined, md5, percentage }) => {
    expect(md5Hex(joined)).toBe(md5)
    expect((md5Remainder(joined, 9999) / 9998) * 100).toBe(percentage)
  })
})
