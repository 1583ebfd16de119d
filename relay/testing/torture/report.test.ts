/** Figures are judged as their bounds say: a table that calls a missed figure kept would be worse than no table. */
import { expect, test } from 'vitest'
import { readOptions } from './options.ts'
import { atLeast, atMost, exactly, quietly, reached, some } from './promise.ts'
import type { Torture } from './promise.ts'
import { kept, table } from './report.ts'
import type { Result } from './report.ts'
import { randomFrom } from '../../serve/testing/random.ts'

const result = (...figures: Result['figures']): Result => ({ promise: { id: 'P0', says: 'x' }, figures, seconds: 1 })

test.each([
  [exactly('a', 0, 0), true],
  [exactly('a', 1, 0), false],
  [atMost('a', 5, 5), true],
  [atMost('a', 5.01, 5), false],
  [atLeast('a', 5, 5), true],
  [atLeast('a', 4, 5), false],
  // What never happened is missed at every scale.
  [atMost('a', Number.NaN, 5), false],
  [quietly(atMost('a', Number.NaN, 5)), false],
])('%j', (figure, holds) => {
  expect(reached(figure, 0.1)).toBe(holds)
  expect(kept(result(figure), 0.1)).toBe(holds)
})

test('figures that need a quiet machine are judged at scale 1 only', () => {
  const late = quietly(atMost('p99', 9, 5, 'ms'))
  expect([reached(late, 0.5), reached(late, 1)]).toEqual([undefined, false])
  expect(table([result(late)], 0.5).join('\n')).toMatch(/p99 +≤ 5 ms +9 ms +not judged/)
  expect(table([result(late)], 1).join('\n')).toContain('BROKEN')
})

test('a run without figures, or that could not be made, keeps nothing', () => {
  expect(kept(result(), 1)).toBe(false)
  expect(kept({ ...result(exactly('a', 0, 0)), error: 'no Redis' }, 1)).toBe(false)
})

test('a short run draws some, in order, and the same for the same seed', () => {
  const draw = (scale: number): readonly number[] =>
    some({ scale, random: randomFrom(7) } as Torture, [1, 2, 3, 4, 5, 6, 7, 8], 3)
  expect(draw(1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(draw(0.01)).toHaveLength(3)
  expect(draw(0.01)).toEqual(draw(0.01).toSorted((a, b) => a - b))
})

test('the command line is read, and what cannot be is told', () => {
  const chance = (): number => 0.5
  expect(readOptions([], chance)).toMatchObject({ seed: 2 ** 30, scale: 1, only: [], jobs: 1 })
  expect(readOptions(['--only', 'P1, P3', '--seed', '7'], chance)).toMatchObject({ only: ['P1', 'P3'], seed: 7 })
  for (const wrong of [
    ['--seed', 'x'],
    ['--scale', '0'],
    ['--scale', '2'],
    ['--jobs', '0'],
    ['--seconds', '-1'],
    ['--no'],
  ]) {
    expect(() => readOptions(wrong, chance), wrong.join(' ')).toThrow()
  }
})
