/** Documents and questions that reach every member of a flag, every operator of a query and every edge between them. */
import * as fc from 'fast-check'
import type { Context } from '../../../outcome.ts'
import type { Question, Scenario } from '../../../testing/differential.ts'

export const FLAGS: readonly string[] = ['f', 'g', 'constructor', 'flags', '__proto__']
const DATES = [0, 1, 2, 3, 4].map((day) => new Date(Date.UTC(2026, 0, 1 + day)).toISOString())
export const NOW: number = Date.UTC(2026, 0, 3)
const USERS = ['u1', 'u2', 'zoé', '日本語', '😀', '', 'u5', 'u6', 'u7']
const VARIATIONS = ['a', 'b', 'B', 'é', '1']
const PATHS = ['x', 'y', 'x-y', 'z:z', 'key', 'targetingKey', 'anonymous', 'o.p', 'o.q.r', 'x.y', 'constructor']
const TEXTS = ['a', 'B', 'ab', 'A@X.com', '', 'É', '1.2.3', '1.2.3-rc.1', 'v1.2.3', 'u1', '1', 'true', '2026']
const NUMBERS = [0, 1, 2, -1, 1.5, 1.9, -0.5, 0.1, 2.0001, 1e21, -0, 9_007_199_254_740_991]

const few = <T>(arbitrary: fc.Arbitrary<T>, maxLength: number, minLength: number = 0): fc.Arbitrary<T[]> =>
  fc.array(arbitrary, { minLength, maxLength })

const literal = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...TEXTS).map((text) => JSON.stringify(text)) },
  { weight: 2, arbitrary: fc.constantFrom('0', '1', '2', '-1', '-2', '10', '9007199254740993') },
  { weight: 2, arbitrary: fc.constantFrom('1.0', '1.5', '-0.5', '2.0001', '1.0e3', '0.1') },
  { weight: 1, arbitrary: fc.constantFrom('true', 'false', 'null') },
  { weight: 1, arbitrary: fc.constantFrom('1.2.3', '1.2.3-rc.1', '1.10.0', '0.9.9+b', '2.0.0') },
)
const items = fc.oneof(
  few(fc.constantFrom(...TEXTS), 3, 1).map((list) => list.map((text) => JSON.stringify(text))),
  few(fc.constantFrom('0', '1', '2', '10'), 3, 1),
  few(fc.constantFrom('1.0', '1.5', '-0.5', '0.1'), 3, 1),
)
const comparison = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('eq', 'ne', 'gt', 'lt', 'ge', 'le', 'co', 'sw', 'ew', 'in', 'EQ', 'CO') },
  { weight: 2, arbitrary: fc.constantFrom('==', '!=', '>', '<', '>=', '<=', 'NE', 'GE', 'SW', 'IN') },
)
const condition = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...PATHS), comparison, literal).map((parts) => parts.join(' ')) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...PATHS), fc.constantFrom('in', 'in', 'in', 'IN', 'eq', 'co'), items, fc.boolean())
      .map(([path, operator, list, spaced]) => `${path} ${operator} [${list.join(spaced ? ', ' : ',')}]`),
  },
  { weight: 1, arbitrary: fc.constantFrom(...PATHS).map((path) => `${path} pr`) },
)

/** Queries without mistakes. */
export const queries: fc.Arbitrary<string> = fc.letrec<{ query: string; operand: string }>((tie) => ({
  operand: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: condition },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('', 'not ', 'NOT ', 'not', ' '), tie('query'), fc.boolean())
        .map(([not, query, wide]) => `${not.trim() === '' ? '' : not}(${wide ? ` ${query} ` : query})`),
    },
  ),
  query: fc
    .tuple(tie('operand'), few(fc.tuple(fc.constantFrom(' and ', ' or ', ' and \n   '), tie('operand')), 3))
    .map(([first, rest]) => first + rest.flat().join('')),
})).query

const variation = fc.constantFrom(...VARIATIONS)
const share = fc.constantFrom(0, 10, 20, 25, 33.3, 50, 100, 0.001, 99.999, 66.667)
const percentage = fc.dictionary(variation, share, { maxKeys: 4 })
const date = fc.constantFrom(...DATES, '2026-01-03T01:00:00+01:00', '2026-01-02T12:00:00.5Z')
const end = fc.record(
  { variation, percentage: fc.constantFrom(0, 10, 20, 60, 100, 150), date },
  { requiredKeys: ['variation'] },
)
const progressiveRollout = fc.record({ initial: end, end })

const result = fc.oneof(
  { weight: 4, arbitrary: fc.record({ variation }) },
  { weight: 3, arbitrary: fc.record({ percentage }) },
  { weight: 1, arbitrary: fc.record({ variation, percentage }) },
  { weight: 2, arbitrary: fc.record({ progressiveRollout }) },
  { weight: 1, arbitrary: fc.constant({}) },
)
const rule = fc
  .tuple(
    fc.record({
      query: fc.oneof({ weight: 9, arbitrary: queries }, { weight: 1, arbitrary: fc.constantFrom('', ' ') }),
    }),
    fc.record(
      { name: fc.constantFrom('r1', 'r2', 'r3'), disable: fc.constantFrom(false, false, true) },
      { requiredKeys: [] },
    ),
    result,
  )
  .map((parts): object => Object.assign({}, ...parts))
const experimentation = fc.record({ start: date, end: date }, { requiredKeys: [] })
const stepPercentage = fc.dictionary(variation, fc.oneof(share, fc.constant(-1)), { maxKeys: 3 })
const stepRule = fc.record(
  {
    name: fc.constantFrom('r1', 'r2', 'new'),
    query: queries,
    variation,
    percentage: stepPercentage,
    disable: fc.boolean(),
    progressiveRollout: fc.record({ initial: fc.record({ date }), end: fc.record({ variation, date }) }),
  },
  { requiredKeys: [] },
)
const step = fc.record(
  {
    date,
    targeting: few(stepRule, 2),
    defaultRule: fc.record({ variation, percentage: stepPercentage }, { requiredKeys: [] }),
    variations: fc.dictionary(variation, fc.constantFrom('patched', 'again')),
    disable: fc.boolean(),
    experimentation,
  },
  { requiredKeys: [] },
)

const flag = fc.record(
  {
    variations: fc
      .subarray(VARIATIONS, { minLength: 3 })
      .map((names) => Object.fromEntries(names.map((n) => [n, `=${n}`]))),
    defaultRule: result,
    targeting: few(rule, 3),
    scheduledRollout: few(step, 3),
    experimentation,
    bucketingKey: fc.constantFrom('', 'key', 'x', 'o.p', 'y'),
    disable: fc.constantFrom(false, false, false, true),
    version: fc.constantFrom('1', '2'),
    trackEvents: fc.boolean(),
  },
  { requiredKeys: ['variations', 'defaultRule', 'targeting'] },
)
/** Most flags are plain; every optional member at once would leave little that answers. */
const thinned = fc
  .tuple(flag, fc.infiniteStream(fc.nat(3)))
  .map(([made, chances]) =>
    Object.fromEntries(
      Object.entries(made).filter(
        ([name]) => ['variations', 'defaultRule', 'targeting'].includes(name) || chances.next().value === 0,
      ),
    ),
  )

const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...TEXTS, ...USERS) },
  { weight: 3, arbitrary: fc.constantFrom(...NUMBERS) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(true, false, null, [], ['a'], {}, { y: 1 }) },
)
/** Members are added one by one, so that `__proto__` is one of them and not the prototype. */
const nested = fc.oneof(
  fc.record({ p: value, q: fc.oneof(value, fc.record({ r: value })) }, { requiredKeys: [] }),
  value,
)
export const contexts: fc.Arbitrary<Context> = fc.record(
  {
    targetingKey: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...USERS) }, { weight: 1, arbitrary: value }),
    x: value,
    y: value,
    'x-y': value,
    'z:z': value,
    key: value,
    anonymous: value,
    constructor: value,
    o: nested,
    gofeatureflag: fc.oneof(
      fc.record({ currentDateTime: date }),
      fc.constantFrom<unknown>({}, { currentDateTime: 'soon' }, 'x', { currentDateTime: 5 }),
    ),
  },
  { requiredKeys: [] },
)

const question: fc.Arbitrary<Question> = fc.record({ key: fc.constantFrom(...FLAGS), context: contexts })

/** Documents with every flag, asked at moments around the dates in them. */
export const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    flags: fc.tuple(...FLAGS.map(() => thinned)),
    offset: fc.constantFrom(-2, -1, 0, 0, 0, 1, 2),
    millis: fc.constantFrom(-1, 0, 0, 1, 500, 3_600_000),
    questions: few(question, 8, 4),
  })
  .map(({ flags, offset, millis, questions }) => ({
    document: Object.fromEntries(FLAGS.map((key, index): [string, object] => [key, flags[index] ?? {}])),
    options: { invalid: 'evaluate', nestedPaths: 'missing' },
    now: NOW + offset * 86_400_000 + millis,
    questions,
  }))
