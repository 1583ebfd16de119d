/**
 * Random datafiles and contexts that meet: the contexts are made of the document's own constants and their neighbours, and
 * percentages and ranges lie on the very buckets of the users asked for, where off-by-one mistakes show.
 */
import fc from 'fast-check'
import type { Scenario } from '../../../testing/differential.ts'
import { bucketOf } from '../bucketing.ts'

const USERS = ['u1', 'u2', 'Ünï-用户', '😀', '', '7']
const FEATURES = ['a', 'b', 'c', 'ns.d'] as const
const SEGMENTS = ['s', 't', 'v', 'w'] as const
const VARIATIONS = ['on', 'off', 'x'] as const
const VARIABLES = ['color', 'size', 'data'] as const

const TEXTS = [
  'nl',
  'NL',
  'abc',
  'bc',
  '',
  '5',
  '1.2',
  '1.2.3',
  '1.2.3-beta',
  'v2.x',
  '2026-01-01',
  '2026-01-01T00:00:00Z',
]
const NUMBERS = [0, -0, 1, 4, 5, 6, 5.5, 1e21, -1, 1_767_225_600_000]
/** Weighted towards the one that contexts always have. */
const OTHERS = ['country', 'age', 'userId', 'targetingKey', 'user.plan', 'user.0', 'list.length', 'a..b']
const ATTRIBUTES = [...Array.from({ length: 10 }, () => 'x'), ...OTHERS]

/** Documents and contexts are parsed JSON: their objects have a prototype, and with it a text form. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T>
function record<T, K extends keyof T>(
  model: { [K in keyof T]: fc.Arbitrary<T[K]> },
  constraints: { readonly requiredKeys: K[] },
): fc.Arbitrary<Partial<T> & Pick<T, K>>
function record<T>(
  model: { [K in keyof T]: fc.Arbitrary<T[K]> },
  constraints: { readonly requiredKeys?: (keyof T)[] } = {},
): fc.Arbitrary<Partial<T>> {
  return fc.record(model, { ...constraints, noNullPrototype: true })
}

/** A few values come often, so that conditions and contexts meet. */
const text = fc.oneof(fc.constantFrom(...TEXTS), fc.constantFrom('nl', 'abc'), fc.constantFrom('1.2.3', '1.2', 'v2.x'))
const numeric = fc.oneof(fc.constantFrom(...NUMBERS), fc.constantFrom(4, 5, 6))
const scalar = fc.oneof(fc.constantFrom('nl', 5, null), text, numeric, fc.boolean())

/** Anything a client may send under an attribute. */
const contextValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: record({ plan: scalar, '0': scalar }, { requiredKeys: [] }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('é', '用户', 'a\u0000b', '\u2028', 1e300, 2 ** 53, -0.5, {}, [[]], [[1], 'z']),
  },
)

const context = record(
  {
    targetingKey: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...USERS) }, contextValue),
    userId: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...USERS) }, contextValue),
    deviceId: contextValue,
    x: fc.oneof(
      { weight: 6, arbitrary: text },
      { weight: 3, arbitrary: numeric },
      { weight: 3, arbitrary: fc.array(scalar, { minLength: 1, maxLength: 4 }) },
      { weight: 2, arbitrary: contextValue },
    ),
    country: fc.oneof({ weight: 4, arbitrary: text }, contextValue),
    age: fc.oneof({ weight: 4, arbitrary: numeric }, contextValue),
    user: contextValue,
    list: contextValue,
  },
  { requiredKeys: ['x'] },
)

const condition = fc
  .oneof(
    record({ operator: fc.constantFrom('equals', 'notEquals'), value: scalar }),
    record({ operator: fc.constantFrom('exists', 'notExists'), value: fc.option(scalar, { nil: undefined, freq: 3 }) }),
    record({ operator: fc.constantFrom('in', 'notIn'), value: fc.array(scalar, { maxLength: 3 }) }),
    record({ operator: fc.constantFrom('contains', 'notContains', 'startsWith', 'endsWith'), value: text }),
    record({
      operator: fc.constantFrom(
        'semverEquals',
        'semverNotEquals',
        'semverGreaterThan',
        'semverGreaterThanOrEquals',
        'semverLessThan',
        'semverLessThanOrEquals',
      ),
      value: text,
    }),
    record({
      operator: fc.constantFrom('matches', 'notMatches'),
      value: fc.constantFrom('^a', 'b.$', '[', '(a+)+$', '\\d+', '', 'n(l|e)', '^(?:[a-z]{2,3})$'),
      regexFlags: fc.constantFrom(undefined, '', 'i', 'im', 'q'),
    }),
    record({
      operator: fc.constantFrom('greaterThan', 'greaterThanOrEquals', 'lessThan', 'lessThanOrEquals'),
      value: fc.oneof({ weight: 5, arbitrary: numeric }, text),
    }),
    record({ operator: fc.constantFrom('before', 'after'), value: fc.oneof(text, numeric, fc.constant(null)) }),
    record({
      operator: fc.constantFrom('includes', 'notIncludes'),
      value: fc.oneof({ weight: 40, arbitrary: text }, { weight: 1, arbitrary: scalar }),
    }),
    record({ operator: fc.constantFrom('unknown', 'constructor', 'in', 'contains'), value: scalar }),
  )
  .chain((test) => fc.constantFrom(...ATTRIBUTES).map((attribute) => Object.assign({ attribute }, test)))

const { conditions } = fc.letrec((tie) => ({
  conditions: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: condition },
    { weight: 1, arbitrary: fc.constantFrom('*', 'nl', {}, []) },
    { weight: 2, arbitrary: fc.array(tie('conditions'), { maxLength: 2 }) },
    { weight: 1, arbitrary: record({ and: fc.array(tie('conditions'), { maxLength: 2 }) }) },
    { weight: 1, arbitrary: record({ or: fc.array(tie('conditions'), { maxLength: 2 }) }) },
    { weight: 2, arbitrary: record({ not: fc.array(tie('conditions'), { maxLength: 2 }) }) },
  ),
}))

const segmentKey = fc.constantFrom('*', '*', ...SEGMENTS, ...SEGMENTS, 'ghost')
const { group } = fc.letrec((tie) => ({
  group: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 6, arbitrary: segmentKey },
    { weight: 2, arbitrary: fc.array(tie('group'), { maxLength: 2 }) },
    { weight: 1, arbitrary: record({ and: fc.array(tie('group'), { maxLength: 2 }) }) },
    { weight: 1, arbitrary: record({ or: fc.array(tie('group'), { maxLength: 2 }) }) },
    { weight: 2, arbitrary: record({ not: fc.array(tie('group'), { maxLength: 2 }) }) },
  ),
}))

/** As the builder writes it: as JSON or as text of JSON. */
function stored(what: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof(
    what,
    what.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
  )
}

/** The same, and rarely broken. */
function perhapsBroken(what: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 20, arbitrary: stored(what) }, { weight: 1, arbitrary: fc.constantFrom('{oops', '[') })
}

const value = fc.constantFrom<unknown>('red', 'blue', 1, 1.5, true, null, ['x'], { k: 1 }, '{"n":[1]}', '{oops', '5')

function overridesOf(how: typeof stored, what: fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  const entry = fc.oneof(record({ conditions: how(what), value }), record({ segments: how(group), value }))
  const entries = fc.array(entry, { minLength: 1, maxLength: 2 })
  return fc.dictionary(fc.constantFrom(...VARIABLES), entries, { maxKeys: 1, noNullPrototype: true })
}

const overrides = overridesOf(perhapsBroken, conditions)
/** 2.0.0 does not know these; the oracle can stand in for whole ones only. */
const ruleOverrides = overridesOf(
  stored,
  conditions.filter((what) => what !== 'nl'),
)

const variables = fc.dictionary(fc.constantFrom(...VARIABLES, 'ghost'), value, { maxKeys: 2, noNullPrototype: true })

/** A place on the scale: the ends, and the buckets of the users asked for with their neighbours. */
function place(feature: string): fc.Arbitrary<number> {
  const near = USERS.flatMap((user) => [-1, 0, 1].map((offset) => bucketOf(`${user}.${feature}`) + offset))
  return fc.constantFrom(...near, 0, 1, 50_000, 99_999, 100_000)
}

const variable = record(
  {
    type: fc.constantFrom('string', 'integer', 'json', 'object'),
    defaultValue: value,
    disabledValue: value,
    useDefaultWhenDisabled: fc.boolean(),
  },
  { requiredKeys: ['type', 'defaultValue'] },
)

function rarely(some: fc.Arbitrary<unknown[]>): fc.Arbitrary<unknown[]> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant<unknown[]>([]) }, { weight: 1, arbitrary: some })
}

function feature(key: string): fc.Arbitrary<object> {
  const range = fc.tuple(place(key), place(key)).map(([one, two]) => [Math.min(one, two), Math.max(one, two)])
  const whole = fc.constant([0, 100_000])
  const rule = record(
    {
      key: fc.constantFrom('r1', 'r2', 'r3'),
      segments: perhapsBroken(group),
      percentage: fc.oneof(place(key), fc.constantFrom(100_000, 0, 33_333.3)),
      enabled: fc.boolean(),
      variation: fc.constantFrom(...VARIATIONS, 'ghost', ''),
      variables,
      variableOverrides: ruleOverrides,
      allocation: fc.array(
        record({ variation: fc.constantFrom(...VARIATIONS, 'ghost'), range: fc.oneof(range, whole) }),
        { maxLength: 3 },
      ),
    },
    { requiredKeys: ['key', 'segments', 'percentage'] },
  )
  return record(
    {
      bucketBy: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom<unknown>('userId', 'targetingKey', 'user.plan') },
        {
          weight: 1,
          arbitrary: fc.constantFrom<unknown>(
            ['country', 'userId'],
            [],
            { or: ['deviceId', 'userId'] },
            { and: ['x'] },
            null,
          ),
        },
      ),
      required: rarely(
        fc.array(
          fc.oneof(
            { weight: 6, arbitrary: fc.constantFrom<unknown>(...FEATURES) },
            { weight: 1, arbitrary: fc.constantFrom<unknown>('ghost', 'sticky-only') },
            {
              weight: 3,
              arbitrary: record({ key: fc.constantFrom(...FEATURES), variation: fc.constantFrom(...VARIATIONS, '') }),
            },
          ),
          { maxLength: 2 },
        ),
      ),
      variablesSchema: record(Object.fromEntries(VARIABLES.map((name) => [name, variable])), {
        requiredKeys: ['color', 'size'],
      }),
      disabledVariationValue: fc.constantFrom(...VARIATIONS, ''),
      variations: fc.array(
        record(
          { value: fc.constantFrom(...VARIATIONS), variables, variableOverrides: overrides },
          { requiredKeys: ['value'] },
        ),
        { maxLength: 3 },
      ),
      traffic: fc.array(rule, { minLength: 1, maxLength: 3, size: 'max' }),
      force: fc.array(
        record(
          {
            conditions: perhapsBroken(conditions),
            segments: perhapsBroken(group),
            enabled: fc.boolean(),
            variation: fc.constantFrom(...VARIATIONS, 'ghost'),
            variables,
          },
          { requiredKeys: [] },
        ),
        { maxLength: 2 },
      ),
      ranges: rarely(fc.array(range, { maxLength: 2 })),
    },
    { requiredKeys: ['bucketBy', 'traffic', 'variablesSchema'] },
  )
}

const document = record({
  segments: record(
    Object.fromEntries(SEGMENTS.map((key) => [key, record({ conditions: perhapsBroken(conditions) })])),
    { requiredKeys: [] },
  ),
  features: record(Object.fromEntries(FEATURES.map((key) => [key, feature(key)])), { requiredKeys: ['a', 'b', 'c'] }),
})

const sticky = fc.dictionary(
  fc.constantFrom(...FEATURES, 'sticky-only'),
  record({ enabled: fc.boolean(), variation: fc.constantFrom('on', 'sv', ''), variables }, { requiredKeys: [] }),
  { maxKeys: 2, noNullPrototype: true },
)

const PARTS = ['', ':variation', ...VARIABLES.map((name) => `:${name}`)]
const KEYS = [
  ...FEATURES.flatMap((key) => PARTS.map((part) => `${key}${part}`)),
  'a:ghost',
  'sticky-only',
  'sticky-only:variation',
  'sticky-only:color',
  'sticky-only:ghost',
]

export const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    document,
    semantics: fc.constantFrom(2, 3),
    sticky: fc.option(sticky, { freq: 3, nil: {} }),
    requiredVariableLeak: fc.boolean(),
    contexts: fc.array(context, { minLength: 1, maxLength: 3 }),
  })
  .map(({ document, semantics, sticky, requiredVariableLeak, contexts }) => ({
    document: { schemaVersion: '2', revision: '1', ...document },
    options: { semantics, sticky, compat: { requiredVariableLeak } },
    now: 1_800_000_000_000,
    questions: contexts.flatMap((asked) => KEYS.map((key) => ({ key, context: asked }))),
  }))
