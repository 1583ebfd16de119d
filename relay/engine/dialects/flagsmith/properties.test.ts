/** What must hold for every document: agreement with a plain reading of the rules, and the metamorphic properties. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Context } from '../../outcome.ts'
import type { Ruleset } from '../../ruleset.ts'
import { contexts, documents, FLAGS } from './testing/grammar.ts'
import { evaluateAsPython } from './testing/reference.ts'
import type { Environment, Result } from './testing/reference.ts'
import { flagsmith } from './lower.ts'

const SEED = 20_261_122
const runs = { seed: SEED, numRuns: 400 }
const PROFILES = ['python', 'node']

function compiled(document: object, profile: string = 'python', options: object = {}): Ruleset {
  return compileWith(flagsmith, { document, options: { profile, returnValueForDisabledFlags: true, ...options } })
    .ruleset
}

/** Our answer in the engine's words. */
function asPython(ruleset: Ruleset, key: string, context: Context): Result | undefined {
  const { value, variant = null, errorCode, metadata = {} } = ruleset.evaluate(key, context)
  if (errorCode === 'FLAG_NOT_FOUND') return undefined
  const { enabled, segment, weight } = metadata
  const matched = segment === undefined ? 'DEFAULT' : `TARGETING_MATCH; segment=${segment}`
  return {
    enabled: enabled === true,
    value,
    reason: weight === undefined ? matched : `SPLIT; weight=${weight}`,
    variant,
  }
}

/** A flag without a value answers with its switch. */
function shown(expected: Result | undefined): Result | undefined {
  return expected === undefined ? undefined : { ...expected, value: expected.value ?? expected.enabled }
}

describe(`random documents (seed ${SEED})`, () => {
  it('python answers as a plain reading of the rules', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(documents, fc.array(contexts, { minLength: 6, maxLength: 6 }), (document, asking) => {
        const ruleset = compiled(document)
        for (const context of asking) {
          for (const key of [...FLAGS, 'unknown']) {
            const expected = shown(evaluateAsPython(document as Environment, key, context))
            expect(asPython(ruleset, key, context)).toEqual(expected)
          }
        }
      }),
      { ...runs, numRuns: 2_000 },
    )
  })

  it.each(PROFILES)('%s: equal projections mean equal answers', (profile) => {
    const options = { attributesAsTraits: true, identityKey: 'k' }
    fc.assert(
      fc.property(documents, contexts, fc.array(contexts, { minLength: 6, maxLength: 6 }), (document, one, others) => {
        const ruleset = compiled(document, profile, options)
        // Contexts that differ in one member are the ones whose projections come out equal.
        const changes = Object.entries({ ...others[0], p: 'abc', k: 'u2', unread: 1, name: 'x' })
        const near = changes.map(([name, value]) => Object.assign({}, one, { [name]: value }))
        for (const two of [...others, ...near]) {
          for (const key of FLAGS) {
            if (ruleset.projection(one, 0, key) !== ruleset.projection(two, 0, key)) continue
            expect(ruleset.evaluate(key, two)).toBe(ruleset.evaluate(key, one))
          }
        }
      }),
      runs,
    )
  })

  it.each(PROFILES)('%s: the order of members and other flags do not matter, explain agrees', (profile) => {
    fc.assert(
      fc.property(documents, contexts, (document, context) => {
        const turned = turn(context)
        const ruleset = compiled(document, profile)
        const environment = document as Environment
        for (const state of environment.feature_states) {
          const key = state.feature.name
          const alone = compiled({ ...environment, feature_states: [state] }, profile)
          const answer = ruleset.evaluate(key, context)
          expect(alone.evaluate(key, turned)).toEqual(answer)
          const { trace: _trace, ...explained } = ruleset.explain(key, context)
          expect(explained).toEqual(answer)
        }
        expect(ruleset.evaluateAll(context)).toEqual(FLAGS.map((key) => ruleset.evaluate(key, context)))
      }),
      runs,
    )
  })
})

function turn(context: Context): Context {
  const turned = Object.entries(context).reverse()
  const inside = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).reverse())
      : value
  return Object.fromEntries(turned.map(([name, value]) => [name, name === 'traits' ? inside(value) : value]))
}

const USERS = Array.from({ length: 5_000 }, (_, index) => `user-${index}`)

function splitting(share: number): Ruleset {
  const condition = { property_: null, operator: 'PERCENTAGE_SPLIT', value: String(share) }
  const state = (name: string, value: string, variants: object[] = []): object => ({
    django_id: 1,
    featurestate_uuid: '',
    enabled: true,
    feature_state_value: value,
    feature: { id: 1, name, type: 'STANDARD' },
    feature_segment: null,
    multivariate_feature_state_values: variants,
  })
  const variant = { id: 1, percentage_allocation: share, multivariate_feature_option: { value: 'on' } }
  const rules = [{ type: 'ALL', conditions: [condition], rules: [] }]
  return compiled({
    api_key: 'env',
    name: '',
    project: { segments: [{ id: 1, name: 's', rules, feature_states: [state('segment', 'on')] }] },
    feature_states: [state('segment', 'off'), state('variant', 'off', [variant])],
  })
}

it.each(['segment', 'variant'])('raising the share of a %s only adds users, and takes the share it says', (key) => {
  let before = new Set<string>()
  for (const share of [0, 5, 30, 60, 100]) {
    const ruleset = splitting(share)
    const on = new Set(USERS.filter((targetingKey) => ruleset.evaluate(key, { targetingKey }).value === 'on'))
    expect(before.isSubsetOf(on)).toBe(true)
    expect(Math.abs(on.size / USERS.length - share / 100)).toBeLessThan(0.02)
    before = on
  }
  expect(before.size).toBe(USERS.length)
})
