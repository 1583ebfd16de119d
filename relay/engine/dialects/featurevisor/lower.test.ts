/** Curated datafiles: options, version 1, warnings, hostile shapes, and what the recorded vectors do not reach. */
import { describe, expect, it } from 'vitest'
import { changes } from '../../changes.ts'
import type { Json } from '../../outcome.ts'
import { compiled, datafile } from './testing/compile.ts'

const everyone = { key: 'all', segments: '*', percentage: 100_000 }
const on = { bucketBy: 'userId', traffic: [everyone] }

function answer(document: object, key: string, context = {}, options = {}): Json | undefined {
  return compiled(document, options).ruleset.evaluate(key, context).value
}

describe('the document', () => {
  it.each([
    [[], 'not a Featurevisor datafile: must be an object, is a list'],
    [{}, 'schemaVersion: must be a text, is missing'],
    [{ schemaVersion: '2' }, 'revision: must be a text, is missing'],
    [{ schemaVersion: '2', revision: '1', segments: {} }, 'features: must be an object of features by key, is missing'],
    [{ schemaVersion: '2', revision: '1', segments: [], features: {} }, 'segments: must be an object'],
    [{ schemaVersion: '1', revision: '1', segments: {}, features: [] }, 'segments: must be a list in schema version 1'],
  ])('%j is refused', (document, message) => {
    expect(() => compiled(document)).toThrow(message)
  })

  it.each([
    [{ semantics: 4 }, 'options.semantics: must be 2 or 3, is 4'],
    [{ sticky: [] }, 'options.sticky: must be an object'],
    [{ sticky: { f: { enabled: 'yes' } } }, 'options.sticky.f.enabled: must be true or false, is "yes"'],
    [{ compat: { requiredVariableLeak: 1 } }, 'options.compat.requiredVariableLeak: must be true or false, is 1'],
  ])('options %j are refused', (options, message) => {
    expect(() => compiled(datafile({}), options)).toThrow(message)
  })

  it('warns of what is newer than the relay', () => {
    const { problems } = compiled({ ...datafile({}), schemaVersion: '9', variables: { v: {} } })
    expect(problems.map(({ path }) => path)).toEqual(['schemaVersion', 'variables'])
  })

  it('in version 1 means the same as in version 2', () => {
    const condition = { attribute: 'country', operator: 'equals', value: 'nl' }
    const traffic = [{ ...everyone, allocation: [{ variation: 'on', range: [0, 100_000] }] }]
    const old = {
      schemaVersion: '1',
      revision: '7',
      attributes: [{ key: 'country', type: 'string' }],
      segments: [{ key: 'nl', conditions: JSON.stringify(condition) }],
      features: [
        {
          key: 'f',
          bucketBy: 'userId',
          variablesSchema: [{ key: 'color', type: 'string', defaultValue: 'red' }],
          variations: [
            {
              value: 'on',
              variables: [{ key: 'color', value: 'blue', overrides: [{ segments: 'nl', value: 'orange' }] }],
            },
          ],
          traffic,
        },
      ],
    }
    const { ruleset, problems } = compiled(old)
    expect(problems).toEqual([])
    expect(ruleset.keys).toEqual(['f', 'f:variation', 'f:color'])
    expect(ruleset.evaluate('f:color', { country: 'nl' })).toMatchObject({
      value: 'orange',
      metadata: { featurevisorReason: 'variable_override_variation', variableOverrideIndex: 0, schemaVersion: '1' },
    })
    expect(ruleset.evaluate('f:color', {}).value).toBe('blue')
  })
})

describe('a broken feature', () => {
  it.each([
    ['features.bad', 5],
    ['features.bad.traffic', { bucketBy: 'userId' }],
    ['features.bad.traffic[0].percentage', { bucketBy: 'userId', traffic: [{ key: 'r', segments: '*' }] }],
    ['features.bad.traffic[0].enabled', { ...on, traffic: [{ ...everyone, enabled: null }] }],
    ['features.bad.traffic[0].allocation[0].range', { ...on, traffic: [{ ...everyone, allocation: [{}] }] }],
    ['features.bad.variations[0].value', { ...on, variations: [{ value: 1 }] }],
    ['features.bad.variablesSchema.v', { ...on, variablesSchema: { v: 1 } }],
    ['features.bad.required[0]', { ...on, required: [null] }],
    ['features.bad.force', { ...on, force: {} }],
    ['features.bad.ranges[0][1]', { ...on, ranges: [[1]] }],
    ['features.bad.requiredFeatures', { ...on, requiredFeatures: ['other'] }],
  ])('is quarantined alone, at %s', (path, bad) => {
    const { ruleset, problems } = compiled(datafile({ bad, good: on }))
    expect(problems.filter(({ severity }) => severity === 'error')).toMatchObject([{ flag: 'bad', path }])
    expect(ruleset.evaluate('bad', {})).toMatchObject({ reason: 'ERROR', errorCode: 'PARSE_ERROR' })
    expect(ruleset.evaluate('bad:variation', {}).errorCode).toBe('PARSE_ERROR')
    expect(ruleset.evaluate('good', {}).value).toBe(true)
  })

  it('takes its variables with it and leaves those who require it off', () => {
    const bad = { ...on, traffic: 5, variablesSchema: { color: { type: 'string', defaultValue: 'red' } } }
    const { ruleset } = compiled(datafile({ bad, good: { ...on, required: ['bad'] } }))
    expect(ruleset.evaluate('bad:color', {}).errorCode).toBe('PARSE_ERROR')
    expect(ruleset.evaluate('good', {})).toMatchObject({ value: false, metadata: { featurevisorReason: 'required' } })
  })
})

describe('names', () => {
  it('of the object prototype are ordinary', () => {
    const features = JSON.parse(
      `{"__proto__": ${JSON.stringify(on)}, "constructor": {"bucketBy": "__proto__", "traffic":
        [{"key": "r", "segments": "__proto__", "percentage": 100000}], "variablesSchema":
        {"toString": {"type": "string", "defaultValue": "text"}}}}`,
    ) as object
    const condition = { attribute: 'hasOwnProperty', operator: 'exists' }
    const segments = JSON.parse(`{"__proto__": {"conditions": ${JSON.stringify(condition)}}}`) as object
    const document = datafile(features, segments)
    expect(compiled(document).ruleset.keys).toEqual(['__proto__', 'constructor', 'constructor:toString'])
    expect(answer(document, '__proto__')).toBe(true)
    expect(answer(document, 'constructor')).toBe(false)
    expect(answer(document, 'constructor', { hasOwnProperty: 1 })).toBe(true)
    expect(answer(document, 'constructor:toString', { hasOwnProperty: 1 })).toBe('text')
    expect(compiled(document).ruleset.evaluate('toString', {}).errorCode).toBe('FLAG_NOT_FOUND')
  })

  it('that the convention cannot reach are reported, and still count as requirements', () => {
    const schema = { variation: { type: 'string', defaultValue: 'x' }, '': { type: 'string', defaultValue: 'y' } }
    const document = datafile({ 'a:b': on, f: { ...on, required: ['a:b'], variablesSchema: schema } })
    const { ruleset, problems } = compiled(document)
    expect(ruleset.keys).toEqual(['f'])
    expect(ruleset.evaluate('f', {}).value).toBe(true)
    expect(ruleset.evaluate('a:b', {}).errorCode).toBe('FLAG_NOT_FOUND')
    expect(problems.map(({ path }) => path)).toEqual([
      'features.a:b',
      'features.f.variablesSchema.variation',
      'features.f.variablesSchema.',
      'features.f.required',
    ])
  })

  it('with slashes, dots and a trailing separator find their feature', () => {
    const document = datafile({ 'shop/checkout.promo': on })
    expect(answer(document, 'shop/checkout.promo')).toBe(true)
    expect(answer(document, 'shop/checkout.promo:')).toBe(true)
  })
})

describe('conditions', () => {
  const where = (condition: unknown, context: object, options = {}): Json | undefined =>
    answer(
      datafile({ f: { ...on, traffic: [{ ...everyone, segments: 's' }] } }, { s: { conditions: condition } }),
      'f',
      context,
      options,
    )

  it('read dates as ISO text, and write the targeting key over userId', () => {
    const moment = new Date('2026-01-02T03:04:05Z')
    expect(where({ attribute: 'd', operator: 'equals', value: '2026-01-02T03:04:05.000Z' }, { d: moment })).toBe(true)
    expect(where({ attribute: 'd', operator: 'after', value: '2026-01-01' }, { d: moment })).toBe(true)
    const userId = { attribute: 'userId', operator: 'equals', value: 'k' }
    expect(where(userId, { targetingKey: 'k', userId: 'other' })).toBe(true)
    expect(where(userId, { targetingKey: '', userId: 'k' })).toBe(true)
    expect(where({ attribute: 'targetingKey', operator: 'equals', value: 'k' }, { targetingKey: 'k' })).toBe(true)
  })

  it('answer patterns that would stop a backtracking engine', () => {
    const evil = { attribute: 'x', operator: 'matches', value: '^(a+)+$' }
    expect(where(evil, { x: `${'a'.repeat(50_000)}!` })).toBe(false)
    expect(where(evil, { x: 'a'.repeat(50_000) })).toBe(true)
  })

  it.each([
    ['a pattern that is broken', { attribute: 'x', operator: 'notMatches', value: '[' }],
    ['a version that is none', { attribute: 'x', operator: 'semverNotEquals', value: 'one' }],
    ['an operator nobody knows', { attribute: 'x', operator: 'resembles', value: 'a' }],
    ['broken text', '[{"attribute":'],
    ['an attribute that is no text', { attribute: 5, operator: 'exists' }],
  ])('warn of %s, which never matches', (_, conditions) => {
    const document = datafile({ f: { ...on, traffic: [{ ...everyone, segments: 's' }] } }, { s: { conditions } })
    const { ruleset, problems } = compiled(document)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ severity: 'warning', path: expect.stringMatching(/^segments\.s\.conditions/) })
    expect(ruleset.evaluate('f', { x: 'a' })).toMatchObject({ value: false, reason: 'DEFAULT' })
  })

  it('without a meaning make the evaluation an error, also of variables that fall back to their default', () => {
    const schema = { color: { type: 'string', defaultValue: 'red' } }
    const feature = { ...on, traffic: [{ ...everyone, segments: 's' }], variablesSchema: schema }
    for (const broken of [{ s: { conditions: 5 } }, { s: {} }]) {
      const { ruleset } = compiled(datafile({ f: feature }, broken))
      expect(ruleset.evaluate('f', {})).toMatchObject({
        errorCode: 'GENERAL',
        metadata: { featurevisorReason: 'error' },
      })
      expect(ruleset.evaluate('f:color', {}).errorCode).toBe('GENERAL')
    }
  })

  it('nested deeper than any builder writes do not crash', () => {
    const deep = `${'[{"not":'.repeat(5_000)}[]${'}]'.repeat(5_000)}`
    expect(where(deep, {})).toBe(false)
  })
})

describe('values', () => {
  const variable = (schema: object): string => {
    const { ruleset } = compiled(JSON.stringify(datafile({ f: { ...on, variablesSchema: { v: schema } } })))
    return ruleset.outcome('f:v', {}).json
  }

  it('of type double are spelled as floats, of json as they were written', () => {
    expect(variable({ type: 'double', defaultValue: 1 })).toContain('"value":1.0')
    expect(variable({ type: 'integer', defaultValue: 1 })).toContain('"value":1,')
    expect(variable({ type: 'json', defaultValue: '{"n": 1.0, "big": 12345678901234567890}' })).toContain(
      '"value":{"n":1.0,"big":12345678901234567890}',
    )
  })

  it('of json that is broken are none, and text only to those who ask for text', () => {
    const document = datafile({ f: { ...on, variablesSchema: { v: { type: 'json', defaultValue: '{oops' } } } })
    const { ruleset } = compiled(document)
    expect(ruleset.evaluate('f:v', {})).toMatchObject({ reason: 'DEFAULT' })
    expect(ruleset.evaluate('f:v', {})).not.toHaveProperty('value')
    expect(ruleset.evaluate('f:v', {}, 'string').value).toBe('{oops')
    expect(ruleset.evaluate('f:v', {}, 'object').errorCode).toBe('TYPE_MISMATCH')
  })
})

describe('required features', () => {
  const schema = { color: { type: 'string', defaultValue: 'red' } }
  const document = datafile({ base: on, f: { ...on, required: ['base'], variablesSchema: schema } })

  it('do not turn variables off, unless the defect of the SDKs is asked for; both are reported', () => {
    expect(answer(document, 'f:color')).toBe('red')
    const leaking = { compat: { requiredVariableLeak: true } }
    expect(answer(document, 'f:color', {}, leaking)).toBeUndefined()
    expect(answer(document, 'f', {}, leaking)).toBe(true)
    for (const options of [{}, leaking]) {
      expect(compiled(document, options).problems).toMatchObject([
        { flag: 'f', path: 'features.f.required', severity: 'warning' },
      ])
    }
  })

  it('that are missing are reported', () => {
    const { problems } = compiled(datafile({ f: { ...on, required: ['ghost'] } }))
    expect(problems).toMatchObject([{ path: 'features.f.required[0]', severity: 'warning' }])
  })
})

describe('dependence', () => {
  it('is as small as the answers allow', () => {
    const traffic = [{ ...everyone, segments: 'nl' }]
    const nl = { conditions: { attribute: 'country', operator: 'equals', value: 'nl' } }
    const half = { ...on, traffic: [{ ...everyone, percentage: 50_000 }] }
    const { ruleset } = compiled(datafile({ all: on, some: { ...on, traffic }, half }, { nl }))
    expect(ruleset.facts('all').reads).toEqual([])
    expect(ruleset.facts('some').reads).toEqual(['country'])
    expect(ruleset.facts('half').reads).toEqual(['targetingKey', 'userId'])
  })

  it('of one variable does not spread to the others when it is edited', () => {
    const edited = (size: number): object =>
      datafile({
        f: {
          ...on,
          variablesSchema: {
            color: { type: 'string', defaultValue: 'red' },
            size: { type: 'integer', defaultValue: size },
          },
        },
      })
    expect(changes(compiled(edited(1)).ruleset, compiled(edited(2)).ruleset).changed).toEqual(['f:size'])
  })
})

it('stands a datafile of very many rules and one of a long chain of requirements', { timeout: 60_000 }, () => {
  const traffic = Array.from({ length: 300_000 }, () => ({ key: 'r', segments: 'ghost', percentage: 1 }))
  expect(answer(datafile({ f: { bucketBy: 'userId', traffic } }), 'f', { userId: 'u' })).toBe(false)
  const features = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, index) => [`f${index}`, { ...on, required: [`f${index + 1}`] }]),
  )
  const chain = compiled(datafile({ ...features, f1000: on })).ruleset
  expect(chain.evaluate('f999', {}).value).toBe(true)
  expect(chain.evaluate('f0', {}).value).toBe(true)
})
