/** What must hold for every payload: projections that can be trusted, order that does not matter, rollouts that only grow. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Context } from '../../outcome.ts'
import type { Ruleset } from '../../ruleset.ts'
import { changes } from '../../changes.ts'
import { contexts, FEATURES, options, payloads, bucketOf } from './testing/grammar.ts'
import { growthbook } from './lower.ts'

const SEED = 20_261_121
const runs = { seed: SEED, numRuns: 500 }

function compiled(document: object, options: Readonly<Record<string, unknown>> = {}): Ruleset {
  return compileWith(growthbook, { document, options }).ruleset
}

function answers(ruleset: Ruleset, context: Context): Map<string, string> {
  return new Map(ruleset.evaluateAll(context).map((each) => [each.key, JSON.stringify(each)]))
}

describe(`random payloads (seed ${SEED})`, () => {
  it('equal projections mean equal answers', () => {
    let equal = 0
    fc.assert(
      fc.property(
        payloads,
        options,
        contexts,
        fc.array(contexts, { minLength: 4, maxLength: 4 }),
        (document, options, one, others) => {
          const ruleset = compiled(document, options)
          // Contexts that differ in one member are the ones whose projections come out equal.
          const near = [...Object.keys(one), ...Object.keys(others[0] ?? {})].map((name) =>
            Object.assign({}, one, { [name]: others[0]?.[name] }),
          )
          for (const two of [...others, ...near, { ...one, unread: 1 }, turned(one)]) {
            for (const key of FEATURES) {
              if (ruleset.projection(one, 0, key) !== ruleset.projection(two, 0, key)) continue
              equal++
              expect(ruleset.evaluate(key, two)).toBe(ruleset.evaluate(key, one))
            }
          }
        },
      ),
      runs,
    )
    expect(equal).toBeGreaterThan(5_000)
  })

  it('features that no other asks for change nothing, and evaluateAll answers as evaluate', () => {
    fc.assert(
      fc.property(payloads, contexts, (document, context) => {
        const { features } = document as { features: object }
        const more = { ...document, features: { first: { defaultValue: 1 }, ...features, last: { rules: [] } } }
        const ruleset = compiled(more)
        const all = answers(ruleset, context)
        for (const evaluation of compiled(document).evaluateAll(context)) {
          expect(all.get(evaluation.key)).toBe(JSON.stringify(evaluation))
          expect(ruleset.evaluate(evaluation.key, context)).toEqual(evaluation)
        }
      }),
      runs,
    )
  })

  it('features that answer otherwise after an update are told as changed', () => {
    let told = 0
    fc.assert(
      fc.property(payloads, payloads, fc.nat(3), contexts, (one, two, part, context) => {
        const name = ['features', 'savedGroups', 'contextualBandits', 'none'][part] ?? 'none'
        const before = compiled(one)
        const after = compiled({ ...one, [name]: (two as Record<string, unknown>)[name] })
        const changed = new Set(changes(before, after).changed)
        const was = answers(before, context)
        for (const [key, answer] of answers(after, context)) {
          if (was.has(key) && was.get(key) !== answer) expect(changed).toContain(key)
        }
        if (name === 'savedGroups') told += changed.size
      }),
      runs,
    )
    expect(told).toBeGreaterThan(20)
  })
})

/** The same with members in another order, at every depth. */
function turned<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).reverse())
      : inner,
  ) as T
}

describe('rollouts', () => {
  const users = Array.from({ length: 5_000 }, (_, index) => `user-${index}`)
  const reached = (rule: object, value: unknown): Set<string> => {
    const ruleset = compiled({ features: { f: { defaultValue: 'off', rules: [rule] } } })
    return new Set(users.filter((targetingKey) => ruleset.evaluate('f', { targetingKey }).value === value))
  }

  it.each([1, 2])('by hash %i only add users when raised, and take the share they say', (hashVersion) => {
    const rules: ((share: number) => object)[] = [
      (coverage) => ({ force: 'on', coverage, hashVersion }),
      (share) => ({ force: 'on', range: [0, share], hashVersion }),
      (coverage) => ({ variations: ['on', 'on'], coverage: coverage, hashVersion, weights: [1, 0] }),
    ]
    for (const rule of rules) {
      let before = new Set<string>()
      for (const share of [0, 0.05, 0.3, 0.6, 1]) {
        const on = reached(rule(share), 'on')
        expect(before.isSubsetOf(on)).toBe(true)
        expect(Math.abs(on.size / users.length - share)).toBeLessThan(0.03)
        before = on
      }
    }
  })

  it('contain their end by coverage and not by range', () => {
    const end = bucketOf('f', 'user-7', 1)
    expect(reached({ force: 'on', coverage: end }, 'on')).toContain('user-7')
    expect(reached({ force: 'on', coverage: end - 0.001 }, 'on')).not.toContain('user-7')
    expect(reached({ force: 'on', range: [0, end] }, 'on')).not.toContain('user-7')
    expect(reached({ force: 'on', range: [end, 1] }, 'on')).toContain('user-7')
    expect(
      reached(
        {
          variations: ['off', 'on'],
          ranges: [
            [0, end],
            [end, 1],
          ],
        },
        'on',
      ),
    ).toContain('user-7')
  })
})
