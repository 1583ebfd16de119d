/** Curated cases: how answers are put, what prerequisites, groups and options do, and what broken payloads cost. */
import { readFileSync } from 'node:fs'
import { GrowthBookClient } from '@growthbook/growthbook'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changes } from '../../changes.ts'
import { compileWith } from '../../compile.ts'
import type { Compiled } from '../../compile.ts'
import type { Context, Evaluation } from '../../outcome.ts'
import { DocumentError } from '../../problem.ts'
import { growthbook } from './lower.ts'
import { contexts, payloads } from './testing/grammar.ts'

type Options = Readonly<Record<string, unknown>>

function compiled(features: object, rest: object = {}, options: Options = {}): Compiled {
  return compileWith(growthbook, { document: JSON.stringify({ features, ...rest }), options })
}

/** The answer of the feature `f`. */
function ask(feature: object, context: Context = {}, rest: object = {}, options: Options = {}): Evaluation {
  return compiled({ f: feature }, rest, options).ruleset.evaluate('f', context)
}

const user = { targetingKey: 'u1' }

describe('answers', () => {
  it.each<[string, object, Partial<Evaluation>]>([
    [
      'a default without rules',
      { defaultValue: 1 },
      { value: 1, reason: 'STATIC', metadata: { source: 'defaultValue' } },
    ],
    ['a default after rules', { defaultValue: 1, rules: [{ force: 2, coverage: 0 }] }, { value: 1, reason: 'DEFAULT' }],
    [
      'a forced value',
      { rules: [{ id: 'fr1', force: 2 }] },
      { value: 2, reason: 'TARGETING_MATCH', variant: 'fr1', metadata: { source: 'force', ruleId: 'fr1' } },
    ],
    ['a rollout', { rules: [{ force: 2, coverage: 1 }] }, { value: 2, reason: 'SPLIT', metadata: { source: 'force' } }],
    [
      'an experiment',
      { rules: [{ id: 'fr1', key: 'e', variations: ['a', 'b'], weights: [0, 1], meta: [{}, { key: 'blue' }] }] },
      {
        value: 'b',
        variant: 'blue',
        reason: 'SPLIT',
        metadata: { source: 'experiment', ruleId: 'fr1', experimentKey: 'e', variationId: 1, hashAttribute: 'id' },
      },
    ],
    ['a null default', { defaultValue: null }, { reason: 'DEFAULT', metadata: { source: 'defaultValue' } }],
    [
      'a null by force',
      { defaultValue: 1, rules: [{ force: null }] },
      { reason: 'DEFAULT', metadata: { source: 'force' } },
    ],
    ['no value at all', {}, { reason: 'DEFAULT', metadata: { source: 'defaultValue' } }],
  ])('%s', (_, feature, expected) => {
    const evaluation = ask(feature, user)
    expect(evaluation).toMatchObject(expected)
    if (!('value' in expected)) expect(evaluation).not.toHaveProperty('value')
    expect(evaluation).not.toHaveProperty('errorCode')
  })

  it('of an experiment with a null variation leave the value to the caller and keep the variant', () => {
    const evaluation = ask({ defaultValue: 1, rules: [{ variations: [null, null] }] }, user)
    expect(evaluation).toMatchObject({ reason: 'DEFAULT', metadata: { source: 'experiment' } })
    expect(evaluation.variant).toMatch(/^[01]$/)
    expect(evaluation).not.toHaveProperty('value')
  })

  it('have the type that was asked for, or are a mismatch', () => {
    const { ruleset } = compiled({ f: { defaultValue: [1] }, g: { defaultValue: 'x' }, h: { defaultValue: null } })
    expect(ruleset.evaluate('f', {}, 'object').value).toEqual([1])
    expect(ruleset.evaluate('g', {}, 'number')).toMatchObject({ reason: 'ERROR', errorCode: 'TYPE_MISMATCH' })
    expect(ruleset.evaluate('h', {}, 'number')).toMatchObject({ reason: 'DEFAULT' })
  })

  it('spell the numbers of a feature alike', () => {
    const document =
      '{"features":{"f":{"defaultValue":1,"rules":[{"force":0.5,"condition":{"a":1}}]},"g":{"defaultValue":2}}}'
    const { ruleset } = compileWith(growthbook, { document })
    expect(ruleset.outcome('f', {}).json).toContain('"value":1.0')
    expect(ruleset.outcome('g', {}).json).toMatch(/"value":2[,}]|"value":2$/)
    const big = compileWith(growthbook, { document: '{"features":{"f":{"defaultValue":12345678901234567890}}}' })
    expect(big.ruleset.outcome('f', {}).json).toContain('"value":12345678901234567890')
  })

  it('of unknown features are not found, whatever they are called', () => {
    const { ruleset } = compiled({ f: {} })
    for (const key of ['gone', 'constructor', '__proto__', 'toString']) {
      expect(ruleset.evaluate(key, {}).errorCode).toBe('FLAG_NOT_FOUND')
    }
    const odd = compileWith(growthbook, { document: '{"features":{"__proto__":{"defaultValue":7},"constructor":{}}}' })
    expect(odd.ruleset.evaluate('__proto__', {}).value).toBe(7)
    expect(odd.ruleset.keys).toEqual(['__proto__', 'constructor'])
  })
})

describe('the user', () => {
  const byId = { rules: [{ condition: { id: 'u1' }, force: 'u1' }] }
  it('is the targeting key, unless the context has an id', () => {
    expect(ask(byId, user).value).toBe('u1')
    expect(ask(byId, { targetingKey: 'u1', id: 'u2' })).not.toHaveProperty('value')
    expect(ask(byId, { targetingKey: 'u1', id: null })).not.toHaveProperty('value')
    expect(ask({ rules: [{ condition: { targetingKey: 'u1' }, force: 1 }] }, user)).not.toHaveProperty('value')
  })

  it('may be called otherwise', () => {
    const feature = { rules: [{ condition: { account: 'u1' }, force: 1 }] }
    expect(ask(feature, user, {}, { targetingKeyAttribute: 'account' }).value).toBe(1)
    const contrib = { rules: [{ condition: { targetingKey: 'u1' }, force: 1 }] }
    expect(ask(contrib, user, {}, { targetingKeyAttribute: 'targetingKey' }).value).toBe(1)
  })

  it('has attributes of every user below and above its own; dates are texts', () => {
    const feature = { rules: [{ condition: { a: 'x' }, force: 1 }] }
    expect(ask(feature, {}, {}, { globalAttributes: { a: 'x' } }).value).toBe(1)
    expect(ask(feature, { a: null }, {}, { globalAttributes: { a: 'x' } })).not.toHaveProperty('value')
    expect(ask(feature, { a: 'y' }, {}, { attributeOverrides: { a: 'x' } }).value).toBe(1)
    const dated = { rules: [{ condition: { at: { $gt: '2026-01-01' } }, force: 1 }] }
    expect(ask(dated, { at: new Date('2026-06-01T00:00:00Z') }).value).toBe(1)
    expect(ask(dated, { at: new Date(NaN) })).not.toHaveProperty('value')
  })
})

describe('prerequisites', () => {
  const needs = (id: string, gate: boolean = false, condition: object = { value: true }) => ({
    defaultValue: 'default',
    rules: [{ parentConditions: [{ id, condition, gate }], force: 'met' }],
  })
  const both = (f: object, p: object): Evaluation => compiled({ f, p }).ruleset.evaluate('f', {})

  it('skip a rule, or as a gate the whole feature', () => {
    expect(both(needs('p'), { defaultValue: true }).value).toBe('met')
    expect(both(needs('p'), { defaultValue: false }).value).toBe('default')
    const gated = both(needs('p', true), { defaultValue: false })
    expect(gated).toEqual({ key: 'f', reason: 'DISABLED', metadata: { source: 'prerequisite' } })
  })

  it('see null where a feature has no value, is blocked or does not exist', () => {
    const missing = needs('p', false, { value: { $exists: false } })
    expect(both(missing, {}).value).toBe('met')
    expect(
      both(missing, { rules: [{ parentConditions: [{ id: 'gone', condition: { value: 1 }, gate: true }] }] }).value,
    ).toBe('met')
    expect(compiled({ f: missing }).ruleset.evaluate('f', {}).value).toBe('met')
    expect(compiled({ f: needs('p') }).ruleset.evaluate('f', {}).value).toBe('default')
    expect(ask(needs('p'), {}, {}, { forcedFeatures: { p: true } }).value).toBe('met')
  })

  it('that lead back are errors of every feature on the way', () => {
    const { ruleset } = compiled({ f: needs('p'), p: needs('q'), q: needs('f'), self: needs('self'), out: needs('f') })
    for (const evaluation of ruleset.evaluateAll({})) {
      expect(evaluation).toMatchObject({
        reason: 'ERROR',
        errorCode: 'PARSE_ERROR',
        metadata: { source: 'cyclicPrerequisite' },
      })
    }
  })

  it('that cannot be read are errors, and no gate is guessed', () => {
    const { ruleset, problems } = compiled({ f: needs('p', true), p: { rules: 5 } })
    expect(problems).toMatchObject([{ flag: 'p', path: 'features.p.rules', message: 'must be a list, not 5' }])
    expect(ruleset.evaluate('f', {})).toMatchObject({ reason: 'ERROR', errorCode: 'GENERAL' })
  })

  it('that come and go change the features that ask for them', () => {
    const without = compiled({ f: needs('p') }).ruleset
    const withIt = compiled({ f: needs('p'), p: { defaultValue: true } }).ruleset
    expect(changes(without, withIt)).toEqual({ added: ['p'], removed: [], changed: ['f'] })
    expect(changes(withIt, without)).toEqual({ added: [], removed: ['p'], changed: ['f'] })
  })
})

describe('saved groups', () => {
  const inside = (condition: object, context: Context, savedGroups: object): boolean =>
    ask({ defaultValue: false, rules: [{ condition, force: true }] }, context, { savedGroups }).value === true

  it('refer to each other, and match nobody where they lead back', () => {
    const savedGroups = {
      nl: { type: 'condition', condition: { country: 'NL' } },
      staff: { type: 'condition', condition: { $savedGroup: { id: 'nl' }, role: 'staff' } },
      loop: { type: 'condition', condition: { $or: [{ vip: true }, { $savedGroup: { id: 'loop' } }] } },
      deep: {
        type: 'condition',
        condition: { list: { $elemMatch: { y: null, $nor: [{ $savedGroup: { id: 'deep' } }] } } },
      },
    }
    expect(inside({ $savedGroup: { id: 'staff' } }, { country: 'NL', role: 'staff' }, savedGroups)).toBe(true)
    expect(inside({ $savedGroup: { id: 'staff' } }, { country: 'BE', role: 'staff' }, savedGroups)).toBe(false)
    expect(inside({ $savedGroup: { id: 'loop' } }, { vip: true }, savedGroups)).toBe(true)
    expect(inside({ $savedGroup: { id: 'loop' } }, { vip: false }, savedGroups)).toBe(false)
    // Inside the list the group is being asked already, does not hold, and its negation does.
    expect(inside({ $savedGroup: { id: 'deep' } }, { list: [1] }, savedGroups)).toBe(true)
    expect(inside({ $savedGroup: { id: 'deep' } }, { list: [] }, savedGroups)).toBe(false)
  })

  it('that are not there are empty lists and match nobody', () => {
    expect(inside({ a: { $inGroup: 'gone' } }, { a: 1 }, {})).toBe(false)
    expect(inside({ a: { $notInGroup: 'gone' } }, { a: 1 }, {})).toBe(true)
    expect(inside({ a: { $notInGroup: 'constructor' } }, { a: 1 }, {})).toBe(true)
    expect(inside({ $savedGroup: { id: 'gone' } }, {}, {})).toBe(false)
    expect(inside({ a: { $notInGroup: 'odd' } }, { a: 1 }, { odd: { type: 'condition', condition: {} } })).toBe(false)
  })

  it('that change, change the features that use them, also through groups and bandits', () => {
    const features = {
      list: { rules: [{ condition: { a: { $inGroup: 'g' } }, force: 1 }] },
      through: { rules: [{ condition: { $savedGroup: { id: 'c' } }, force: 1 }] },
      bandit: { rules: [{ contextualBanditRef: 'b', contextualVariations: [1, 2] }] },
      other: { rules: [{ condition: { a: 1 }, force: 1 }] },
    }
    const rest = (ids: number[]) => ({
      savedGroups: { g: ids, c: { type: 'condition', condition: { a: { $inGroup: 'g' } } } },
      contextualBandits: { b: { contexts: [{ leafId: 1, condition: { a: { $inGroup: 'g' } }, weights: [1, 0] }] } },
    })
    const after = compiled(features, rest([1, 2])).ruleset
    expect(changes(compiled(features, rest([1])).ruleset, after).changed).toEqual(['list', 'through', 'bandit'])
    expect(changes(compiled(features).ruleset, after).changed).toEqual(['list', 'through', 'bandit'])
  })

  it('of a condition that cannot be read make errors of the features that ask', () => {
    const savedGroups = { c: { type: 'condition', condition: { $or: 5 } } }
    const feature = { rules: [{ condition: { $savedGroup: { id: 'c' } }, force: 1 }] }
    const { ruleset, problems } = compiled({ f: feature, g: { defaultValue: 1 } }, { savedGroups })
    expect(problems).toMatchObject([{ path: 'savedGroups.c.condition', severity: 'warning' }])
    expect(ruleset.evaluate('f', {})).toMatchObject({ errorCode: 'PARSE_ERROR' })
    expect(ruleset.evaluate('g', {}).value).toBe(1)
  })
})

it('conditions on items of lists know the same combinations', () => {
  const holds = (item: object): unknown =>
    ask({ rules: [{ condition: { list: { $elemMatch: { x: 1, ...item } } }, force: true }] }, { list: [{ x: 1 }] })
      .value
  expect([holds({ $or: [] }), holds({ $and: [] }), holds({ $or: [{ y: null }] })]).toEqual([true, true, true])
  expect([holds({ $nor: [] }), holds({ $not: { x: 1 } }), holds({ $or: [{ y: 1 }] })]).toEqual(Array(3).fill(undefined))
})

describe('contextual bandits', () => {
  const served = (contexts: object[], context: Context = {}): Evaluation =>
    ask(
      { rules: [{ key: 'e', contextualVariations: ['a', 'b'], weights: [1, 0], contextualBanditRef: 'b' }] },
      { ...user, ...context },
      { contextualBandits: { b: { banditVersion: 3, contexts } } },
    )

  it('weigh by the first leaf that holds, else by the rule', () => {
    const leaves = [
      { leafId: 5, condition: { plan: 'pro' }, weights: [0, 1] },
      { leafId: 6, weights: [0, 1] },
    ]
    expect(served(leaves, { plan: 'pro' })).toMatchObject({ value: 'b', metadata: { leafId: 5, banditVersion: 3 } })
    expect(served(leaves)).toMatchObject({ value: 'b', metadata: { leafId: 6 } })
    expect(served(leaves.slice(0, 1))).toMatchObject({ value: 'a', metadata: { leafId: -1 } })
  })

  it('fall back where a condition cannot be tested, but not past a refused pattern', () => {
    const broken = [{ leafId: 5, condition: { plan: 'pro' }, weights: [0, 1] }]
    expect(served(broken, { plan: { toString: 1 } })).toMatchObject({ value: 'a', metadata: { leafId: -1 } })
    const refused = [{ leafId: 5, condition: { plan: { $regex: '(?=p)' } }, weights: [0, 1] }]
    expect(served(refused, { plan: 'pro' })).toMatchObject({ reason: 'ERROR', errorCode: 'GENERAL' })
  })
})

describe('options', () => {
  const experiment = { defaultValue: 'd', rules: [{ key: 'e', variations: ['a', 'b'], weights: [1, 0] }] }

  it('force variations and features, and turn experiments off', () => {
    expect(ask(experiment, user, {}, { forcedVariations: { e: 1 } })).toMatchObject({
      value: 'b',
      metadata: { hashUsed: false, variationId: 1 },
    })
    expect(ask(experiment, user, {}, { forcedVariations: { e: 7 } }).value).toBe('d')
    expect(ask(experiment, user, {}, { forcedFeatures: { f: 'x' } })).toMatchObject({ value: 'x', reason: 'STATIC' })
    expect(ask(experiment, user, {}, { enabled: false }).value).toBe('d')
    expect(ask(experiment, user, {}, { qaMode: true }).value).toBe('d')
    expect(ask(experiment, user, {}, { qaMode: true, forcedVariations: { e: 1 } }).value).toBe('b')
    const { ruleset } = compiled({}, {}, { forcedFeatures: { extra: 1 } })
    expect([ruleset.keys, ruleset.evaluate('extra', {}).value]).toEqual([[], 1])
  })

  it('let a query string choose only where they say which attribute is the URL', () => {
    const context = { ...user, url: 'https://shop.example/?x=1&e=1#e=0' }
    expect(ask(experiment, context).value).toBe('a')
    expect(ask(experiment, context, {}, { urlAttribute: 'url' }).value).toBe('b')
    expect(ask(experiment, { ...user, url: '/?e=2' }, {}, { urlAttribute: 'url' }).value).toBe('a')
  })

  it.each<[Options, RegExp]>([
    [{ targetingKeyAttribute: '' }, /options.targetingKeyAttribute: must be the name of an attribute/],
    [{ forcedVariations: { e: '1' } }, /options.forcedVariations.e: must be the index of a variation, from 0, is "1"/],
    [{ globalAttributes: [] }, /options.globalAttributes: must be an object, is a list/],
    [{ stickyBucketing: 'on' }, /options.stickyBucketing: must be true or false, is "on"/],
  ])('that are wrong are refused: %j', (options, message) => {
    expect(() => compiled({}, {}, options)).toThrow(message)
  })
})

describe('broken payloads', () => {
  it.each<[unknown, RegExp]>([
    [[], /must be an object with features/],
    [{ status: 400, error: 'Invalid API Key' }, /features: must be an object of features, not absent/],
    [{ features: [] }, /features: must be an object of features, not a list/],
    [{ features: { a: 1, b: null } }, /none of the 2 members is a feature/],
    [{ features: {}, encryptedFeatures: 'iv.text' }, /encryptedFeatures: is encrypted/],
    [{ features: {}, savedGroups: [] }, /savedGroups: must be an object, not a list/],
  ])('are refused whole: %j', (document, message) => {
    expect(() => compileWith(growthbook, { document: JSON.stringify(document) })).toThrow(DocumentError)
    expect(() => compileWith(growthbook, { document: JSON.stringify(document) })).toThrow(message)
  })

  it.each<[unknown, string, RegExp]>([
    ['text', '', /must be an object, not "text"/],
    [{ rules: {} }, 'rules', /must be a list, not an object/],
    [{ rules: [null] }, 'rules[0]', /must be an object, not null/],
    [{ rules: [{ force: 1, coverage: '0.5' }] }, 'rules[0].coverage', /must be a number, not "0.5"/],
    [{ rules: [{ force: 1, range: [0] }] }, 'rules[0].range', /list of two numbers/],
    [{ rules: [{ force: 1, condition: [] }] }, 'rules[0].condition', /must be an object, not a list/],
    [{ rules: [{ force: 1, condition: { $or: { a: 1 } } }] }, 'rules[0].condition.$or', /must be a list/],
    [{ rules: [{ force: 1, condition: { $not: 1 } }] }, 'rules[0].condition.$not', /must be an object/],
    [{ rules: [{ force: 1, condition: { a: { $elemMatch: null } } }] }, 'rules[0].condition.a.$elemMatch', /object/],
    [{ rules: [{ variations: 'ab' }] }, 'rules[0].variations', /must be a list/],
    [{ rules: [{ variations: [1, 2], weights: [1, null] }] }, 'rules[0].weights[1]', /must be a number/],
    [{ rules: [{ variations: [1, 2], namespace: [1, 0, 1] }] }, 'rules[0].namespace[0]', /must be a text/],
    [{ rules: [{ force: 1, filters: [{ ranges: [] }] }] }, 'rules[0].filters[0].seed', /must be a text/],
    [{ rules: [{ force: 1, parentConditions: [{}] }] }, 'rules[0].parentConditions[0].id', /must be a text/],
  ])('cost their feature alone: %j', (feature, path, message) => {
    const { ruleset, problems } = compiled({ f: feature, fine: { defaultValue: 1 } })
    const at = path === '' ? 'features.f' : `features.f.${path}`
    expect(problems).toEqual([{ flag: 'f', path: at, message: expect.stringMatching(message), severity: 'error' }])
    expect(ruleset.evaluate('f', {}).errorCode).toBe('PARSE_ERROR')
    expect(ruleset.evaluate('fine', {}).value).toBe(1)
  })

  it.each<[object, string]>([
    [{ force: 1, condition: { a: { $regex: '(' } } }, 'rules[0].condition.a.$regex'],
    [{ force: 1, condition: { a: { $regex: '(?=a)' } } }, 'rules[0].condition.a.$regex'],
    [{ force: 1, condition: { a: { $sideways: 1 } } }, 'rules[0].condition.a.$sideways'],
    [{ force: 1, condition: { a: { $in: 'a' } } }, 'rules[0].condition.a.$in'],
    [{ force: 1, condition: { $savedGroup: { id: 'gone' } } }, 'rules[0].condition.$savedGroup'],
    [{ force: 1, coverage: 1, hashVersion: 3 }, 'rules[0].hashVersion'],
    [{ weights: [1] }, 'rules[0]'],
  ])('that can be read are warned about: %j', (rule, path) => {
    const { problems } = compiled({ f: { rules: [rule] } })
    expect(problems).toMatchObject([{ flag: 'f', path: `features.f.${path}`, severity: 'warning' }])
  })

  it('that hash by a version that does not exist look at nobody, not even at an attribute without a text form', () => {
    const rule = { hashAttribute: 'a', hashVersion: 3, range: [0, 1], force: 1 }
    const { ruleset } = compiled({ f: { defaultValue: 0, rules: [rule] } })
    expect(ruleset.evaluate('f', { a: { toString: 1 } })).toMatchObject({ value: 0, reason: 'DEFAULT' })
  })

  it('never crash anything (seed 7)', () => {
    const junk = fc.jsonValue({ maxDepth: 2, noUnicodeString: false })
    fc.assert(
      fc.property(payloads, junk, fc.nat(), contexts, (payload, value, place, context) => {
        const document = withJunk(payload, value, place)
        const { ruleset } = tryCompile(document) ?? {}
        for (const evaluation of ruleset?.evaluateAll(context) ?? []) {
          const { trace: _trace, ...explained } = ruleset?.explain(evaluation.key, context) ?? { trace: [] }
          expect(explained).toEqual(evaluation)
        }
      }),
      { seed: 7, numRuns: 2_000 },
    )
  })

  it('of great length or depth are answered in time', () => {
    const ids = Array.from({ length: 1_000_000 }, (_, index) => `id-${index}`)
    const rules = Array.from({ length: 20 }, () => ({ condition: { id: { $inGroup: 'g' } }, force: 'in' }))
    const long = compileWith(growthbook, { document: { features: { f: { rules } }, savedGroups: { g: ids } } })
    expect(long.ruleset.evaluate('f', { targetingKey: 'id-999999' }).value).toBe('in')
    let condition: object = { a: 1 }
    for (let depth = 0; depth < 100_000; depth++) condition = { $not: condition }
    const deep = compileWith(growthbook, {
      document: { features: { f: { rules: [{ condition, force: 1 }] }, g: { defaultValue: 1 } } },
      sha256: '00',
    })
    expect(deep.ruleset.evaluate('f', {}).errorCode).toBe('PARSE_ERROR')
    expect(deep.ruleset.evaluate('g', {}).value).toBe(1)
    const versions = compiled({ f: { rules: [{ condition: { v: { $vgt: '1.0.0' } }, force: 1 }] } }).ruleset
    const start = performance.now()
    versions.evaluate('f', { v: `${'+'.repeat(1_000_000)}\n` })
    expect(performance.now() - start).toBeLessThan(1_000)
    const sticky = { rules: [{ variations: [1, 2], meta: [{ key: '0' }], minBucketVersion: 1e15 }] }
    const { ruleset } = compiled({ f: sticky }, {}, { stickyBucketing: true })
    expect(ruleset.evaluate('f', { ...user, stickyBucketAssignmentDocs: {} }).value).toBeDefined()
  })
})

/** The payload with the junk in place of one of its members, chosen by number. */
function withJunk(payload: object, junk: unknown, place: number): unknown {
  let left = place % JSON.stringify(payload).split(/[,[{]/).length
  const replaced = (value: unknown): unknown => {
    if (left-- === 0) return junk
    if (Array.isArray(value)) return value.map(replaced)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, replaced(member)]))
  }
  return replaced(payload)
}

function tryCompile(document: unknown): Compiled | undefined {
  try {
    return compileWith(growthbook, { document: JSON.stringify(document) })
  } catch (error) {
    expect(error).toBeInstanceOf(DocumentError)
    return undefined
  }
}

it('explains in the vendor’s names', () => {
  const feature = { defaultValue: 1, rules: [{ id: 'fr1', condition: { age: { $gte: 18 } }, force: 2, coverage: 0.5 }] }
  const { trace } = compiled({ f: feature }).ruleset.explain('f', { ...user, age: 20 })
  const told = trace.map(({ what, result }) => `${what}: ${result}`).join('\n')
  expect(told).toContain('rule 0 (fr1): ')
  expect(told).toContain('age (20) $gte 18: true')
  expect(told).toMatch(/bucket of hash 1 of id with seed "f" \(0\.\d+\) in 0…0\.5/)
})

it('answers the demo as the vendor’s SDK does, without a finding', () => {
  const document = readFileSync(new URL('../../../../config/flags/growthbook.json', import.meta.url), 'utf8')
  const { ruleset, problems } = compileWith(growthbook, { document })
  expect(problems).toEqual([])
  expect(ruleset.keys.length).toBe(8)
  const client = new GrowthBookClient().initSync({ payload: JSON.parse(document) as object })
  const served = new Set<string>()
  const people = ['ada@shop.example', 'bob@example.com', 'eve@else.where'].flatMap((email) =>
    ['NL', 'DE', 'US'].flatMap((country) =>
      ['free', 'gold'].flatMap((plan) =>
        [1, 2, 3, 4].map((n) => ({ targetingKey: `${plan}-${n}`, email, country, plan, appVersion: `2.${n + 1}.0` })),
      ),
    ),
  )
  for (const person of people) {
    const { targetingKey, ...attributes } = person
    for (const evaluation of ruleset.evaluateAll(person)) {
      const { value } = client.evalFeature(evaluation.key, { attributes: { ...attributes, id: targetingKey } })
      expect(evaluation.value ?? null).toEqual(value)
      served.add(`${evaluation.key} ${JSON.stringify(value)}`)
    }
  }
  expect(served.size).toBeGreaterThanOrEqual(18)
})
