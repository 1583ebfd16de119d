import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isCut, MAX_DEPTH, parseDocument, parseEmbedded } from './json.ts'
import { DocumentError } from './problem.ts'

const encode = (text: string): string => {
  const { json, spelling } = parseDocument(`{"v":${text}}`)
  return spelling.encode(Object(json), 'v')
}

describe('number spelling', () => {
  it.each([
    '1.0',
    '0',
    '-0',
    '1e3',
    '1E+3',
    '12345678901234567890',
    '0.10',
    '12345678901.12345678',
    '-1.50',
    '5',
    '1.5',
  ])('%s survives', (text) => expect(encode(text)).toBe(text))

  it('survives at any depth, in lists and last in an object', () => {
    expect(encode('{"a":[1.0,{"b":2.50}],"c":1e2}')).toBe('{"a":[1.0,{"b":2.50}],"c":1e2}')
    expect(encode('{ "a" : 1.0 }')).toBe('{"a":1.0}')
    expect(encode('[7.0 , 8]')).toBe('[7.0,8]')
  })

  it('does not mistake text for numbers', () => {
    expect(encode('"a: 1.0, b"')).toBe('"a: 1.0, b"')
    expect(encode('{"__proto__":1.0}')).toBe('{"__proto__":1.0}')
  })

  it('leaves any document equal to JSON.parse', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const { json, spelling } = parseDocument(text)
        expect(json).toEqual(JSON.parse(text))
        expect(JSON.parse(spelling.encode({ json }, 'json'))).toEqual(JSON.parse(text))
      }),
      { seed: 1, numRuns: 2000 },
    )
  })
})

describe('hostile documents', () => {
  it('that are not JSON are named so', () => {
    expect(() => parseDocument('{"a":')).toThrow(DocumentError)
    expect(() => parseDocument('')).toThrow(/not valid JSON/)
  })

  it('lose what nests too deep before anything recursive sees it', () => {
    expect(() => parseDocument('['.repeat(100_000))).toThrow(/not valid JSON/)
    const deepest = '['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)
    expect(parseDocument(deepest).spelling.cut).toBe(false)
    expect(parseDocument(`"${'['.repeat(1000)}\\""`).json).toBe(`${'['.repeat(1000)}"`)
    const bomb = '{"a":'.repeat(100_000) + '1.0' + '}'.repeat(100_000)
    const { json, spelling } = parseDocument(`{"b":[${bomb},"]"],"c":${bomb},"d":1.0}`)
    expect(spelling.cut).toBe(true)
    expect(spelling.of(Object(json), 'd')).toBe('1.0')
    const { b, c, d } = json as Record<string, unknown>
    expect([isCut(b), isCut(c), isCut(d), (b as unknown[])[1]]).toEqual([true, true, false, ']'])
    expect(() => parseDocument(`[${'['.repeat(1000)}x${']'.repeat(1000)}]`)).toThrow(/not valid JSON/)
  })

  it('with a byte order mark are read', () => expect(parseDocument('\u{feff}{"a":1}').json).toEqual({ a: 1 }))
})

describe('values that are JSON texts', () => {
  it('are read with their spelling, and refused rather than cut where they nest too deep', () => {
    const { json, spelling } = parseEmbedded('{"a":1.0}')
    expect(spelling.encode({ json }, 'json')).toBe('{"a":1.0}')
    const deepest = '['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH)
    expect(() => parseEmbedded(deepest)).not.toThrow()
    expect(() => parseEmbedded(`[${deepest}]`)).toThrow(DocumentError)
  })
})
