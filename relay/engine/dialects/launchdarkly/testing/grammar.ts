/**
 * Documents and contexts that reach every operator, every kind of reference and both sides of every boundary. Values of
 * contexts come from the constants of the documents, or from right beside them.
 */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import type { Question, Scenario } from '../../../testing/differential.ts'

type Members = Readonly<Record<string, unknown>>

function merged(...parts: readonly object[]): Members {
  return Object.assign({}, ...parts) as Members
}

export const FLAGS: readonly string[] = ['f0', 'f1', 'f2', 'f3', 'constructor']
const SEGMENTS = ['s0', 's1', 's2', 'big0', 'big1', 'leaf']
export const KEYS: readonly string[] = ['u1', 'u2', 'bücket', 'a:b%', '😀', '\ud800', '7']
const KINDS = ['user', 'org', 'device', '__proto_', 'multi']
const VARIATIONS = [true, 'text', 3.5, { a: [1, null] }, null, [], 7, '', false, -0]
const TEXTS = ['abc', 'ab', 'bc', 'ABC', '', 'u1', 'é', 'toString', 'user', 'org', '7', '\ud800', 'a.c']
const NUMBERS = [0, -0, 1, 2, -1, 0.5, 99, 100, 101, 1e21, 2 ** 53 - 1, 5e-324]
const DATES = [
  '2026-03-01T00:00:00Z',
  '2026-03-01T00:00:00.001Z',
  '2026-03-01T01:00:00+01:00',
  '2026-02-28T23:59:59.999Z',
]
  .concat(['2026-03-01T00:00:00', '2026-03-01', '2026-03-01T00:00:00Zjunk', '2026-13-01T00:00:00Z'])
  .concat(['2026-03-01T00:00:00+01', '2026-03-01T24:00:00Z', '2026-02-30T00:00:00Z', '2026-03-01T00:00:00Z (x)'])
const MOMENTS = [Date.UTC(2026, 2), Date.UTC(2026, 2) + 1, Date.UTC(2026, 2) - 1, 0]
const VERSIONS = ['2.0.0', '2', '2.0', '2.0.1', '2.0.0-beta', '2-beta', '2.0.0-beta.2', '2.0.0-beta.10', '2.0.0+b']
  .concat(['v2.0.0', ' 2.0.0', ' v2.0.0', '2 ', '02.0.0', '2.0.0-01', '2.0.0.0', '1.9.9', '2.0-rc.1', '2.'])
  .concat(['9007199254740991.0.0', '9007199254740992.0.0', '2.0.0-', `2.0.0-${'x'.repeat(251)}`])
const PATTERNS = ['^a', 'c$', '', '.', '[', 'a.c', '\\d+', '(a)(b)?', 'é|😀', '(?:ab)+', '^$', '\\u{1F600}']
const ATTRIBUTES = ['key', 'kind', 'name', 'anonymous', 'email', 'n', 'list', 'nested', '/nested/x', '/nested/y/z']
  .concat(['/list/0', '/nested', '/n', '', '/', '//', 'a//b', 'x~', '/x~', '/x~1y', '/~0x', '~0x', 'x/y', '/x/', '~x'])
  .concat(['/x~2', '/x~|', '_meta', '/_meta/x', '/_meta', 'constructor', '/constructor/name', 'custom', '/nested/'])
  .concat(['targetingKey', 'privateAttributes', '/anonymous', '/key', '/kind', '/kind/x', 'x'])

const OPERANDS: Readonly<Record<string, readonly unknown[]>> = {
  in: [...TEXTS, ...NUMBERS, true, false, null, ...KEYS, [1], { x: 1 }],
  startsWith: TEXTS,
  endsWith: TEXTS,
  contains: TEXTS,
  matches: PATTERNS,
  lessThan: NUMBERS,
  lessThanOrEqual: NUMBERS,
  greaterThan: NUMBERS,
  greaterThanOrEqual: NUMBERS,
  before: [...DATES, ...MOMENTS],
  after: [...DATES, ...MOMENTS],
  semVerEqual: VERSIONS,
  semVerLessThan: VERSIONS,
  semVerGreaterThan: VERSIONS,
  sideways: TEXTS,
}
const ANY: readonly unknown[] = [...TEXTS, ...NUMBERS, ...DATES, ...MOMENTS, ...VERSIONS, ...KEYS, true, false, null]

/** Computed on its own, so that weights can end right beside where a context stands. */
export function bucketOf(input: string): number {
  return parseInt(createHash('sha1').update(input).digest('hex').slice(0, 15), 16) / 2 ** 60
}

const optional = <T>(value: fc.Arbitrary<T>, absent: number = 1): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 2, arbitrary: value }, { weight: absent, arbitrary: fc.constant(undefined) })

const kind = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(undefined, 'user', 'org') },
  { weight: 1, arbitrary: fc.constantFrom('device', '', 'kind', 'multi', 'constructor', null) },
)
const attribute = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('key', 'n', 'name', 'email', 'list', '/nested/x', 'kind', 'x') },
  { weight: 3, arbitrary: fc.constantFrom(...ATTRIBUTES) },
)

const test = fc.constantFrom(...Object.keys(OPERANDS)).chain((op) =>
  fc.record(
    {
      op: fc.constant(op),
      contextKind: kind,
      attribute,
      values: fc.array(
        fc.oneof(
          { weight: 8, arbitrary: fc.constantFrom(...(OPERANDS[op] ?? [])) },
          { weight: 1, arbitrary: fc.constantFrom(...ANY) },
        ),
        { maxLength: 3 },
      ),
      negate: fc.constantFrom(false, false, true, undefined, null),
    },
    { requiredKeys: ['op', 'values', 'attribute'] },
  ),
)

const membership = (segments: readonly string[]): fc.Arbitrary<object> =>
  fc.record({
    op: fc.constant('segmentMatch'),
    attribute: fc.constantFrom('', 'key'),
    values: fc.array(fc.constantFrom(...segments), { maxLength: 2 }),
    negate: fc.constantFrom(false, false, true),
  })

const clauses = (segments: readonly string[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    {
      weight: 12,
      arbitrary: fc.array(fc.oneof({ weight: 3, arbitrary: test }, { weight: 2, arbitrary: membership(segments) }), {
        minLength: 1,
        maxLength: 3,
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom([], undefined, null) },
  )

const seed = fc.constantFrom(undefined, undefined, 0, 61, -3)
/** Hash inputs of everybody: flag or segment, salt `salt` or none, or a seed. */
const INPUTS = [...FLAGS, ...SEGMENTS].flatMap((key) =>
  KEYS.flatMap((user) => [`${key}.salt.${user}`, `${key}..${user}`]),
)
const boundary = fc
  .tuple(fc.constantFrom(...INPUTS, ...KEYS.map((user) => `61.${user}`)), fc.constantFrom(0, 1))
  .map(([input, beside]) => Math.floor(bucketOf(input) * 100_000) + beside)
const weight = fc.oneof(
  { weight: 2, arbitrary: boundary },
  { weight: 3, arbitrary: fc.constantFrom(0, 1, 10_000, 33_333, 50_000, 100_000) },
  { weight: 1, arbitrary: fc.constantFrom(-10_000, 200_000, undefined, 0.5) },
)
const index = fc.oneof({ weight: 20, arbitrary: fc.nat({ max: 2 }) }, { weight: 1, arbitrary: fc.constantFrom(9, -1) })

const rollout = fc.record({
  kind: fc.constantFrom(undefined, 'rollout', 'experiment', 'experiment'),
  contextKind: kind,
  bucketBy: optional(attribute, 4),
  seed,
  variations: fc.oneof(
    {
      weight: 12,
      arbitrary: fc.array(fc.record({ variation: index, weight, untracked: fc.constantFrom(undefined, false, true) }), {
        minLength: 1,
        maxLength: 3,
      }),
    },
    { weight: 1, arbitrary: fc.constantFrom([], undefined) },
  ),
})
const serving = fc.oneof(
  { weight: 5, arbitrary: fc.record({ variation: index }) },
  { weight: 5, arbitrary: fc.record({ rollout }) },
  { weight: 1, arbitrary: fc.constantFrom({}, { variation: null, rollout: null }) },
)
const salt = fc.constantFrom('salt', 'salt', undefined, '')
const keys = fc.array(fc.constantFrom(...KEYS), { maxLength: 2 })
const targets = fc.array(fc.record({ contextKind: fc.constant(undefined), values: keys, variation: index }), {
  maxLength: 2,
})
const contextTargets = fc.array(fc.record({ contextKind: kind, values: keys, variation: index }), { maxLength: 3 })

const flag = (key: string): fc.Arbitrary<object> =>
  fc.record({
    key: fc.constant(key),
    version: fc.constant(1),
    on: fc.constantFrom(true, true, true, true, false),
    variations: fc.array(fc.constantFrom(...VARIATIONS), { minLength: 3, maxLength: 3 }),
    offVariation: fc.oneof({ weight: 6, arbitrary: index }, { weight: 1, arbitrary: fc.constantFrom(undefined, null) }),
    fallthrough: fc.oneof({ weight: 20, arbitrary: serving }, { weight: 1, arbitrary: fc.constant(undefined) }),
    prerequisites: optional(
      fc.array(fc.record({ key: fc.constantFrom(...FLAGS, ...FLAGS, 'gone'), variation: index }), { maxLength: 2 }),
      4,
    ),
    targets: optional(targets),
    contextTargets: optional(contextTargets),
    rules: fc.array(
      fc
        .tuple(fc.record({ id: fc.constantFrom('r', '', undefined), clauses: clauses([...SEGMENTS, 'gone']) }), serving)
        .map(([rule, served]) => merged(rule, served)),
      { maxLength: 3 },
    ),
    salt,
  })

/** Big segments ask only `leaf`, which asks nobody: the SDK forgets its way inside them and would never come back. */
const segment = (key: string): fc.Arbitrary<object> => {
  const asks = key === 'leaf' ? ['gone'] : key.startsWith('big') ? ['leaf', 'gone'] : [...SEGMENTS, 'gone']
  const listed = optional(fc.array(fc.record({ contextKind: kind, values: keys }), { maxLength: 2 }))
  return fc.record({
    key: fc.constant(key),
    version: fc.constant(1),
    included: optional(keys),
    excluded: optional(keys),
    includedContexts: listed,
    excludedContexts: listed,
    salt,
    rules: optional(
      fc.array(
        fc.record({
          clauses: clauses(asks),
          weight: optional(weight, 4),
          bucketBy: optional(attribute, 2),
          rolloutContextKind: kind,
        }),
        { maxLength: 2 },
      ),
    ),
    unbounded: fc.constant(key.startsWith('big') ? true : undefined),
    unboundedContextKind: kind,
    generation: fc.constantFrom(undefined, 0, 1, 2),
  })
}

const named = (names: readonly string[], of: (key: string) => fc.Arbitrary<object>): fc.Arbitrary<object> =>
  fc.tuple(...names.map(of)).map((all) => Object.fromEntries(names.map((name, place) => [name, all[place]])))

export const documents: fc.Arbitrary<object> = fc.record({
  flags: named(FLAGS, flag),
  segments: named(SEGMENTS, segment),
})

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ANY) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(...ANY, [1], { x: 1 }), { maxLength: 3 }) },
  {
    weight: 1,
    arbitrary: fc.record({ x: fc.constantFrom(...ANY), y: fc.constantFrom(1, { z: 'abc' }, null, ['abc']) }),
  },
)
const common = fc.record(
  {
    key: fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(...KEYS) },
      { weight: 1, arbitrary: fc.constantFrom('', 7, null) },
    ),
    name: value,
    email: fc.constantFrom(...TEXTS),
    anonymous: fc.constantFrom(true, false, 'yes', null, 0),
    n: value,
    x: value,
    list: fc.array(fc.constantFrom(...ANY), { maxLength: 3 }),
    nested: fc.record({ x: value, y: fc.constantFrom(1, { z: 'abc' }, null, ['abc']), '': value }),
    '~0x': value,
    '~x': value,
    'x/y': value,
    'x~1y': value,
    'a//b': value,
    _meta: fc.constantFrom({ x: 1 }),
    constructor: value,
    custom: fc.constantFrom({ n: 2, email: 'abc', anonymous: 'yes', x: [1, 'abc'] }, undefined),
  },
  { requiredKeys: ['key'] },
)
const single = fc
  .tuple(
    common,
    fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom('user', 'org', undefined) },
      { weight: 1, arbitrary: fc.constantFrom('kind', '', 'a b', 'device', null) },
    ),
  )
  .map(([attributes, of]) => (of === undefined ? attributes : merged(attributes, { kind: of })))
const bundle = fc
  .tuple(
    fc.dictionary(fc.constantFrom(...KINDS), common, { minKeys: 1, maxKeys: 3 }),
    fc.oneof(
      { weight: 20, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.constantFrom({ 'a b': { key: 'u1' } }) },
    ),
  )
  .map(([parts, more]) => merged(parts, more, { kind: 'multi' }))

/** As LaunchDarkly's SDKs have them, legacy users included. */
const vendorContexts: fc.Arbitrary<Members> = fc.oneof(
  { weight: 3, arbitrary: single },
  { weight: 2, arbitrary: bundle },
)

/** As OpenFeature has them: with targeting keys, private attributes, and members that the mapping drops. */
const openfeatureContexts: fc.Arbitrary<Members> = fc
  .tuple(
    vendorContexts,
    fc.constantFrom('none', 'none', 'targeted', 'moved', 'private', 'extra'),
    fc.constantFrom(...KEYS, ...KEYS, ''),
  )
  .map(([context, how, targetingKey]) => {
    const { key: _key, ...others } = context
    if (how === 'targeted') return merged(context, { targetingKey })
    if (how === 'moved') return merged(others, { targetingKey })
    if (how === 'private') return merged(context, { privateAttributes: ['n'] })
    return how === 'extra' ? merged(context, { extra: { targetingKey, n: 1 } }) : context
  })

/** Contexts by the name of the option that says which form they are in. */
export const contexts: Readonly<Record<'openfeature' | 'launchdarkly', fc.Arbitrary<Members>>> = {
  openfeature: openfeatureContexts,
  launchdarkly: vendorContexts,
}

const question = (from: fc.Arbitrary<Members>): fc.Arbitrary<Question> =>
  fc.record(
    {
      key: fc.constantFrom(...FLAGS),
      context: from,
      type: fc.constantFrom('boolean', 'string', 'number'),
    },
    { requiredKeys: ['key', 'context'] },
  )

/** Scenarios with contexts in OpenFeature's form (`openfeature`) or the vendor's (`launchdarkly`). */
export function scenarios(form: 'openfeature' | 'launchdarkly'): fc.Arbitrary<Scenario> {
  return fc.record({
    document: documents,
    options: fc.constant({ contexts: form }),
    now: fc.constant(0),
    questions: fc.array(question(contexts[form]), { minLength: 1, maxLength: 80, size: 'max' }),
  })
}
