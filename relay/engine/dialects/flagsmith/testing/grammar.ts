/**
 * Random environment documents and contexts that reach every operator, every cast and every edge of a split. Values of
 * traits come from the same texts as conditions, so that most comparisons are close.
 */
import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import type { Context } from '../../../outcome.ts'

export const FLAGS: readonly string[] = ['f1', 'f2', '5']
export const ENVIRONMENT_KEY = 'env-key'
const USERS = ['u1', 'u2', 'vip', '0123', '42', 'a,b', '用户', '😀', '["u1"]']
const SEGMENT_IDS = [12, 7, 3]
const NAMES = ['p', 'q', 'a b', 'p.x']
const PATHS = [
  '$.identity.identifier',
  '$.identity.key',
  '$.environment.key',
  '$.environment.name',
  '$.identity.traits.p',
  "$.identity.traits['a b']",
  '$.identity.traits.p.x',
  '$.identity',
  '$.nope.x',
  '$.not valid',
]
const TEXTS = [
  'abc',
  'b',
  'ABC',
  '',
  'true',
  'True',
  'false',
  'False',
  '5',
  '6',
  '4',
  '5.0',
  '05',
  '-5',
  '-0',
  '5.5',
  '5.4',
  '1e1',
  ' 5 ',
  '5abc',
  '1_0',
  '.5',
  '9',
  '10',
  '12345678901234567890',
  '9007199254740993',
  '1e999',
  'nan',
  'inf',
  '[a',
  'null',
  'é',
  '\ud83d\ude00',
  '\ufb01',
]
const VERSIONS = ['1.2.3', '1.10.0', 'v1.2.3', '1.2', '1.2.3-rc.1', '1.2.3-rc.10', '1.2.3+build', '01.2.3', ' 1.2.3']
const LISTS = [
  'a,b',
  'abc,b',
  '5,6',
  '0,1',
  '["abc","5"]',
  '[5, 1.5, true, null]',
  '[a,b',
  '"abc"',
  '',
  '5.5',
  ' b',
  '[]',
]
const PATTERNS = ['abc', '^a.c$', 'b', '\\d+', '[', 'a|b', '^$', '(ab)c', '[a-c]{3}', 'True', '.', '5\\.5', 'x*']
const MODULI = ['2|1', '3|1', '1.5|0', '0|0', '2', '-3|-1', '2|1|0', 'a|b', '5|0', ' 2 | 1 ']
const COMPARISONS = ['EQUAL', 'NOT_EQUAL', 'GREATER_THAN', 'GREATER_THAN_INCLUSIVE', 'LESS_THAN', 'LESS_THAN_INCLUSIVE']

/** Computed here on its own, so that shares can end exactly where an identity stands. */
export function bucket(...ids: readonly string[]): number {
  for (let times = 1; ; times++) {
    const text = Array.from({ length: times }, () => ids.join(',')).join(',')
    const digest = BigInt(`0x${createHash('md5').update(text).digest('hex')}`)
    const value = (Number(digest % 9999n) / 9998) * 100
    if (value !== 100) return value
  }
}

const user = fc.constantFrom(...USERS)
const share = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 10, 30, 33.3, 50, 70, 100) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('7', '12', '401', '402'), user)
      .map(([key, identifier]) => bucket(key, `${ENVIRONMENT_KEY}_${identifier}`)),
  },
)
const property = fc.oneof(
  { weight: 80, arbitrary: fc.constantFrom('p', 'q') },
  { weight: 30, arbitrary: fc.constantFrom(...NAMES, ...PATHS) },
  { weight: 6, arbitrary: fc.constantFrom('', null) },
  { weight: 1, arbitrary: fc.constant('constructor') },
)
const operand: fc.Arbitrary<readonly [string, unknown]> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...COMPARISONS), fc.constantFrom(...TEXTS, ...USERS)) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constantFrom(...COMPARISONS),
      fc.constantFrom(...VERSIONS).map((version) => `${version}:semver`),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('CONTAINS', 'NOT_CONTAINS'), fc.constantFrom(...TEXTS)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('REGEX'), fc.constantFrom(...PATTERNS)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('MODULO'), fc.constantFrom(...MODULI)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('IN'), fc.constantFrom<unknown>(...LISTS, ['abc', '5'], ['b'])) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom('IS_SET', 'IS_NOT_SET'), fc.constant(null)) },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('PERCENTAGE_SPLIT'),
      fc.oneof(share.map(String), fc.constantFrom('abc', '50%', '', '-1', '1e2')),
    ),
  },
  { weight: 1, arbitrary: fc.constant(['NOPE', 'a'] as const) },
)
const condition = fc.tuple(property, operand, fc.boolean()).map(([name, [operator, value], blank]) => ({
  property_: operator === 'PERCENTAGE_SPLIT' && blank ? '' : name,
  operator,
  value,
}))
const type = fc.constantFrom('ALL', 'ANY', 'NONE')
const innerRule = fc.record({ type, conditions: fc.array(condition, { maxLength: 2 }), rules: fc.constant([]) })
const rule = fc.record({
  type,
  conditions: fc.array(condition, { maxLength: 2 }),
  rules: fc.array(innerRule, { maxLength: 2 }),
})

const value = fc.constantFrom<unknown>(
  'x',
  '',
  'TRUE',
  'false',
  '42.5',
  ' 42 ',
  '1e3',
  '12abc',
  '{"a":[1,{}]}',
  '[1]',
  'null',
)
const stored = fc.oneof(
  { weight: 3, arbitrary: value },
  { weight: 1, arbitrary: fc.constantFrom(null, 0, 1, 7, true, false) },
)
const uuid = fc.constantFrom('1', '2', 'a').map((digit) => `00000000-0000-4000-8000-00000000000${digit}`)
const variant = fc.record({
  id: fc.constantFrom(null, 1, 2, 3),
  mv_fs_value_uuid: uuid,
  percentage_allocation: share,
  multivariate_feature_option: fc.record({ value: stored, key: fc.constantFrom('a', 'b', null) }),
})
const state = (name: string): fc.Arbitrary<object> =>
  fc
    .record({
      django_id: fc.constantFrom(401, 402, null),
      featurestate_uuid: uuid,
      enabled: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
      feature_state_value: stored,
      feature_segment: fc.constantFrom(null, { priority: 0 }, { priority: 1 }, { priority: 2 }),
      multivariate_feature_state_values: fc.array(variant, { maxLength: 3 }),
    })
    .map((members) => Object.assign(members, { feature: { id: FLAGS.indexOf(name) + 1, name, type: 'STANDARD' } }))
const states = fc.subarray([...FLAGS]).chain((names) => fc.tuple(...names.map(state)))
const segment = (id: number): fc.Arbitrary<object> =>
  fc.record({
    id: fc.constant(id),
    name: fc.constant(`segment ${id}`),
    rules: fc.array(rule, { minLength: id === 3 ? 0 : 1, maxLength: 2 }),
    feature_states: states,
  })
const identity = fc.record({ identifier: user, identity_features: states, identity_traits: fc.constant([]) })

export const documents: fc.Arbitrary<object> = fc
  .record({
    feature_states: fc.tuple(...FLAGS.map(state)),
    segments: fc.shuffledSubarray(SEGMENT_IDS).chain((ids) => fc.tuple(...ids.map(segment))),
    identity_overrides: fc.uniqueArray(identity, { maxLength: 3, selector: ({ identifier }) => identifier }),
  })
  .map(({ feature_states, segments, identity_overrides }) => ({
    id: 1,
    api_key: ENVIRONMENT_KEY,
    name: 'Production',
    project: { id: 1, name: 'P', organisation: {}, hide_disabled_flags: false, segments },
    feature_states,
    identity_overrides,
  }))

const trait: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<unknown>(...TEXTS, ...VERSIONS) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<unknown>(0, 5, 6, 4, -5, 5.5, 5.4, 1.5, 10, -0, 1e21, 9007199254740992, 0.5),
  },
  { weight: 2, arbitrary: fc.boolean() },
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(null, ['abc'], [], ['5', 'b'], { x: 'abc' }, { value: 5 }, { value: null }),
  },
)
const traits = fc
  .tuple(
    fc.record({ p: trait, q: trait }, { requiredKeys: [] }),
    fc.array(fc.tuple(fc.constantFrom(...NAMES, ...PATHS.slice(0, 2), '$.not valid'), trait), { maxLength: 2 }),
  )
  .map(([usual, more]) => Object.assign({}, usual, Object.fromEntries(more)))

export const contexts: fc.Arbitrary<Context> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ targetingKey: user, traits }) },
  { weight: 1, arbitrary: fc.record({ traits }) },
  { weight: 1, arbitrary: fc.record({ targetingKey: fc.constantFrom('', 'u1'), traits: fc.constantFrom(null, 'p') }) },
)
