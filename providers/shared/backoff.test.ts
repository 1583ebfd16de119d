/** Pauses before trying again: spread over the whole interval, bounded, and never shorter than a server asks for. */
import { expect, it } from 'vitest'
import { fullJitter, retryAfter } from './backoff.ts'

it('draws from an interval that doubles up to its cap', () => {
  const most = [0, 1, 2, 5, 6, 1_000].map((attempt) => fullJitter(attempt, () => 1))
  expect(most).toEqual([1_000, 2_000, 4_000, 32_000, 60_000, 60_000])
  expect(fullJitter(3, () => 0)).toBe(0)
  expect(fullJitter(3, () => 0.25, 100, 400)).toBe(100)
})

it.each([
  ['120', 120_000],
  ['0', 0],
  ['Thu, 01 Jan 1970 00:01:00 GMT', 50_000],
  // Not 2024 seconds.
  ['2024-01-01T00:00:00Z', 3_600_000],
  ['99999999', 3_600_000],
  ['Thu, 01 Jan 1970 00:00:00 GMT', undefined],
  ['soon', undefined],
  ['', undefined],
  [null, undefined],
])('reads Retry-After %j', (header, expected) => {
  expect(retryAfter(header, 10_000)).toBe(expected)
})
