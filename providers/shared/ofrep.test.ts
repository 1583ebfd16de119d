/** Answers of servers that we did not write: taken when they are answers, refused when they are not. */
import { expect, it } from 'vitest'
import { deepFreeze, mistyped, readBulk } from './ofrep.ts'

it('takes successes, failures and members that it does not know', () => {
  const bulk = {
    flags: [
      { key: 'a', value: 1, later: true },
      { key: 'b', errorCode: 'GENERAL' },
    ],
    more: {},
  }
  expect(readBulk(bulk)).toBe(bulk)
})

it.each([null, undefined, 'x', 5, [], {}, { flags: {} }, { flags: [null] }, { flags: [{}] }, { flags: [{ key: 1 }] }])(
  'refuses %j',
  (body) => {
    expect(() => readBulk(body)).toThrow('no OFREP answer')
  },
)

it('knows the types that callers may ask for', () => {
  expect(mistyped(true, 'boolean')).toBeUndefined()
  expect(mistyped([1], 'object')).toBeUndefined()
  expect(mistyped(null, 'object')).toBe('flag is of type null, not object')
  expect(mistyped('1', 'number')).toBe('flag is of type string, not number')
})

it('freezes all the way down', () => {
  const value = deepFreeze({ list: [{ inner: 1 }], nothing: null, text: 'x' })
  expect(Object.isFrozen(value.list[0])).toBe(true)
})
