/** Every operator with every pair of texts from the grammar, inverted or not, against the vendor's SDK. */
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import { unleash } from './lower.ts'
import { ADDRESSES, DATES, NUMBERS, PATTERNS, USERS, VERSIONS, WORDS } from './testing/grammar.ts'
import { oracle } from './testing/oracle.ts'

const NOW = Date.parse('2026-03-01T12:00:00.000Z')
const orders = (kind: string): readonly string[] => ['EQ', 'GT', 'GTE', 'LT', 'LTE'].map((order) => `${kind}_${order}`)

describe.each<[string, readonly string[], 'value' | 'values', readonly string[], readonly unknown[]]>([
  ['membership', ['IN', 'NOT_IN'], 'values', WORDS, WORDS],
  ['texts', ['STR_STARTS_WITH', 'STR_ENDS_WITH', 'STR_CONTAINS'], 'values', WORDS, WORDS],
  ['numbers', orders('NUM'), 'value', NUMBERS, [...NUMBERS, 5, -0, 0.1, 1e21, true]],
  ['versions', orders('SEMVER'), 'value', VERSIONS, VERSIONS],
  ['patterns', ['REGEX'], 'value', PATTERNS, [...WORDS, ...USERS, 'xx', 'a.b', 'A', 'a\nb', '10.0.0.1']],
  ['addresses', ['IN_CIDR'], 'values', ADDRESSES, ADDRESSES],
  ['dates', ['DATE_AFTER', 'DATE_BEFORE'], 'value', DATES, DATES],
])('%s', (kind, operators, member, operands, given) => {
  it.each(operators)('%s', async (operator) => {
    const contextName = kind === 'dates' ? 'currentTime' : 'p'
    const ways = [{}, { inverted: true }, { caseInsensitive: true }]
    const features = operands.flatMap((operand, index) =>
      ways.map((way, which) => {
        const constraint = { contextName, operator, [member]: member === 'value' ? operand : [operand], ...way }
        return {
          name: `${index}.${which}`,
          enabled: true,
          strategies: [{ name: 'default', parameters: {}, constraints: [constraint] }],
        }
      }),
    )
    const document = { features, segments: [] }
    const contexts = [...given.map((value) => ({ [contextName]: value })), {}]
    const questions = contexts.flatMap((context) => features.map(({ name }) => ({ key: name, context })))
    const theirs = await oracle({ document, now: NOW, questions })
    const { ruleset } = compileWith(unleash, { document })
    const differing = questions.flatMap(({ key, context }, index) => {
      const { value } = ruleset.evaluate(key, context, undefined, { now: NOW })
      if (value === theirs[index]?.['value']) return []
      const operand = operands[Number(key.split('.')[0])]
      return [{ operand, way: ways[Number(key.split('.')[1])], context, ours: value, theirs: theirs[index] }]
    })
    expect(differing).toEqual([])
    expect(new Set(theirs.map((answer) => answer['value']))).toEqual(new Set([true, false]))
  })
})
