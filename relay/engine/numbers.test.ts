/** Spelling: one float among a flag's variants makes all of them floats. */
import { expect, it } from 'vitest'
import { spellNumbers } from './numbers.ts'

it('leaves integers and other types alone', () => {
  expect(spellNumbers([{ value: 1 }, { value: 2, valueText: '2.0' }, { value: 'x' }])).toEqual([
    undefined,
    '2.0',
    undefined,
  ])
})

it('gives integral numbers a .0 beside a float, or when the schema says float', () => {
  const values = [{ value: 0.5 }, { value: 1 }, { value: 3, valueText: '3.00' }, { value: '1' }, { value: 1e21 }]
  expect(spellNumbers(values)).toEqual([undefined, '1.0', '3.00', undefined, undefined])
  expect(spellNumbers([{ value: -7 }], true)).toEqual(['-7.0'])
  expect(spellNumbers([{ value: 0.5 }, { value: 1 }], false)).toEqual([undefined, undefined])
})
