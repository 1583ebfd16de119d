/** What a hostile rule or hostile data may cost, and the shapes that must fail instead of crash. */
import { describe, expect, it } from 'vitest'
import { LogicError } from './error.ts'
import { parseNumber, printNumber, textLess, trimSpace } from './go-text.ts'
import { operatorsWith, parseRule } from './rule.ts'
import { RootOf } from './testing/root-of.ts'

const operators = operatorsWith([])
type Data = Readonly<Record<string, unknown>>

const apply = (rule: unknown, data: Data = {}): unknown => parseRule(rule, operators).rule.evaluate(new RootOf(data))

/** Milliseconds that a failing evaluation takes. */
function costOfFailing(rule: unknown, data: Data): number {
  const parsed = parseRule(rule, operators).rule
  const start = performance.now()
  expect(() => parsed.evaluate(new RootOf(data))).toThrow(LogicError)
  return performance.now() - start
}

describe('work is bounded', () => {
  const many = Array.from({ length: 1000 }, (_, index) => index)

  it.each([
    ['nested loops', { map: [{ var: 'outer' }, { map: [many, { map: [many, { '+': [1, { var: '' }] }] }] }] }],
    [
      'loops with substitution',
      { some: [{ var: 'outer' }, { all: [many, { none: [many, { '==': [{ var: '' }, 'x'] }] }] }] },
    ],
    [
      'a text that doubles',
      { reduce: [{ var: 'outer' }, { cat: [{ var: 'accumulator' }, { var: 'accumulator' }] }, 'text'] },
    ],
    ['lists that grow', { map: [{ var: 'outer' }, { merge: Array.from({ length: 200 }, () => many) }] }],
    ['crossed lists', { map: [{ var: 'outer' }, { contains_none: [many, { map: [many, -1] }] }] }],
  ])('%s', (_, rule) => {
    expect(costOfFailing(rule, { outer: many })).toBeLessThan(2_000)
  })

  it('and begins anew with every evaluation', () => {
    const parsed = parseRule({ map: [{ var: 'list' }, { '*': [{ var: '' }, 2] }] }, operators).rule
    const data = new RootOf({ list: many })
    for (let round = 0; round < 500; round++) expect(parsed.evaluate(data)).toHaveLength(1000)
  })

  it('for data that are a rule which calls itself', () => {
    expect(costOfFailing({ if: [true, { var: 'x' }] }, { x: { if: [true, { var: 'x' }] } })).toBeLessThan(1_000)
  })

  it('for data in a circle', () => {
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    expect(costOfFailing({ '!': [{ var: 'circle' }] }, { circle })).toBeLessThan(1_000)
  })

  it('for rules that nest too deeply or are too large', () => {
    let deep: unknown = true
    for (let depth = 0; depth < 10_000; depth++) deep = { '!': [deep] }
    expect(() => parseRule(deep, operators)).toThrow(/deeper than/)
    let shared: unknown = { var: 'x' }
    for (let depth = 0; depth < 40; depth++) shared = { and: [shared, shared] }
    expect(() => parseRule(shared, operators)).toThrow(/more than/)
  })

  it('while long lists of values are nothing special', () => {
    const emails = Array.from({ length: 300_000 }, (_, index) => `user${index}@shop.example`)
    const { rule } = parseRule({ in: [{ var: 'email' }, emails] }, operators)
    expect(rule.evaluate(new RootOf({ email: 'user299999@shop.example' }))).toBe(true)
    expect(rule.evaluate(new RootOf({ email: 'other' }))).toBe(false)
  })
})

describe('names', () => {
  it('are own members only', () => {
    expect(apply({ var: 'constructor' })).toBe(null)
    expect(apply({ var: '__proto__.x' }, JSON.parse('{"__proto__":{"x":1}}') as Data)).toBe(1)
    expect(apply({ var: 'toString.name' })).toBe(null)
    expect(() => apply({ constructor: [1] })).toThrow('"constructor" does not exist')
  })

  it('that are unknown operators fail where they are reached and nowhere else', () => {
    expect(apply({ if: [true, 'a', { nosuch: 1 }] })).toBe('a')
    expect(() => apply({ if: [false, 'a', { nosuch: 1 }] })).toThrow(LogicError)
  })
})

describe('values of JavaScript that JSON does not know', () => {
  it('are what JSON makes of them', () => {
    const when = new Date(0)
    expect(apply({ var: 'd' }, { d: when })).toBe('1970-01-01T00:00:00.000Z')
    expect(apply({ var: 'o.d' }, { o: { d: when } })).toBe('1970-01-01T00:00:00.000Z')
    expect(apply({ var: 'o' }, { o: { list: [when] } })).toEqual({ list: ['1970-01-01T00:00:00.000Z'] })
    expect(apply({ var: 'u' }, { u: undefined })).toBe(null)
    expect(apply({ var: 'f' }, { f: () => 1 })).toBe(null)
  })
})

describe('reads', () => {
  const reads = (rule: unknown): string[] | '*' => {
    const found = parseRule(rule, operators).reads
    return found.everything ? '*' : [...found.paths.keys()].sort()
  }

  it.each<[unknown, string[] | '*']>([
    [{ '==': [{ var: 'a.b' }, { var: ['c', { var: 'd' }] }] }, ['a', 'c', 'd']],
    [{ missing: ['a', 'b.c'] }, ['a', 'b']],
    [{ missing_some: [1, ['a', 'b']] }, ['a', 'b']],
    [{ map: [{ var: 'list' }, { var: 'inner' }] }, ['list']],
    [{ all: [{ var: 'list' }, { '==': [{ var: 'inner' }, 1] }] }, ['list']],
    [{ some: [{ var: 'list' }, { '==': [{ var: 'inner' }, { var: '.x' }] }] }, ['inner', 'list']],
    [{ some: [{ var: 'list' }, { map: [[1], { var: 'inner' }] }] }, ['inner', 'list']],
    [{ if: [{ var: 'a' }, 'x', { and: [true, 'y'] }] }, ['a']],
    [{ if: [{ var: 'a' }, { var: 'b' }] }, '*'],
    [{ if: [true, { or: [{ var: 'a' }] }] }, '*'],
    [{ var: '' }, '*'],
    [{ var: { cat: ['a', { var: 'b' }] } }, '*'],
    [{ missing: { var: 'names' } }, '*'],
    [{ var: { cat: ['a', 'b'] } }, ['ab']],
  ])('%j', (rule, expected) => {
    expect(reads(rule)).toEqual(expected)
  })
})

describe('Go’s texts', () => {
  it.each<[string, number | undefined]>([
    ['1_0', 10],
    ['1_0.5e1_0', 10.5e10],
    ['0x1p4', 16],
    ['-0x_1.8p1', -3],
    ['.5', 0.5],
    ['1.', 1],
    ['+Inf', Infinity],
    ['-infinity', -Infinity],
    ['1e400', Infinity],
    ['', undefined],
    [' 1', undefined],
    ['1__0', undefined],
    ['_1', undefined],
    ['0x10', undefined],
    ['.', undefined],
    ['1e', undefined],
    ['0xp1', undefined],
  ])('%j spells %s', (text, number) => {
    expect(parseNumber(text)).toBe(number)
  })

  it.each<[number, string]>([
    [1e21, '1000000000000000000000'],
    [1.5e-7, '0.00000015'],
    [-1.25e22, '-12500000000000000000000'],
    [-0, '-0'],
    [0.1, '0.1'],
    [Infinity, '+Inf'],
    [NaN, 'NaN'],
  ])('%s prints %s', (number, text) => {
    expect(printNumber(number)).toBe(text)
  })

  it('order by code point and trim by Go’s blanks', () => {
    expect(textLess('\uffee', '😀')).toBe(true)
    expect(textLess('😀', '\uffee')).toBe(false)
    expect(textLess('a', 'ab')).toBe(true)
    expect(trimSpace('\u0085 a\ufeff\u3000')).toBe('a\ufeff')
  })
})
