/**
 * Random flagd documents and contexts that mostly fit each other, so that most questions are answered by rules both
 * engines agree on, and that sometimes do not, so that every known difference is met too.
 */
import fc from 'fast-check'
import type { Context, ValueType } from '../../../outcome.ts'
import type { Scenario } from '../../../testing/differential.ts'

export const FLAGS: readonly string[] = ['f', 'g', 'constructor']

type Rule = fc.Arbitrary<unknown>
type Weighted = { weight: number; arbitrary: fc.Arbitrary<unknown> }

const rarely = (usual: Rule, rare: Rule, weight: number = 40): Rule =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rare })
const call = (name: string, ...operands: Rule[]): Rule => fc.tuple(...operands).map((list) => ({ [name]: list }))
const callAny = (names: readonly string[], ...operands: Rule[]): Rule =>
  fc.tuple(fc.constantFrom(...names), ...operands).map(([name, ...list]) => ({ [name]: list }))
const variable = (...names: string[]): Rule => fc.constantFrom(...names).map((name) => ({ var: name }))

const TEXTS = ['', 'a', 'b', 'ab', 'nl', 'x@y.io', 'abc', '10', '9', 'B', 'beta', '1.5', 'a b']
const ODD_TEXTS = [' ', ' 1 ', 'a ', 'é', '日本語', '😀', '<b>', 'a"b', 'inf', '0x1p1', 'null', '1e3', '-0', 'v1']
const NUMBERS = [0, 1, 2, 3, 9, 10, 18, 17, 19, -1, 1.5, 100]
const ODD_NUMBERS = [-0, 1e21, 1e-7, 9_007_199_254_740_992, 0.1]
const VERSIONS = ['1.2.3', '1.2.4', '1.10.0', '2.0.0', 'v1.2.3', 'V2', '1', '1.2', '1.2.3-rc.1', '1.2.3-rc.10']
  .concat(['1.2.3+b', '1.2.3.4', '01.2.3', 'abc', '1.0.0-alpha', '1.0.0-alpha.beta', '1.2-alpha', ''])
  .concat(['vv1.2.3', ' 1.2.3', '1.2.3 ', '999999999999999999.0.0'])
const UNITS = ['u1', 'u2', 'jon@company.com', 'ejOoVL', 'bY9fO-', 'SI7p-', '6LvT0', 'ceQdGm', '', 'é', '日本語']

const text = rarely(fc.constantFrom(...TEXTS), fc.constantFrom(...ODD_TEXTS))
const number = rarely(fc.constantFrom(...NUMBERS), fc.constantFrom(...ODD_NUMBERS))
const version = fc.constantFrom(...VERSIONS)
const anything = fc.oneof(
  text,
  number,
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.oneof(text, number), { maxLength: 3 }),
)

const textRule: Rule = fc.oneof(
  { weight: 4, arbitrary: variable('email', 'country', 'targetingKey', 'address.city', 'tags.0') },
  { weight: 3, arbitrary: text },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('email', 'country'), text).map((operands) => ({ var: operands })) },
  { weight: 1, arbitrary: call('cat', variable('country', 'email', 'age'), text) },
  { weight: 1, arbitrary: call('substr', variable('email', 'country'), fc.constantFrom(0, 1, -1, 2)) },
)
const numberRule: Rule = fc.oneof(
  { weight: 4, arbitrary: variable('age', 'score', 'address.zip') },
  { weight: 3, arbitrary: number },
  { weight: 1, arbitrary: callAny(['+', '-', '*', '/', '%', 'max', 'min'], variable('age', 'score'), number) },
  { weight: 1, arbitrary: fc.constant({ var: '$flagd.timestamp' }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('+', 'max').map((name) => ({
      reduce: [{ var: 'numbers' }, { [name]: [{ var: 'current' }, { var: 'accumulator' }] }, 0],
    })),
  },
)
const list: Rule = fc.oneof(
  fc.array(text, { minLength: 1, maxLength: 10 }),
  fc.constant({ var: 'tags' }),
  fc.array(number, { minLength: 1, maxLength: 3 }),
)
const elementTest: Rule = fc.oneof(
  callAny(['==', '<', '>='], variable('n'), number),
  callAny(['==', '!='], variable('t'), text),
  call('in', variable('t'), fc.array(text, { minLength: 1, maxLength: 3 })),
  rarely(call('==', variable('t'), text), callAny(['==', '!='], variable('age', 'country', '.t', ''), text), 4),
)
const tests: readonly Weighted[] = [
  { weight: 3, arbitrary: callAny(['==', '!=', '===', '!=='], textRule, text) },
  { weight: 3, arbitrary: callAny(['==', '!=', '===', '!==', '<', '<=', '>', '>='], numberRule, number) },
  { weight: 1, arbitrary: callAny(['<', '<=', '>', '>='], textRule, text) },
  { weight: 1, arbitrary: callAny(['<', '<=', '>', '>='], number, numberRule, number) },
  { weight: 2, arbitrary: call('in', textRule, list) },
  { weight: 1, arbitrary: call('in', numberRule, fc.array(number, { minLength: 1, maxLength: 4 })) },
  { weight: 1, arbitrary: call('in', text, textRule) },
  { weight: 2, arbitrary: callAny(['starts_with', 'ends_with'], textRule, text) },
  {
    weight: 3,
    arbitrary: call(
      'sem_ver',
      variable('version'),
      fc.constantFrom('=', '!=', '<', '<=', '>', '>=', '^', '~', '=='),
      version,
    ),
  },
  { weight: 1, arbitrary: variable('beta', 'age', 'tags', 'email') },
  { weight: 1, arbitrary: callAny(['some', 'all', 'none'], variable('items'), elementTest) },
  { weight: 1, arbitrary: call('!!', call('filter', variable('items'), elementTest)) },
  { weight: 1, arbitrary: call('in', number, call('map', variable('items'), variable('n'))) },
  { weight: 1, arbitrary: fc.constantFrom('email', 'age', 'beta').map((name) => ({ '!': [{ missing: [name] }] })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(1, 2, 3)
      .map((least) => ({ '!': [{ missing_some: [least, ['email', 'age', 'beta']] }] })),
  },
  { weight: 1, arbitrary: fc.constant({ $ref: 'known' }) },
]
const oddTest = fc.oneof(
  callAny(['==', '<', '>=', '+', 'in', 'cat', 'max', 'substr', 'sem_ver', 'starts_with'], textRule, anything),
  callAny(['==', '!=', '<=', 'in', '*', '!', '!!'], variable('items', 'address', 'tags', 'nothing'), anything),
  callAny(['nosuch', 'abs', '??', 'contains_any', 'log'], anything, anything),
  fc.constantFrom<unknown>({ a: 1, b: 2 }, { '!': { var: 'tags' } }, { var: 'tags.length' }, { var: 'email.0' }),
  call('some', variable('tags', 'email', 'nothing'), fc.constantFrom({ var: '' }, { '==': [{ var: '' }, 'a'] })),
  fc.constant({ $ref: 'unknown' }),
)

const { test } = fc.letrec<{ test: unknown }>((tie) => ({
  test: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 40, arbitrary: fc.oneof(...tests) },
    { weight: 5, arbitrary: call('and', tie('test'), tie('test')) },
    { weight: 5, arbitrary: call('or', tie('test'), tie('test')) },
    { weight: 3, arbitrary: call('!', tie('test')) },
    { weight: 1, arbitrary: oddTest },
  ),
}))

const name = rarely(fc.constantFrom('on', 'off', 'third'), fc.constantFrom('gone', '1', 'true', 'a<b', ''), 15)
const weight = rarely(fc.constantFrom(0, 1, 25, 50, 100, 2_147_483_645, -10), fc.constantFrom(null, 1.5, '5', 2 ** 31))
const entry = rarely(
  fc.oneof(fc.tuple(name, weight), fc.tuple(name)),
  fc.oneof(fc.tuple(name, weight, text), fc.constant([]), fc.constant('on'), fc.tuple(fc.boolean(), weight)),
)
const fractional = fc
  .tuple(
    fc.option(
      fc.oneof(variable('email', 'unit', 'nothing', 'age'), call('cat', variable('country'), variable('unit'))),
      {
        nil: undefined,
      },
    ),
    fc.array(entry, { minLength: 1, maxLength: 4 }),
  )
  .map(([unit, entries]) => ({ fractional: unit === undefined ? entries : [unit, ...entries] }))

const result: Rule = fc.oneof(
  { weight: 3, arbitrary: name },
  { weight: 1, arbitrary: fractional },
  {
    weight: 1,
    arbitrary: fc.constant(null),
  },
)
const targeting: Rule = fc.oneof(
  { weight: 6, arbitrary: call('if', test, result, result) },
  { weight: 2, arbitrary: call('if', test, result) },
  { weight: 3, arbitrary: call('if', test, result, test, result, result) },
  { weight: 3, arbitrary: fractional },
  { weight: 2, arbitrary: test },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>({}, null, { var: 'country' }, { merge: ['on'] }, { '+': [1, 0.5] }),
  },
)

const VARIANTS: readonly object[] = [
  { on: true, off: false },
  { on: 'a', off: '', third: 'c', true: 'yes', false: 'no', '1': 'one', '1.5': 'more', nl: 'n' },
  { on: 1, off: 0, third: 2.5 },
  { on: { a: [1] }, off: {} },
  { on: [1], off: [] },
]
const metadata = fc.constantFrom<object | undefined>(undefined, {}, { a: 1 }, { a: 'x', b: true })

const flag = fc.record(
  {
    state: fc.constantFrom('ENABLED', 'ENABLED', 'ENABLED', 'ENABLED', 'ENABLED', 'DISABLED'),
    variants: fc.constantFrom(...VARIANTS),
    defaultVariant: fc.constantFrom('on', 'off', 'off', 'on', null, ''),
    targeting,
    metadata,
  },
  { noNullPrototype: true, requiredKeys: ['state', 'variants'] },
)

const contextMember = (usual: Rule): Rule => rarely(usual, anything)
const item = fc.record({ n: number, t: text }, { noNullPrototype: true, requiredKeys: [] })

const context: fc.Arbitrary<Context> = fc.record(
  {
    targetingKey: contextMember(fc.constantFrom(...UNITS)),
    email: contextMember(text),
    country: contextMember(text),
    unit: contextMember(fc.constantFrom(...UNITS)),
    age: contextMember(number),
    score: contextMember(number),
    beta: contextMember(fc.boolean()),
    version: contextMember(version),
    tags: contextMember(fc.array(text, { maxLength: 3 })),
    numbers: contextMember(fc.array(number, { maxLength: 3 })),
    items: contextMember(fc.array(item, { maxLength: 3 })),
    address: contextMember(fc.record({ city: text, zip: number }, { noNullPrototype: true })),
    $flagd: fc.constantFrom<unknown>('mine', { timestamp: 1 }),
    n: number,
  },
  {
    noNullPrototype: true,
    requiredKeys: ['targetingKey', 'email', 'country', 'age', 'score', 'beta', 'version', 'tags', 'numbers', 'items'],
  },
)
const sparse = fc.oneof({ weight: 6, arbitrary: context }, { weight: 1, arbitrary: fc.constant<Context>({}) })

const question = fc.record({
  key: fc.constantFrom(...FLAGS, ...FLAGS, 'missing'),
  context: sparse,
  type: fc.constantFrom<ValueType>('boolean', 'string', 'number', 'object', 'boolean', 'string'),
})

export const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    flags: fc.tuple(flag, flag, flag),
    known: test,
    metadata,
    now: fc.constantFrom(0, 999, 1_700_000_000_000, 1_700_000_000_999),
    questions: fc.array(question, { minLength: 12, maxLength: 12 }),
  })
  .map(({ flags, known, metadata, now, questions }) => ({
    document: {
      ...(metadata === undefined ? {} : { metadata }),
      $evaluators: { known: JSON.stringify(known).includes('$ref') ? { var: 'beta' } : known },
      flags: Object.fromEntries(FLAGS.map((key, index) => [key, flags[index] ?? {}])),
    },
    now,
    questions,
  }))
