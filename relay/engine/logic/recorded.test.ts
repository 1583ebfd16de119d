/** Rules, data and results recorded by running the Go library (diegoholiveira/jsonlogic 3.9.1) on generated input. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { RootOf } from './testing/root-of.ts'
import { operatorsWith, parseRule } from './rule.ts'

interface Recorded {
  readonly rule: unknown
  readonly data: Readonly<Record<string, unknown>>
  readonly result?: unknown
  /** The library fails, be it on the rule or on printing what it gave. */
  readonly error?: true
}

const recorded = JSON.parse(
  readFileSync(new URL('testing/recorded.json', import.meta.url), 'utf8'),
) as readonly Recorded[]
const operators = operatorsWith([])

function apply(rule: unknown, data: Readonly<Record<string, unknown>>): unknown {
  const root = new RootOf(data)
  const result = parseRule(rule, operators).rule.evaluate(root)
  const text = JSON.stringify(result, (_, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new Error('JSON has no such number')
    return Object.is(value, -0) ? 0 : value
  })
  return JSON.parse(text) as unknown
}

it('has every operator recorded', () => {
  const text = JSON.stringify(recorded)
  expect([...operators.keys()].filter((name) => !text.includes(`{${JSON.stringify(name)}:`))).toEqual([])
})

it.each(recorded)('%# $rule', ({ rule, data, result, error }) => {
  if (error === true) expect(() => apply(rule, data)).toThrow()
  else expect(apply(rule, data)).toEqual(result)
})

it.each(recorded)('%# reads what it says', ({ rule, data }) => {
  const { reads } = parseRule(rule, operators)
  if (reads.everything) return
  const kept = Object.fromEntries(Object.entries(data).filter(([name]) => reads.paths.has(name)))
  const outcome = (from: Readonly<Record<string, unknown>>): unknown => {
    try {
      return apply(rule, from)
    } catch {
      return 'fails'
    }
  }
  expect(outcome(kept)).toEqual(outcome(data))
})
