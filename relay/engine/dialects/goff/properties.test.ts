/** What must hold for any document: of projections, of time, of unrelated flags and of growing shares. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Context } from '../../outcome.ts'
import type { Ruleset } from '../../ruleset.ts'
import { goff } from './lower.ts'
import { contexts, FLAGS, scenarios } from './testing/grammar.ts'

const SEED = 20_261_121
const settings = { seed: SEED, numRuns: 300 }
const PATHS = ['vendor', 'missing']

function compiled(document: object, nestedPaths: string = 'vendor'): Ruleset {
  return compileWith(goff, { document, options: { invalid: 'evaluate', nestedPaths } }).ruleset
}

describe(`any document (seed ${SEED})`, () => {
  it.each(PATHS)('%s: equal projections mean equal answers', (nestedPaths) => {
    let compared = 0
    fc.assert(
      fc.property(scenarios, contexts, ({ document, questions, now }, another) => {
        const ruleset = compiled(document, nestedPaths)
        for (const { context: one } of questions) {
          const near = Object.keys(one).map((name) => Object.assign({}, one, { [name]: another[name] }))
          for (const two of [another, ...near, { ...one, unread: 1 }]) {
            for (const key of FLAGS) {
              const projection = ruleset.projection(one, now, key)
              if (projection === undefined || projection !== ruleset.projection(two, now, key)) continue
              expect(ruleset.evaluate(key, two, undefined, { now })).toBe(
                ruleset.evaluate(key, one, undefined, { now }),
              )
              compared++
            }
          }
        }
      }),
      settings,
    )
    expect(compared).toBeGreaterThan(10_000)
  })

  it('equal projections at two moments mean equal answers', () => {
    let compared = 0
    fc.assert(
      fc.property(scenarios, fc.constantFrom(1, 999, 3_600_000, 86_400_000), ({ document, questions, now }, later) => {
        const ruleset = compiled(document)
        for (const { key, context } of questions) {
          const projection = ruleset.projection(context, now, key)
          if (projection === undefined || projection !== ruleset.projection(context, now + later, key)) continue
          const after = ruleset.evaluate(key, context, undefined, { now: now + later })
          expect(after).toBe(ruleset.evaluate(key, context, undefined, { now }))
          compared++
        }
      }),
      settings,
    )
    expect(compared).toBeGreaterThan(500)
  })

  it('neither other flags nor the order of the context’s members matter', () => {
    fc.assert(
      fc.property(scenarios, ({ document, questions, now }) => {
        const ruleset = compiled(document)
        for (const { key, context } of questions) {
          const turned: Context = Object.fromEntries(Object.entries(context).reverse())
          const own = Object.entries(document).filter(([name]) => name === key)
          const alone = compiled({ other: {}, ...Object.fromEntries(own) })
          const answer = ruleset.evaluate(key, context, undefined, { now })
          expect(alone.evaluate(key, turned, undefined, { now })).toEqual(answer)
        }
      }),
      settings,
    )
  })
})

it('raising a share only adds users, and takes the share of users it says', () => {
  const users = Array.from({ length: 4_000 }, (_, index) => `user-${index}`)
  let before = new Set<string>()
  for (const share of [0, 0.5, 5, 33.3, 66.667, 99.9, 100]) {
    const flag = { variations: { on: 1, off: 0 }, defaultRule: { percentage: { on: share, off: 100 - share } } }
    const ruleset = compiled({ f: flag })
    const on = new Set(users.filter((targetingKey) => ruleset.evaluate('f', { targetingKey }).variant === 'on'))
    expect(before.isSubsetOf(on)).toBe(true)
    expect(Math.abs(on.size / users.length - share / 100)).toBeLessThan(0.025)
    before = on
  }
})

it('the shares of a sum other than 100 are parts of that sum', () => {
  const answers = (percentage: object): unknown[] => {
    const ruleset = compiled({ f: { variations: { a: 1, b: 2 }, defaultRule: { percentage } } })
    return Array.from({ length: 500 }, (_, index) => ruleset.evaluate('f', { targetingKey: `u${index}` }).variant)
  }
  const share = answers({ a: 10, b: 10 }).filter((variant) => variant === 'a').length / 500
  expect(share).toBeGreaterThan(0.4)
  expect(share).toBeLessThan(0.6)
  expect(answers({ a: 150, b: 0 })).toEqual(answers({ a: 100 }))
})
