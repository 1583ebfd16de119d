/** Curated cases: loading, quarantine, references, `$flagd`, the generations of `fractional`, spelling and changes. */
import { describe, expect, it } from 'vitest'
import { changes } from '../../changes.ts'
import { compileWith } from '../../compile.ts'
import type { Compiled } from '../../compile.ts'
import type { Context, Evaluation } from '../../outcome.ts'
import { DocumentError } from '../../problem.ts'
import { flagd } from './lower.ts'

const load = (document: unknown, options = {}): Compiled =>
  compileWith(flagd, { document: JSON.stringify(document), options })

const onOff = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' }
const abc = { state: 'ENABLED', variants: { a: 'A', b: 'B', c: 'C' }, defaultVariant: 'c' }

function evaluate(flag: object, context: Context = {}, options = {}): Evaluation {
  return load({ flags: { f: flag } }, options).ruleset.evaluate('f', context, undefined, { now: 1_700_000_000_999 })
}

describe('a document', () => {
  it.each([
    [[], 'must be an object'],
    [null, 'must be an object'],
    [{}, 'flags: is missing'],
    [{ flags: null }, 'flags: is missing'],
    [{ flags: 'x' }, 'flags: must be an object from key to flag'],
    [{ flags: [1, { state: 'ENABLED' }] }, 'flags: none of the 2 entries'],
  ])('%j is refused', (document, message) => {
    expect(() => load(document)).toThrow(DocumentError)
    expect(() => load(document)).toThrow(message)
  })

  it('may be empty', () => {
    expect(load({ flags: {} }).ruleset.keys).toEqual([])
    expect(load({ flags: [] }).ruleset.keys).toEqual([])
  })

  it('may hold flags as a list, of one key the last', () => {
    const { ruleset, problems } = load({
      flags: [{ key: 'f', ...onOff }, { key: 'g', ...abc }, 5, { key: 'f', ...abc }],
    })
    expect(ruleset.evaluate('f', {}).value).toBe('C')
    expect(ruleset.keys).toEqual(['f', 'g'])
    expect(problems.map(({ path, severity }) => [path, severity])).toEqual([
      ['flags[2]', 'warning'],
      ['flags[3]', 'warning'],
    ])
  })

  it('takes only known options', () => {
    expect(() => load({ flags: {} }, { fractional: 4 })).toThrow('options.fractional: must be 2 or 3, not 4')
  })
})

describe('quarantine', () => {
  it.each<[object | string, string, RegExp]>([
    [{ ...onOff, defaultVariant: 'z' }, 'flags.bad.defaultVariant', /"z" is not one.*reject the whole document/],
    [{ ...onOff, state: 'DISABLED', defaultVariant: 'constructor' }, 'flags.bad.defaultVariant', /not one/],
    [{ ...onOff, defaultVariant: 5 }, 'flags.bad.defaultVariant', /must be a text or null/],
    [{ ...onOff, variants: [] }, 'flags.bad.variants', /must be an object/],
    [{ ...onOff, state: 1 }, 'flags.bad.state', /must be "ENABLED" or/],
    [{ ...onOff, metadata: 'x' }, 'flags.bad.metadata', /must be an object/],
    ['on', 'flags.bad', /must be an object/],
    [{ ...onOff, targeting: { $ref: 'circle' } }, 'flags.bad', /circle: circle → other → circle/],
  ])('%j costs nobody else the update', (bad, path, message) => {
    const evaluators = { circle: { '!': { $ref: 'other' } }, other: { '!': { $ref: 'circle' } } }
    const { ruleset, problems } = load({ flags: { bad, good: onOff }, $evaluators: evaluators })
    expect(problems).toEqual([{ flag: 'bad', path, message: expect.stringMatching(message), severity: 'error' }])
    expect(ruleset.evaluate('bad', {})).toMatchObject({ reason: 'ERROR', errorCode: 'PARSE_ERROR' })
    expect(ruleset.evaluate('good', {})).toMatchObject({ reason: 'STATIC', value: false })
  })

  it('of rules that are too large: shared references are counted as often as they are used', () => {
    const levels = Object.fromEntries(
      Array.from({ length: 40 }, (_, level) => [
        `e${level}`,
        level === 0 ? { var: 'x' } : { and: [{ $ref: `e${level - 1}` }, { $ref: `e${level - 1}` }] },
      ]),
    )
    const bomb = { ...onOff, targeting: { $ref: 'e39' } }
    const { ruleset, problems } = load({ flags: { bomb, good: onOff }, $evaluators: levels })
    expect(problems).toMatchObject([{ flag: 'bomb', severity: 'error' }])
    expect(ruleset.evaluate('good', {}).errorCode).toBeUndefined()
  })

  it('does not touch what the daemon accepts', () => {
    const { ruleset, problems } = load({
      flags: { a: { variants: { x: 1 }, defaultVariant: 'x' }, b: {}, c: null, d: { state: 'OFF', variants: null } },
    })
    expect(problems.every(({ severity }) => severity === 'warning')).toBe(true)
    expect(ruleset.evaluateAll({})).toEqual([
      { key: 'a', value: 1, variant: 'x', reason: 'STATIC' },
      { key: 'b', reason: 'DEFAULT' },
      { key: 'c', reason: 'DEFAULT' },
      { key: 'd', reason: 'DEFAULT' },
    ])
  })
})

describe('names that objects have anyway', () => {
  it('are ordinary', () => {
    const text = `{"flags":{"__proto__":${JSON.stringify(onOff)},"constructor":{"state":"ENABLED",
      "variants":{"__proto__":"p","toString":"t"},"defaultVariant":"__proto__","targeting":{"var":"hasOwnProperty"}}}}`
    const { ruleset, problems } = compileWith(flagd, { document: text })
    expect(problems).toEqual([])
    expect(ruleset.evaluate('__proto__', {})).toMatchObject({ value: false, reason: 'STATIC' })
    expect(ruleset.evaluate('constructor', {})).toMatchObject({ value: 'p', variant: '__proto__', reason: 'DEFAULT' })
    expect(ruleset.evaluate('constructor', { hasOwnProperty: 'toString' })).toMatchObject({ value: 't' })
    expect(ruleset.evaluate('constructor', { hasOwnProperty: 'valueOf' }).errorCode).toBe('GENERAL')
    expect(ruleset.evaluate('toString', {}).errorCode).toBe('FLAG_NOT_FOUND')
  })
})

describe('references', () => {
  const $evaluators = {
    beta: { ends_with: [{ var: 'email' }, '@beta.io'] },
    nested: { and: [{ $ref: 'beta' }, { '==': [{ var: 'plan' }, 'pro'] }] },
    unused: { var: 'other' },
  }
  const document = {
    flags: { f: { ...onOff, targeting: { if: [{ $ref: 'nested' }, 'on', 'off'] } }, g: onOff },
    $evaluators,
  }

  it('may lead to further references', () => {
    const { ruleset } = load(document)
    expect(ruleset.evaluate('f', { email: 'x@beta.io', plan: 'pro' }).value).toBe(true)
    expect(ruleset.evaluate('f', { email: 'x@beta.io', plan: 'free' }).value).toBe(false)
    expect(ruleset.facts('f').reads).toEqual(['email', 'plan'])
  })

  it('change the flags that come to use them, and no other', () => {
    const { ruleset } = load(document)
    const edited = (evaluators: object): readonly string[] =>
      changes(ruleset, load({ ...document, $evaluators: { ...$evaluators, ...evaluators } }).ruleset).changed
    expect(edited({ beta: { ends_with: [{ var: 'email' }, '@x.io'] } })).toEqual(['f'])
    expect(edited({ unused: { var: 'another' } })).toEqual([])
  })

  it('to an evaluator that is no rule stay, and fail when they are reached', () => {
    const { ruleset, problems } = load({
      flags: { f: { ...onOff, targeting: { $ref: 'none' } } },
      $evaluators: { none: {} },
    })
    expect(problems).toMatchObject([{ path: '$evaluators.none', severity: 'warning' }])
    expect(ruleset.evaluate('f', {}).errorCode).toBe('PARSE_ERROR')
  })
})

describe('the injected members', () => {
  it('replace the caller’s', () => {
    const flag = { ...abc, targeting: { if: [{ '==': [{ var: '$flagd.flagKey' }, 'f'] }, 'a', 'b'] } }
    expect(evaluate(flag, { $flagd: { flagKey: 'other' } }).variant).toBe('a')
  })

  it('tell whole seconds', () => {
    const flag = { ...abc, targeting: { if: [{ '===': [{ var: '$flagd.timestamp' }, 1_700_000_000] }, 'a', 'b'] } }
    expect(evaluate(flag).variant).toBe('a')
  })

  it('make an answer volatile only where the time is read', () => {
    const facts = (targeting: unknown) => load({ flags: { f: { ...abc, targeting } } }).ruleset.facts('f')
    expect(facts({ var: '$flagd.flagKey' })).toMatchObject({ reads: [], volatile: new Set() })
    expect(facts({ var: '$flagd.timestamp' })).toMatchObject({ reads: [], volatile: new Set(['clock']) })
    expect(facts({ var: '$flagd' }).volatile).toEqual(new Set(['clock']))
    expect(facts({ var: '' })).toMatchObject({ reads: '*', volatile: new Set(['clock']) })
    expect(facts({ fractional: [['a', 1]] })).toMatchObject({ reads: ['targetingKey'], volatile: new Set() })
    expect(facts({ fractional: ['fixed', ['a', 1]] }).reads).toEqual([])
    expect(facts({ fractional: [{ var: 'company' }, ['a', 1]] }).reads).toEqual(['company', 'targetingKey'])
  })
})

describe('results', () => {
  const named = (targeting: unknown, name: string): Evaluation =>
    evaluate({ state: 'ENABLED', variants: { [name]: 1 }, targeting })

  it.each<[unknown, string]>([
    [{ '+': [1, 1] }, '2'],
    [{ '+': [0.1, 0.2] }, '0.30000000000000004'],
    [{ '*': [1e20, 10] }, '1e+21'],
    [{ '*': [0, -1] }, '-0'],
    [{ '!': [true] }, 'false'],
    [{ merge: ['a', 1, [true]] }, '[a,1,true]'],
    [{ merge: [{ b: 'x', a: null }] }, '[{a:null,b:x}]'],
    [{ if: [true, 'a"b'] }, 'a\\b'],
    [{ if: [true, ' a '] }, ' a '],
    [{ if: [true, 'null'] }, 'null'],
    [{ if: [true, ''] }, ''],
    ['red', 'red'],
  ])('%j names %j', (targeting, name) => {
    expect(named(targeting, name).variant).toBe(name)
  })

  it.each(['a<b', 'a>b', 'a&b', 'a\\b', 'a"b', 'a\nb', 'a\u2028b'])('never name the variant %j', (name) => {
    expect(named({ if: [true, name] }, name)).toMatchObject({ reason: 'ERROR', errorCode: 'GENERAL' })
  })

  it('that JSON cannot hold are failures', () => {
    expect(named({ '/': [1, 0] }, '+Inf').errorCode).toBe('PARSE_ERROR')
  })
})

describe('generation 3 of fractional', () => {
  const flag = (...operands: unknown[]): object => ({
    ...abc,
    targeting: { fractional: [...operands, ['a', 1], ['b', 1]] },
  })
  const draw = (unit: unknown, context: Context = {}): string | undefined =>
    evaluate(flag(unit), context, { fractional: 3 }).variant

  it('takes a unit of any type', () => {
    expect(draw(5)).toBe(evaluate(flag({ var: 'n' }), { n: 5 }, { fractional: 3 }).variant)
    expect(evaluate(flag(5)).reason).toBe('DEFAULT')
    for (const unit of [5, true, 0.5, { var: 'o' }]) {
      expect(evaluate(flag(unit), { o: { x: 1 } }, { fractional: 3 }).reason).toBe('TARGETING_MATCH')
    }
  })

  it('splits by the recorded hashes', () => {
    // 5 hashes to 1405797717 and 0.1 to 109103420, both in the lower half; "" to 661569231; -1 to 2129959832.
    for (const unit of [5, 0.1, '', -1]) expect(draw(unit)).toBe('a')
    // 9007199254740992 hashes to 1581616925 of 4294967296; {"b":1,"a":[2]} to 2467759980, in the upper half.
    expect(draw({ var: 'o' }, { o: { b: 1, a: [2] } })).toBe('b')
    expect(draw({ var: 'o' }, { o: { a: [2], b: 1 } })).toBe('b')
  })

  it('has no answer for null, and takes key and targeting key by default', () => {
    expect(draw(null, { targetingKey: 'u' })).toBe('c')
    const byDefault = {
      ...abc,
      targeting: {
        fractional: [
          ['a', 1],
          ['b', 1],
        ],
      },
    }
    expect(evaluate(byDefault, {}, { fractional: 3 }).reason).toBe('DEFAULT')
    expect(evaluate(byDefault, { targetingKey: 'u1' }, { fractional: 3 }).reason).toBe('TARGETING_MATCH')
  })
})

describe('values', () => {
  const json = (text: string, variant: string): string => {
    const document = `{"flags":{"f":{"variants":${text},"targeting":{"var":"v"}}}}`
    return compileWith(flagd, { document }).ruleset.outcome('f', { v: variant }).json
  }

  it('keep the spelling of their numbers, alike within a flag', () => {
    expect(json('{"a":1.0,"b":2}', 'a')).toContain('"value":1.0')
    expect(json('{"a":1,"b":2.5}', 'a')).toContain('"value":1.0')
    expect(json('{"a":1,"b":2}', 'a')).toMatch(/"value":1$/)
    expect(json('{"a":12345678901234567890}', 'a')).toContain('"value":12345678901234567890')
    expect(json('{"a":{"x":[1.50]}}', 'a')).toContain('"value":{"x":[1.50]}')
  })

  it('that are lists are no objects, and metadata keeps scalars only', () => {
    const { ruleset } = load({
      metadata: { a: 'set', n: null, b: 1 },
      flags: { f: { variants: { l: [1] }, defaultVariant: 'l', metadata: { b: 2, o: {}, n: null } } },
    })
    expect(ruleset.metadata).toEqual({ a: 'set', b: 1 })
    expect(ruleset.evaluate('f', {})).toMatchObject({ value: [1], metadata: { a: 'set', b: 2 } })
    expect(ruleset.evaluate('f', {}, 'object')).toMatchObject({ errorCode: 'TYPE_MISMATCH', metadata: { b: 2 } })
  })
})

it('explains what the rule gave', () => {
  const { ruleset } = load({ flags: { f: { ...abc, targeting: { if: [{ var: 'x' }, 'a'] } } } })
  expect(ruleset.explain('f', { x: 1 }).trace[0]).toEqual({ depth: 0, what: 'targeting', result: '"a"' })
  expect(ruleset.explain('f', {}).trace[0]?.result).toBe('null')
})
