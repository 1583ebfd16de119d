/** Spelling of values stored as text: kept where JSON can hold it, JavaScript's own otherwise. */
import { expect, it } from 'vitest'
import { spelledJson, spelledNumber } from './stored-text.ts'

it.each([
  ['1.0', { value: 1, valueText: '1.0' }],
  [' 7 ', { value: 7 }],
  ['1e2', { value: 100, valueText: '1e2' }],
  ['0x10', { value: 16 }],
  ['+5', { value: 5 }],
  ['01', { value: 1 }],
  ['12345678901234567890', { value: 12345678901234567000, valueText: '12345678901234567890' }],
  ['-Infinity', { value: -Infinity, valueText: '-1e999' }],
])('the number %s', (text, expected) => {
  expect(spelledNumber(Number(text), text)).toEqual(expected)
})

it('JSON with its numbers as they were written, and nothing that is no JSON', () => {
  expect(spelledJson('{"a":[1.0,2]}')).toEqual({ value: { a: [1, 2] }, valueText: '{"a":[1.0,2]}' })
  expect(spelledJson(' {"a":1} ')).toEqual({ value: { a: 1 } })
  expect(() => spelledJson('\ufeff{}')).toThrow('byte order mark')
  expect(() => spelledJson('{a}')).toThrow('not valid JSON')
  expect(() => spelledJson('['.repeat(500) + ']'.repeat(500))).toThrow('nests deeper')
})
