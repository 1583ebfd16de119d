/** What must hold of any document, whoever evaluates it: the promises that caches, ETags and rollouts rest on. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import { project } from '../../context.ts'
import type { Ruleset } from '../../ruleset.ts'
import { launchdarkly } from './lower.ts'
import { contexts, documents } from './testing/grammar.ts'

const seed = 20261120
const forms = ['openfeature', 'launchdarkly'] as const
const profiles = ['node', 'go'] as const
const options = fc.record({ contexts: fc.constantFrom(...forms), profile: fc.constantFrom(...profiles) })
const at = { now: 0 }

const cases = options.chain((chosen) =>
  fc.tuple(fc.constant(chosen), documents, contexts[chosen.contexts], contexts[chosen.contexts]),
)

function rulesetOf(document: object, chosen: Record<string, unknown> = {}): Ruleset {
  return compileWith(launchdarkly, { document, options: chosen }).ruleset
}

it(`answers alike for contexts with equal projections (seed ${seed})`, () => {
  let equal = 0
  fc.assert(
    fc.property(
      cases,
      fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
      ([chosen, document, one, other], mix) => {
        const ruleset = rulesetOf(document, chosen)
        // Members that no leaf reads come from another context, or go away.
        const { reads } = ruleset.facts()
        const unread = Object.keys({ ...one, ...other }).filter((name) => !reads.includes(name))
        const changed = new Map(Object.entries(one))
        for (const [place, name] of unread.entries()) {
          if (mix[place] === true && Object.hasOwn(other, name)) changed.set(name, other[name])
          else changed.delete(name)
        }
        const two = Object.fromEntries(changed)
        for (const second of [two, other]) {
          if (ruleset.projection(one, 0) !== ruleset.projection(second, 0)) continue
          if (project(one, '*') !== project(second, '*')) equal++
          expect(ruleset.evaluateAll(second, at)).toEqual(ruleset.evaluateAll(one, at))
        }
        for (const key of ruleset.keys) {
          if (ruleset.projection(one, 0, key) !== ruleset.projection(other, 0, key)) continue
          expect(ruleset.evaluate(key, other, undefined, at)).toEqual(ruleset.evaluate(key, one, undefined, at))
        }
      },
    ),
    { seed, numRuns: 800 },
  )
  expect(equal).toBeGreaterThan(100)
})

it(`explains what it answers, and answers all flags as one by one (seed ${seed})`, () => {
  fc.assert(
    fc.property(cases, ([chosen, document, context]) => {
      const ruleset = rulesetOf(document, chosen)
      const single = ruleset.keys.map((key) => ruleset.evaluate(key, context, undefined, at))
      expect(ruleset.evaluateAll(context, at)).toEqual(single)
      for (const [place, key] of ruleset.keys.entries()) {
        const { trace: _trace, ...explained } = ruleset.explain(key, context, at)
        expect(explained).toEqual(single[place])
      }
    }),
    { seed, numRuns: 300 },
  )
})

it(`does not care about the order of a context's members (seed ${seed})`, () => {
  fc.assert(
    fc.property(cases, ([chosen, document, context]) => {
      const ruleset = rulesetOf(document, chosen)
      const turned = Object.fromEntries(Object.entries(context).reverse())
      expect(ruleset.evaluateAll(turned, at)).toEqual(ruleset.evaluateAll(context, at))
      expect(ruleset.projection(turned, 0)).toBe(ruleset.projection(context, 0))
    }),
    { seed, numRuns: 300 },
  )
})

it(`is not changed by an unrelated flag (seed ${seed})`, () => {
  fc.assert(
    fc.property(cases, ([chosen, document, context]) => {
      const { flags } = document as { flags: object }
      const more = {
        ...document,
        flags: { ...flags, unrelated: { on: true, variations: [1], fallthrough: { variation: 0 } } },
      }
      const before = rulesetOf(document, chosen)
      const after = rulesetOf(more, chosen)
      for (const key of before.keys) {
        expect(after.evaluate(key, context, undefined, at)).toEqual(before.evaluate(key, context, undefined, at))
      }
    }),
    { seed, numRuns: 300 },
  )
})

it.each(profiles)(`only adds users when a rollout is raised (%s, seed ${seed})`, (profile) => {
  const served = (weight: number, key: string): unknown => {
    const variations = [
      { variation: 0, weight },
      { variation: 1, weight: 100_000 - weight },
    ]
    const flag = { on: true, salt: 's', variations: ['in', 'out'], fallthrough: { rollout: { variations } } }
    return rulesetOf({ flags: { f: flag } }, { profile }).evaluate('f', { targetingKey: key }).value
  }
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.integer({ min: 0, max: 100_000 }),
      fc.integer({ min: 0, max: 100_000 }),
      (key, one, two) => {
        if (served(Math.min(one, two), key) === 'in') expect(served(Math.max(one, two), key)).toBe('in')
      },
    ),
    { seed, numRuns: 1000 },
  )
})
