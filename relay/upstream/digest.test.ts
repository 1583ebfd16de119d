/** The hash of a document is that of its bytes, and never that of another document. */
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { digestOf, knownDigest } from './digest.ts'

it.each([0, 1, 131_071, 131_072, 1_000_000])('hashes %d bytes as SHA-256', async (length) => {
  const bytes = new Uint8Array(length).fill(7)
  const expected = createHash('sha256').update(bytes).digest('hex')
  expect(await digestOf(bytes)).toBe(expected)
  expect(knownDigest(bytes)).toBe(expected)
})

it('knows nothing of bytes that were not hashed, be they equal ones', async () => {
  const bytes = Buffer.from('{"flags":{}}')
  await digestOf(bytes)
  expect(knownDigest(Buffer.from(bytes))).toBeUndefined()
  expect(knownDigest(bytes.subarray(0, 5))).toBeUndefined()
})
