/**
 * FeatBit against its npm SDK 1.3.0: random documents that reach every operator and every edge of a rollout, asked of
 * both. The SDK runs offline, and its exposure events are read for what its details do not say.
 */
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import fc from 'fast-check'
import { own } from '../../../context.ts'
import type { Context, Evaluation, ValueType } from '../../../outcome.ts'
import type { Answer, Differential, Question, Scenario } from '../../../testing/differential.ts'
import { featbit } from '../lower.ts'
import { exceptions } from './oracle-exceptions.ts'

export const FLAGS: readonly string[] = ['f1', 'f2', 'constructor']
const SEGMENTS = ['s1', 's2', 'missing', '5']
const USERS: readonly string[] = ['u1', 'u2', 'edge-user', '用户', '😀', 'a', '\ud800']
const PROPERTIES = [
  'p',
  'q',
  'keyId',
  'name',
  'KeyId',
  'key',
  'custom',
  'targetingKey',
  '',
  '__proto__',
  'User is in segment',
]
const TEXTS = [
  'abc',
  'ABC',
  'b',
  '',
  '20',
  '19',
  '21',
  '20.0',
  '1e1',
  '-5',
  '9abc',
  '1,000',
  'Infinity',
  '0x10',
  'TrUe',
].concat(['false', ' true', 'nan', ' 20 ', '1e999', '["a","b"]', 'a', '5', 'é', '\ud800', 'undefined', 'null'])
const PATTERNS = [
  '^a',
  '[',
  '/A/i',
  '/a(b)/g',
  'b/B/iz',
  '(a)\\1',
  '(?=a)',
  '/a/y',
  '.',
  '(?:)',
  '\\d+',
  '/b|c/u',
  'x*',
]
const LISTS = [
  '["abc","b"]',
  '[]',
  'null',
  '[1,20,true,null]',
  '{"length":1}',
  '"abc"',
  'oops',
  '["u1"]',
  '[["b"]]',
  '7',
]
const SEGMENT_LISTS = [
  '["s1"]',
  '["s2","s1"]',
  '["missing"]',
  '[]',
  'null',
  'oops',
  '"5"',
  '[5]',
  '{"length":2}',
  '{}',
  '["s1",null]',
]
const OPERATORS = ['LessThan', 'LessEqualThan', 'BiggerThan', 'BiggerEqualThan', 'Equal', 'NotEqual', 'Contains']
  .concat(['NotContain', 'StartsWith', 'EndsWith', 'MatchRegex', 'NotMatchRegex', 'IsOneOf', 'NotOneOf'])
  .concat(['IsTrue', 'IsFalse', 'Sideways', 'equal'])
const VALUES = [
  'true',
  'FALSE',
  'x',
  '',
  ' ',
  '42.5',
  ' 42 ',
  '0x1F',
  'Infinity',
  '1,000',
  '12abc',
  '-0',
  '1.0',
].concat(['{"a":[1,{"b":null}]}', '{a:1}', 'null', '5', '[1.50]', '"t"', '9007199254740993', '\ufeff1'])

/** Computed here on its own, so that intervals can end exactly where a user stands. */
export function bucketOf(text: string): number {
  return Math.abs(createHash('md5').update(text).digest().readInt32LE(0) / 2 ** 31)
}

const variationId = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('v1', 'v2') },
  { weight: 1, arbitrary: fc.constantFrom('v3', 'gone') },
)
const fraction = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 0.2, 0.5, 0.7, 1, 0.99999, 0.999991, 1.5, -0.1, 1e-6) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('', 'expt'), fc.constantFrom(...FLAGS), fc.constantFrom(...USERS, 'undefined', 'null'))
      .map(([prefix, flag, user]) => bucketOf(prefix + flag + user)),
  },
)
const interval = fc.record({
  id: variationId,
  rollout: fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fraction, fraction).map(([a, b]) => [Math.min(a, b), Math.max(a, b)]) },
    { weight: 2, arbitrary: fc.constantFrom([0, 1], [0, 0.5], [0.5, 1], [0, 0]) },
    { weight: 1, arbitrary: fc.constantFrom([], [0], [0, 1, 1], [0.7, 0.2]) },
  ),
  exptRollout: fc.oneof(fraction, fc.constantFrom(0, 0.1, 0.25, 1)),
})

/** Two intervals that cover everybody and share an end, as the vendor's editor writes them. */
function contiguous<T extends object>(first: T, second: T, cut: number): object[] {
  return [
    { ...first, rollout: [0, cut] },
    { ...second, rollout: [cut, 1] },
  ]
}

const rollout = {
  dispatchKey: fc.constantFrom(null, null, '', '  ', 'p', 'q', 'keyId', 'name', 'constructor', 'custom'),
  includedInExpt: fc.boolean(),
  variations: fc.oneof(
    { weight: 1, arbitrary: fc.array(interval, { maxLength: 3 }) },
    { weight: 3, arbitrary: fc.tuple(interval, interval, fraction).map(([a, b, cut]) => contiguous(a, b, cut)) },
  ),
}
const userKeys = fc.uniqueArray(fc.constantFrom(...USERS), { maxLength: 3 })
const test = fc.oneof(
  fc.record({
    property: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('p', 'q') },
      { weight: 1, arbitrary: fc.constantFrom(...PROPERTIES) },
    ),
    op: fc.constantFrom(...OPERATORS, null),
    value: fc.constantFrom(...TEXTS, ...LISTS, ...USERS, null),
  }),
  fc.record({
    property: fc.constantFrom('p', 'keyId'),
    op: fc.constantFrom('MatchRegex', 'NotMatchRegex'),
    value: fc.constantFrom(...TEXTS),
  }),
)
const membership = fc.record({
  property: fc.constantFrom('User is in segment', 'User is not in segment'),
  op: fc.constantFrom(null, 'Equal'),
  value: fc.constantFrom(...SEGMENT_LISTS, null),
})
const value = fc.constantFrom(...VALUES)
const flag = (key: string): fc.Arbitrary<object> =>
  fc.record({
    id: fc.constant(`id of ${key}`),
    key: fc.constant(key),
    variationType: fc.constantFrom('boolean', 'string', 'string', 'number', 'json', null),
    variations: fc
      .tuple(value, value, fc.array(fc.tuple(fc.constantFrom('v1', 'v2', 'v3'), value), { maxLength: 2 }))
      .map(([a, b, more]) => [['v1', a], ['v2', b], ...more].map(([id, stored]) => ({ id, value: stored }))),
    isEnabled: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    isArchived: fc.boolean(),
    disabledVariationId: variationId,
    targetUsers: fc.array(fc.record({ keyIds: userKeys, variationId: variationId }), {
      maxLength: 2,
    }),
    rules: fc.array(
      fc.record({
        id: fc.constantFrom('r1', 'r2'),
        name: fc.constantFrom('first', 'second'),
        conditions: fc.array(fc.oneof({ weight: 3, arbitrary: test }, { weight: 1, arbitrary: membership }), {
          maxLength: 2,
        }),
        ...rollout,
      }),
      { maxLength: 3 },
    ),
    fallthrough: fc.oneof({ weight: 30, arbitrary: fc.record(rollout) }, { weight: 1, arbitrary: fc.constant(null) }),
    exptIncludeAllTargets: fc.boolean(),
    updatedAt: fc.constant('2026-01-01T00:00:00.000Z'),
  })
const segment = (id: string): fc.Arbitrary<object> =>
  fc.record({
    id: fc.constant(id),
    included: userKeys,
    excluded: userKeys,
    rules: fc.array(fc.record({ conditions: fc.array(fc.oneof(test, membership), { maxLength: 2 }) }), {
      maxLength: 2,
    }),
    updatedAt: fc.constant('2026-01-01T00:00:00.000Z'),
    isArchived: fc.boolean(),
  })

export const documents: fc.Arbitrary<object> = fc
  .tuple(
    fc.tuple(...FLAGS.map(flag)),
    fc.subarray(SEGMENTS.filter((id) => id !== 'missing')).chain((ids) => fc.tuple(...ids.map(segment))),
  )
  .map(([featureFlags, segments]) => ({
    messageType: 'data-sync',
    data: { eventType: 'full', featureFlags, segments },
  }))

const text = fc.constantFrom(...TEXTS)
const attribute: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: text },
  { weight: 3, arbitrary: fc.constantFrom<unknown>(...PATTERNS) },
  { weight: 3, arbitrary: fc.constantFrom<unknown>(null, 1, 20, -0, 1e21, true, false, ['abc'], [], { a: 1 }, [null]) },
)
const names = fc.constantFrom('p', 'q', 'name', 'KeyId', 'keyId', '', '__proto__', 'constructor', 'custom', 'key')
export const contexts: fc.Arbitrary<Context> = fc
  .record({
    who: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...USERS).map((targetingKey) => ({ targetingKey })) },
      {
        weight: 1,
        arbitrary: fc.constantFrom({}, { targetingKey: '' }, { targetingKey: ' \t' }, { key: 'u1' }, { key: 7 }),
      },
    ),
    members: fc.array(fc.tuple(names, attribute), { maxLength: 4 }),
    usual: fc.oneof(
      { weight: 4, arbitrary: fc.record({ p: text, q: text }) },
      { weight: 1, arbitrary: fc.constant({}) },
    ),
    custom: fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      {
        weight: 1,
        arbitrary: fc
          .array(fc.record({ name: names, value: attribute }), { maxLength: 3 })
          .map((custom) => ({ custom })),
      },
      {
        weight: 1,
        arbitrary: fc
          .array(fc.tuple(names, attribute), { maxLength: 3 })
          .map((entries) => ({ custom: Object.fromEntries(entries) })),
      },
    ),
  })
  .map(({ who, members, usual, custom }) => Object.assign({}, usual, Object.fromEntries(members), custom, who))

const types = fc.constantFrom<ValueType | undefined>(
  'boolean',
  'string',
  'string',
  'number',
  'object',
  undefined,
  undefined,
)
const asked = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom(...FLAGS) },
  { weight: 1, arbitrary: fc.constantFrom('unknown', '__proto__') },
)
const questions = fc.array(
  fc
    .record({ key: asked, context: contexts, type: types })
    .map(({ key, context, type }): Question => (type === undefined ? { key, context } : { key, context, type })),
  { minLength: 8, maxLength: 12 },
)

const scenarios: fc.Arbitrary<Scenario> = fc
  .record({ document: documents, questions })
  .map(({ document, questions }) => ({ document, questions, now: 0, options: { profile: 'node-1.3' } }))

interface Detail {
  readonly kind: string
  readonly reason: string
  readonly value: unknown
}
interface Exposure {
  readonly variation: { readonly id: string }
  readonly sendToExperiment: boolean
}
type Variation = (key: string, user: object, fallback: unknown) => Promise<Detail>
interface Client {
  eventProcessor: { record(exposure: Exposure | null): void }
  on(event: 'error', listener: () => void): void
  boolVariationDetail: Variation
  stringVariationDetail: Variation
  numberVariationDetail: Variation
  jsonVariationDetail: Variation
}
interface Builder {
  offline(offline: boolean): Builder
  logLevel(level: string): Builder
  bootstrapProvider(provider: { populate(updates: { store: { init(data: object): void } }): Promise<void> }): Builder
  build(): Client
}

const sdk = createRequire(import.meta.url)('@featbit/node-server-sdk') as {
  FbClientBuilder: new () => Builder
  deserializeAll(flags: unknown, segments: unknown): object
}
const METHODS = {
  boolean: 'boolVariationDetail',
  string: 'stringVariationDetail',
  number: 'numberVariationDetail',
  object: 'jsonVariationDetail',
} as const

async function oracle(scenario: Scenario): Promise<Answer[]> {
  const data = JSON.parse(JSON.stringify(own(scenario.document, 'data'))) as unknown
  const items = sdk.deserializeAll(own(data, 'featureFlags'), own(data, 'segments'))
  // Past the SDK's own provider, which also tracks dependencies, in a promise nobody awaits, and fails there.
  const populate = async ({ store }: { store: { init(data: object): void } }): Promise<void> => store.init(items)
  const client = new sdk.FbClientBuilder().offline(true).logLevel('none').bootstrapProvider({ populate }).build()
  client.on('error', () => undefined)
  let exposure: Exposure | null = null
  client.eventProcessor = {
    record: (event) => {
      exposure = event
    },
  }
  const answers: Answer[] = []
  for (const { key, context, type } of scenario.questions) {
    exposure = null
    let detail: Detail
    try {
      detail = await client[METHODS[type ?? 'string']](key, userOf(context), 'fallback')
    } catch {
      answers.push({ kind: 'Error' })
      continue
    }
    answers.push(answerOf(detail, exposure, type === undefined ? storedType(scenario.document, key) : 'asked'))
  }
  return answers
}

function answerOf({ kind, reason, value }: Detail, exposure: Exposure | null, type: unknown): Answer {
  if (kind === 'Error' || kind === 'FlagNotFound') return { kind }
  const wrong = { kind: 'WrongType', send: exposure?.sendToExperiment }
  if (kind === 'WrongType') return wrong
  const rule = kind === 'RuleMatch' ? { rule: reason.slice('match rule '.length) } : {}
  const untyped = type === 'asked' ? { value } : untypedValue(String(value), type)
  if (untyped === undefined) return wrong
  return { kind, ...rule, ...untyped, variant: exposure?.variation.id, send: exposure?.sendToExperiment }
}

/** What a caller who names no type should get; undefined for what no type could be honest about. */
function untypedValue(text: string, type: unknown): { value: unknown } | undefined {
  if (type === 'boolean') return /^(true|false)$/i.test(text) ? { value: /^t/i.test(text) } : undefined
  if (type === 'number')
    return text.trim() !== '' && Number.isFinite(Number(text)) ? { value: Number(text) } : undefined
  if (type !== 'json') return { value: text }
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

function storedType(document: object, key: string): unknown {
  const flags = own(own(document, 'data'), 'featureFlags')
  const found = Array.isArray(flags) ? flags.find((flag) => own(flag, 'key') === key) : undefined
  return own(found, 'variationType')
}

/** The user that the vendor's OpenFeature provider makes of a context, except that an absent name stays absent. */
function userOf(context: Context): object {
  const { targetingKey, key, name, custom, ...rest } = context
  const given = Array.isArray(custom)
    ? custom.filter((entry) => typeof entry === 'object' && entry !== null)
    : Object.entries(typeof custom === 'object' && custom !== null ? custom : {}).map(([name, value]) => ({
        name,
        value,
      }))
  const customizedProperties = [...given, ...Object.entries(rest).map(([name, value]) => ({ name, value }))]
  return {
    key: targetingKey ?? (typeof key === 'string' ? key : ''),
    ...(Object.hasOwn(context, 'name') ? { name } : {}),
    customizedProperties,
  }
}

function comparable({ value, variant, errorCode, metadata = {} }: Evaluation): Answer {
  if (errorCode === 'FLAG_NOT_FOUND') return { kind: 'FlagNotFound' }
  if (errorCode === 'GENERAL' || errorCode === 'TARGETING_KEY_MISSING') return { kind: 'Error' }
  const { featbitReason: kind, sendToExperiment: send, ruleName } = metadata
  if (errorCode !== undefined) return { kind, send }
  return { kind, ...(ruleName === undefined ? {} : { rule: ruleName }), value, variant, send }
}

export const differential: Differential = {
  vendor: 'featbit',
  dialect: featbit,
  scenarios,
  oracle,
  comparable,
  exceptions,
}
