/** Curated documents: the table of answers by type, spelling, casts, paths, patterns, identities, and hostile shapes. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { changes } from '../../changes.ts'
import { compileWith } from '../../compile.ts'
import type { Compiled } from '../../compile.ts'
import type { Context, Evaluation, ValueType } from '../../outcome.ts'
import type { Ruleset } from '../../ruleset.ts'
import { md5Remainder } from '../../splits/md5.ts'
import { printedFloat } from './casts.ts'
import { flagsmith } from './lower.ts'
import { percentage } from './bucketing.ts'
import { differential } from './testing/differential.ts'

type Members = Readonly<Record<string, unknown>>

const USER: Context = { targetingKey: 'u1' }

function state(name: string, value: unknown, members: Members = {}): Members {
  return {
    django_id: 401,
    featurestate_uuid: '00000000-0000-4000-8000-000000000001',
    enabled: true,
    feature_state_value: value,
    feature: { id: 1, name, type: 'STANDARD' },
    feature_segment: null,
    multivariate_feature_state_values: [],
    ...members,
  }
}

/** A segment named s that overrides f with the value `in`. */
function segment(conditions: unknown, members: Members = {}): Members {
  const rules = [{ type: 'ALL', conditions, rules: [] }]
  return { id: 7, name: 's', rules, feature_states: [state('f', 'in')], ...members }
}

function environment(states: unknown, segments: unknown = [], members: Members = {}): Members {
  return { api_key: 'env', name: 'Production', project: { segments }, feature_states: states, ...members }
}

function compiled(document: unknown, options: Members = {}): Compiled {
  return compileWith(flagsmith, {
    document: typeof document === 'string' ? document : JSON.stringify(document),
    options,
  })
}

function answers(value: unknown, members: Members = {}, options: Members = {}): (type?: ValueType) => Evaluation {
  const { ruleset } = compiled(environment([state('f', value, members)]), options)
  return (type) => ruleset.evaluate('f', USER, type)
}

/** Whether a condition holds for a user with these traits. */
function holds(condition: Members, traits: Members, options: Members = {}, targetingKey: string = 'u1'): boolean {
  const { ruleset } = compiled(environment([state('f', 'out')], [segment([condition])]), options)
  return ruleset.evaluate('f', { targetingKey, traits }).value === 'in'
}

describe('answers by type', () => {
  it('are the switch for booleans and the value for everything else', () => {
    const f = answers('x')
    expect(f()).toEqual({ key: 'f', value: 'x', reason: 'STATIC', metadata: { featureId: 1, enabled: true } })
    expect(f('boolean').value).toBe(true)
    expect(f('string').value).toBe('x')
    expect(f('number')).toMatchObject({ reason: 'ERROR', errorCode: 'TYPE_MISMATCH' })
    expect(f('object').errorCode).toBe('TYPE_MISMATCH')
  })

  it.each<[unknown, ValueType, unknown]>([
    [7, 'string', '7'],
    [true, 'string', 'true'],
    ['42.5', 'number', 42.5],
    ['12abc', 'number', 12],
    ['1e999', 'number', undefined],
    [true, 'number', undefined],
    ['{"a":[1]}', 'object', { a: [1] }],
    ['[1]', 'object', [1]],
    ['null', 'object', undefined],
    ['{', 'object', undefined],
    [7, 'object', undefined],
    [null, 'string', undefined],
    [null, 'boolean', true],
  ])('%j as %s is %j', (value, type, expected) => {
    const answer = answers(value)(type)
    expect(answer.value).toEqual(expected)
    expect(answer.errorCode).toBe(expected === undefined ? 'TYPE_MISMATCH' : undefined)
  })

  it('use the value for booleans when asked to', () => {
    const options = { useBooleanConfigValue: true }
    const cases: [unknown, unknown][] = [
      ['TRUE', true],
      ['false', false],
      [1, true],
      [0, false],
      [2, undefined],
      [null, undefined],
    ]
    for (const [value, expected] of cases) expect(answers(value, {}, options)('boolean').value).toBe(expected)
  })

  it('of a disabled flag are errors, but for its switch', () => {
    const f = answers('x', { enabled: false })
    expect(f('boolean')).toMatchObject({ value: false, reason: 'DISABLED' })
    for (const type of [undefined, 'string', 'number'] as const) {
      expect(f(type)).toMatchObject({ reason: 'ERROR', errorCode: 'GENERAL', metadata: { enabled: false } })
    }
    const served = answers('x', { enabled: false }, { returnValueForDisabledFlags: true })
    expect(served()).toMatchObject({ value: 'x', reason: 'DISABLED' })
    expect(served('number').errorCode).toBe('TYPE_MISMATCH')
  })

  it('of a flag without a value are its switch where no type is named', () => {
    expect(answers(null)()).toMatchObject({ value: true, reason: 'STATIC' })
    expect(answers(null, { enabled: false })()).toMatchObject({ value: false, reason: 'DISABLED' })
  })

  it('are objects for callers without a type only when asked to', () => {
    const text = '{"ratio":1.0}'
    expect(answers(text)().value).toBe(text)
    const { ruleset } = compiled(environment([state('f', text), state('g', '[x')]), { objectValues: true })
    expect(ruleset.outcome('f', USER).json).toContain('"value":{"ratio":1.0}')
    expect(ruleset.evaluate('f', USER, 'string').value).toBe(text)
    expect(ruleset.evaluate('g', USER).value).toBe('[x')
  })

  it('spell numbers as the document does, and alike within a flag', () => {
    const text = JSON.stringify(environment([state('f', 7), state('g', 8)]))
    const { ruleset } = compiled(text.replace(':7', ':9007199254740993').replace(':8', ':8.0'))
    expect(ruleset.outcome('f', USER).json).toContain('"value":9007199254740993')
    expect(ruleset.evaluate('f', USER, 'string').value).toBe('9007199254740993')
    expect(ruleset.outcome('g', USER).json).toContain('"value":8.0')
    const mixed = compiled(environment([state('f', 1)], [segment([], { feature_states: [state('f', 0.5)] })]))
    expect(mixed.ruleset.outcome('f', {}).json).toContain('"value":1.0')
    expect(answers('1.50')('number').value).toBe(1.5)
  })
})

describe('reasons', () => {
  const variants = [
    { id: 2, percentage_allocation: 0, multivariate_feature_option: { value: 'none', key: 'n' } },
    { id: 1, percentage_allocation: 100, multivariate_feature_option: { value: 'all', key: 'a' } },
  ]
  const split = state('f', 'own', { multivariate_feature_state_values: variants })

  it('tell a split with its weight and variant from the environment’s own answer', () => {
    const { ruleset } = compiled(environment([split]))
    expect(ruleset.evaluate('f', USER)).toEqual({
      key: 'f',
      value: 'all',
      variant: 'a',
      reason: 'SPLIT',
      metadata: { featureId: 1, enabled: true, weight: 100 },
    })
    expect(ruleset.evaluate('f', {})).toMatchObject({ value: 'own', reason: 'DEFAULT' })
    expect(ruleset.evaluate('f', {})).not.toHaveProperty('variant')
  })

  it('name the segment, also of a split', () => {
    const { ruleset } = compiled(environment([state('f', 'out')], [segment([], { feature_states: [split] })]))
    expect(ruleset.evaluate('f', USER)).toMatchObject({ reason: 'SPLIT', metadata: { segment: 's', weight: 100 } })
  })

  it('are the same for a targeting key that is none', () => {
    const { ruleset } = compiled(environment([state('f', 'out')], [segment([])]))
    for (const targetingKey of ['', 5, null, undefined]) {
      expect(ruleset.evaluate('f', { targetingKey })).toMatchObject({ value: 'out', reason: 'DEFAULT' })
    }
    expect(ruleset.evaluate('f', USER)).toMatchObject({ value: 'in', reason: 'TARGETING_MATCH' })
    expect(ruleset.evaluate('g', USER).errorCode).toBe('FLAG_NOT_FOUND')
  })
})

describe('casts of the python profile', () => {
  it.each<[string, unknown, string, boolean]>([
    ['EQUAL', 5, '+5', true],
    ['EQUAL', 5, '1_0', false],
    ['EQUAL', 10, '1_0', true],
    ['EQUAL', 5, '5.0', true],
    ['EQUAL', '5', '5.0', false],
    ['EQUAL', 5, '_5', false],
    ['EQUAL', 5, '\u20035\u001f', true],
    ['EQUAL', 5, '\ufeff5', false],
    ['NOT_EQUAL', 5, 'five', false],
    ['NOT_EQUAL', 5.5, 'nan', true],
    ['LESS_THAN', 5.5, 'infinity', true],
    ['GREATER_THAN', 5.5, '-Inf', true],
    ['EQUAL', 9_007_199_254_740_992, '9007199254740993', false],
    ['GREATER_THAN', '9007199254740993', '9007199254740992', true],
    ['GREATER_THAN', '\u{1f600}', '\uffff', true],
    ['LESS_THAN', true, 'true', false],
    ['GREATER_THAN', true, 'False', true],
    ['EQUAL', true, '1:semver', true],
    ['EQUAL', '1.2', '1.2.0:semver', false],
    ['EQUAL', '1.2.3+x', '1.2.3+y:semver', true],
    ['IN', 1e21, '1000000000000000000000', true],
    ['IN', '1.0', '1.0', false],
    ['IN', 'None', '[null]', true],
    ['IN', 'b', '[a,b', true],
    ['IN', 100, '[1e2, 100]', true],
    ['IN', 100, '[1e2]', false],
    ['CONTAINS', '12', '1', false],
    ['MODULO', -7.5, '2|0.5', true],
    ['MODULO', '4', '2|0', true],
    ['MODULO', 'four', '2|0', false],
    ['MODULO', 5, '-3|-1', true],
    ['EQUAL', ['a'], 'a', false],
    ['IS_SET', { a: 1 }, '', false],
    ['EQUAL', { value: 'a', transient: true }, 'a', true],
  ])('%s of %j and %j is %j', (operator, trait, value, expected) => {
    expect(holds({ property_: 't', operator, value }, { t: trait })).toBe(expected)
  })

  it('print floats as Python does', () => {
    const cases: [number, string][] = [
      [5, '5.0'],
      [0.0001, '0.0001'],
      [0.00001, '1e-05'],
      [1e16, '1e+16'],
      [1.5e-7, '1.5e-07'],
    ]
    cases.push(
      [123456789012345680, '1.2345678901234568e+17'],
      [-0, '-0.0'],
      [NaN, 'nan'],
      [-Infinity, '-inf'],
      [0, '0.0'],
    )
    for (const [value, expected] of cases) expect(printedFloat(value)).toBe(expected)
  })
})

describe('patterns of the python profile', () => {
  it.each<[string, unknown, boolean]>([
    ['b', 'abc', false],
    ['a', 'abc', true],
    ['a|c', 'ca', true],
    ['(?i)A', 'abc', true],
    ['(?x) a  # first', 'abc', true],
    ['(?P<first>a)', 'abc', true],
    ['True', true, true],
    ['5\\.5$', 5.5, true],
    ['7$', '007', true],
    ['a)|(b', 'abc', false],
    ['(?=a)', 'abc', false],
    ['a$', 'a\n', true],
  ])('%j on %j is %j', (value, trait, expected) => {
    expect(holds({ property_: 't', operator: 'REGEX', value }, { t: trait })).toBe(expected)
  })

  it('are reported when they are none', () => {
    const { problems } = compiled(
      environment([state('f', 'out')], [segment([{ property_: 't', operator: 'REGEX', value: '(' }])]),
    )
    expect(problems).toMatchObject([
      {
        severity: 'warning',
        path: 'project.segments[0].rules[0].conditions[0]',
        message: expect.stringContaining('never'),
      },
    ])
  })
})

describe('properties', () => {
  const set = (property: string): Members => ({ property_: property, operator: 'IS_SET', value: null })

  it.each<[string, Members, boolean]>([
    ['$.identity.identifier', {}, true],
    ['$.identity["identifier"]', {}, true],
    ['$.environment.name', {}, true],
    ['$.environment.name.x', {}, false],
    ['$.environment', {}, false],
    ['$.identity.traits', { t: 1 }, false],
    ['$.identity.traits.t', { t: 1 }, true],
    ["$.identity.traits['a.b']", { 'a.b': 1 }, true],
    ['$.identity.traits.*', { t: 1 }, false],
    ['$.identity.traits.t.inner', { t: { inner: 1 } }, true],
    ['$.anything', { '$.anything': 1 }, true],
    ['', { '': 1 }, true],
    ['constructor', {}, false],
    ['__proto__', {}, false],
    ['hasOwnProperty', { hasOwnProperty: 1 }, true],
  ])('%j with the traits %j is set: %j', (property, traits, expected) => {
    expect(holds(set(property), traits)).toBe(expected)
  })

  it('are traits only, unless other attributes count too', () => {
    const document = environment(
      [state('f', 'out')],
      [segment([{ property_: 'plan', operator: 'EQUAL', value: 'pro' }])],
    )
    const ask = (options: Members, context: Members): unknown =>
      compiled(document, options).ruleset.evaluate('f', { ...USER, ...context }).value
    expect(ask({}, { plan: 'pro' })).toBe('out')
    expect(ask({ attributesAsTraits: true }, { plan: 'pro' })).toBe('in')
    expect(ask({ attributesAsTraits: true }, { plan: 'pro', traits: { plan: 'free' } })).toBe('out')
    expect(ask({}, { traits: { plan: 'pro' } })).toBe('in')
    expect(compiled(document).ruleset.facts('f').reads).toEqual(['targetingKey', 'traits'])
    expect(compiled(document, { attributesAsTraits: true }).ruleset.facts('f').reads).toEqual([
      'plan',
      'targetingKey',
      'traits',
    ])
  })

  it('hash by a key of the identity’s own where there is one', () => {
    const split = { property_: '', operator: 'PERCENTAGE_SPLIT', value: '50' }
    const { ruleset } = compiled(environment([state('f', 'out')], [segment([split])]), { identityKey: 'uid' })
    for (const uid of ['a', 'b', 'c', 'd', 'e', 'f']) {
      expect(ruleset.evaluate('f', { ...USER, uid }).value).toBe(percentage(`7,${uid}`) <= 50 ? 'in' : 'out')
    }
    expect(ruleset.evaluate('f', USER).value).toBe(percentage('7,env_u1') <= 50 ? 'in' : 'out')
  })
})

it('hashes twice what would be 100, which one identity in 9,999 is', () => {
  const texts = Array.from({ length: 40_000 }, (_, index) => `1,user-${index}`)
  const full = texts.filter((text) => md5Remainder(text, 9_999) === 9_998)
  expect(full.length).toBeGreaterThan(0)
  for (const text of full) expect(percentage(text)).toBe(percentage(`${text},${text}`))
  expect(Math.max(...texts.map(percentage))).toBeLessThan(100)
})

describe('identity overrides', () => {
  const override = (identifier: string, value: unknown, members: Members = {}): Members => ({
    identifier,
    identity_features: [state('f', value, members)],
  })
  const valueFor = ({ ruleset }: Compiled, targetingKey: string): unknown =>
    ruleset.evaluate('f', { targetingKey }).value

  it('go before segments of any priority, whatever the identifier looks like', () => {
    const strongest = segment([], { feature_states: [state('f', 'in', { feature_segment: { priority: -5 } })] })
    const identity_overrides = ['0123', 'a,b', '__proto__', 'constructor'].map((name) => override(name, 'own'))
    const document = compiled(environment([state('f', 'out')], [strongest], { identity_overrides }))
    for (const name of ['0123', 'a,b', '__proto__', 'constructor']) expect(valueFor(document, name)).toBe('own')
    for (const name of ['123', 'a', 'b', 'toString']) expect(valueFor(document, name)).toBe('in')
    expect(document.ruleset.evaluate('f', { targetingKey: '0123' })).toMatchObject({
      reason: 'TARGETING_MATCH',
      metadata: { segment: 'identity_overrides' },
    })
  })

  it('come from all pages', () => {
    const page = (name: string): Members =>
      environment([state('f', 'out')], [], { identity_overrides: [override(name, name)] })
    const document = compiled([page('a'), page('b'), { identity_overrides: null }])
    expect(['a', 'b', 'c'].map((name) => valueFor(document, name))).toEqual(['a', 'b', 'out'])
  })

  it('count once for a feature, the first', () => {
    const identity_features = [state('f', 'first'), state('f', 'second')]
    const identity_overrides = [{ identifier: 'u1', identity_features }, override('u1', 'third')]
    expect(valueFor(compiled(environment([state('f', 'out')], [], { identity_overrides })), 'u1')).toBe('first')
  })

  it('may be a hundred thousand', () => {
    const identity_overrides = Array.from({ length: 100_000 }, (_, index) =>
      override(`user-${index}`, `own ${index % 3}`),
    )
    const document = compiled(environment([state('f', 'out')], [], { identity_overrides }))
    expect(valueFor(document, 'user-99999')).toBe('own 0')
    expect(valueFor(document, 'user-100000')).toBe('out')
  })

  it('compare UUIDs as whole numbers', () => {
    const variant = (digit: string, value: string): Members => ({
      id: null,
      mv_fs_value_uuid: `f0000000-0000-4000-8000-00000000000${digit}`,
      percentage_allocation: 100,
      multivariate_feature_option: { value },
    })
    const multivariate_feature_state_values = [variant('2', 'second'), variant('1', 'first')]
    expect(answers('own', { multivariate_feature_state_values })().value).toBe('first')
  })
})

describe('hostile documents', () => {
  it.each<[unknown, RegExp]>([
    [null, /must be an environment document/],
    [[], /feature_states: must be a list/],
    [{}, /must be an environment document/],
    [{ flags: [] }, /answers for one identity/],
    [{ feature_states: {} }, /feature_states: must be a list/],
    [environment([state('f', 1)], 5), /project\.segments: must be a list, not 5/],
    [{ feature_states: [] }, /api_key: must be the text/],
    [environment([5, { feature: 'f' }]), /none of the 2 entries/],
    [environment([state('f', 1)], [], { identity_overrides: {} }), /identity_overrides: must be a list/],
    [{ features: {} }, /environment\.key/],
    [{ features: {}, environment: { key: 'e' }, segments: [] }, /segments: must be an object/],
  ])('%j are refused', (document, message) => {
    expect(() => compiled(document)).toThrow(message)
  })

  it.each<[Members, string]>([
    [{ enabled: 'yes' }, 'enabled'],
    [{ feature_state_value: {} }, 'feature_state_value'],
    [{ django_id: {} }, 'django_id'],
    [{ django_id: null, featurestate_uuid: 5 }, 'featurestate_uuid'],
    [{ feature_segment: { priority: 'high' } }, 'feature_segment.priority'],
    [{ multivariate_feature_state_values: 5 }, 'multivariate_feature_state_values'],
    [{ multivariate_feature_state_values: [5] }, 'multivariate_feature_state_values[0]'],
    [
      { multivariate_feature_state_values: [{ id: 1, multivariate_feature_option: { value: 1 } }] },
      'multivariate_feature_state_values[0].percentage_allocation',
    ],
    [
      {
        multivariate_feature_state_values: [
          { percentage_allocation: 1, mv_fs_value_uuid: 'x', multivariate_feature_option: { value: 1 } },
        ],
      },
      'multivariate_feature_state_values[0].mv_fs_value_uuid',
    ],
  ])('quarantine a flag with %j alone', (members, path) => {
    const { ruleset, problems } = compiled(environment([state('f', 'x', members), state('g', 'y')]))
    expect(problems).toMatchObject([{ severity: 'error', flag: 'f', path: `feature_states[0].${path}` }])
    expect(ruleset.evaluate('f', USER)).toMatchObject({ reason: 'ERROR', errorCode: 'PARSE_ERROR' })
    expect(ruleset.evaluate('g', USER).value).toBe('y')
  })

  it('quarantine a flag whose override cannot be read, and say where', () => {
    const segments = [segment([], { feature_states: [state('f', 'in', { enabled: 1 })] })]
    const { ruleset, problems } = compiled(environment([state('f', 'x'), state('g', 'y')], segments))
    expect(problems).toMatchObject([
      { flag: 'f', message: expect.stringContaining('segments[0].feature_states[0].enabled') },
    ])
    expect(ruleset.evaluate('g', USER).value).toBe('y')
  })

  it.each<[Members, string]>([
    [{ rules: 5 }, 'rules'],
    [{ rules: [{ conditions: [] }] }, 'rules[0]'],
    [{ rules: [{ type: 'ALL', conditions: [5] }] }, 'rules[0].conditions[0]'],
    [{ rules: [{ type: 'ALL', conditions: [{ operator: 5 }] }] }, 'rules[0].conditions[0].operator'],
    [
      { rules: [{ type: 'ALL', rules: [{ type: 'ANY', conditions: [{ property_: 1 }] }] }] },
      'rules[0].rules[0].conditions[0].property_',
    ],
  ])('a segment with %j costs only flags that it overrides', (members, path) => {
    const { ruleset, problems } = compiled(environment([state('f', 'x'), state('g', 'y')], [segment([], members)]))
    expect(problems).toMatchObject([{ severity: 'warning', path: `project.segments[0].${path}` }])
    expect(ruleset.evaluate('f', USER)).toMatchObject({ reason: 'ERROR', errorCode: 'GENERAL' })
    expect(ruleset.evaluate('f', {}).value).toBe('x')
    expect(ruleset.evaluate('g', USER).value).toBe('y')
  })

  it('report what never holds', () => {
    const conditions = [
      { property_: 't', operator: 'SIDEWAYS', value: 'x' },
      { property_: 't', operator: 'EQUAL', value: null },
      { property_: 't', operator: 'EQUAL', value: ['x'] },
      { property_: '', operator: 'PERCENTAGE_SPLIT', value: 'half' },
      { property_: 't', operator: 'MODULO', value: '2' },
    ]
    const rules = [
      { type: 'ANY', conditions },
      { type: 'SOME', conditions },
    ]
    const { problems, ruleset } = compiled(environment([state('f', 'x')], [segment([], { rules })]))
    expect(problems).toHaveLength(11)
    expect(ruleset.evaluate('f', { ...USER, traits: { t: 'x' } }).value).toBe('x')
  })

  it('may call flags, segments and traits what they like', () => {
    const names = ['__proto__', 'constructor', 'toString']
    const condition = { property_: 'toString', operator: 'EQUAL', value: 'x' }
    const feature_states = names.map((name) => state(name, 'in'))
    const document = environment(
      names.map((name) => state(name, 'out')),
      [segment([condition], { id: '__proto__', feature_states })],
    )
    for (const profile of ['python', 'node']) {
      const { ruleset } = compiled(document, { profile })
      expect(ruleset.keys).toEqual(names)
      for (const name of names) {
        expect(ruleset.evaluate(name, { ...USER, traits: { toString: 'x' } }).value).toBe('in')
        expect(ruleset.evaluate(name, USER).value).toBe('out')
      }
    }
  })

  it('may have long lists and long numbers', () => {
    const value = Array.from({ length: 1_000_000 }, (_, index) => `user-${index}`).join(',')
    const { ruleset } = compiled(
      environment([state('f', 'out')], [segment([{ property_: 't', operator: 'IN', value }])]),
    )
    const ask = (t: string): unknown => ruleset.evaluate('f', { ...USER, traits: { t } }).value
    expect([ask('user-999999'), ask('user-1000000'), ask('9'.repeat(1_000_000))]).toEqual(['in', 'out', 'out'])
  })

  it('name what is left out and what is replaced', () => {
    const segments = [segment([]), segment([]), { name: 'no id' }, segment([], { id: 8, feature_states: 5 })]
    const members = { identity_overrides: [5], use_identity_composite_key_for_hashing: false }
    const { problems, ruleset } = compiled(environment([state('f', 'a'), 5, state('f', 'b')], segments, members))
    expect(problems.map(({ path }) => path).sort()).toEqual([
      'feature_states[0]',
      'feature_states[1]',
      'identity_overrides[0]',
      'project.segments[0]',
      'project.segments[2]',
      'project.segments[3].feature_states',
      'use_identity_composite_key_for_hashing',
    ])
    expect(ruleset.evaluate('f', {}).value).toBe('b')
  })
})

describe('what clients may see', () => {
  it('leaves out features for servers, and disabled ones where the project hides them', () => {
    const off = { enabled: false, feature: { id: 2, name: 'off' } }
    const document = (project: Members): Members => ({
      ...environment([state('f', 'x'), state('off', 'x', off)]),
      project: { segments: [], ...project },
    })
    const visible = (project: Members): string[] => {
      const { ruleset } = compiled(document(project))
      return ruleset.keys.filter((key) => ruleset.visible(key, 'client'))
    }
    expect(visible({})).toEqual(['f', 'off'])
    expect(visible({ server_key_only_feature_ids: [1] })).toEqual(['off'])
    expect(visible({ hide_disabled_flags: true })).toEqual(['f'])
  })
})

describe('changes between documents', () => {
  const base = environment([state('f', 'x'), state('g', 'y', { feature: { id: 2, name: 'g' } })], [segment([])])
  const changed = (document: Members): readonly string[] => {
    const before: Ruleset = compiled(base).ruleset
    return changes(before, compiled(document).ruleset).changed
  }

  it('are those of the flag, of its overrides and of the segments it asks', () => {
    const states = base['feature_states']
    expect(changed({ ...base, updated_at: 'now' })).toEqual([])
    const rules = [{ property_: 'a', operator: 'IS_SET', value: null }]
    expect(changed(environment(states, [segment(rules)]))).toEqual(['f'])
    expect(changed(environment(states, [segment([], { name: 'renamed' })]))).toEqual(['f'])
    const identity_overrides = [{ identifier: 'u', identity_features: [state('g', 'z')] }]
    expect(changed({ ...base, identity_overrides })).toEqual(['g'])
    expect(changed({ ...base, api_key: 'other' })).toEqual(['f', 'g'])
  })
})

it('knows its options', () => {
  const refuse: [Members, RegExp][] = [
    [{ profile: 'java' }, /options\.profile must be one of python, node/],
    [{ identityKey: 5 }, /options\.identityKey must be the name/],
    [{ attributesAsTraits: 'yes' }, /options\.attributesAsTraits must be true or false/],
  ]
  for (const [options, message] of refuse) expect(() => compiled(environment([]), options)).toThrow(message)
})

it('explains itself in the vendor’s words', () => {
  const condition = { property_: 'plan', operator: 'IN', value: 'pro,free' }
  const { ruleset } = compiled(environment([state('f', 'out')], [segment([condition])]))
  const lines = ruleset
    .explain('f', { ...USER, traits: { plan: 'pro' } })
    .trace.map(({ what, result }) => `${what}: ${result}`)
  expect(lines).toContain('override of segment "s": matches')
  expect(lines).toContain('plan ("pro") IN "pro,free": true')
})

describe('the demo', () => {
  const text = readFileSync(new URL('../../../../config/flags/flagsmith.json', import.meta.url), 'utf8')
  const traits = { plan: 'pro', country: 'NL', email: 'ann@shop.example', appVersion: '2.5.0' }

  it('has no problems and serves every flag', () => {
    const { ruleset, problems } = compiled(text)
    expect(problems).toEqual([])
    expect(ruleset.keys).toHaveLength(8)
    for (const answer of ruleset.evaluateAll({ targetingKey: 'ann', traits })) expect(answer).toHaveProperty('value')
    expect(ruleset.evaluate('theme', { targetingKey: 'ann', traits }, 'object').value).toMatchObject({ rounded: true })
    expect(ruleset.evaluate('discount-rate', { targetingKey: 'ann', traits }, 'number').value).toBe(0.15)
  })

  it('is answered by the vendor’s own SDK as by us', async () => {
    const document = JSON.parse(text) as object
    const options = { profile: 'node' }
    const { ruleset } = compiled(text, options)
    const people = ['ann', 'bob', 'shop-owner', 'qa-robot', '']
    const questions = people.flatMap((targetingKey) =>
      ruleset.keys.map((key) => ({ key, context: { targetingKey, traits } })),
    )
    const theirs = await differential.oracle({ document, options, now: 0, questions })
    const ours = questions.map((asked) => differential.comparable(ruleset.evaluate(asked.key, asked.context), asked))
    expect(ours).toEqual(theirs)
  })
})
