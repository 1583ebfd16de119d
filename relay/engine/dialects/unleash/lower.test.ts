/** Curated documents: reasons, values and their spelling, contexts, the clock, chance, references and hostile shapes. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changes } from '../../changes.ts'
import { compileWith } from '../../compile.ts'
import type { Compiled } from '../../compile.ts'
import type { Context, ValueType } from '../../outcome.ts'
import { DocumentError } from '../../problem.ts'
import { unleash } from './lower.ts'
import { documents } from './testing/grammar.ts'
import { vendorHash } from './testing/vendor-hash.ts'

type Members = Readonly<Record<string, unknown>>

const DEFAULT = { name: 'default' }

function featureOf(members: Members = {}): Members {
  return { name: 'f', enabled: true, strategies: [DEFAULT], variants: [], ...members }
}

function compiled(features: readonly unknown[], options: Members = {}, segments: unknown = []): Compiled {
  return compileWith(unleash, {
    document: JSON.stringify({ version: 2, features, segments }),
    options,
    random: () => 0.5,
  })
}

/** One feature with these members, and no complaints about it. */
function single(members: Members, options: Members = {}, segments: unknown = []): Compiled['ruleset'] {
  const { ruleset, problems } = compiled([featureOf(members)], options, segments)
  expect(problems).toEqual([])
  return ruleset
}

function constrained(contextName: string, operator: string, more: Members): Members {
  return { strategies: [{ name: 'default', constraints: [{ contextName, operator, ...more }] }] }
}

function withPayload(type: string, value: string): Members {
  return { variants: [{ name: 'v', weight: 1000, payload: { type, value } }] }
}

describe('reasons', () => {
  const rollout = { name: 'flexibleRollout', parameters: { rollout: '100', stickiness: 'default', groupId: 'f' } }
  it.each<[string, Members, Members]>([
    ['off', { enabled: false }, { value: false, reason: 'DISABLED' }],
    ['on without strategies', { strategies: [] }, { value: true, reason: 'STATIC' }],
    ['on by plain default', {}, { value: true, reason: 'STATIC' }],
    ['on by a rollout', { strategies: [rollout] }, { value: true, reason: 'TARGETING_MATCH' }],
    ['on by a constraint', constrained('p', 'NOT_IN', { values: ['x'] }), { value: true, reason: 'TARGETING_MATCH' }],
    ['off by a constraint', constrained('p', 'IN', { values: ['x'] }), { value: false, reason: 'DEFAULT' }],
    ['a variant', { variants: [{ name: 'v', weight: 1 }] }, { value: true, reason: 'SPLIT', variant: 'v' }],
  ])('%s', (_, members, answer) => {
    const metadata = { featureEnabled: answer['value'] }
    expect(single(members).evaluate('f', { targetingKey: 'u1' })).toEqual({ key: 'f', metadata, ...answer })
  })
})

describe('values', () => {
  const none = { reason: 'DEFAULT' }
  const mismatch = { reason: 'ERROR', errorCode: 'TYPE_MISMATCH' }
  const unreadable = { reason: 'ERROR', errorCode: 'PARSE_ERROR' }
  it.each<[string, string, ValueType, Members]>([
    ['string', 'x', 'string', { value: 'x' }],
    ['csv', 'a,b', 'string', { value: 'a,b' }],
    ['json', '{}', 'string', mismatch],
    ['number', '4.5', 'number', { value: 4.5 }],
    ['number', ' 0x10 ', 'number', { value: 16 }],
    ['number', '', 'number', { value: 0 }],
    ['number', 'x', 'number', mismatch],
    ['string', '5', 'number', mismatch],
    ['json', '{"a":[1,{"b":null}]}', 'object', { value: { a: [1, { b: null }] } }],
    ['json', '[1]', 'object', { value: [1] }],
    ['json', '{', 'object', unreadable],
    ['json', '\ufeff{}', 'object', unreadable],
    ['csv', 'a', 'object', mismatch],
    ['xml', '<a/>', 'string', mismatch],
  ])('%s payload %j asked as %s', (type, value, asked, answer) => {
    const ruleset = single(withPayload(type, value))
    const expected = 'value' in answer ? { ...answer, variant: 'v', reason: 'SPLIT' } : answer
    expect(ruleset.evaluate('f', {}, asked)).toMatchObject({ ...expected, metadata: { payloadType: type } })
    expect(ruleset.evaluate('f', {}, 'boolean')).toMatchObject({ value: true, variant: 'v', reason: 'SPLIT' })
    expect(ruleset.evaluate('f', {})).toEqual(ruleset.evaluate('f', {}, 'boolean'))
  })

  it.each<[string, Members, Members]>([
    ['off', { enabled: false }, { reason: 'DISABLED' }],
    ['off by a constraint', constrained('p', 'IN', { values: ['x'] }), { reason: 'DISABLED' }],
    ['without variants', {}, none],
    ['without weight', { variants: [{ name: 'v', weight: 0, payload: { type: 'string', value: 'x' } }] }, none],
    ['a variant without payload', { variants: [{ name: 'v', weight: 1 }] }, none],
    ['a payload without value', { variants: [{ name: 'v', weight: 1, payload: { type: 'string' } }] }, none],
  ])('no value for a caller who asks for a payload: %s', (_, members, answer) => {
    for (const type of ['string', 'number', 'object'] as const) {
      const { metadata, ...rest } = single(members).evaluate('f', {}, type)
      expect(rest).toEqual({ key: 'f', ...answer })
      expect(metadata).toMatchObject({ featureEnabled: answer['reason'] === 'DEFAULT' })
    }
  })

  it('options.values: payloads for callers who name no type, for flags that have any', () => {
    const options = { values: 'variant-payload' }
    const of = (members: Members) => single(members, options).evaluate('f', {})
    expect(of(withPayload('number', '7'))).toMatchObject({ value: 7, variant: 'v', reason: 'SPLIT' })
    expect(of(withPayload('json', '{"a":1}'))).toMatchObject({ value: { a: 1 }, reason: 'SPLIT' })
    expect(of(withPayload('json', '{'))).toMatchObject({ errorCode: 'PARSE_ERROR' })
    expect(of({ ...withPayload('string', 'x'), enabled: false })).not.toHaveProperty('value')
    expect(of({ ...withPayload('string', 'x'), enabled: false })).toMatchObject({ reason: 'DISABLED' })
    expect(of({})).toMatchObject({ value: true, reason: 'STATIC' })
    const ruleset = single(withPayload('string', 'x'), options)
    expect(ruleset.evaluate('f', {}, 'boolean')).toMatchObject({ value: true })
  })

  it('numbers of one flag are spelled alike, and JSON as it was written', () => {
    const variants = ['1', '2.5'].map((value, index) => ({
      name: `v${index}`,
      weight: 1,
      payload: { type: 'number', value },
      overrides: [{ contextName: 'userId', values: [`u${index}`] }],
    }))
    const numbers = single({ variants })
    const json = (ruleset: Compiled['ruleset'], user: string, type: ValueType): string =>
      ruleset.outcome('f', { targetingKey: user }, type).json
    expect(json(numbers, 'u0', 'number')).toContain('"value":1.0,')
    expect(json(numbers, 'u1', 'number')).toContain('"value":2.5,')
    expect(json(single(withPayload('json', '{"a":1.0,"b":12345678901234567890}')), 'u', 'object')).toContain(
      '"value":{"a":1.0,"b":12345678901234567890}',
    )
    expect(json(single(withPayload('number', '5')), 'u', 'number')).toContain('"value":5,')
  })
})

describe('contexts', () => {
  const is = (contextName: string, wanted: string, context: Context, options: Members = {}): unknown =>
    single(constrained(contextName, 'IN', { values: [wanted] }), options).evaluate('f', context).value

  it.each<[string, string, Context, boolean]>([
    ['userId', 'a', { targetingKey: 'a', userId: 'b' }, true],
    ['userId', 'b', { targetingKey: 'a', userId: 'b' }, false],
    ['userId', 'b', { userId: 'b' }, true],
    ['userId', 'b', { targetingKey: '', userId: 'b' }, true],
    ['userId', '7', { targetingKey: 7 }, true],
    ['sessionId', 'true', { sessionId: true }, true],
    ['sessionId', '[object Object]', { sessionId: {} }, false],
    ['n', '5', { n: 5 }, true],
    ['n', '0', { n: -0 }, true],
    ['n', '1e+21', { n: 1e21 }, true],
    ['n', 'true', { n: true }, true],
    ['n', '2026-01-01T00:00:00.000Z', { n: new Date('2026-01-01') }, true],
    ['n', 'a', { n: ['a'] }, false],
    ['n', 'a', { properties: { n: 'a' } }, false],
    ['n', 'null', { n: null }, false],
    ['targetingKey', 'a', { targetingKey: 'a' }, false],
    ['__proto__', 'a', JSON.parse('{"__proto__":"a"}') as Context, true],
    ['__proto__', '[object Object]', {}, false],
    ['constructor', 'a', { constructor: 'a' }, true],
    ['environment', 'default', {}, true],
    ['environment', 'test', { environment: 'test' }, true],
  ])('%s is %j in %j: %s', (contextName, wanted, context, holds) => {
    expect(is(contextName, wanted, context)).toBe(holds)
  })

  it('static members come from the options, the environment else from the document', () => {
    expect(is('appName', 'shop', {}, { appName: 'shop' })).toBe(true)
    expect(is('appName', 'shop', { appName: 'other' }, { appName: 'shop' })).toBe(false)
    expect(is('environment', 'test', {}, { environment: 'test' })).toBe(true)
    const features = [featureOf(constrained('environment', 'IN', { values: ['prod'] }))]
    const document = { features, query: { environment: 'prod' }, meta: { revisionId: 7 } }
    const { ruleset } = compileWith(unleash, { document })
    expect(ruleset.evaluate('f', {}).value).toBe(true)
    expect(ruleset.metadata).toEqual({ flagSetId: 'prod', version: '7' })
    expect(
      compileWith(unleash, { document, options: { environment: 'default' } }).ruleset.evaluate('f', {}).value,
    ).toBe(false)
  })

  it('a host name is only known from the options', () => {
    const strategies = [{ name: 'applicationHostname', parameters: { hostNames: 'a, Relay-1' } }]
    expect(single({ strategies }, { hostname: 'relay-1' }).evaluate('f', {}).value).toBe(true)
    expect(single({ strategies }, { hostname: 'relay-2' }).evaluate('f', {}).value).toBe(false)
    const { ruleset, problems } = compiled([featureOf({ strategies })])
    expect(ruleset.evaluate('f', {}).value).toBe(false)
    expect(problems).toMatchObject([{ flag: 'f', path: 'features[0].strategies[0]', severity: 'warning' }])
  })
})

describe('the clock', () => {
  const at = Date.parse('2026-03-01T12:00:00.000Z')
  const dated = (operator: string, more: Members = {}): Compiled['ruleset'] =>
    single(constrained('whatever', operator, { value: '2026-03-01T12:00:00.000Z', ...more }))
  const answers = (ruleset: Compiled['ruleset'], context: Context, ...moments: number[]): unknown[] =>
    moments.map((now) => ruleset.evaluate('f', context, undefined, { now }).value)

  it('decides for callers without a currentTime, and announces when', () => {
    expect(answers(dated('DATE_AFTER'), {}, at - 1, at, at + 1)).toEqual([false, false, true])
    expect(answers(dated('DATE_BEFORE'), {}, at - 1, at, at + 1)).toEqual([true, false, false])
    expect(answers(dated('DATE_AFTER', { inverted: true }), {}, at - 1, at, at + 1)).toEqual([true, true, false])
    expect(dated('DATE_AFTER').nextTransition(0)).toBe(at + 1)
    expect(dated('DATE_BEFORE').nextTransition(0)).toBe(at)
    expect(dated('DATE_AFTER').projection({}, at)).not.toBe(dated('DATE_AFTER').projection({}, at + 1))
  })

  it('does not for callers who bring their own time', () => {
    for (const currentTime of [at + 1, new Date(at + 1), '2026-03-01T13:00:00.001+01:00']) {
      expect(answers(dated('DATE_AFTER'), { currentTime }, 0, at * 2)).toEqual([true, true])
    }
    for (const currentTime of ['yesterday', null, '', {}, Number.NaN]) {
      expect(answers(dated('DATE_AFTER'), { currentTime }, at, at + 1)).toEqual([false, true])
    }
    expect(answers(dated('DATE_BEFORE'), { currentTime: 0 }, at * 2)).toEqual([true])
  })
})

describe('chance', () => {
  const rollout = (stickiness: string, share: string): Members => ({
    strategies: [{ name: 'flexibleRollout', parameters: { rollout: share, stickiness, groupId: 'f' } }],
  })
  const cacheable = (members: Members, context: Context): boolean =>
    single(members).projection(context, 0, 'f') !== undefined

  it('matters only to callers that leave nothing to hash', () => {
    const user = { targetingKey: 'u1' }
    expect(cacheable(rollout('default', '50'), user)).toBe(true)
    expect(cacheable(rollout('default', '50'), { sessionId: 's1' })).toBe(true)
    expect(cacheable(rollout('default', '50'), { targetingKey: '' })).toBe(false)
    expect(cacheable(rollout('default', '50'), {})).toBe(false)
    expect(cacheable(rollout('random', '50'), user)).toBe(false)
    expect(cacheable(rollout('tenant', '50'), {})).toBe(true)
    expect(cacheable(rollout('default', '100'), {})).toBe(true)
    expect(cacheable(rollout('random', '100'), {})).toBe(true)
    expect(cacheable(rollout('random', '0'), {})).toBe(true)
    const variants = ['a', 'b'].map((name) => ({ name, weight: 500, stickiness: 'tenant' }))
    expect(cacheable({ variants }, user)).toBe(false)
    expect(cacheable({ variants }, { tenant: 't' })).toBe(true)
    expect(cacheable({ variants: [...variants.slice(1), { name: 'z', weight: 0 }] }, {})).toBe(true)
  })

  it('is drawn evenly where it does', () => {
    let state = 1
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
    const share = (members: Members): number => {
      const { ruleset } = compileWith(unleash, { document: { features: [featureOf(members)] }, random })
      return Array.from({ length: 4_000 }, () => ruleset.evaluate('f', {}).value).filter(Boolean).length / 4_000
    }
    expect(share(rollout('random', '30'))).toBeCloseTo(0.3, 1)
    expect(share(rollout('default', '70'))).toBeCloseTo(0.7, 1)
    const strategies = [{ name: 'gradualRolloutRandom', parameters: { percentage: '20' } }]
    expect(share({ strategies })).toBeCloseTo(0.2, 1)
  })
})

describe('parents', () => {
  const child = (dependency: Members): Members => ({ ...featureOf(), name: 'child', dependencies: [dependency] })
  const asked = (parent: Members | undefined, dependency: Members, options: Members = {}): Compiled =>
    compiled([child({ feature: 'f', ...dependency }), ...(parent === undefined ? [] : [featureOf(parent)])], options)
  const of = (parent: Members | undefined, dependency: Members, options: Members = {}): unknown =>
    asked(parent, dependency, options).ruleset.evaluate('child', {}).value

  it.each<[string, Members | undefined, Members, boolean]>([
    ['on', {}, {}, true],
    ['off', { enabled: false }, {}, false],
    ['on, wanted off', {}, { enabled: false }, false],
    ['off, wanted off', { enabled: false }, { enabled: false }, true],
    ['missing', undefined, {}, false],
    ['missing, wanted off', undefined, { enabled: false }, false],
    ['with parents of its own', { dependencies: [{ feature: 'g' }] }, { enabled: false }, false],
    ['with the variant', { variants: [{ name: 'v', weight: 1 }] }, { variants: ['v', 'w'] }, true],
    ['with another variant', { variants: [{ name: 'u', weight: 1 }] }, { variants: ['v', 'w'] }, false],
    ['with an unreadable payload', withPayload('json', '{'), { variants: ['v'] }, true],
    ['without variant, wanted disabled', {}, { variants: ['disabled'] }, true],
    ['without variant, another wanted', {}, { variants: ['v'] }, false],
  ])('%s', (_, parent, dependency, holds) => {
    expect(of(parent, dependency)).toBe(holds)
    expect(of(parent, dependency, { values: 'variant-payload' })).toBe(holds)
  })

  it('one that is quarantined leaves its children without an answer, and one that asks itself off', () => {
    const { ruleset, problems } = asked({ strategies: 5 }, {})
    expect(ruleset.evaluate('f', {})).toMatchObject({ errorCode: 'PARSE_ERROR' })
    expect(ruleset.evaluate('child', {})).toMatchObject({
      errorCode: 'GENERAL',
      errorDetails: expect.stringContaining('"f"'),
    })
    expect(problems).toMatchObject([{ flag: 'f', path: 'features[1].strategies', severity: 'error' }])
    expect(compiled([child({ feature: 'child' })]).ruleset.evaluate('child', {}).value).toBe(false)
  })

  it('one that changes, comes or goes changes its children', () => {
    const touched = (before: Members | undefined, after: Members | undefined): readonly string[] =>
      changes(asked(before, {}).ruleset, asked(after, {}).ruleset).changed
    expect(touched({}, { enabled: false })).toEqual(['child', 'f'])
    expect(touched(undefined, {})).toEqual(['child'])
    expect(touched({ dependencies: [{ feature: 'g' }] }, {})).toEqual(['child', 'f'])
  })
})

describe('segments', () => {
  const using = (...segments: unknown[]): Members => ({
    strategies: [{ name: 'default', segments }, { name: 'userWithId' }],
  })
  const inNl = { id: 1, constraints: [{ contextName: 'country', operator: 'IN', values: ['NL'] }] }

  it('hold when all their constraints do; the number 1 is not the text 1', () => {
    const ruleset = single(using(1), {}, [inNl, { id: 2 }])
    expect(ruleset.evaluate('f', { country: 'NL' }).value).toBe(true)
    expect(ruleset.evaluate('f', { country: 'BE' }).value).toBe(false)
    expect(single(using(2), {}, [inNl, { id: 2 }]).evaluate('f', {}).value).toBe(true)
    expect(compiled([featureOf(using('1'))], {}, [inNl]).ruleset.evaluate('f', { country: 'NL' }).value).toBe(false)
  })

  it.each(['node', 'yggdrasil'])('%s: one that is not there makes it false, and its arrival is a change', (profile) => {
    const before = compiled([featureOf(using(1))], { profile })
    expect(before.ruleset.evaluate('f', { country: 'NL' }).value).toBe(false)
    expect(before.problems).toMatchObject([{ flag: 'f', severity: 'warning' }])
    const after = compiled([featureOf(using(1))], { profile }, [inNl])
    expect(after.ruleset.evaluate('f', { country: 'NL' }).value).toBe(true)
    expect(changes(before.ruleset, after.ruleset).changed).toEqual(['f'])
  })

  it('one that cannot be read costs an answer only who asks for it', () => {
    const bad = { id: 1, constraints: [{ contextName: 'x' }] }
    const { ruleset, problems } = compiled([featureOf(using(1)), featureOf({ name: 'g' })], {}, [bad])
    expect(ruleset.evaluate('f', {})).toMatchObject({
      errorCode: 'GENERAL',
      errorDetails: expect.stringContaining('segment 1'),
    })
    expect(ruleset.evaluate('g', {}).value).toBe(true)
    expect(problems).toMatchObject([{ path: 'segments[0].constraints[0].operator', severity: 'warning' }])
  })
})

/** Spec §5, row by row: what is on under node and under yggdrasil. */
describe('where the profiles differ', () => {
  const strategy = (name: string, parameters: Members, more: Members = {}): Members => ({
    strategies: [{ name, parameters, ...more }],
  })
  const user = { targetingKey: 'u1' }
  it.each<[string, Members, Context, boolean, boolean]>([
    ['6: a rollout over 100', strategy('flexibleRollout', { rollout: '101', groupId: 'g' }), user, true, false],
    ['6: a fraction', strategy('flexibleRollout', { rollout: '99.9', groupId: 'g' }), user, true, false],
    [
      '7: an unknown operator, another strategy',
      { strategies: [...(constrained('x', 'XOR', {})['strategies'] as object[]), DEFAULT] },
      user,
      true,
      false,
    ],
    [
      '7: a missing segment, another strategy',
      { strategies: [{ name: 'default', segments: [9] }, DEFAULT] },
      user,
      true,
      false,
    ],
    [
      '7: an unreadable date, inverted',
      constrained('currentTime', 'DATE_AFTER', { value: 'x', inverted: true }),
      user,
      true,
      false,
    ],
    [
      '7: an unreadable version, inverted',
      constrained('v', 'SEMVER_GT', { value: 'x', inverted: true }),
      user,
      true,
      false,
    ],
    ['8: no strategies', { strategies: null }, user, false, true],
    [
      '9: dates of a field',
      constrained('born', 'DATE_BEFORE', { value: '2000-01-01T00:00:00Z' }),
      { born: '1999-01-01T00:00:00Z' },
      false,
      true,
    ],
    ['9: a date without time', constrained('currentTime', 'DATE_AFTER', { value: '2000-01-01' }), user, true, false],
    ['10: hexadecimal numbers', constrained('n', 'NUM_EQ', { value: '16' }), { n: '0x10' }, true, false],
    ['10: almost equal numbers', constrained('n', 'NUM_EQ', { value: '0.3' }), { n: 0.1 + 0.2 }, false, true],
    ['11: blanks in a list', constrained('p', 'IN', { values: [' a '] }), { p: 'a' }, true, false],
    ['11: empty texts in a list', constrained('p', 'STR_CONTAINS', { values: [''] }), { p: 'a' }, false, true],
    ['12: a version with v', constrained('v', 'SEMVER_EQ', { value: 'v1.2.3' }), { v: '1.2.3' }, true, false],
    [
      '12: a version with v, inverted',
      constrained('v', 'SEMVER_EQ', { value: 'v1.2.3', inverted: true }),
      { v: '1.2.4' },
      true,
      false,
    ],
    [
      '15: networks of IPv6',
      strategy('remoteAddress', { IPs: '2001:db8::/32' }),
      { remoteAddress: '2001:db8::1' },
      false,
      true,
    ],
    [
      '16: equal texts that are no addresses',
      strategy('remoteAddress', { IPs: 'proxy' }),
      { remoteAddress: 'proxy' },
      true,
      false,
    ],
    ['lists lose all blanks', strategy('userWithId', { userIds: ' u1' }), user, false, true],
  ])('row %s', (_, members, context, node, yggdrasil) => {
    const of = (profile: string): unknown =>
      compiled([featureOf(members)], { profile }).ruleset.evaluate('f', context).value
    expect({ node: of('node'), yggdrasil: of('yggdrasil') }).toEqual({ node, yggdrasil })
  })

  /** By the vendor's own hash; a text of UTF-8 bytes gives the other engine's. */
  const half = (group: string, id: string, utf8: boolean): string => {
    const text = `${group}:${id}`
    const bytes = utf8 ? Buffer.from(text, 'utf8').toString('latin1') : text
    return (vendorHash(bytes, 86_028_157) % 1000) + 1 <= 500 ? 'a' : 'b'
  }
  it.each<[string, Members, (id: string) => string, (id: string) => string]>([
    [
      '1: other bytes of a name',
      { name: '日本', variants: halves() },
      (id) => half('日本', id, false),
      (id) => half('日本', id, true),
    ],
    [
      '4: no group',
      strategy('default', {}, { variants: halves() }),
      (id) => half('undefined', id, false),
      (id) => half('f', id, true),
    ],
    [
      '5: stickiness of the first variant',
      strategy('default', { groupId: 'g', stickiness: 'sessionId' }, { variants: halves('userId') }),
      (id) => half('g', id, false),
      (id) => half('g', `session of ${id}`, true),
    ],
  ])('row %s', (_, members, node, yggdrasil) => {
    const users = Array.from({ length: 100 }, (_, index) => `u${index}`)
    const of = (profile: string): unknown[] => {
      const { ruleset } = compiled([featureOf(members)], { profile })
      const key = ruleset.keys[0] ?? ''
      return users.map((id) => ruleset.evaluate(key, { targetingKey: id, sessionId: `session of ${id}` }).variant)
    }
    expect(of('node')).toEqual(users.map(node))
    expect(of('yggdrasil')).toEqual(users.map(yggdrasil))
    expect(of('node')).not.toEqual(of('yggdrasil'))
  })

  it('row 3 and 4: an empty user is hashed, and the flag’s name where there is no group', () => {
    const edge = (vendorHash('f:', 0) % 100) + 1
    const at = (rollout: number, profile: string): unknown =>
      compiled([featureOf(strategy('flexibleRollout', { rollout: String(rollout) }))], { profile }).ruleset.evaluate(
        'f',
        {
          targetingKey: '',
          sessionId: 's1',
        },
      ).value
    expect([at(edge - 1, 'yggdrasil'), at(edge, 'yggdrasil')]).toEqual([false, true])
    const session = (vendorHash(':s1', 0) % 100) + 1
    expect([at(session - 1, 'node'), at(session, 'node')]).toEqual([false, true])
  })

  it('row 13: overrides without weight', () => {
    const overrides = [{ contextName: 'userId', values: ['u1'] }]
    const members = { variants: [{ name: 'a', weight: 0, overrides }] }
    const of = (profile: string): unknown =>
      compiled([featureOf(members)], { profile }).ruleset.evaluate('f', user).variant
    expect([of('node'), of('yggdrasil')]).toEqual([undefined, 'a'])
  })

  it.each([
    ['u1 ', 'u1', false, true],
    ['u1 ', 'u1 ', true, false],
    [' a , u1 , b', 'u1', true, true],
    [' a , u1 , b', ' a', true, false],
    ['a,,b', '', true, true],
  ])('blanks in the list %j, asked for %j', (userIds, targetingKey, node, yggdrasil) => {
    const of = (profile: string): unknown =>
      compiled([featureOf(strategy('userWithId', { userIds }))], { profile }).ruleset.evaluate('f', { targetingKey })
        .value
    expect([of('node'), of('yggdrasil')]).toEqual([node, yggdrasil])
  })

  it('row 14: a parent that is on and has no variant', () => {
    const features = [
      featureOf(),
      { ...featureOf({ name: 'child' }), dependencies: [{ feature: 'f', variants: ['v'] }] },
    ]
    const of = (profile: string): unknown => compiled(features, { profile }).ruleset.evaluate('child', {}).value
    expect([of('node'), of('yggdrasil')]).toEqual([false, true])
  })

  function halves(stickiness?: string): object[] {
    const sticky = stickiness === undefined ? {} : { stickiness }
    return ['a', 'b'].map((name) => Object.assign({ name, weight: 500 }, sticky))
  }
})

describe('deltas', () => {
  it('are applied in order, a hydration replacing what was before', () => {
    const update = (name: string, members: Members = {}): object => ({
      type: 'feature-updated',
      feature: featureOf({ name, ...members }),
    })
    const events = [
      update('lost'),
      { type: 'hydration', features: [featureOf(), featureOf({ name: 'g' })], segments: [{ id: 1, constraints: [] }] },
      update('f', { enabled: false }),
      update('h', { strategies: [{ name: 'default', segments: [2] }] }),
      { type: 'feature-removed', featureName: 'g', project: 'default' },
      { type: 'segment-updated', segment: { id: 2, constraints: [] } },
      { type: 'segment-removed', segmentId: 1 },
      { type: 'weather-report' },
    ]
    const { ruleset, problems } = compileWith(unleash, { document: { events } })
    expect(ruleset.evaluateAll({}).map(({ key, value }) => [key, value])).toEqual([
      ['f', false],
      ['h', true],
    ])
    expect([...ruleset.plan.segments.keys()]).toEqual(['2'])
    expect(problems).toMatchObject([{ path: 'events[7]', message: expect.stringContaining('weather-report') }])
    expect(compileWith(unleash, { document: { events: events.slice(2, 3) } }).problems).toMatchObject([
      { path: 'events' },
    ])
  })
})

describe('hostile documents', () => {
  it.each<[unknown, RegExp]>([
    [null, /must be an object/],
    [[], /must be an object/],
    [{}, /^features: must be a list of features, not absent/],
    [{ features: {} }, /^features: .* not an object/],
    [{ toggles: [] }, /^toggles: .*backend token/],
    [{ features: [], segments: 7 }, /^segments: /],
    [{ features: [1, { enabled: true }] }, /^features: none of the 2 entries/],
    [{ events: [{ type: 'hydration', features: 1 }] }, /^events\[0\]\.features: /],
  ])('%j as a whole', (document, message) => {
    expect(() => compileWith(unleash, { document: JSON.stringify(document) })).toThrow(DocumentError)
    expect(() => compileWith(unleash, { document: JSON.stringify(document) })).toThrow(message)
  })

  it.each<[Members, string]>([
    [{ enabled: 'yes' }, 'enabled'],
    [{ strategies: {} }, 'strategies'],
    [{ strategies: [null] }, 'strategies[0]'],
    [{ strategies: [{}] }, 'strategies[0].name'],
    [{ strategies: [{ name: 'default', parameters: [] }] }, 'strategies[0].parameters'],
    [{ strategies: [{ name: 'default', parameters: { rollout: {} } }] }, 'strategies[0].parameters.rollout'],
    [{ strategies: [{ name: 'default', segments: [{}] }] }, 'strategies[0].segments[0]'],
    [constrained('x', 'IN', { values: 'a' }), 'strategies[0].constraints[0].values'],
    [constrained('x', 'IN', { values: [{}] }), 'strategies[0].constraints[0].values[0]'],
    [constrained('x', 'NUM_EQ', { value: [] }), 'strategies[0].constraints[0].value'],
    [constrained('x', 'IN', { inverted: 'no' }), 'strategies[0].constraints[0].inverted'],
    [constrained('x', 'REGEX', { value: '(?:a{1000}){1000}' }), 'strategies[0].constraints[0]'],
    [{ variants: [{ name: 'v' }] }, 'variants[0].weight'],
    [{ variants: [{ name: 'v', weight: 1, payload: [] }] }, 'variants[0].payload'],
    [{ variants: [{ name: 'v', weight: 1, payload: { type: 'json', value: {} } }] }, 'variants[0].payload.value'],
    [{ dependencies: [{ feature: 1 }] }, 'dependencies[0].feature'],
  ])('%j costs one flag only, and the path is named', (members, path) => {
    const { ruleset, problems } = compiled([featureOf(members), featureOf({ name: 'g' })])
    expect(problems).toMatchObject([{ flag: 'f', path: `features[0].${path}`, severity: 'error' }])
    expect(ruleset.evaluate('f', {})).toMatchObject({ reason: 'ERROR', errorCode: 'PARSE_ERROR' })
    expect(ruleset.evaluate('g', {}).value).toBe(true)
  })

  it('names that every object inherits are ordinary', () => {
    const { ruleset } = compileWith(unleash, {
      document:
        '{"features":[{"name":"__proto__","enabled":true,"strategies":[{"name":"default","parameters":{"__proto__":"x"}}]}],"__proto__":{"segments":1}}',
    })
    expect(ruleset.evaluate('__proto__', {}).value).toBe(true)
    expect(ruleset.evaluate('constructor', {})).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' })
  })

  it('a list of a million entries is read, and asked quickly', () => {
    const values = Array.from({ length: 1_000_000 }, (_, index) => `u${index}`)
    const ruleset = single(constrained('userId', 'IN', { values }))
    const start = performance.now()
    for (let index = 0; index < 1_000; index++)
      expect(ruleset.evaluate('f', { targetingKey: `u${index * 999}` }).value).toBe(true)
    expect(performance.now() - start).toBeLessThan(1_000)
    expect(JSON.stringify(ruleset.explain('f', { targetingKey: 'u1' })).length).toBeLessThan(1_000)
  })

  it('texts made to be slow are not, whether callers or documents bring them', () => {
    const long = 200_000
    const start = performance.now()
    const asked = (operator: string, more: Members, p: string): unknown =>
      ['node', 'yggdrasil'].map(
        (profile) =>
          compiled([featureOf(constrained('p', operator, more))], { profile }).ruleset.evaluate('f', { p }).value,
      )
    expect(asked('IN_CIDR', { values: ['::1'] }, `${'%'.repeat(long)}\n`)).toEqual([false, false])
    expect(asked('IN_CIDR', { values: ['::1'] }, '/1'.repeat(long))).toEqual([false, false])
    expect(asked('NUM_EQ', { value: '1' }, `${'1'.repeat(long)}x`)).toEqual([false, false])
    expect(asked('SEMVER_EQ', { value: '1.2.3' }, `1.2.3-${'a.'.repeat(long)}`)).toEqual([false, false])
    expect(asked('REGEX', { value: '(a*)*b' }, 'a'.repeat(long))).toEqual([false, false])
    const strategies = ['userIds', 'IPs', 'hostNames'].map((name, index) => ({
      name: ['userWithId', 'remoteAddress', 'applicationHostname'][index],
      parameters: { [name]: `x${' '.repeat(long)}x` },
    }))
    expect(
      compiled([featureOf({ strategies })], { hostname: 'x' }).ruleset.evaluate('f', { targetingKey: 'x' }).value,
    ).toBe(false)
    expect(performance.now() - start).toBeLessThan(3_000)
  })

  it('of two features with one name the last counts, in the place of the first', () => {
    const { ruleset, problems } = compiled([featureOf(), featureOf({ name: 'g' }), featureOf({ enabled: false })])
    expect(ruleset.evaluateAll({}).map(({ key, value }) => [key, value])).toEqual([
      ['f', false],
      ['g', true],
    ])
    expect(problems).toMatchObject([{ path: 'features[0]', message: expect.stringContaining('features[2]') }])
  })

  it('documents with anything in any place fail with a reason or answer, and never crash', () => {
    const junk = fc.constantFrom<unknown>(null, 0, -1, '', 'x', true, [], {}, [null], { name: 1 }, Number.MAX_VALUE)
    fc.assert(
      fc.property(
        documents,
        fc.nat(),
        junk,
        fc.constantFrom('node', 'yggdrasil'),
        (document, which, value, profile) => {
          const places: [object, string][] = []
          const pending: unknown[] = [document]
          for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
            if (typeof next !== 'object' || next === null) continue
            for (const [name, inner] of Object.entries(next)) {
              places.push([next, name])
              if (inner !== undefined) pending.push(inner)
            }
          }
          const [holder, name] = places[which % places.length] ?? [document, 'features']
          Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true })
          try {
            const { ruleset } = compileWith(unleash, { document: JSON.stringify(document), options: { profile } })
            for (const answer of ruleset.evaluateAll({ targetingKey: 'u1' })) expect(answer.reason).toBeDefined()
          } catch (error) {
            expect(error).toBeInstanceOf(DocumentError)
          }
        },
      ),
      { seed: 20_261_123, numRuns: 1_500 },
    )
  })
})

it('explains in the vendor’s words', () => {
  const { trace } = single({
    strategies: [
      { name: 'default', constraints: [{ contextName: 'country', operator: 'IN', values: ['BE'] }] },
      { name: 'flexibleRollout', parameters: { rollout: '60', groupId: 'g', stickiness: 'default' } },
    ],
  }).explain('f', { targetingKey: '123', country: 'NL' })
  const steps = trace.map(({ depth, what, result }) => `${depth} ${what}: ${result}`)
  expect(steps).toEqual([
    '0 strategies[0] default: does not match',
    '1 country ("NL") IN ["BE"]: false',
    expect.stringMatching(/^0 strategies\[1\] flexibleRollout: (matches|does not match)$/),
    expect.stringMatching(
      /^1 bucket of murmur3\("g" : userId, else sessionId, else chance\) mod 100 \(\d+\) in 1…60: (true|false)$/,
    ),
    expect.stringMatching(/^0 serve: value (true|false), (TARGETING_MATCH|DEFAULT)$/),
  ])
})

it('reads the demo without a complaint', () => {
  const text = readFileSync(new URL('../../../../config/flags/unleash.json', import.meta.url), 'utf8')
  const { ruleset, problems } = compileWith(unleash, { document: text })
  expect(problems).toEqual([])
  const shopper = { targetingKey: 'u1', plan: 'pro', country: 'NL', email: 'ann@beta.example' }
  expect(ruleset.evaluate('new-checkout', shopper)).toMatchObject({ value: true, reason: 'TARGETING_MATCH' })
  expect(ruleset.evaluate('express-delivery', shopper).value).toBe(true)
  expect(ruleset.evaluate('express-delivery', { ...shopper, country: 'US' }).value).toBe(false)
  expect(ruleset.evaluate('search-page-size', shopper, 'number').value).toBe(48)
  expect(ruleset.evaluate('search-page-size', { targetingKey: 'u1' }, 'number').value).toBe(24)
  expect(ruleset.evaluate('maintenance', shopper)).toMatchObject({ value: false, reason: 'DISABLED' })
})
