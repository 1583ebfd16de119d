/**
 * Random Unleash documents and callers: every strategy and operator, operands around the callers' own values, rollouts
 * that end exactly where a user stands, and the shapes that only hands write.
 */
import { hostname } from 'node:os'
import fc from 'fast-check'
import type { Context, ValueType } from '../../../outcome.ts'
import type { Question, Scenario } from '../../../testing/differential.ts'
import { vendorHash } from './vendor-hash.ts'

/** What the SDK takes for the name of its host. */
export const HOST: string = process.env['HOSTNAME'] || hostname()

export const FLAGS: readonly string[] = ['f1', 'f2', 'parent', 'bølge 😀', 'constructor']
export const USERS: readonly string[] = ['u1', 'u2', '7', 'bruker-ø', '用户', '😀', 'a b', 'admin']
const GROUPS = ['g', 'bølge 😀', '', 'f1', 'undefined']
const SEGMENTS = [1, 2]
const T0 = Date.parse('2026-03-01T12:00:00.000Z')
const FIELDS = [
  'version',
  'n',
  'userId',
  'sessionId',
  'remoteAddress',
  'environment',
  'appName',
  'currentTime',
  'p',
  'q',
  'tenant',
]
const ODD_FIELDS = ['', 'targetingKey', 'n.m', 'default', 'random', 'groupId']

const pick = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)
const often = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, weight: number = 5): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rare })
/** Left out, null, or a value, which is `weight` times as likely. */
const maybe = <T>(name: string, value: fc.Arbitrary<T>, weight: number = 3): fc.Arbitrary<object> =>
  fc.oneof(
    { weight: Math.round(weight * 20), arbitrary: value.map((each) => ({ [name]: each })) },
    { weight: 20, arbitrary: pick({}, {}, { [name]: null }) },
  )
/** Left out or a value, `weight` times as likely. The SDK makes the text `null` of a parameter that is null. */
const parameter = (name: string, value: fc.Arbitrary<unknown>, weight: number): fc.Arbitrary<object> =>
  fc.oneof({ weight, arbitrary: value.map((each) => ({ [name]: each })) }, { weight: 1, arbitrary: fc.constant({}) })
const merged = (...parts: readonly fc.Arbitrary<object>[]): fc.Arbitrary<object> =>
  fc.tuple(...parts).map((all) => Object.assign({}, ...all) as object)

export const WORDS: readonly string[] = [
  'a',
  'abc',
  'ABC',
  'äBC',
  'b',
  '',
  ' ',
  ' a ',
  'abc.com',
  'x@abc.com',
  'İ',
  'ß',
  '😀',
  '\ud800',
  'null',
]
export const NUMBERS: readonly string[] = [
  '5',
  '4',
  '6',
  '5.0',
  ' 5 ',
  '0x5',
  '5e0',
  '4.999999999999999999',
  '-0',
  '0',
  '1e21',
  'Infinity',
  '',
  'x',
]
export const VERSIONS: readonly string[] = [
  '1.2.3',
  '1.2.4',
  '1.2.2',
  'v1.2.3',
  ' v1.2.3',
  ' 1.2.3 ',
  'V1.2.3',
  '1.2.3-beta',
  '1.2.3-beta.2',
]
  .concat(['1.2.3-beta.10', '1.2.3-beta.02', '1.2.3+build', '1.2', '1', '01.2.3', '1.2.3.4', '=1.2.3', '', '2.0.0-a-b'])
  .concat(['9007199254740991.0.0', '9007199254740992.0.0', `1.2.3-${'a'.repeat(260)}`, '1.2.3-1', '1.2.3-x.1.y'])
export const ADDRESSES: readonly string[] = [
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.0/8',
  '10.0.0.0/24',
  '10.0.0.1/32',
  '10.0.0.1/0',
  '0.0.0.0/0',
]
  .concat(['10.0.0.1/33', '010.0.0.1', '10.0.0', '10.0.0.256', '10.0.0.1 ', '10.0.0.1/8/8', '::1', '::1/128', '::/0'])
  .concat(['fe80::1%eth0', 'fe80::1%eth0/64', 'fe80::1/64%eth0', 'FE80::0001', '::ffff:10.0.0.1', '::ffff:a00:1'])
  .concat([
    '2001:db8::/32',
    '2001:DB8:0:0::1',
    '2001:db8::1::',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7:8:9',
    '::ffff:10.0.0.01',
  ])
  .concat([
    ':1',
    '1:',
    '12345::',
    '::1/129',
    '::g',
    '::ffff:10.0.0.1/104',
    '2001:db8::1/16',
    '1:2:3:4:5:6:7::',
    '',
    '%',
  ])
export const PATTERNS: readonly string[] = [
  '^a',
  'b$',
  'a.c',
  '[',
  '(?i)abc',
  '\\d+',
  '(?=a)',
  '(a)\\1',
  '[[:alpha:]]+',
  '\\pL',
  'x{2,3}',
  '^$',
]
  .concat([
    '\\babc\\b',
    '\\Qa.b\\E',
    '(?P<n>a)',
    '(?<n>a)',
    'a|b',
    '.',
    '\\x{41}',
    '',
    'a{1001}',
    '(?<=a)b',
    '(?s).',
    '*',
  ])
  .concat(['[^a-c]', '^(a|b)*c?$', '\\w@', '\\.com$', '(?m)^b', '\\z', 'ß', '\\s', '[\\d.]+$', '(?U)a+', '\\A10\\.'])
export const DATES: readonly string[] = [
  '2026-03-01T12:00:00.000Z',
  '2026-03-01T12:00:00.001Z',
  '2026-03-01T13:00:00+01:00',
  '2026-03-01',
  '0',
].concat(['2026-03-01T11:59:59.999Z', 'yesterday', '', '1772366400000', 'Sun, 01 Mar 2026 12:00:00 GMT', '2026'])

const text = fc.oneof(pick(...WORDS), pick(...NUMBERS), pick(...VERSIONS), pick(...ADDRESSES), pick(...USERS))
const operand = (values: readonly unknown[]): fc.Arbitrary<object> =>
  merged(maybe('value', pick(...values), 12), maybe('values', fc.array(text, { maxLength: 2 })))
const listed = (values: readonly string[]): fc.Arbitrary<object> =>
  merged(maybe('values', fc.array(often(pick(...values), text), { maxLength: 4 }), 12))
/** The field is usually one whose texts the operator is made for. */
const operators = (names: readonly string[], operands: fc.Arbitrary<object>, field: string): fc.Arbitrary<object> =>
  merged(
    pick(...names).map((operator) => ({ operator })),
    operands,
    fc
      .oneof(
        { weight: 20, arbitrary: pick(field) },
        { weight: 10, arbitrary: pick(...FIELDS) },
        { weight: 1, arbitrary: pick(...ODD_FIELDS) },
      )
      .map((contextName) => ({ contextName })),
  )
const suffixes = (order: string): readonly string[] =>
  ['EQ', 'GT', 'GTE', 'LT', 'LTE'].map((each) => `${order}_${each}`)

const constraint: fc.Arbitrary<object> = merged(
  fc.oneof(
    operators(['IN', 'NOT_IN'], listed([...WORDS, ...USERS, '5', 'true', 'test', 'app']), 'p'),
    operators(['STR_STARTS_WITH', 'STR_ENDS_WITH', 'STR_CONTAINS'], listed(WORDS), 'p'),
    operators(suffixes('NUM'), operand([...NUMBERS, 5]), 'n'),
    operators(suffixes('SEMVER'), operand(VERSIONS), 'version'),
    operators(['DATE_AFTER', 'DATE_BEFORE'], operand([...DATES, T0]), 'currentTime'),
    operators(['REGEX'], operand(PATTERNS), 'p'),
    operators(['IN_CIDR'], listed(ADDRESSES), 'remoteAddress'),
    operators(['SIDEWAYS', 'in', ''], operand(WORDS), 'p'),
  ),
  maybe('inverted', fc.boolean()),
  maybe('caseInsensitive', fc.boolean()),
)

/** Percentages that include, or just miss, a user under a group. */
const edge = fc
  .tuple(pick(...GROUPS, ...FLAGS), pick(...USERS), pick(-1, 0, 1))
  .map(([group, user, off]) => String((vendorHash(`${group}:${user}`, 0) % 100) + 1 + off))
const percentage = fc.oneof(
  { weight: 4, arbitrary: edge },
  { weight: 3, arbitrary: pick<string | number>('0', '1', '50', '99', '100', 50, 100) },
  { weight: 1, arbitrary: pick<string | number>('101', '50.5', '0.5', '-5', 'x', '', ' 70 ', '1e2', 0) },
)
const group = parameter('groupId', pick(...GROUPS, ...FLAGS), 9)
const stickiness = pick('default', 'default', 'random', 'userId', 'sessionId', 'tenant', 'p', '', 'currentTime')
const idList = fc.array(pick(...USERS, '', ' ', ' u1', '5'), { maxLength: 4 }).map((ids) => ids.join(', '))
const addressList = fc.array(pick(...ADDRESSES), { maxLength: 4 }).map((list) => list.join(' ,'))
const hosts = fc
  .array(pick(HOST, HOST.toUpperCase(), ` ${HOST}`, 'other'), { maxLength: 2 })
  .map((list) => list.join(','))
const rolloutStickiness = parameter('stickiness', stickiness, 6)
const built: fc.Arbitrary<object> = fc.oneof(
  {
    weight: 2,
    arbitrary: merged(
      pick({ name: 'default' }),
      merged(group, rolloutStickiness).map((parameters) => ({ parameters })),
    ),
  },
  ...(
    [
      ['userWithId', parameter('userIds', idList, 9)],
      ['gradualRolloutUserId', merged(parameter('percentage', percentage, 9), group)],
      ['gradualRolloutSessionId', merged(parameter('percentage', percentage, 9), group)],
      ['gradualRolloutRandom', parameter('percentage', percentage, 9)],
      ['remoteAddress', parameter('IPs', addressList, 9)],
      ['applicationHostname', parameter('hostNames', hosts, 9)],
      ['myCustom', group],
    ] as const
  ).map(([name, parameters]) => ({ weight: 1, arbitrary: parameters.map((each) => ({ name, parameters: each })) })),
  {
    weight: 5,
    arbitrary: merged(parameter('rollout', percentage, 20), group, rolloutStickiness).map((parameters) => ({
      name: 'flexibleRollout',
      parameters,
    })),
  },
)

const payload = fc.oneof(
  pick('', 'text', 'a,b').map((value) => ({ type: 'string', value })),
  pick('a,b', '').map((value) => ({ type: 'csv', value })),
  pick('42', '4.5', '1.0', '', ' 7 ', 'x', '1e3', 'Infinity', '0x10').map((value) => ({ type: 'number', value })),
  pick('{"a":1.0}', '[1]', 'null', '5', '{', '', '"t"').map((value) => ({ type: 'json', value })),
  pick('x').map((value) => ({ type: 'xml', value })),
)
const override = fc.record({ contextName: pick(...FIELDS), values: fc.array(text, { maxLength: 3 }) })
const variant = (overridden: boolean): fc.Arbitrary<object> =>
  merged(
    fc.record({
      name: pick('red', 'green', 'blue', 'disabled'),
      weight: often(pick(0, 1, 333, 500, 1000), pick(-1, 0.5, 2.5, 2 ** 32, -1000), 15),
    }),
    maybe('stickiness', stickiness),
    maybe('payload', payload),
    overridden ? maybe('overrides', fc.array(override, { maxLength: 2 }), 1) : pick({}),
  )
const variants = (overridden: boolean): fc.Arbitrary<object> =>
  maybe('variants', fc.array(variant(overridden), { maxLength: 4 }))

const segmentIds = fc.array(often(pick(...SEGMENTS), pick<number | string>(9, '1'), 8), { maxLength: 2 })
const strategy = merged(
  built,
  maybe('constraints', fc.array(constraint, { maxLength: 2 }), 2),
  maybe('segments', segmentIds, 1),
  variants(false),
  often(pick({}), pick({ parameters: null }), 300),
)

const dependency = merged(
  pick(...FLAGS, 'parent', 'parent', 'gone').map((feature) => ({ feature })),
  maybe('enabled', fc.boolean(), 1),
  maybe('variants', fc.array(pick('red', 'green', 'blue', 'disabled'), { maxLength: 3 }), 1),
)
const feature = (name: string): fc.Arbitrary<object> =>
  merged(
    fc.record({ name: fc.constant(name), enabled: often(fc.constant(true), fc.constant(false)) }),
    maybe('strategies', fc.array(strategy, { maxLength: 3 }), 15),
    variants(true),
    maybe('dependencies', fc.array(dependency, { maxLength: 2 }), name === 'parent' ? 0.05 : 0.6),
  )
const segment = (id: number): fc.Arbitrary<object> =>
  merged(fc.constant({ id }), maybe('constraints', fc.array(constraint, { maxLength: 2 })))

export const documents: fc.Arbitrary<object> = fc
  .tuple(
    fc.tuple(...FLAGS.map(feature)),
    fc.subarray(SEGMENTS).chain((ids) => fc.tuple(...ids.map(segment))),
  )
  .map(([features, segments]) => ({ version: 2, features, segments }))

const attribute: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 1, arbitrary: pick<unknown>(5, 4, -0, 1e21, 0.1, true, false, null, [], ['a'], {}, { a: 1 }) },
)
const member = (name: string, value: fc.Arbitrary<unknown>, weight: number = 2): fc.Arbitrary<object> =>
  fc.oneof(
    { weight: Math.round(weight * 20), arbitrary: value.map((each) => ({ [name]: each })) },
    { weight: 20, arbitrary: fc.constant({}) },
  )
const times = pick<unknown>(...DATES, T0, T0 + 1, T0 - 1, 0, null, true, new Date(T0), new Date(Number.NaN))
const members: fc.Arbitrary<object> = merged(
  member('targetingKey', often(pick<unknown>(...USERS), pick<unknown>('', null, 7, true))),
  member('userId', often(pick<unknown>(...USERS), attribute), 0.5),
  member('sessionId', often(pick<unknown>(...USERS), attribute), 1),
  member('remoteAddress', often(pick<unknown>(...ADDRESSES), attribute, 9)),
  member('environment', pick<unknown>('test', 'default', null), 0.2),
  member('appName', pick<unknown>('app', ''), 0.2),
  member('currentTime', times, 1),
  member('p', often(pick<unknown>(...WORDS), attribute, 2), 5),
  member('n', often(pick<unknown>(...NUMBERS, 5, 0.1), attribute), 5),
  member('version', often(pick<unknown>(...VERSIONS), attribute), 5),
  ...['q', 'tenant'].map((name) => member(name, attribute, 5)),
  member('extra', attribute, 0.2),
  member('', attribute, 0.1),
)

export const contexts: fc.Arbitrary<Context> = members.map((each) => each as Context)

const types = pick<ValueType | undefined>(undefined, undefined, 'boolean', 'string', 'number', 'object')
const keys = often(pick(...FLAGS), pick('unknown', '__proto__'), 60)
const questions = fc.array(
  fc
    .record({ key: keys, context: contexts, type: types })
    .map(({ key, context, type }): Question => (type === undefined ? { key, context } : { key, context, type })),
  { minLength: 8, maxLength: 12 },
)

export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  document: documents,
  questions,
  now: pick(T0, T0 - 1, T0 + 1, 0),
  random: pick(0, 0.25, 0.5, 0.77777, 0.99999),
  options: pick({ hostname: HOST, appName: 'app' }, { hostname: HOST, appName: 'app', environment: 'test' }),
})
