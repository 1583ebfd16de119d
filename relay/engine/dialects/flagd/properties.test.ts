/** What must hold for any document: of contexts, of projections, of unrelated flags and of growing rollouts. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Context } from '../../outcome.ts'
import { flagd } from './lower.ts'
import { scenarios } from './testing/grammar.ts'

const SEED = 20_261_121
const settings = { seed: SEED, numRuns: 300 }

describe(`any document (seed ${SEED})`, () => {
  it('answers alike for contexts with one projection', () => {
    let compared = 0
    fc.assert(
      fc.property(scenarios, fc.anything(), ({ document, questions, now }, anything) => {
        const { ruleset } = compileWith(flagd, { document })
        for (const { key, context } of questions) {
          const reads = ruleset.facts(key).reads
          if (reads === '*') continue
          const projection = ruleset.projection(context, now, key)
          const kept = Object.fromEntries(Object.entries(context).filter(([name]) => reads.includes(name)))
          for (const other of [kept, { ...context, unread: anything, length: 3 }]) {
            if (ruleset.projection(other, now, key) !== projection) continue
            expect(ruleset.evaluate(key, other, undefined, { now })).toEqual(
              ruleset.evaluate(key, context, undefined, { now }),
            )
            compared++
          }
        }
      }),
      settings,
    )
    expect(compared).toBeGreaterThan(1_000)
  })

  it('answers alike at any time unless it is volatile', () => {
    fc.assert(
      fc.property(scenarios, fc.nat(), ({ document, questions, now }, later) => {
        const { ruleset } = compileWith(flagd, { document })
        for (const { key, context } of questions) {
          if (ruleset.facts(key).volatile.size > 0) continue
          expect(ruleset.evaluate(key, context, undefined, { now: now + later })).toEqual(
            ruleset.evaluate(key, context, undefined, { now }),
          )
        }
      }),
      settings,
    )
  })

  it('does not mind the order of members in a context, nor other flags', () => {
    fc.assert(
      fc.property(scenarios, ({ document, questions, now }) => {
        const { ruleset } = compileWith(flagd, { document })
        const { flags, ...rest } = document as { readonly flags: Readonly<Record<string, unknown>> }
        for (const { key, context } of questions) {
          const reversed: Context = Object.fromEntries(Object.entries(context).reverse())
          const alone = compileWith(flagd, {
            document: { ...rest, flags: { z: {}, [key]: flags[key] ?? null } },
          }).ruleset
          const answer = ruleset.evaluate(key, context, undefined, { now })
          expect(ruleset.evaluate(key, reversed, undefined, { now })).toEqual(answer)
          if (Object.hasOwn(flags, key)) expect(alone.evaluate(key, context, undefined, { now })).toEqual(answer)
        }
      }),
      { ...settings, numRuns: 60 },
    )
  })
})

it('a growing share only adds users', () => {
  const users = Array.from({ length: 2_000 }, (_, index) => `user-${index}`)
  const share = (percent: number): Set<string> => {
    const targeting = {
      fractional: [
        ['on', percent],
        ['off', 100 - percent],
      ],
    }
    const { ruleset } = compileWith(flagd, {
      document: { flags: { f: { variants: { on: true, off: false }, targeting } } },
    })
    return new Set(users.filter((targetingKey) => ruleset.evaluate('f', { targetingKey }).value === true))
  }
  let before = share(0)
  expect(before.size).toBe(0)
  for (const percent of [1, 10, 25, 50, 90, 100]) {
    const now = share(percent)
    expect(before.isSubsetOf(now)).toBe(true)
    expect(Math.abs(now.size / users.length - percent / 100)).toBeLessThan(0.05)
    before = now
  }
  expect(before.size).toBe(users.length)
})
