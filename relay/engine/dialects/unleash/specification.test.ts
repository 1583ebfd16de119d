/** The vendor's own conformance suite, every case, as full documents and as deltas, for both engines that pass it. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import index from '@unleash/client-specification/specifications/index.json' with { type: 'json' }
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Ruleset } from '../../ruleset.ts'
import { contextOf, expectedVariant, variantOf } from './testing/answers.ts'
import type { UnleashContext, VariantAnswer } from './testing/answers.ts'
import { unleash } from './lower.ts'

interface Case<Expected> {
  readonly description: string
  readonly context: UnleashContext
  readonly toggleName: string
  readonly expectedResult: Expected
}
interface Suite {
  readonly name: string
  readonly state: object
  readonly tests?: readonly Case<boolean>[]
  readonly variantTests?: readonly Case<VariantAnswer>[]
}

const folder = join(
  dirname(createRequire(import.meta.url).resolve('@unleash/client-specification/package.json')),
  'specifications',
)
const read = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'))
const suites = index.map((file) => read(file) as Suite)
const NOW = Date.parse('2026-11-20T12:00:00Z')

function compiled(state: object, profile: string): Ruleset {
  const { ruleset, problems } = compileWith(unleash, { document: JSON.stringify(state), options: { profile } })
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  return ruleset
}

it('is complete', () => {
  const cases = suites.flatMap(({ tests = [], variantTests = [] }) => [...tests, ...variantTests])
  expect(suites).toHaveLength(22)
  expect(cases).toHaveLength(279)
})

describe.each(['node', 'yggdrasil'])('%s', (profile) => {
  describe.each(suites)('$name', ({ state, tests = [], variantTests = [] }) => {
    const asDelta = 'events' in state ? state : { events: [{ eventId: 1, type: 'hydration', ...state }] }
    const forms = [compiled(state, profile), compiled(asDelta, profile)]

    it.each(tests)('$description', ({ context, toggleName, expectedResult }) => {
      for (const ruleset of forms) {
        const { value = false } = ruleset.evaluate(toggleName, contextOf(context), 'boolean', { now: NOW })
        expect(value).toBe(expectedResult)
      }
    })

    it.each(variantTests)('$description', ({ context, toggleName, expectedResult }) => {
      for (const ruleset of forms) {
        expect(variantOf(ruleset, toggleName, contextOf(context), NOW)).toEqual(expectedVariant(expectedResult))
      }
    })
  })
})
