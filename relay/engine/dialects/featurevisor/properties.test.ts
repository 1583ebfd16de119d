/** What must hold for every datafile, whoever is right about single answers. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changes } from '../../changes.ts'
import type { Scenario } from '../../testing/differential.ts'
import { compiled, datafile } from './testing/compile.ts'
import { scenarios } from './testing/grammar.ts'

const seed = 20261121
const runs = { seed, numRuns: 150 }
const at = { now: 0 }

describe(`every datafile (seed ${seed})`, () => {
  it('gives equal answers for equal projections', () => {
    let compared = 0
    fc.assert(
      fc.property(scenarios, ({ document, options, questions }) => {
        const { ruleset } = compiled(document, options)
        const contexts = [...new Set(questions.map(({ context }) => context))]
        const reduced = contexts.map((context) => without(context, 'deviceId'))
        for (const [index, one] of contexts.entries()) {
          for (const two of [...contexts, reduced[index] ?? {}]) {
            for (const key of ruleset.keys) {
              if (ruleset.projection(one, 0, key) !== ruleset.projection(two, 0, key)) continue
              compared++
              expect(ruleset.evaluate(key, one, undefined, at)).toEqual(ruleset.evaluate(key, two, undefined, at))
            }
          }
        }
      }),
      runs,
    )
    expect(compared).toBeGreaterThan(1_000)
  })

  it('answers all as it answers one by one, whatever the order of the context', () => {
    fc.assert(
      fc.property(scenarios, ({ document, options, questions }) => {
        const { ruleset } = compiled(document, options)
        const context = questions[0]?.context ?? {}
        const turned = Object.fromEntries(Object.entries(context).reverse())
        const all = ruleset.evaluateAll(context, at)
        expect(all).toEqual(ruleset.keys.map((key) => ruleset.evaluate(key, turned, undefined, at)))
      }),
      runs,
    )
  })

  it('changes nothing for the others when a feature nobody knows is added', () => {
    fc.assert(
      fc.property(scenarios, (scenario) => {
        const before = compiled(scenario.document, scenario.options).ruleset
        const after = compiled(withFeature(scenario), scenario.options).ruleset
        expect(changes(before, after)).toEqual({ added: ['zz'], removed: [], changed: [] })
        for (const { key, context } of scenario.questions) {
          expect(after.evaluate(key, context, undefined, at)).toEqual(before.evaluate(key, context, undefined, at))
        }
      }),
      runs,
    )
  })

  it('names every key whose value an edit changes', () => {
    fc.assert(
      fc.property(scenarios, scenarios, (one, two) => {
        const before = compiled(one.document, one.options).ruleset
        const after = compiled({ ...two.document, revision: 'next' }, one.options).ruleset
        const { changed } = changes(before, after)
        for (const { key, context } of one.questions) {
          if (!before.keys.includes(key) || !after.keys.includes(key)) continue
          const values = [before, after].map((ruleset) => ruleset.evaluate(key, context, undefined, at).value)
          if (JSON.stringify(values[0]) !== JSON.stringify(values[1])) expect(changed).toContain(key)
        }
      }),
      runs,
    )
  })
})

it('raising a rollout only adds users', () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(100_000), fc.array(fc.string({ unit: 'grapheme' })), (one, two, users) => {
      const [less, more] = [Math.min(one, two), Math.max(one, two)].map((percentage) => {
        const traffic = [{ key: 'r', segments: '*', percentage }]
        return compiled(datafile({ f: { bucketBy: 'userId', traffic } })).ruleset
      })
      for (const targetingKey of users) {
        if (less?.evaluate('f', { targetingKey }).value === true) {
          expect(more?.evaluate('f', { targetingKey }).value).toBe(true)
        }
      }
    }),
    { seed, numRuns: 500 },
  )
})

function without(context: object, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(context).filter(([member]) => member !== name))
}

function withFeature({ document }: Scenario): object {
  const features: unknown = Reflect.get(document, 'features')
  const added = { bucketBy: 'userId', traffic: [{ key: 'r', segments: '*', percentage: 50_000 }] }
  return { ...document, features: { ...(features as object), zz: added } }
}
