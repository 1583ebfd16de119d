/**
 * Random payloads and users for GrowthBook: every kind of rule and every option, with bucket ends where users stand.
 * What would end most evaluations early, such as prerequisites and filters, is rarer than the rest.
 */
import * as fc from 'fast-check'
import type { Context } from '../../../outcome.ts'
import type { Scenario } from '../../../testing/differential.ts'
import { condition, conditions, INHERITED, LITERALS, NUMBERS, path, rarely } from './condition-grammar.ts'
import { savedGroups, scalar, SCALARS, valueCondition, VERSIONS } from './condition-grammar.ts'

export const FEATURES: readonly string[] = ['f1', 'f2', 'f3']
export const USERS: readonly string[] = ['u1', 'u2', 'user-42', '用户', '😀', '\ud800', '5', '0']
/** Computed here on its own, so that ranges can end exactly where a user stands. */
function fnv(text: string): number {
  let hash = 2_166_136_261n
  for (let index = 0; index < text.length; index++) {
    hash = ((hash ^ BigInt(text.charCodeAt(index))) * 16_777_619n) & 0xffff_ffffn
  }
  return Number(hash)
}

/** Where a user stands on the scale 0…1. */
export function bucketOf(seed: string, user: string, version: number): number {
  return version === 2 ? (fnv(String(fnv(seed + user))) % 10_000) / 10_000 : (fnv(user + seed) % 1_000) / 1_000
}

const seed = fc.constantFrom('s1', 's2', 'f1', '')
const edge = fc
  .tuple(fc.constantFrom('s1', 's2', 'f1', 'f2', '__ns'), fc.constantFrom(...USERS), fc.constantFrom(1, 2))
  .map(([seed, user, version]) => bucketOf(seed, user, version))
const fraction = fc.oneof(fc.constantFrom(0, 0.1, 0.3, 0.5, 0.9, 1, 1.5, -0.1), edge)
const range = rarely(
  fc.tuple(fraction, fraction).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]),
  fc.tuple(fraction, fraction),
  6,
)
const hashVersion = rarely(fc.constantFrom(1, 2), fc.constantFrom(0, 3), 12)
const attribute = rarely(fc.constantFrom('id', 'anon', 'a', 'n', ''), fc.constantFrom(...INHERITED, 'list', 'obj'), 20)

/** Members that are there in so many of a hundred cases. */
function maybe(
  members: Readonly<Record<string, readonly [percent: number, fc.Arbitrary<unknown>]>>,
): fc.Arbitrary<object> {
  const parts = Object.entries(members).map(([name, [percent, arbitrary]]) =>
    fc
      .tuple(fc.integer({ min: 0, max: 99 }), arbitrary)
      .map(([chance, value]): object => (chance >= 100 - percent ? { [name]: value } : {})),
  )
  return fc.tuple(...parts).map((all) => Object.assign({}, ...all) as object)
}

const parent = fc.record(
  {
    id: rarely(fc.constantFrom('f3', 'f3', 'f3', 'f2', 'f1', 'gone'), fc.constantFrom(...INHERITED), 60),
    condition: fc.oneof(
      valueCondition,
      fc.constantFrom<object>({ value: true }, { value: { $exists: true } }, { value: { $ne: 'x' } }),
    ),
    gate: fc.constantFrom(false, false, true),
  },
  { requiredKeys: ['id'] },
)
const filter = fc
  .tuple(
    fc.record({ seed, ranges: fc.oneof(fc.constant([[0, 1]]), fc.array(range, { minLength: 1, maxLength: 2 })) }),
    maybe({ attribute: [30, attribute], hashVersion: [50, hashVersion] }),
  )
  .map(([a, b]) => Object.assign({}, a, b))
/** Conditions that hold for many users, beside those that hold for few. */
const targeting = fc.oneof(
  fc.constantFrom<object>({ a: { $exists: true } }, { n: { $gte: 1 } }, { missing: null }, { id: { $ne: 'u1' } }),
  fc.tuple(path, conditions.operators).map(([name, value]) => ({ $not: { [name]: value } })),
  condition,
)
const common = {
  parentConditions: [15, fc.array(parent, { maxLength: 2 })],
  filters: [15, fc.array(filter, { maxLength: 2 })],
  condition: [50, targeting],
  hashAttribute: [25, attribute],
  fallbackAttribute: [40, attribute],
  hashVersion: [40, hashVersion],
  seed: [50, seed],
  id: [50, fc.constantFrom('r1', 'r2', '')],
  disableStickyBucketing: [20, fc.boolean()],
  coverage: [40, fraction],
} as const
const served = fc.constantFrom<unknown>('x', 'y', 1, 0.5, 0, true, false, null, '', { a: [1] }, [])
const force = fc
  .tuple(
    fc.record({ force: served }),
    maybe({ ...common, range: [20, range], variations: [20, fc.constant(['no', 'never'])] }),
  )
  .map(([a, b]) => Object.assign({}, b, a))
const weights = fc.constantFrom(
  [0.6, 0.45],
  [0.505, 0.505],
  [0.5, 0.48],
  [0.5, 0.5],
  [0.2, 0.3, 0.5],
  [0.1, 0.1],
  [1, 0],
  [0.33, 0.33, 0.33],
)
const meta = fc.array(maybe({ key: [80, fc.constantFrom('0', '1', 'v', '')], passthrough: [15, fc.boolean()] }), {
  maxLength: 4,
})
const experiment = fc
  .tuple(
    rarely(fc.array(served, { minLength: 2, maxLength: 3 }), fc.array(served, { maxLength: 1 }), 20),
    maybe({
      ...common,
      contextualVariations: [5, fc.constant(['p', 'q'])],
      key: [60, fc.constantFrom('e1', 'e2')],
      weights: [40, weights],
      ranges: [15, fc.array(range, { maxLength: 4 })],
      meta: [60, meta],
      namespace: [20, range.map(([from, to]) => ['ns', from, to])],
      bucketVersion: [30, fc.constantFrom(0, 1, 2)],
      minBucketVersion: [20, fc.constantFrom(0, 1, 2)],
      contextualBanditRef: [25, rarely(fc.constantFrom('b1', 'b2', 'gone'), fc.constantFrom(...INHERITED), 40)],
    }),
    fc.constantFrom('variations', 'variations', 'contextualVariations'),
    fc.integer({ min: 0, max: 30 }),
  )
  .map(([variations, rest, name, chance]) => complete({ [name]: variations, ...rest }, variations.length, chance))

/** The SDK fails where `meta` is shorter than the variations, which seldom leaves anything to compare. */
function complete(rule: object, variations: number, chance: number): object {
  const { meta } = rule as { meta?: object[] }
  if (meta === undefined || chance === 0) return rule
  return { ...rule, meta: [...meta, ...Array.from({ length: Math.max(0, variations - meta.length) }, () => ({}))] }
}

/** Nothing but a condition: what it comes to is what is served. */
const targeted = fc.record({ condition, force: fc.constantFrom('yes', 1) })
/** A rollout that ends exactly where one of the users stands. */
const exact = fc
  .tuple(fc.constantFrom('s1', 's2'), fc.constantFrom(...USERS), fc.constantFrom(1, 2), fc.boolean())
  .map(([seed, user, hashVersion, closed]) => {
    const end = bucketOf(seed, user, hashVersion)
    const rule = { force: 'in', seed, hashVersion }
    return Object.assign(rule, closed ? { coverage: end } : { range: [end - 0.2, end] })
  })
const rule = rarely(fc.oneof(force, experiment, experiment, targeted, exact), maybe(common), 20)
const feature = fc.oneof(
  { weight: 12, arbitrary: fc.record({ defaultValue: served, rules: fc.array(rule, { maxLength: 3 }) }) },
  { weight: 8, arbitrary: fc.record({ defaultValue: served, rules: fc.tuple(targeted) }) },
  { weight: 1, arbitrary: maybe({ defaultValue: [50, served], rules: [50, fc.constant(null)] }) },
)
const bandit = fc.record(
  {
    banditVersion: fc.constantFrom(1, 7),
    contexts: fc.array(fc.record({ leafId: fc.constantFrom(0, 1, 2), condition: targeting, weights }), {
      maxLength: 3,
    }),
  },
  { requiredKeys: ['contexts'] },
)

export const payloads: fc.Arbitrary<object> = fc
  .tuple(
    fc.tuple(...FEATURES.map(() => feature)),
    rarely(fc.constant<object>({}), fc.record({ constructor: feature }), 30),
    savedGroups,
    fc.record({ b1: bandit, b2: bandit }),
  )
  .map(([features, odd, savedGroups, contextualBandits]) =>
    structuredClone({
      features: { ...Object.fromEntries(features.map((each, index) => [FEATURES[index], each])), ...odd },
      savedGroups,
      contextualBandits,
    }),
  )

const given: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<unknown>(...SCALARS, ...VERSIONS) },
  { weight: 2, arbitrary: fc.array(fc.oneof(scalar, fc.record({ x: scalar, a: scalar })), { maxLength: 3 }) },
  { weight: 2, arbitrary: fc.constantFrom(...LITERALS, { toString: 1 }, { valueOf: 1 }, { x: 1, y: { z: 20 } }) },
)
const user = rarely<unknown>(
  fc.constantFrom<unknown>(...USERS),
  fc.constantFrom<unknown>(0, 5, true, false, null, '', ['u1']),
  4,
)
const assignments = fc.dictionary(
  fc
    .tuple(fc.constantFrom('f1-0', 'f2-0', 'f3-0', 'f1-1', 'f2-1', 'e1'), fc.constantFrom('__0', '__0', '__1', '__2'))
    .map((parts) => parts.join('')),
  fc.constantFrom('0', '1', 'v', 'gone'),
  { minKeys: 2, maxKeys: 8 },
)
const odd = fc.dictionary(
  fc
    .tuple(fc.constantFrom('id', 'anon', 'a'), fc.constantFrom(...USERS, 'abc', ''))
    .map(([attribute, value]) => `${attribute}||${value}`),
  fc.oneof(fc.record({ assignments }), fc.constantFrom<unknown>(null, 5, {}, { assignments: 'x' })),
  { maxKeys: 3 },
)
/** One document for every user under `id`, another under `anon`, and some of them otherwise. */
const stickyBucketAssignmentDocs = fc.tuple(assignments, assignments, odd).map(([id, anon, odd]) => {
  const every = USERS.flatMap((user) => [
    [`id||${user}`, { assignments: id }],
    [`anon||${user}`, { assignments: anon }],
  ])
  return Object.assign(Object.fromEntries(every) as object, odd)
})

export const contexts: fc.Arbitrary<Context> = fc
  .tuple(
    maybe({ targetingKey: [85, fc.constantFrom(...USERS)], id: [30, user], anon: [50, user] }),
    maybe({
      a: [70, given],
      b: [50, given],
      n: [60, fc.constantFrom(...NUMBERS)],
      v: [50, fc.constantFrom<unknown>(...VERSIONS, 1.2)],
      list: [40, given],
      obj: [40, given],
    }),
    maybe({
      stickyBucketAssignmentDocs: [60, stickyBucketAssignmentDocs],
      url: [30, fc.constantFrom<unknown>('/?e1=1', 'http://x/?f1=0&e2=2#e1=1', '?e1=9&e1=0', '/?f1=1x?e1=0', 5)],
    }),
    rarely(
      fc.constant<object>({}),
      fc.constantFrom(...INHERITED).map((name) => Object.fromEntries([[name, 'abc']])),
      20,
    ),
  )
  // Objects without a prototype, as fast-check also makes them, do not come out of JSON.
  .map((parts) => structuredClone(Object.fromEntries(parts.flatMap((part) => Object.entries(part)))))

export const options: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 3, arbitrary: fc.constant({ stickyBucketing: true }) },
  {
    weight: 3,
    arbitrary: maybe({
      targetingKeyAttribute: [20, fc.constantFrom('anon', 'targetingKey', 'a')],
      globalAttributes: [40, fc.constantFrom({ a: 'abc', id: 'u1' }, { b: 20, url: '?e1=0' })],
      attributeOverrides: [40, fc.constantFrom({ a: 'b' }, { id: 'u2', obj: { x: 1 } })],
      forcedVariations: [40, fc.constantFrom({ e1: 1 }, { f1: 0, e2: 7 }, { e1: -1 })],
      forcedFeatures: [20, fc.constantFrom<object>({ f3: 'forced' }, { extra: 1, f2: null })],
      urlAttribute: [50, fc.constant('url')],
      qaMode: [20, fc.boolean()],
      enabled: [20, fc.boolean()],
      stickyBucketing: [30, fc.boolean()],
    }) as fc.Arbitrary<Record<string, unknown>>,
  },
)

/** With a name for each variation, as assignments need. */
function named(rule: object): object {
  const { meta, variations } = rule as { meta?: object[]; variations?: unknown[] }
  if (meta === undefined && variations === undefined) return rule
  return {
    ...rule,
    meta: (variations ?? meta ?? []).map((_, index) => Object.assign({}, meta?.[index], { key: String(index) })),
  }
}

/** The SDK saves assignments while it evaluates; with a key per rule no later rule of one evaluation reads them. */
function withOwnKeys(payload: object): object {
  const { features } = payload as { features: Record<string, { rules?: object[] | null }> }
  const keyed = Object.entries(features).map(([key, feature]) => [
    key,
    feature.rules
      ? { ...feature, rules: feature.rules.map((rule, index) => ({ ...named(rule), key: `${key}-${index}` })) }
      : feature,
  ])
  return { ...payload, features: Object.fromEntries(keyed) }
}

const asked = rarely(fc.constantFrom(...FEATURES), fc.constantFrom('extra', 'gone', ...INHERITED), 40)

export const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    document: payloads,
    options,
    questions: fc.array(fc.record({ key: asked, context: contexts }), { minLength: 8, maxLength: 12 }),
    now: fc.constant(0),
  })
  .map(({ document, options, questions, now }) => {
    const keyed = options['stickyBucketing'] === true ? withOwnKeys(document) : document
    return { document: keyed, options, questions, now }
  })
