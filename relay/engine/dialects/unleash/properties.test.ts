/** What must hold for every document: the metamorphic properties, for both profiles. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changes } from '../../changes.ts'
import { compileWith } from '../../compile.ts'
import { own } from '../../context.ts'
import type { Context, Json } from '../../outcome.ts'
import type { Ruleset } from '../../ruleset.ts'
import { unleash } from './lower.ts'
import { contexts, documents, FLAGS, HOST } from './testing/grammar.ts'
import { vendorHash } from './testing/vendor-hash.ts'

const SEED = 20_261_122
const runs = { seed: SEED, numRuns: 400 }
const PROFILES = ['node', 'yggdrasil']
const NOW = Date.parse('2026-03-01T12:00:00.000Z')
const MOMENTS = [NOW, NOW - 1, NOW + 1, NOW + 2]

function compiled(document: object, profile: string = 'node', random: () => number = () => 0.4): Ruleset {
  return compileWith(unleash, { document, options: { profile, hostname: HOST }, random }).ruleset
}

describe.each(PROFILES)(`random documents, %s (seed ${SEED})`, (profile) => {
  it('equal projections mean equal answers, at every moment and whatever chance has it', () => {
    let compared = 0
    fc.assert(
      fc.property(documents, contexts, fc.array(contexts, { minLength: 6, maxLength: 6 }), (document, one, others) => {
        let drawn = 0.4
        const ruleset = compiled(document, profile, () => drawn)
        // Contexts that differ in one member are the ones whose projections come out equal.
        const near = Object.keys(one).map((name) => Object.assign({}, one, { [name]: others[0]?.[name] }))
        for (const two of [...others, ...near, { ...one, unread: 1 }]) {
          for (const key of FLAGS) {
            const projection = ruleset.projection(one, NOW, key)
            for (const now of MOMENTS) {
              if (projection === undefined || projection !== ruleset.projection(two, now, key)) continue
              drawn = 0.4
              const answer = ruleset.evaluate(key, one, undefined, { now: NOW })
              drawn = 0.9
              expect(ruleset.evaluate(key, two, undefined, { now })).toBe(answer)
              compared++
            }
          }
        }
      }),
      runs,
    )
    expect(compared).toBeGreaterThan(10_000)
  })

  it('the order of the context’s members and of features, and features nobody refers to, do not matter', () => {
    fc.assert(
      fc.property(documents, contexts, (document, context) => {
        const turned = Object.fromEntries(Object.entries(context).reverse())
        const ruleset = compiled(document, profile)
        const features = (own(document, 'features') as object[]).concat({ name: 'new', enabled: true, strategies: [] })
        const more = compiled({ ...document, features: features.reverse() }, profile)
        for (const key of FLAGS) {
          expect(more.evaluate(key, turned, undefined, { now: NOW })).toEqual(
            ruleset.evaluate(key, context, undefined, { now: NOW }),
          )
        }
      }),
      runs,
    )
  })

  it('a flag whose answer differs after a swap is among the changes', () => {
    fc.assert(
      fc.property(documents, documents, fc.nat(), contexts, (before, after, which, context) => {
        const kept = (own(before, 'features') as object[]).with(which % FLAGS.length, newFeature(after, which))
        const swapped = { ...after, features: kept }
        const [old, young] = [compiled(before, profile), compiled(swapped, profile)]
        const { changed } = changes(old, young)
        for (const key of FLAGS) {
          if (changed.includes(key)) continue
          expect(young.evaluate(key, context, undefined, { now: NOW })).toEqual(
            old.evaluate(key, context, undefined, { now: NOW }),
          )
        }
      }),
      runs,
    )
  })
})

function newFeature(document: object, which: number): object {
  return (own(document, 'features') as object[])[which % FLAGS.length] ?? {}
}

describe('rollouts', () => {
  const users = Array.from({ length: 5_000 }, (_, index): Context => ({ targetingKey: `user-${index}` }))
  const at = (rollout: number, profile: string): Ruleset => {
    const parameters = { rollout: String(rollout), stickiness: 'default', groupId: 'checkout' }
    return compiled(
      { features: [{ name: 'f', enabled: true, strategies: [{ name: 'flexibleRollout', parameters }] }] },
      profile,
    )
  }

  it.each(PROFILES)('%s: raising one only adds users, and takes the share of users it says', (profile) => {
    let before = new Set<Context>()
    for (const rollout of [0, 5, 30, 60, 100]) {
      const ruleset = at(rollout, profile)
      const on = new Set(users.filter((user) => ruleset.evaluate('f', user).value === true))
      expect(before.isSubsetOf(on)).toBe(true)
      expect(Math.abs(on.size / users.length - rollout / 100)).toBeLessThan(0.02)
      before = on
    }
  })

  it.each([
    ['userId', 'flexibleRollout', 'rollout'],
    ['userId', 'gradualRolloutUserId', 'percentage'],
    ['sessionId', 'gradualRolloutSessionId', 'percentage'],
  ])('whole percentages from 0 to 101 end where the vendor’s hash says: %s by %s', (field, name, parameter) => {
    const ids = Array.from({ length: 400 }, (_, index) => `user-${index}`)
    const edges = new Map(ids.map((id) => [id, (vendorHash(`checkout:${id}`, 0) % 100) + 1]))
    expect(new Set(edges.values()).size).toBeGreaterThan(95)
    for (let share = 0; share <= 101; share++) {
      const parameters = { [parameter]: String(share), groupId: 'checkout' }
      const ruleset = compiled({ features: [{ name: 'f', enabled: true, strategies: [{ name, parameters }] }] })
      for (const [id, edge] of edges) expect(ruleset.evaluate('f', { [field]: id }).value).toBe(edge <= share)
    }
  })

  it('weights divide users as they say, and each user keeps the variant while the flag’s other parts change', () => {
    const feature = (extra: Json): object => ({
      features: [
        {
          name: 'f',
          enabled: true,
          strategies: [{ name: 'default' }],
          description: extra,
          variants: [
            { name: 'a', weight: 500 },
            { name: 'b', weight: 300 },
            { name: 'c', weight: 200 },
          ],
        },
      ],
    })
    const [one, two] = [compiled(feature('x')), compiled(feature('y'))]
    const counts = new Map<unknown, number>()
    for (const user of users) {
      const { variant } = one.evaluate('f', user)
      expect(two.evaluate('f', user).variant).toBe(variant)
      counts.set(variant, (counts.get(variant) ?? 0) + 1)
    }
    for (const [name, share] of [
      ['a', 0.5],
      ['b', 0.3],
      ['c', 0.2],
    ] as const) {
      expect(Math.abs((counts.get(name) ?? 0) / users.length - share)).toBeLessThan(0.02)
    }
  })
})
