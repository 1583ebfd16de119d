/** Queries one by one: the grammar's repairs, the rows of comparisons, what fails and what is merely false. */
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Compiled } from '../../compile.ts'
import type { Context } from '../../outcome.ts'
import { goff } from './lower.ts'

function load(query: string, options: object = {}): Compiled {
  const flag = {
    variations: { on: true, off: false },
    targeting: [{ query, variation: 'on' }],
    defaultRule: { variation: 'off' },
  }
  return compileWith(goff, { document: { f: flag }, options: { ...options } })
}

function holds(query: string, context: Context, options: object = { invalid: 'evaluate' }): unknown {
  const { ruleset } = load(query, options)
  const answer = ruleset.evaluate('f', context)
  const { trace: _trace, ...explained } = ruleset.explain('f', context)
  expect(explained).toEqual(answer)
  return answer.value
}

/** Contexts in which the query holds, by the letters of the attributes that are 1. */
function truths(query: string): string[] {
  const found = []
  for (const names of ['', 'x', 'y', 'z', 'xy', 'xz', 'yz', 'xyz']) {
    const context = Object.fromEntries(['x', 'y', 'z'].map((name) => [name, names.includes(name) ? 1 : 0]))
    if (holds(query, context) === true) found.push(names)
  }
  return found
}

describe('the same truths', () => {
  it.each([
    ['x eq 1 or y eq 1 and z eq 1', '(x eq 1 or y eq 1) and z eq 1'],
    ['not x eq 1', 'not (x eq 1)'],
    ['not x eq 1 or y eq 1', 'not (x eq 1 or y eq 1)'],
    ['(not x eq 1) and y eq 1', '(not (x eq 1)) and y eq 1'],
    ['y eq 1 and not x eq 1 or z eq 1', 'y eq 1 and not (x eq 1 or z eq 1)'],
    ['(x eq 1 or y eq 1', 'x eq 1 or y eq 1'],
    ['(x eq 1 and (y eq 1 or z eq 1)', 'x eq 1 and (y eq 1 or z eq 1)'],
    ['x eq 1) and y eq 1', 'x eq 1'],
    ['and x eq 1 or y eq 1', 'x eq 1 or y eq 1'],
    ['x eq 1 and  y eq 1 or z eq 1', 'x eq 1 and (y eq 1 or z eq 1)'],
    ['x eq 1 and(y eq 1)', 'x eq 1 and y eq 1'],
    ['x eq  1', 'x eq 1'],
    ['x ==1', 'x eq 1'],
    ['x eq 1 AND y eq 1', 'x eq 1'],
    ['(x eq 1 AND y eq 1) and z eq 1', 'x eq 1'],
    ['x eq 1  and y eq 1', 'x eq 1'],
    ['x eq 1\nand y eq 1', 'x eq 1'],
    ['x eq 1 \n  and y eq 1', 'x eq 1 and y eq 1'],
    ['x eq 1 \r\n  and y eq 1', 'x eq 1 and y eq 1'],
    ['   x eq 1', 'x eq 1'],
    ['NOT(x eq 1)', 'not (x eq 1)'],
    ['( x eq 1 )', 'x eq 1'],
    ['x eq 01', 'x eq 0'],
  ])('%j is read as %j', (text, plain) => {
    const expected = truths(plain)
    expect(truths(text)).toEqual(expected)
    expect(expected.length).toBeGreaterThan(0)
    expect(expected.length).toBeLessThan(8)
  })
})

describe('loading', () => {
  it.each(
    ["x eq 'a'", 'x eq abc', 'x = 1', 'x in []', 'x in ["a", 1]', 'x in [1, -1]', 'x in [1, 1.5]', 'x ~ "a"'].concat([
      'x gt true',
      'x co 5',
      'x in null',
      'x eq 9223372036854775808',
      'x eq "a\\d"',
      'x eq "open',
      'not (x gt null) or y eq 1',
      '{"starts_with": [{"var": "x"}, "a"]}',
      '{"==": [{"fractional": []}, 1]}',
      '{"a',
      '{"var": }',
      `${'('.repeat(70)}x eq 1`,
      Array.from({ length: 1_001 }, () => 'x eq 1').join(' or '),
    ]),
  )('%j quarantines the flag', (query) => {
    const { ruleset, problems } = load(query)
    expect(problems).toMatchObject([{ flag: 'f', path: 'f.targeting[0].query', severity: 'error' }])
    expect(ruleset.evaluate('f', {}).errorCode).toBe('PARSE_ERROR')
    expect(holds(query, { x: 1, y: 1 })).toBe(false)
  })

  it.each(['x eq 1 AND y eq 2', 'not x eq 1', 'x PR', 'x==1', 'x eq 1)', 'x In ["a"]', 'in eq 1'])(
    '%j is taken with a warning',
    (query) => {
      const { problems } = load(query)
      expect(problems[0]).toMatchObject({ flag: 'f', path: 'f.targeting[0].query', severity: 'warning' })
      expect(problems[0]?.message).toMatch(/^at character \d+ /)
    },
  )

  it.each(['', '  \n ', 'x eq 1', 'x eq 1 ', 'x eq 1 and y gt true', 'x in "a"', 'x eq ["a"]', '{}', '{"var": "x"}'])(
    '%j is taken as it is',
    (query) => {
      expect(load(query).problems).toEqual([])
    },
  )
})

describe('comparisons', () => {
  it.each([
    ['x eq "É"', 'é'],
    ['x eq "ΑΣ"', 'ασ'],
    ['x eq "i"', 'İ'],
    ['x co "B"', 'abc'],
    ['x gt "😀"', '😁'],
    ['x lt "\u{10000}"', '\uffff'],
    ['x eq "a\\"b"', 'a\\"b'],
    ['x eq ""', ''],
    ['x eq 1', 1.9],
    ['x eq 0', -0.9],
    ['x lt 9007199254740993', 9_007_199_254_740_992],
    ['x eq -9223372036854775808', 1e300],
    ['x in [1, 2]', 2],
    ['x in [0]', -0],
    ['x in [-1.5, 2.0]', 2],
    ['x eq 1.5e0', 1.5],
    ['x ne null', 0],
    ['x eq null', null],
    ['x ne false', true],
    ['x lt 1.2.3', '1.2.3-rc.1'],
    ['x eq 1.2.3', '1.2.3+build'],
    ['x gt 1.2.3-rc.2', '1.2.3-rc.11'],
    ['x in ["a", "B"]', 'B'],
    ['x eq "2026-01-01T00:00:00.000Z"', new Date('2026-01-01T00:00:00Z')],
    ['x pr', ''],
  ])('%j holds for %j', (query, x) => {
    expect(holds(query, { x })).toBe(true)
    expect(holds(`not (${query})`, { x })).toBe(false)
    expect(holds('x pr', {})).toBe(false)
  })

  it.each([
    ['x eq "1"', 1],
    ['x eq 1', '1'],
    ['x ne 1', '2'],
    ['x ne "a"', undefined],
    ['x gt 1', 1.5],
    ['x in [1]', 1.5],
    ['x in ["b"]', 'B'],
    ['x eq true', 'true'],
    ['x eq 1.0.0', 'v1.0.0'],
    ['x ne 1.0.0', '1.0'],
    ['x ne null', null],
    ['x eq "ας"', 'ΑΣ'],
  ])('%j does not hold for %j, and its negation does', (query, x) => {
    expect(holds(query, { x })).toBe(false)
    expect(holds(`not (${query})`, { x })).toBe(true)
  })

  it('that fail make the whole query false once they are reached', () => {
    expect(holds('not (x gt true)', { x: true })).toBe(false)
    expect(holds('x gt true or y eq 1', { y: 1 })).toBe(false)
    expect(holds('y eq 1 or x gt true', { y: 1 })).toBe(true)
    expect(holds('y eq 2 and x gt true or z eq 1', { z: 1 })).toBe(true)
    expect(holds('not (x.y eq 1)', { x: 'text' })).toBe(false)
    expect(holds('y eq 1 or x.y eq 1', { x: 'text', y: 1 })).toBe(true)
  })
})

describe('dotted paths', () => {
  const missing = { invalid: 'evaluate', nestedPaths: 'missing' }

  it('walk nested objects', () => {
    expect(holds('a.b.c eq 1', { a: { b: { c: 1 } } })).toBe(true)
    expect(holds('a.b eq 1', { 'a.b': 1 })).toBe(false)
    expect(holds('a.b eq null', { a: null })).toBe(true)
    expect(holds('a.b in [2]', { a: { b: 2 } })).toBe(false)
    expect(holds('a.b in [2.0]', { a: { b: 2 } })).toBe(true)
    expect(holds('a.constructor pr', { a: {} })).toBe(false)
  })

  it.each([
    ['x eq 1 and y.z eq 1', { x: 1 }, true, false],
    ['x eq 1 and a.b pr', { x: 1 }, true, false],
    ['y.z.w eq 1 or x eq 1', { x: 1 }, false, true],
    ['y.z.w eq 1 or x eq 1 or x eq 1', { x: 1 }, true, true],
    ['y.z.w eq 1 or x eq 1', { x: 2, y: { x: 1 } }, true, false],
    ['x in [1] and y.z in [1]', { x: 1 }, true, false],
  ])('%j for %j is %j as the vendor has it, %j as it was meant', (query, context, vendor, meant) => {
    expect(holds(query, context)).toBe(vendor)
    expect(holds(query, context, missing)).toBe(meant)
    expect(load(query).problems).toMatchObject([{ severity: 'warning', path: 'f.targeting[0].query' }])
    expect(load(query, missing).problems).toEqual([])
  })
})

describe('JSONLogic', () => {
  it('knows the injected attributes', () => {
    expect(holds('{"==": [{"var": "key"}, "u"]}', { targetingKey: 'u', key: 'other' })).toBe(true)
    expect(holds('{"==": [{"var": "anonymous"}, true]}', { anonymous: 'yes' })).toBe(false)
    expect(holds('{"==": [{"var": "targetingKey"}, ""]}', { targetingKey: 5 })).toBe(true)
  })

  it.each([
    ['{"var": "x"}', 0, false],
    ['{"var": "x"}', '0', true],
    ['{"var": "x"}', [], false],
    ['{"var": "x"}', {}, true],
    ['{"/": [1, {"var": "x"}]}', 0, false],
    ['{"+": [{"var": "x"}]}', true, false],
    ['{"var": ""}', 1, true],
    ['{"all": [{"var": "list"}, {"==": [{"var": "x"}, 1]}]}', 1, true],
    ['{"all": [{"var": "list"}, {"==": [{"var": "t"}, 1]}]}', 0, true],
    ['{"all": [{"var": "x"}, {"==": [{"var": "t"}, 1]}]}', [], false],
    ['{"all": [{"var": "x"}, true]}', [1], false],
  ])('%s for %j: %j', (query, x, expected) => {
    expect(holds(query, { x, list: [{ x: 2, t: 1 }] })).toBe(expected)
  })
})
