/** Curated documents: the table of reasons, values and their spelling, attributes, segments, and hostile shapes. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { changes } from '../../changes.ts'
import { compileWith } from '../../compile.ts'
import type { Compiled } from '../../compile.ts'
import type { Context } from '../../outcome.ts'
import { differential } from './testing/differential.ts'
import { featbit } from './lower.ts'

type Members = Readonly<Record<string, unknown>>

const USER: Context = { targetingKey: 'u1' }
const AT = '2026-01-01T00:00:00.000Z'

function everybody(id: string): object[] {
  return [{ id, rollout: [0, 1], exptRollout: 1 }]
}

/** A flag with the variations a = "A" and b = "B" whose default rule serves a. */
function flagOf(members: Members = {}): Members {
  return {
    key: 'f',
    variationType: 'string',
    variations: [
      { id: 'a', value: 'A' },
      { id: 'b', value: 'B' },
    ],
    isEnabled: true,
    isArchived: false,
    disabledVariationId: 'b',
    targetUsers: [],
    rules: [],
    fallthrough: { dispatchKey: null, includedInExpt: false, variations: everybody('a') },
    exptIncludeAllTargets: false,
    updatedAt: AT,
    ...members,
  }
}

/** A rule that serves b, named r, with these conditions. */
function rule(conditions: readonly object[], members: Members = {}): object {
  return {
    id: 'id of r',
    name: 'r',
    conditions,
    dispatchKey: null,
    includedInExpt: false,
    variations: everybody('b'),
    ...members,
  }
}

function segmentOf(members: Members = {}): Members {
  return { id: 's', included: [], excluded: [], rules: [], updatedAt: AT, isArchived: false, ...members }
}

function compiled(flags: readonly unknown[], segments: unknown = [], options: Members = {}): Compiled {
  return compileWith(featbit, { document: JSON.stringify({ featureFlags: flags, segments }), options })
}

/** The variant that decides, as `b` when the one condition holds and `a` when not. */
function holds(op: string | null, value: string | null, context: Members, options: Members = {}): unknown {
  const { ruleset } = compiled([flagOf({ rules: [rule([{ property: 'p', op, value }])] })], [], options)
  const { variant, errorCode } = ruleset.evaluate('f', { ...USER, ...context })
  return errorCode ?? variant === 'b'
}

describe('reasons', () => {
  const gap = [{ id: 'b', rollout: [0, 0], exptRollout: 1 }]
  const half = [
    { id: 'a', rollout: [0, 0], exptRollout: 1 },
    { id: 'b', rollout: [0, 1], exptRollout: 1 },
  ]
  const dated = { flagUpdatedAt: AT }
  const named = { ruleName: 'r', ruleId: 'id of r' }
  const general = { reason: 'ERROR', errorCode: 'GENERAL' }
  const cases: readonly [string, Members, object, object][] = [
    [
      'archived',
      { isArchived: true },
      { reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND', metadata: { featbitReason: 'archived', ...dated } },
      { reason: 'DEFAULT', value: 'A' },
    ],
    [
      'off',
      { isEnabled: false },
      {
        reason: 'DISABLED',
        value: 'B',
        variant: 'b',
        metadata: { featbitReason: 'Off', sendToExperiment: false, ...dated },
      },
      { reason: 'DISABLED', value: 'B' },
    ],
    [
      'off, variation id missing',
      { isEnabled: false, disabledVariationId: 'x' },
      { reason: 'DISABLED', metadata: { featbitReason: 'Off' } },
      general,
    ],
    [
      'target',
      { targetUsers: [{ keyIds: ['u1'], variationId: 'b' }] },
      { reason: 'TARGETING_MATCH', value: 'B', metadata: { featbitReason: 'TargetMatch' } },
      { reason: 'TARGETING_MATCH', value: 'B' },
    ],
    [
      'target names a missing variation',
      { targetUsers: [{ keyIds: ['u1'], variationId: 'x' }] },
      { reason: 'TARGETING_MATCH', metadata: { featbitReason: 'TargetMatch' } },
      general,
    ],
    [
      'rollout names a missing variation',
      { rules: [rule([], { variations: everybody('x') })] },
      { reason: 'TARGETING_MATCH', metadata: named },
      general,
    ],
    [
      'rule',
      { rules: [rule([])] },
      {
        reason: 'TARGETING_MATCH',
        value: 'B',
        metadata: { featbitReason: 'RuleMatch', ...named, sendToExperiment: false, ...dated },
      },
      { value: 'B', metadata: named },
    ],
    [
      'rule with several intervals',
      { rules: [rule([], { variations: half })] },
      { reason: 'SPLIT', value: 'B' },
      { reason: 'SPLIT', value: 'B' },
    ],
    [
      'default',
      {},
      { reason: 'DEFAULT', value: 'A', metadata: { featbitReason: 'FallThrough' } },
      { reason: 'DEFAULT', value: 'A' },
    ],
    [
      'default with several intervals',
      { fallthrough: { variations: half } },
      { reason: 'SPLIT', value: 'B' },
      { reason: 'SPLIT', value: 'B' },
    ],
    [
      'no interval in a rule',
      { rules: [rule([], { variations: gap })] },
      { reason: 'TARGETING_MATCH', value: '', variant: '', metadata: named },
      general,
    ],
    [
      'no interval by default',
      { fallthrough: { variations: gap } },
      { reason: 'DEFAULT', value: '', variant: '' },
      general,
    ],
    ['no default rule', { fallthrough: null }, general, general],
  ]

  it.each(cases)('%s', (_, members, els, node) => {
    const flags = [flagOf(members)]
    const server = compiled(flags).ruleset.evaluate('f', USER)
    expect(server).toMatchObject(els)
    if (!('value' in els)) expect(server).not.toHaveProperty('value')
    const sdk = compiled(flags, [], { profile: 'node-1.3' }).ruleset.evaluate('f', USER)
    expect(sdk).toMatchObject(node)
    if (!('value' in node)) expect(sdk).not.toHaveProperty('value')
  })

  it.each([{}, { targetingKey: '' }, { targetingKey: ' \u00a0\t' }, { targetingKey: 7 }])(
    'user %o has no key',
    (context) => {
      const answer = compiled([flagOf()]).ruleset.evaluate('f', context)
      expect(answer).toMatchObject({ reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' })
      const anonymous = compiled([flagOf()], [], { allowAnonymous: true }).ruleset
      expect(anonymous.evaluate('f', context)).toMatchObject({ reason: 'DEFAULT', value: 'A' })
    },
  )

  it('lists no archived flag, but answers by its name', () => {
    const { ruleset } = compiled([flagOf({ isArchived: true }), flagOf({ key: 'g' })])
    expect(ruleset.keys).toEqual(['g'])
    expect(ruleset.evaluateAll(USER).map(({ key }) => key)).toEqual(['g'])
    expect(ruleset.evaluate('f', USER, 'boolean').errorCode).toBe('FLAG_NOT_FOUND')
  })
})

describe('values', () => {
  const valued = (variationType: string | null, ...values: string[]): Compiled =>
    compiled([
      flagOf({
        variationType,
        variations: values.map((value, index) => ({ id: `v${index}`, value })),
        fallthrough: { variations: everybody('v0') },
      }),
    ])

  it.each<[string | null, string[], string]>([
    ['boolean', ['TrUe'], 'true'],
    ['string', ['1.0'], '"1.0"'],
    [null, ['x'], '"x"'],
    ['surprise', ['x'], '"x"'],
    ['number', ['42.5'], '42.5'],
    ['number', ['1.0', '2'], '1.0'],
    ['number', ['1', '2'], '1'],
    ['number', ['1', '0.5'], '1.0'],
    ['number', [' 7 '], '7'],
    ['number', ['0x1F'], '31'],
    ['number', ['9007199254740993'], '9007199254740993'],
    ['number', ['1e3'], '1e3'],
    ['json', ['{"b": 1.50,"a":[1e2]}'], '{"b":1.50,"a":[1e2]}'],
    ['json', ['null'], 'null'],
    ['json', ['5', '0.5'], '5.0'],
  ])('of type %s, stored as %j, are %s for callers who name no type', (type, values, text) => {
    const { json } = valued(type, ...values).ruleset.outcome('f', USER)
    expect(json).toContain(`"value":${text},"metadata"`)
    expect(() => JSON.parse(`{${json}}`) as unknown).not.toThrow()
  })

  it.each([
    ['boolean', '1', 'TYPE_MISMATCH'],
    ['boolean', ' true', 'TYPE_MISMATCH'],
    ['number', '', 'TYPE_MISMATCH'],
    ['number', ' ', 'TYPE_MISMATCH'],
    ['number', 'Infinity', 'TYPE_MISMATCH'],
    ['number', '1,000', 'TYPE_MISMATCH'],
    ['json', '{a:1}', 'PARSE_ERROR'],
    ['json', '', 'PARSE_ERROR'],
    ['json', '['.repeat(5_000), 'PARSE_ERROR'],
  ])('of type %s, stored as %j, are an error and not a guess', (type, value, errorCode) => {
    const { ruleset } = valued(type, value)
    expect(ruleset.evaluate('f', USER)).toMatchObject({
      reason: 'ERROR',
      errorCode,
      metadata: { featbitReason: 'WrongType' },
    })
    expect(ruleset.evaluate('f', USER)).not.toHaveProperty('value')
    expect(ruleset.evaluate('f', USER, 'string')).toMatchObject({ value, variant: 'v0', reason: 'DEFAULT' })
  })

  it('are converted from the stored text for callers who name a type', () => {
    const typed = (stored: string) => (type: 'boolean' | 'string' | 'number' | 'object') =>
      valued('string', stored).ruleset.evaluate('f', USER, type)
    expect(typed('FALSE')('boolean').value).toBe(false)
    expect(typed('')('number').value).toBe(0)
    expect(typed('Infinity')('number').value).toBe(Infinity)
    expect(typed('5')('object').value).toBe(5)
    expect(typed('{"a":1}')('object').value).toEqual({ a: 1 })
    for (const type of ['boolean', 'number', 'object'] as const) {
      expect(typed('x')(type)).toMatchObject({ errorCode: 'TYPE_MISMATCH', metadata: { featbitReason: 'WrongType' } })
    }
    const { json } = valued('number', 'Infinity').ruleset.outcome('f', USER, 'number')
    expect(JSON.parse(`{${json}}`)).toMatchObject({ value: Infinity })
  })

  it('keep their spelling when the named type is the flag’s own', () => {
    expect(valued('number', '1.0', '2').ruleset.outcome('f', USER, 'number').json).toContain('"value":1.0,')
    expect(valued('string', '1.0').ruleset.outcome('f', USER, 'number').json).toContain('"value":1.0,')
  })
})

describe('els attributes', () => {
  it.each<[unknown, string]>([
    ['x', 'x'],
    [true, 'true'],
    [12.5, '12.5'],
    [-0, '0'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [[1, 'a'], '[1,"a"]'],
    [{ a: { b: 1 } }, '{"a":{"b":1}}'],
    [null, ''],
    [undefined, ''],
    [NaN, ''],
    [new Date(NaN), ''],
  ])('%o becomes %j', (p, text) => {
    expect(holds('Equal', text, { p })).toBe(true)
    expect(holds('Equal', text, { custom: { p } })).toBe(true)
    expect(holds('Equal', text, { custom: [{ name: 'p', value: p }] })).toBe(true)
  })

  it('come from custom first, and from its first entry that has a value', () => {
    const custom = [{ name: 'p', value: null }, 7, { name: 'p', value: '1' }, { name: 'p', value: '2' }]
    expect(holds('Equal', '1', { p: '0', custom })).toBe(true)
    expect(holds('Equal', '0', { p: '0', custom: { p: null } })).toBe(true)
  })

  it('know the key and the name by exact names only', () => {
    const asks = (property: string, value: string, context: Members): unknown => {
      const flag = flagOf({ rules: [rule([{ property, op: 'Equal', value }])] })
      return compiled([flag]).ruleset.evaluate('f', { ...USER, ...context }).variant === 'b'
    }
    expect(asks('keyId', 'u1', { keyId: 'other', custom: { keyId: 'other' } })).toBe(true)
    expect(asks('KeyId', 'x', { KeyId: 'x' })).toBe(true)
    expect(asks('name', 'Ann', { name: 'Ann', custom: { name: 'Bob' } })).toBe(true)
    expect(asks('name', '', {})).toBe(false)
    expect(asks('__proto__', 'x', JSON.parse('{"__proto__":"x"}') as Members)).toBe(true)
    expect(asks('constructor', '', {})).toBe(true)
  })
})

describe('els operators', () => {
  it.each([
    ['1,000', '1000', true],
    ['1,0,0.5', '100.5', true],
    [' \t10\n', '10', true],
    ['+1e1', '10', true],
    ['.5', '0.5', true],
    ['5.', '5', true],
    ['-infinity', '-Infinity', true],
    ['1e999', 'Infinity', true],
    [',1', '1', false],
    ['1.0,0', '1', false],
    ['0x10', '16', false],
    ['9abc', '9', false],
    ['\u00a09', '9', false],
    ['1e', '1', false],
    ['NaN', 'NaN', false],
    ['', '0', false],
  ])('%j is as large as %s: %s', (user, operand, expected) => {
    expect(holds('BiggerEqualThan', operand, { p: user })).toBe(expected)
    expect(holds('LessEqualThan', operand, { p: user })).toBe(expected)
    expect(holds('LessThan', operand, { p: user })).toBe(false)
  })

  it('know .NET’s regular expressions', () => {
    expect(holds('MatchRegex', '(?i)\\Aab+\\z', { p: 'ABB' })).toBe(true)
    expect(holds('NotMatchRegex', '^\\d+$', { p: '12' })).toBe(false)
    expect(holds('MatchRegex', 'b', { p: 'abc' })).toBe(true)
  })

  it('fail alone, and only where they are reached, when the operand has no meaning', () => {
    for (const [op, value] of [
      ['MatchRegex', '('],
      ['NotMatchRegex', '(?=a)'],
      ['IsOneOf', 'oops'],
      ['NotOneOf', '[1]'],
    ] as const) {
      const guarded = [
        { property: 'plan', op: 'Equal', value: 'pro' },
        { property: 'p', op, value },
      ]
      const { ruleset, problems } = compiled([flagOf({ rules: [rule(guarded)] }), flagOf({ key: 'g' })])
      expect(ruleset.evaluate('f', USER)).toMatchObject({ value: 'A' })
      expect(ruleset.evaluate('f', { ...USER, plan: 'pro' })).toMatchObject({ errorCode: 'GENERAL' })
      expect(ruleset.evaluate('g', { ...USER, plan: 'pro' })).toMatchObject({ value: 'A' })
      expect(problems).toMatchObject([
        { flag: 'f', path: 'featureFlags[0].rules[0].conditions[1]', severity: 'warning' },
      ])
    }
  })

  it('never hold without an operand or by an unknown name, and say so', () => {
    expect(holds('NotEqual', null, { p: 'x' })).toBe(false)
    expect(holds('Sideways', 'x', { p: 'x' })).toBe(false)
    expect(holds('constructor', 'x', { p: 'x' })).toBe(false)
    expect(holds(null, 'x', { p: 'x' })).toBe(false)
    expect(holds('IsOneOf', 'null', { p: 'x' })).toBe(false)
    expect(holds('NotOneOf', 'null', { p: 'x' })).toBe(true)
    expect(holds('IsTrue', '', { p: 'TRUE' })).toBe(true)
    expect(holds('IsFalse', '', { p: 'fal\u017fe' })).toBe(false)
    const { problems } = compiled([flagOf({ rules: [rule([{ property: 'p', op: 'Sideways', value: 'x' }])] })])
    expect(problems).toMatchObject([{ message: 'has no known operator: Sideways', severity: 'warning' }])
  })
})

describe('node-1.3', () => {
  it('does not let a user’s regular expression stop the process', () => {
    const started = performance.now()
    const p = `${'(a*)*'.repeat(10)}$`
    holds('MatchRegex', 'a'.repeat(5_000) + 'b', { p }, { profile: 'node-1.3' })
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  it('asks the default rule whether a matched rule’s exposures belong to the experiment', () => {
    const flag = flagOf({
      rules: [rule([], { includedInExpt: true })],
      fallthrough: { includedInExpt: false, variations: everybody('a') },
    })
    const sends = (options: Members) =>
      compiled([flag], [], options).ruleset.evaluate('f', USER).metadata?.['sendToExperiment']
    expect(sends({})).toBe(true)
    expect(sends({ profile: 'node-1.3' })).toBe(false)
  })
})

describe('segments', () => {
  const asking = (value: string, property: string = 'User is in segment'): Members =>
    flagOf({ rules: [rule([{ property, op: null, value }])] })

  it('that are missing or unreadable fail the flags that ask, and no others', () => {
    for (const segments of [[], [segmentOf({ included: 'u1' })]]) {
      const { ruleset, problems } = compiled([asking('["s"]'), flagOf({ key: 'g' })], segments)
      expect(ruleset.evaluate('f', USER)).toMatchObject({ reason: 'ERROR', errorCode: 'GENERAL' })
      expect(ruleset.evaluate('f', USER).errorDetails).toContain('segment "s"')
      expect(ruleset.evaluate('g', USER)).toMatchObject({ value: 'A' })
      expect(problems).toHaveLength(1)
    }
    const { ruleset } = compiled([asking('["s"]', 'User is not in segment')], [], { profile: 'node-1.3' })
    expect(ruleset.evaluate('f', USER)).toMatchObject({ value: 'B' })
  })

  it('that come, change or go change the flags that ask', () => {
    const flags = [asking('["s"]'), flagOf({ key: 'g' })]
    const without = compiled(flags).ruleset
    const empty = compiled(flags, [segmentOf()]).ruleset
    const full = compiled(flags, [segmentOf({ included: ['u1'] })]).ruleset
    for (const [before, after] of [
      [without, empty],
      [empty, full],
      [full, without],
    ] as const) {
      expect(changes(before, after)).toEqual({ added: [], removed: [], changed: ['f'] })
    }
  })

  it('do not nest, and match although archived', () => {
    const inner = segmentOf({ id: 'inner', included: ['u1'], isArchived: true })
    const nested = segmentOf({
      rules: [{ conditions: [{ property: 'User is in segment', op: null, value: '["inner"]' }] }],
    })
    const { ruleset } = compiled([asking('["s"]'), flagOf({ ...asking('["inner"]'), key: 'g' })], [inner, nested])
    expect(ruleset.evaluate('f', USER)).toMatchObject({ value: 'A' })
    expect(ruleset.evaluate('g', USER)).toMatchObject({ value: 'B' })
  })

  it('look at excluded keys, then at included ones, then at the rules', () => {
    const everyone = [{ conditions: [] }]
    const inside = (segment: Members): boolean =>
      compiled([asking('["s"]')], [segmentOf(segment)]).ruleset.evaluate('f', USER).value === 'B'
    expect(inside({ excluded: ['u1'], included: ['u1'], rules: everyone })).toBe(false)
    expect(inside({ included: ['u1'] })).toBe(true)
    expect(inside({ included: ['U1'] })).toBe(false)
    expect(inside({ excluded: ['u2'], rules: everyone })).toBe(true)
    expect(inside({})).toBe(false)
  })
})

describe('hostile documents', () => {
  it.each([
    [[], /must be an object/],
    ['text', /must be an object/],
    [{}, /featureFlags: must be a list/],
    [{ data: { eventType: 'patch', featureFlags: [], segments: [] } }, /data\.eventType: must be "full", not "patch"/],
    [{ data: { eventType: 'full', userKeyId: 'u', featureFlags: [] } }, /server secret/],
    [{ featureFlags: [], segments: 5 }, /segments: must be a list/],
    [{ featureFlags: [null, 5, {}] }, /none of the 3 entries/],
  ])('%j are refused', (document, message) => {
    expect(() => compileWith(featbit, { document: JSON.stringify(document) })).toThrow(message)
  })

  it('may be the bare data, without segments, or empty', () => {
    expect(compileWith(featbit, { document: { featureFlags: [flagOf()] } }).ruleset.keys).toEqual(['f'])
    expect(compiled([]).ruleset.keys).toEqual([])
  })

  it.each<[Members, string]>([
    [{ variations: null }, 'variations'],
    [{ variations: [{ id: 'a', value: 5 }] }, 'variations[0].value'],
    [{ isEnabled: 'yes' }, 'isEnabled'],
    [{ isArchived: 1 }, 'isArchived'],
    [{ targetUsers: {} }, 'targetUsers'],
    [{ targetUsers: [{ keyIds: [1], variationId: 'a' }] }, 'targetUsers[0].keyIds[0]'],
    [{ rules: [7] }, 'rules[0].variations'],
    [{ rules: [rule([[]])] }, 'rules[0].conditions[0]'],
    [{ rules: [rule([{ property: 'p', op: 'Equal', value: 5 }])] }, 'rules[0].conditions[0].value'],
    [{ rules: [rule([], { dispatchKey: 5 })] }, 'rules[0].dispatchKey'],
    [{ fallthrough: [] }, 'fallthrough.variations'],
    [{ fallthrough: { variations: [{ id: 'a', rollout: ['0', 1] }] } }, 'fallthrough.variations[0].rollout[0]'],
    [{ variationType: {} }, 'variationType'],
  ])('quarantine a flag with %j alone', (members, path) => {
    const { ruleset, problems } = compiled([flagOf(members), flagOf({ key: 'g' })])
    expect(ruleset.evaluate('g', USER)).toMatchObject({ value: 'A' })
    expect(problems).toMatchObject([{ severity: 'error', flag: 'f', path: `featureFlags[0].${path}` }])
    expect(ruleset.evaluate('f', USER)).toMatchObject({ reason: 'ERROR', errorCode: 'PARSE_ERROR' })
  })

  it('name flags without a key, and keep the last of two with one key', () => {
    const { ruleset, problems } = compiled([flagOf({ key: 7 }), flagOf(), flagOf({ isEnabled: false })])
    expect(ruleset.evaluate('f', USER).reason).toBe('DISABLED')
    expect(problems.map(({ path }) => path)).toEqual(['featureFlags[0]', 'featureFlags[1]'])
  })

  it('may call flags and segments what they like', () => {
    const condition = { property: 'User is in segment', op: null, value: '["__proto__"]' }
    const names = ['__proto__', 'constructor', 'toString']
    const { ruleset } = compiled(
      names.map((key) => flagOf({ key, rules: [rule([condition])] })),
      [segmentOf({ id: '__proto__', included: ['u1'] })],
    )
    expect(ruleset.keys).toEqual(names)
    for (const key of names) expect(ruleset.evaluate(key, USER)).toMatchObject({ value: 'B' })
  })

  it('may be long', () => {
    const keyIds = Array.from({ length: 1_000_000 }, (_, index) => `user-${index}`)
    const { ruleset } = compiled([flagOf({ targetUsers: [{ keyIds, variationId: 'b' }] })])
    expect(ruleset.evaluate('f', { targetingKey: 'user-999999' })).toMatchObject({ value: 'B' })
    expect(ruleset.evaluate('f', USER)).toMatchObject({ value: 'A' })
  })

  it('report references that lead nowhere, and intervals that are none', () => {
    const fallthrough = { variations: [{ id: 'x', rollout: [0], exptRollout: 1 }] }
    const { problems } = compiled([flagOf({ fallthrough, disabledVariationId: null, variationType: 'list' })])
    expect(problems.map(({ path }) => path.replace('featureFlags[0].', ''))).toEqual([
      'variationType',
      'disabledVariationId',
      'fallthrough.variations[0].id',
      'fallthrough.variations[0].rollout',
    ])
  })
})

it.each(['els', 'node-1.3', 'neither'])('knows its profiles: %s', (profile) => {
  const compile = (): unknown => compiled([flagOf()], [], { profile }).ruleset.keys
  if (profile === 'neither') expect(compile).toThrow(/options\.profile must be one of els, node-1\.3/)
  else expect(compile()).toEqual(['f'])
})

it('explains itself in the vendor’s words', () => {
  const flag = flagOf({ rules: [rule([{ property: 'p', op: 'IsOneOf', value: '["x"]' }])] })
  const { trace } = compiled([flag]).ruleset.explain('f', { ...USER, p: 'x' })
  const lines = trace.map(({ what, result }) => `${what}: ${result}`)
  expect(lines).toContain('rule "r": matches')
  expect(lines).toContain('p ("x") IsOneOf "[\\"x\\"]": true')
})

describe('the demo', () => {
  const text = readFileSync(new URL('../../../../config/flags/featbit.json', import.meta.url), 'utf8')

  it('has no problems and serves every flag', () => {
    const { ruleset, problems } = compileWith(featbit, { document: text })
    expect(problems).toEqual([])
    expect(ruleset.keys).toHaveLength(8)
    for (const answer of ruleset.evaluateAll({ targetingKey: 'ann', country: 'NL', plan: 'pro' })) {
      expect(answer).toHaveProperty('value')
    }
  })

  it('is answered by the vendor’s own SDK as by us', async () => {
    const document = JSON.parse(text) as object
    const options = { profile: 'node-1.3' }
    const { ruleset } = compileWith(featbit, { document, options })
    const context = { targetingKey: 'ann', name: 'Ann', country: 'NL', plan: 'free', email: 'ann@shop.example' }
    const questions = ruleset.keys
      .filter((key) => key !== 'express-delivery')
      .map((key) => ({ key, context: { ...context, verified: 'true', postcode: '1012' } }))
    const theirs = await differential.oracle({ document, options, now: 0, questions })
    const ours = questions.map((asked) => differential.comparable(ruleset.evaluate(asked.key, asked.context), asked))
    expect(ours).toEqual(theirs)
  })
})
