/** The recorded cases: what the Node SDK answered, asked in its own form of contexts and in OpenFeature's. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Ruleset } from '../../ruleset.ts'
import { sha1First15Hex } from '../../splits/sha1.ts'
import { launchdarkly } from './lower.ts'
import { detailOf, toOpenFeature } from './testing/vendor.ts'
import type { Detail } from './testing/vendor.ts'

interface Vector {
  readonly id: string
  readonly description: string
  readonly data: object
  readonly flag: string
  readonly context: Readonly<Record<string, unknown>>
  readonly defaultValue: unknown
  readonly method?: string
  readonly expected: Detail
  readonly allFlagsState: Readonly<Record<string, unknown>>
  readonly otherEngines?: string
}
interface State {
  readonly variation?: number
  readonly reason?: Readonly<Record<string, unknown>>
}
interface Vectors {
  readonly bucketVectors: readonly {
    readonly key: string
    readonly salt: string
    readonly seed?: number
    readonly value: string
    readonly hashInput: string
    readonly bucket: number
    readonly sdkBracket: { readonly weightExcluding: number; readonly weightIncluding: number }
  }[]
  readonly vectors: readonly Vector[]
}

const recorded = JSON.parse(readFileSync(new URL('testing/vectors.json', import.meta.url), 'utf8')) as Vectors
const { bucketVectors, vectors } = recorded

function rulesetOf({ data }: Vector, options: Record<string, unknown>): Ruleset {
  return compileWith(launchdarkly, { document: JSON.stringify(data), options }).ruleset
}

function answerOf(ruleset: Ruleset, { flag, method, defaultValue }: Vector, context: Vector['context']): Detail {
  const type = method === 'boolVariationDetail' ? 'boolean' : undefined
  return { value: defaultValue, ...detailOf(ruleset.evaluate(flag, context, type, { now: 0 })) }
}

describe('node, contexts as the vendor has them', () => {
  it.each(vectors)('$id $description', (vector) => {
    const ruleset = rulesetOf(vector, { contexts: 'launchdarkly' })
    expect(answerOf(ruleset, vector, vector.context)).toEqual(vector.expected)
  })

  it.each(vectors.filter(({ allFlagsState }) => allFlagsState['$valid'] === true))('$id all flags', (vector) => {
    const { $flagsState, $valid: _valid, ...values } = vector.allFlagsState
    const states = $flagsState as Readonly<Record<string, State>>
    const all = rulesetOf(vector, { contexts: 'launchdarkly' }).evaluateAll(vector.context, { now: 0 })
    expect(Object.fromEntries(all.map(({ key, value }) => [key, value ?? null]))).toEqual(values)
    for (const evaluation of all) {
      const { variation = null, reason } = states[evaluation.key] ?? {}
      const detail = detailOf(evaluation)
      expect(detail.variationIndex).toBe(variation)
      if (reason !== undefined) expect(detail.reason).toEqual(reason)
    }
  })
})

const expressible = vectors.flatMap((vector) => {
  const openfeature = toOpenFeature(vector.context)
  return openfeature === undefined ? [] : [{ ...vector, openfeature }]
})

describe(`node, contexts as OpenFeature has them (${expressible.length})`, () => {
  it.each(expressible)('$id $description', (vector) => {
    expect(answerOf(rulesetOf(vector, {}), vector, vector.openfeature)).toEqual(vector.expected)
  })
})

const malformed = { value: 'default', variationIndex: null, reason: { kind: 'ERROR', errorKind: 'MALFORMED_FLAG' } }
const fallthrough = { value: 'a', variationIndex: 0, reason: { kind: 'FALLTHROUGH' } }

/** What the Go engine answers instead, where the recording says that it answers otherwise. */
const GO: ReadonlyMap<string, Detail> = new Map<string, Detail>([
  ['L030', { value: 'b', variationIndex: 1, reason: { kind: 'TARGET_MATCH' } }],
  ['L048', malformed],
  ['L049', malformed],
  ['L095', { value: 'b', variationIndex: 1, reason: { kind: 'FALLTHROUGH' } }],
  ['L104', { value: 'c', variationIndex: 2, reason: { kind: 'PREREQUISITE_FAILED', prerequisiteKey: 'p' } }],
  ['L113', fallthrough],
  ['L120', malformed],
  ['L121', fallthrough],
])

describe('go', () => {
  it('differs where the recording says so', () => {
    const differing = vectors.filter(({ otherEngines }) => otherEngines !== undefined)
    expect(differing.map(({ id }) => id)).toEqual([...GO.keys()])
  })

  it.each(vectors)('$id $description', (vector) => {
    const ruleset = rulesetOf(vector, { profile: 'go', contexts: 'launchdarkly' })
    expect(answerOf(ruleset, vector, vector.context)).toEqual(GO.get(vector.id) ?? vector.expected)
  })
})

it.each(bucketVectors)('hashes $hashInput', ({ key, salt, seed, value, hashInput, bucket, sdkBracket }) => {
  expect(sha1First15Hex(hashInput) / 2 ** 60).toBe(bucket)
  const serves = (weight: number): unknown => {
    const weights = [weight, 100_000 - weight].map((part, variation) => ({ variation, weight: part }))
    const rollout = { variations: weights, ...(seed === undefined ? {} : { seed }) }
    const flag = { key, salt, on: true, variations: ['in', 'out'], fallthrough: { rollout } }
    const { ruleset } = compileWith(launchdarkly, { document: { flags: { [key]: flag } } })
    return ruleset.evaluate(key, { targetingKey: value }).value
  }
  expect(serves(sdkBracket.weightExcluding)).toBe('out')
  expect(serves(sdkBracket.weightIncluding)).toBe('in')
})
