/** Hand-computed medians, spreads and ratios. */
import { expect, test } from 'vitest'
import { ratiosOf, spreadOf, summaryOf } from './statistics.ts'

test('the median of odd and even counts, whatever the order and whatever the outlier', () => {
  expect(summaryOf([5, 1, 1000])).toEqual({ median: 5, low: 1, high: 1000, count: 3 })
  expect(summaryOf([4, 1, 2, 10]).median).toBe(3)
  expect(summaryOf([7]).median).toBe(7)
})

test('numbers are ordered as numbers', () => {
  expect(summaryOf([10, 9, 100]).median).toBe(10)
})

test('no samples is an error, not a zero', () => {
  expect(() => summaryOf([])).toThrow('no samples')
})

test('the spread is relative to the median', () => {
  expect(spreadOf(summaryOf([90, 100, 110]))).toBeCloseTo(0.2)
  expect(spreadOf(summaryOf([0, 0]))).toBe(0)
})

test('ratios are taken round by round, so a slow machine cancels out', () => {
  expect(ratiosOf([50, 25], [100, 50])).toEqual([0.5, 0.5])
  expect(() => ratiosOf([1], [1, 2])).toThrow('1 rounds against 2')
})
