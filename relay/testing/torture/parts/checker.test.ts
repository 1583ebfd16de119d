/** The judge itself: a checker that overlooks something would let every promise pass. */
import { expect, test } from 'vitest'
import { Checker } from './checker.ts'
import { documentOf, readBulk, readSingle } from './documents.ts'

const PRO = { targetingKey: 'u1', plan: 'pro' } as const
const answers = (n: number, plan = 'pro'): { key: string; value: unknown }[] => [
  { key: 'marker', value: n },
  ...['a', 'b', 'c'].map((twin) => ({ key: `twin-${twin}`, value: `twin-${twin}-${n}` })),
  { key: 'plan', value: `${plan}-${n}` },
]
const bulk = (flags: unknown): string => JSON.stringify({ flags })

test('an answer of one document tells its number', () => {
  expect(readBulk(bulk(answers(7)), PRO)).toBe(7)
  expect(readSingle('marker', '{"key":"marker","value":7}', PRO)).toBe(7)
  expect(readSingle('plan', '{"key":"plan","value":"pro-7"}', PRO)).toBe(7)
  expect(documentOf(7)).toContain('"twin-a-7"')
})

test.each([
  ['torn', bulk([...answers(7).slice(0, 3), ...answers(8).slice(3)])],
  ['for another caller', bulk(answers(7, 'free'))],
  ['with a flag missing', bulk(answers(7).slice(0, 4))],
  ['without flags', '{}'],
  ['no JSON', '{"flags":['],
])('an answer that is %s is none', (_, body) => {
  expect(typeof readBulk(body, PRO)).toBe('string')
})

test('an answer older than what the replica had answered before it was asked is a regression', () => {
  const checker = new Checker()
  const early = checker.floors()
  checker.version('0', 5, 'r5', checker.floors())
  // Asked before, answered after: that is only slow.
  checker.version('0', 4, 'r4', early)
  expect(checker.of('regression')).toBe(0)
  checker.version('1', 4, 'r4', checker.floors())
  expect(checker.of('regression')).toBe(0)
  checker.version('0', 4, 'r4', checker.floors())
  expect(checker.of('regression')).toBe(1)
  expect(checker.figures().find(({ name }) => name === 'older answers')?.measured).toBe(1)
})

test('one revision is one document', () => {
  const checker = new Checker()
  checker.version('0', 5, 'r5', checker.floors())
  checker.version('0', 6, 'r5', checker.floors())
  checker.version('0', 6, 'r6', checker.floors())
  expect(checker.of('revision')).toBe(2)
})

test('a killed replica may have lost its last moments, and nothing else', () => {
  const checker = new Checker()
  checker.version('0', 5, 'r5', checker.floors())
  checker.killed('0')
  checker.version('0', 4, 'r4', checker.floors())
  expect(checker.of('regression')).toBe(0)
})
