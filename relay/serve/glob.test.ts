import { describe, expect, it } from 'vitest'
import { matchesGlob } from './glob.ts'

describe('globs over flag keys', () => {
  it.each([
    ['*', '', true],
    ['*', 'anything', true],
    ['', '', true],
    ['', 'a', false],
    ['web-*', 'web-checkout', true],
    ['web-*', 'web-', true],
    ['web-*', 'my-web-', false],
    ['*-beta', 'x-beta', true],
    ['*-beta', 'x-beta-2', false],
    ['a*b*c', 'a1b2b3c', true],
    ['a*b*c', 'a1c', false],
    ['?', 'a', true],
    ['?', '', false],
    ['a?c', 'abc', true],
    ['*?', '', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['*a', 'aab', false],
    ['**', 'x', true],
    ['__proto__', '__proto__', true],
    ['*', '*', true],
  ])('%j on %j: %s', (pattern, text, matches) => {
    expect(matchesGlob(pattern, text)).toBe(matches)
  })

  it('a pattern of many stars takes no time to speak of', () => {
    const began = performance.now()
    expect(matchesGlob(`${'*a'.repeat(200)}b`, 'a'.repeat(5_000))).toBe(false)
    expect(performance.now() - began).toBeLessThan(200)
  })
})
