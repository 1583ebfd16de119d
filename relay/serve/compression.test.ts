import { randomBytes } from 'node:crypto'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { Compressor, preferredCoding } from './compression.ts'

describe('the coding that a client asks for', () => {
  it.each([
    [undefined, undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['gzip, deflate', 'gzip'],
    ['gzip, deflate, br, zstd', 'br'],
    ['GZIP;Q=0.5,ZSTD', 'zstd'],
    ['br;q=0.1, gzip;q=0.2', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['br;q=0', undefined],
    ['*', 'br'],
    ['br;q=0, *', 'zstd'],
    ['*;q=0, gzip', 'gzip'],
    ['*;q=0', undefined],
    ['identity', undefined],
    ['identity, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip', 'gzip'],
    ['deflate', undefined],
    ['gzip;q=2', undefined],
    ['gzip;level=9', undefined],
    ['gzip;q=0.000', undefined],
    ['gzip ; q=0.5 , br ; q=1.000', 'br'],
    [',,gzip,', 'gzip'],
    ['__proto__, constructor', undefined],
  ])('of %j is %j, asked once or twice', (header, coding) => {
    expect(preferredCoding(header)).toBe(coding)
    expect(preferredCoding(header)).toBe(coding)
  })
})

describe('compressing', () => {
  const text = Buffer.from('{"key":"banner","value":true},'.repeat(200))

  it('gives back the same bytes in every coding', async () => {
    const compressor = new Compressor()
    const decoders = { br: brotliDecompressSync, zstd: zstdDecompressSync, gzip: gunzipSync }
    for (const coding of ['br', 'zstd', 'gzip'] as const) {
      const coded = await compressor.compress(text, coding)
      expect(coded?.length).toBeLessThan(text.length / 5)
      expect(decoders[coding](coded ?? Buffer.alloc(0))).toEqual(text)
    }
  })

  it('is declined while there is enough to do, and taken up afterwards', async () => {
    const compressor = new Compressor()
    const big = randomBytes(200_000)
    const made = await Promise.all(Array.from({ length: 30 }, () => compressor.compress(big, 'gzip')))
    expect(made.filter((one) => one !== undefined)).toHaveLength(8)
    expect(await compressor.compress(text, 'gzip')).toBeDefined()
  })
})
