/** The order in which contenders run. */
import { expect, test } from 'vitest'
import { interleave } from './interleave.ts'

test('every contender runs once per round, and the first one changes', async () => {
  const order: string[] = []
  const results = await interleave([{ name: 'a' }, { name: 'b' }, { name: 'c' }], 3, async ({ name }, round) => {
    order.push(name)
    return `${name}${round}`
  })
  expect(order.join('')).toBe('abcbcacab')
  expect(Object.fromEntries(results)).toEqual({ a: ['a0', 'a1', 'a2'], b: ['b0', 'b1', 'b2'], c: ['c0', 'c1', 'c2'] })
})
