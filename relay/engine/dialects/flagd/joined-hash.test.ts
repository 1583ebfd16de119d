/** The short way of `fractional` gives what the long way gives, whatever the pieces are. */
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { compile } from '../../index.ts'

const piece = fc.oneof(
  fc.string({ unit: 'binary-ascii', maxLength: 9 }),
  fc.constantFrom('', ' ', '\t', 'é', '用户', '\u0085', '\u3000', ' both ends '),
  fc.integer(),
  fc.double(),
  fc.constantFrom(null, true, { a: 1 }, ['x']),
)
const ENTRIES = [
  ['a', 1],
  ['b', 2],
  ['c', 3],
]

function flag(first: unknown): object {
  return {
    state: 'ENABLED',
    variants: { a: 'a', b: 'b', c: 'c', none: 'none' },
    defaultVariant: 'none',
    targeting: { fractional: [first, ...ENTRIES] },
  }
}

it('as through an operation that hides the same text', () => {
  const names = ['x', 'y', '$flagd.flagKey', 'nested.z']
  const operand = fc.oneof(
    fc.constantFrom(...names).map((name) => ({ var: name })),
    fc.string({ unit: 'grapheme', maxLength: 6 }),
  )
  const key = fc.constantFrom('flag', ' flag', 'fläg', '')
  let hashed = 0
  fc.assert(
    fc.property(fc.array(operand, { minLength: 2, maxLength: 4 }), key, piece, piece, piece, (cat, key, x, y, z) => {
      const joined = { cat }
      // The value of a condition is the same text, but no `cat` that could be hashed piece by piece.
      const flags = { [key]: flag(joined), other: flag(0) }
      const hidden = { [key]: flag({ if: [true, joined] }), other: flag(0) }
      const context = { x, y, nested: { z } }
      const [short, long] = [flags, hidden].map((flags) =>
        compile({ dialect: 'flagd', document: JSON.stringify({ flags }) }).ruleset.evaluate(key, context),
      )
      expect(short).toEqual(long)
      if (short?.variant !== 'none' && short?.errorCode === undefined) hashed++
    }),
    { seed: 20261120, numRuns: 3000 },
  )
  expect(hashed).toBeGreaterThan(1000)
})
