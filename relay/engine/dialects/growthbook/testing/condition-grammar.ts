/**
 * Random conditions and saved groups for GrowthBook: every operator at every place it may stand, with constants that
 * meet: operands and attributes come from the same small pools, so that borders are hit and not only missed.
 */
import * as fc from 'fast-check'

const TEXTS = [
  'abc',
  'ABC',
  'b',
  '',
  '20',
  '19',
  '20.5',
  'true',
  'null',
  'é',
  'ß',
  'İ',
  ' 20 ',
  'a/b',
  'u1',
  '0x14',
  'B',
]
export const VERSIONS: readonly string[] = [
  '1.2.3',
  'v1.2.3',
  '1.2.3-beta.1',
  '1.2.3+build',
  '1.10.0',
  '1.9',
  '1.2.3.4',
  '100000.0.0',
  '1.+\n+2',
  '0',
]
export const NUMBERS: readonly number[] = [20, 19, 21, 20.5, 0, -0, 1, -5, 1e21, 2, 1.2]
export const SCALARS: readonly unknown[] = [...TEXTS, ...NUMBERS, true, false, null]
export const LITERALS: readonly unknown[] = [
  {},
  { x: 1 },
  { x: 1, y: 'b' },
  { y: 'b', x: 1 },
  [],
  [20],
  ['b', 1],
  [[1]],
  { $eq: 1, x: 1 },
]
const PATTERNS = [
  'b+',
  '^a',
  '(',
  'a/b',
  '\\/b',
  '\\d+',
  '.',
  '',
  'a|B',
  '[',
  '^null$',
  'object',
  '^(?:20|abc)$',
  'ß',
  'i̇',
]
const REFUSED = ['(?<=a)b', '(b)\\1', '(?=a)']
export const INHERITED: readonly string[] = ['constructor', '__proto__']
const PATHS = [
  'a',
  'a',
  'a',
  'b',
  'b',
  'n',
  'v',
  'list',
  'list.0',
  'list.length',
  'list.x',
  'obj',
  'obj.x',
  'obj.y.z',
  'a.length',
].concat(['id', 'anon', 'missing', '', 'a.', 'targetingKey', '$eq'])
const GROUPS = ['list1', 'list2', 'people', 'loop', 'circle', 'broken', 'gone']

/** The odd one in so many cases. */
export function rarely<T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>, weight: number = 40): fc.Arbitrary<T> {
  return fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd })
}

export const scalar: fc.Arbitrary<unknown> = fc.constantFrom(...SCALARS)
const anything = fc.oneof({ weight: 5, arbitrary: scalar }, { weight: 1, arbitrary: fc.constantFrom(...LITERALS) })
const some = fc.array(scalar, { maxLength: 4 })
export const path: fc.Arbitrary<string> = rarely(fc.constantFrom(...PATHS), fc.constantFrom(...INHERITED), 80)
const group = rarely(fc.constantFrom(...GROUPS), fc.constantFrom(...INHERITED), 80)
const pattern = rarely<unknown>(
  fc.constantFrom<unknown>(...PATTERNS, null, 5),
  fc.constantFrom(...REFUSED, 'constructor'),
  60,
)
const version = fc.constantFrom<unknown>(...VERSIONS, 1.2, null, '')

function one(name: string, operand: fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  return operand.map((value) => ({ [name]: value }))
}

const OPERANDS: readonly (readonly [names: readonly string[], operand: fc.Arbitrary<unknown>])[] = [
  [['$eq', '$ne'], anything],
  [['$lt', '$lte', '$gt', '$gte'], anything],
  [['$in', '$nin', '$ini', '$nini'], rarely<unknown>(some, anything, 8)],
  [['$exists'], fc.constantFrom<unknown>(true, false, 0, 'x', null)],
  [['$type'], fc.constantFrom('string', 'number', 'boolean', 'array', 'object', 'null', 'undefined', 'unknown')],
  [['$regex', '$regexi'], pattern],
  [['$veq', '$vne', '$vgt', '$vgte', '$vlt', '$vlte'], version],
  [['$inGroup', '$notInGroup'], group],
  [['$foo'], anything],
]

const reference: fc.Arbitrary<unknown> = rarely<unknown>(
  fc.oneof(
    fc.record({ id: group }),
    fc.record({ id: group, attributeKey: fc.constantFrom<unknown>('a', 'list', 'obj.x', 5) }),
  ),
  fc.constantFrom<unknown>(null, 'list1', [], { id: 5 }),
  20,
)

interface Shapes {
  value: unknown
  operators: object
  object: object
  entry: [string, unknown]
}
type Conditions = { readonly [Name in keyof Shapes]: fc.Arbitrary<Shapes[Name]> }

/** Conditions of some depth, on values and on objects, as the vendor's grammar nests them. */
export const conditions: Conditions = fc.letrec<Shapes>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 2, arbitrary: anything },
    { weight: 3, arbitrary: tie('operators') },
  ),
  operators: fc
    .array(
      fc.oneof(
        { depthSize: 'small' },
        ...OPERANDS.flatMap(([names, operand]) => names.map((name) => one(name, operand))),
        one('$not', tie('value')),
        one('$size', tie('value')),
        one('$all', fc.array(tie('value'), { maxLength: 2 })),
        one('$alli', fc.array(tie('value'), { maxLength: 2 })),
        one('$elemMatch', fc.oneof(tie('operators'), tie('object'))),
      ),
      { minLength: 1, maxLength: 2 },
    )
    .map((parts) => Object.assign({}, ...parts) as object),
  object: fc.array(tie('entry'), { maxLength: 2 }).map((entries) => Object.fromEntries(entries as Shapes['entry'][])),
  entry: fc.oneof(
    { depthSize: 'small' },
    { weight: 8, arbitrary: fc.tuple(path, tie('value')) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom('$or', '$nor', '$and'), fc.array(tie('object'), { maxLength: 3 })),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant('$not'), tie('object')) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('$savedGroup'), reference) },
  ),
}))
export const condition: fc.Arbitrary<object> = conditions.object
export const valueCondition: fc.Arbitrary<object> = conditions.value.map((value) => ({ value }))

export const savedGroups: fc.Arbitrary<object> = fc
  .record({
    list1: some,
    list2: fc.record({
      type: fc.constant('list'),
      attributeKey: fc.constantFrom<unknown>('a', 'list', 5),
      values: some,
    }),
    people: fc.record({ type: fc.constant('condition'), condition }),
    loop: fc.record({ type: fc.constant('condition'), condition }),
    circle: fc.constantFrom<unknown>(
      { type: 'condition', condition: { $savedGroup: { id: 'circle' } } },
      { type: 'condition', condition: { $not: { $savedGroup: { id: 'loop' } } } },
      {
        type: 'condition',
        condition: { list: { $elemMatch: { y: null, $nor: [{ $savedGroup: { id: 'circle' } }] } } },
      },
    ),
    broken: fc.constantFrom<unknown>(null, 5, { type: 'list', values: 5 }, { type: 'future' }, { type: 'condition' }),
  })
  .map((groups) => groups as object)
