/** What must hold for every document: agreement with a plain reading of the rules, and the metamorphic properties. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Context } from '../../outcome.ts'
import type { Ruleset } from '../../ruleset.ts'
import { bucketOf, contexts, documents, FLAGS } from './testing/differential.ts'
import { evaluateAsServer } from './testing/reference.ts'
import type { Data, Verdict } from './testing/reference.ts'
import { featbit } from './lower.ts'

const SEED = 20_261_121
const runs = { seed: SEED, numRuns: 400 }
const PROFILES = ['els', 'node-1.3']

function compiled(document: object, profile: string = 'els'): Ruleset {
  return compileWith(featbit, { document, options: { profile } }).ruleset
}

/** Our answer in the server's words. */
function asServer(ruleset: Ruleset, key: string, context: Context): Verdict {
  const { value, variant, errorCode, metadata = {} } = ruleset.evaluate(key, context, 'string')
  if (errorCode === 'FLAG_NOT_FOUND') return { value: null, id: null, matchReason: 'flag archived', send: false }
  if (errorCode !== undefined) return { failed: true }
  const words: Record<string, unknown> = { Off: 'flag disabled', TargetMatch: 'targeted', FallThrough: 'default' }
  const matchReason = metadata['ruleName'] ?? words[String(metadata['featbitReason'])]
  return {
    value: typeof value === 'string' ? value : null,
    id: variant ?? null,
    matchReason: String(matchReason),
    send: metadata['sendToExperiment'] === true,
  }
}

describe(`random documents (seed ${SEED})`, () => {
  it('els answers as a plain reading of the server’s rules', () => {
    fc.assert(
      fc.property(documents, fc.array(contexts, { minLength: 4, maxLength: 4 }), (document, asking) => {
        const ruleset = compiled(document)
        for (const context of asking) {
          for (const key of FLAGS) {
            const { data } = document as { data: Data }
            expect(asServer(ruleset, key, context)).toEqual(evaluateAsServer(data, key, context))
          }
        }
      }),
      { ...runs, numRuns: 1_000 },
    )
  })

  it.each(PROFILES)('%s: equal projections mean equal answers', (profile) => {
    fc.assert(
      fc.property(documents, contexts, fc.array(contexts, { minLength: 6, maxLength: 6 }), (document, one, others) => {
        const ruleset = compiled(document, profile)
        // Contexts that differ in one member are the ones whose projections come out equal.
        const near = Object.keys(one).map((name) => Object.assign({}, one, { [name]: others[0]?.[name] }))
        for (const two of [...others, ...near, { ...one, unread: 1 }]) {
          for (const key of FLAGS) {
            if (ruleset.projection(one, 0, key) !== ruleset.projection(two, 0, key)) continue
            expect(ruleset.evaluate(key, two)).toBe(ruleset.evaluate(key, one))
          }
        }
      }),
      runs,
    )
  })

  it.each(PROFILES)('%s: the order of the context’s members and other flags do not matter', (profile) => {
    fc.assert(
      fc.property(documents, contexts, (document, context) => {
        const turned = Object.fromEntries(Object.entries(context).reverse())
        const ruleset = compiled(document, profile)
        const { data } = document as { data: Data }
        for (const flag of data.featureFlags) {
          const alone = compiled({ ...data, featureFlags: [flag] }, profile)
          expect(alone.evaluate(flag.key, turned)).toEqual(ruleset.evaluate(flag.key, context))
        }
      }),
      runs,
    )
  })
})

it('raising a rollout only adds users, and takes the share of users it says', () => {
  const at = (share: number): Ruleset => {
    const variations = [
      { id: 'on', rollout: [0, share], exptRollout: 0 },
      { id: 'off', rollout: [share, 1], exptRollout: 0 },
    ]
    const flag = { key: 'f', isEnabled: true, targetUsers: [], rules: [], fallthrough: { variations } }
    return compiled({
      featureFlags: [
        {
          ...flag,
          variations: [
            { id: 'on', value: '1' },
            { id: 'off', value: '0' },
          ],
        },
      ],
    })
  }
  let before = new Set<string>()
  for (const share of [0, 0.05, 0.3, 0.6, 1]) {
    const ruleset = at(share)
    const users = Array.from({ length: 5_000 }, (_, index) => `user-${index}`)
    const on = new Set(users.filter((targetingKey) => ruleset.evaluate('f', { targetingKey }).variant === 'on'))
    expect(before.isSubsetOf(on)).toBe(true)
    expect(Math.abs(on.size / users.length - share)).toBeLessThan(0.02)
    before = on
  }
})

it('both ends of an interval belong to it, and the first of two that share an end gets the user', () => {
  const edge = bucketOf('fu1')
  const serving = (...rollouts: number[][]): unknown => {
    const variations = rollouts.map((rollout, index) => ({ id: `v${index}`, rollout, exptRollout: 0 }))
    const values = rollouts.map((_, index) => ({ id: `v${index}`, value: 'x' }))
    const flag = {
      key: 'f',
      isEnabled: true,
      targetUsers: [],
      rules: [],
      variations: values,
      fallthrough: { variations },
    }
    return compiled({ featureFlags: [flag] }).evaluate('f', { targetingKey: 'u1' }).variant
  }
  expect(serving([0, edge], [edge, 1])).toBe('v0')
  expect(serving([edge, 1], [0, edge])).toBe('v0')
  expect(serving([0, edge - 2 ** -31], [edge, 1])).toBe('v1')
  expect(serving([edge + 2 ** -31, 1], [edge, edge])).toBe('v1')
  expect(serving([edge + 2 ** -31, 1], [0, edge - 2 ** -31])).toBe('')
})
