/** Promise P7 at rest: no cut and no flipped bit of a stored generation is ever taken for a generation. */
import { expect, test } from 'vitest'
import { FakeTimers } from '../upstream/fake-timers.ts'
import { decodeGeneration, encodeGeneration, sha256Of } from './codec.ts'
import { generation } from './testing/generations.ts'

const original = generation(12, {
  text: JSON.stringify({ flags: Array.from({ length: 400 }, (_, at) => ({ key: at })) }),
})
const stored = encodeGeneration(original)

test('what was encoded comes back, in memory of its own', () => {
  const copy = Buffer.from(stored)
  const decoded = decodeGeneration(copy, 'shop')
  copy.fill(0)
  expect(decoded).toEqual({ generation: original })
})

test('cut at any byte, or with a byte too many, it is a problem', () => {
  for (let length = 0; length < stored.length; length += 1) {
    expect(decodeGeneration(stored.subarray(0, length), 'shop')).toHaveProperty('problem')
  }
  expect(decodeGeneration(Buffer.concat([stored, Buffer.from([0])]), 'shop')).toHaveProperty('problem')
})

test('a flipped bit anywhere, in the header too, is a problem', () => {
  const chance = new FakeTimers({ seed: 5 })
  for (let round = 0; round < 20_000; round += 1) {
    const flipped = Buffer.from(stored)
    const at = Math.floor(chance.random() * flipped.length)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << Math.floor(chance.random() * 8))
    expect(decodeGeneration(flipped, 'shop'), `bit flipped in byte ${at}`).toHaveProperty('problem')
  }
})

test.each([
  ['another format', { format: 2 }, 'format'],
  ['another environment', { environment: 'other' }, 'another environment'],
  ['a negative version', { version: -1 }, 'incomplete'],
  ['a version beyond exact integers', { version: 2 ** 53 }, 'incomplete'],
  ['a missing dialect', { dialect: undefined }, 'incomplete'],
  ['a checksum of another kind', { sha256: 'abc' }, 'checksum'],
])('%s is a problem that says so', (_, change, words) => {
  const [line = ''] = stored.toString('latin1').split('\n', 1)
  const { check: discarded, ...fields } = { ...(JSON.parse(line) as object), ...change, check: '' }
  expect(discarded).toBe('')
  const check = sha256Of(Buffer.from(JSON.stringify(fields))).slice(0, 16)
  const header = { ...fields, check }
  const changed = Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), original.bytes])
  expect(decodeGeneration(changed, 'shop')).toEqual({ problem: expect.stringContaining(words) })
})

test.each(['', '\n', 'null\n', '[]\n', '{}\n', '7\n', '{"__proto__":{"format":1}}\n', 'x'.repeat(20_000)])(
  'junk is a problem (%#)',
  (junk) => {
    expect(decodeGeneration(Buffer.from(junk), 'shop')).toHaveProperty('problem')
  },
)
