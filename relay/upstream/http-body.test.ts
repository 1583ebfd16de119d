/** The body's bounds by themselves, without the connection's own limits in front of them. */
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { decodeBody, readBody } from './http-body.ts'

async function* chunks(count: number, size: number): AsyncGenerator<Uint8Array> {
  for (let chunk = 0; chunk < count; chunk += 1) yield new Uint8Array(size).fill(chunk)
}

test('a body of exactly the cap is whole and in order, one byte more is refused', async () => {
  const whole = await readBody(chunks(10, 100), '1000', 1_000)
  expect(whole).toEqual(Uint8Array.from({ length: 1_000 }, (_, index) => Math.floor(index / 100)))
  await expect(readBody(chunks(10, 100), undefined, 999)).rejects.toMatchObject({ kind: 'too-large' })
})

test('an endless body is read no further than the cap', async () => {
  const pulled = { bytes: 0 }
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      pulled.bytes += 1_000
      yield new Uint8Array(1_000)
    }
  }
  await expect(readBody(endless(), undefined, 50_000)).rejects.toMatchObject({ kind: 'too-large' })
  expect(pulled.bytes).toBe(51_000)
})

test('a declared length over the cap is refused before anything is read', async () => {
  await expect(readBody(chunks(0, 0), '1001', 1_000)).rejects.toMatchObject({ kind: 'too-large' })
})

test('unfolding is allowed up to a hundredfold, or a megabyte for small bodies', async () => {
  const megabyte = new Uint8Array(1024 * 1024)
  expect(await decodeBody(gzipSync(megabyte), 'gzip', 1e9)).toHaveLength(megabyte.length)
  const more = gzipSync(new Uint8Array(1024 * 1024 + 1))
  await expect(decodeBody(more, 'gzip', 1e9)).rejects.toMatchObject({ kind: 'too-large' })
})
