import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { own, project } from './context.ts'

describe('projection', () => {
  const reads = ['a', 'b']
  const pairs: [Record<string, unknown>, Record<string, unknown>][] = [
    [{ a: 1 }, { a: '1' }],
    [{ a: 'x', b: 'y' }, { a: 'xs1:y' }],
    [{ a: null }, {}],
    [{ a: ['x', 'y'] }, { a: ['x,y'] }],
    [{ a: { b: 1 } }, { a: { b: '1' } }],
    [{ a: 0 }, { a: -0 }],
    [{ a: 'é' }, { a: 'e\u0301' }],
    [{ a: [] }, { a: {} }],
    [{ a: true }, { a: 'true' }],
    [{ a: 's1:' }, { a: 's', b: ':' }],
  ]
  it.each(pairs)('tells %j from %j', (one, two) => expect(project(one, reads)).not.toBe(project(two, reads)))

  it('ignores what is not read and the order of members', () => {
    expect(project({ a: 1, c: 2 }, reads)).toBe(project({ c: 3, a: 1 }, reads))
    expect(project({ a: { x: 1, y: 2 } }, reads)).toBe(project({ a: { y: 2, x: 1 } }, reads))
    expect(project({ y: 2, x: 1 }, '*')).toBe(project({ x: 1, y: 2 }, '*'))
  })

  it('is equal only for equal JSON contexts (seed 7)', () => {
    const value = fc.jsonValue({ maxDepth: 2, noUnicodeString: false })
    const hostile = fc.oneof(value, fc.constantFrom('s1:a', 'd1;', 'n', 'o0:', 1, '1', -0, 0, null))
    fc.assert(
      fc.property(fc.record({ a: hostile, b: hostile }), fc.record({ a: hostile, b: hostile }), (one, two) => {
        const same = stable(one) === stable(two)
        expect(project(one, reads) === project(two, reads)).toBe(same)
        expect(project(one, '*') === project(two, '*')).toBe(same)
      }),
      { seed: 7, numRuns: 5000 },
    )
  })
})

function stable(value: unknown): string {
  if (Object.is(value, -0)) return '-0'
  if (Array.isArray(value)) return `[${value.map(stable).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([name, member]) => `${JSON.stringify(name)}:${stable(member)}`).join()}}`
}

describe('own', () => {
  it('does not see inherited members', () => {
    expect(own({}, 'constructor')).toBe(undefined)
    expect(own(JSON.parse('{"__proto__":5}'), '__proto__')).toBe(5)
    expect(own('text', 'length')).toBe(undefined)
  })
})
