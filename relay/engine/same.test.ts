/** Pieces of documents are the same exactly where their JSON texts are. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isSame } from './same.ts'

const seed = 20261122

it(`agrees with JSON texts of random values (seed ${seed})`, () => {
  const small = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 0, 1, '', 'a'),
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom('a', 'b', '__proto__', 'toJSON'), tie('value'), { maxKeys: 2 }),
    ),
  })).value
  let same = 0
  fc.assert(
    fc.property(small, small, (one, other) => {
      const [first, second] = [JSON.stringify(one), JSON.stringify(other)]
      if (first === second) same++
      expect(isSame(JSON.parse(first), JSON.parse(second))).toBe(first === second)
      expect(isSame(JSON.parse(first), JSON.parse(first))).toBe(true)
    }),
    { seed, numRuns: 5000 },
  )
  expect(same).toBeGreaterThan(50)
})

it('the order of members counts', () => {
  expect(isSame({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(false)
})

it('what only its text tells goes by its text', () => {
  expect(isSame(new Date(0), new Date(1))).toBe(false)
  expect(isSame(new Date(0), new Date(0))).toBe(true)
  expect(isSame({ toJSON: () => 1 }, { toJSON: () => 2 })).toBe(false)
})
