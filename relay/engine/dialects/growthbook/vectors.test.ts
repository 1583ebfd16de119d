/** The recorded cases: what the vendor's npm SDK 1.8.0 answered, its hashes and its bucket ranges. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Context, Evaluation } from '../../outcome.ts'
import { bucketRanges, hash } from './bucketing.ts'
import { growthbook } from './lower.ts'

interface ExperimentResult {
  readonly key: string
  readonly variationId: number
  readonly hashUsed: boolean
  readonly hashAttribute: string
  readonly hashValue: unknown
  readonly stickyBucketUsed: boolean
  readonly leafId?: number
  readonly banditVersion?: number
}
interface Result {
  readonly value: unknown
  readonly source: string
  readonly ruleId: string
  readonly experiment?: { readonly key: string }
  readonly experimentResult?: ExperimentResult
}
interface Case {
  readonly id: string
  readonly description: string
  readonly payload: object
  readonly flag: string
  readonly attributes: Context
}
interface Saved {
  readonly attributeName: string
  readonly attributeValue: string
  readonly assignments: Readonly<Record<string, string>>
}
interface Vectors {
  readonly hashVectors: readonly { seed: string; value: string; version: number; expected: number | null }[]
  readonly bucketRanges: readonly {
    readonly numVariations: number
    readonly coverage: number
    readonly weights: number[] | null
    readonly expected: number[][]
  }[]
  readonly conditions: readonly {
    readonly id: string
    readonly description: string
    readonly condition: object
    readonly attributes: Context
    readonly savedGroups?: object
    readonly expected: boolean
  }[]
  readonly features: readonly (Case & {
    readonly userContext?: object
    readonly clientOptions?: object
    readonly forcedFeatures?: object
    readonly expected: Result
  })[]
  readonly sticky: readonly (Case & {
    readonly stickyBucketAssignmentDocs: Readonly<Record<string, Saved>>
    readonly expected: { readonly result: Result; readonly saved: readonly Saved[] }
  })[]
}

const vectors = JSON.parse(readFileSync(new URL('testing/vectors.json', import.meta.url), 'utf8')) as Vectors

/** Look-behind has no linear-time answer; see testing/oracle-exceptions.ts. */
const REFUSED = new Set(['GC046'])

describe('conditions', () => {
  it.each(vectors.conditions)('$id $description', ({ id, condition, attributes, savedGroups, expected }) => {
    const features = { f: { defaultValue: false, rules: [{ condition, force: true }] } }
    const document = JSON.stringify({ features, savedGroups })
    const evaluation = compileWith(growthbook, { document }).ruleset.evaluate('f', attributes)
    if (REFUSED.has(id)) expect(evaluation).toMatchObject({ reason: 'ERROR', errorCode: 'GENERAL' })
    else expect(evaluation.value).toBe(expected)
  })
})

function expectRecorded(evaluation: Evaluation, expected: Result): void {
  const { value, source, ruleId, experimentResult: result } = expected
  if (source === 'unknownFeature') {
    expect(evaluation.errorCode).toBe('FLAG_NOT_FOUND')
    return
  }
  if (source === 'cyclicPrerequisite') expect(evaluation.errorCode).toBe('PARSE_ERROR')
  expect(evaluation.value ?? null).toEqual(value)
  expect(evaluation.metadata).toMatchObject({
    source,
    ...(ruleId === '' ? {} : { ruleId }),
    ...(result === undefined ? {} : experimentMetadata(expected, result)),
  })
  if (result !== undefined) expect(evaluation.variant).toBe(result.key)
}

function experimentMetadata({ experiment }: Result, result: ExperimentResult): object {
  const { variationId, hashUsed, hashAttribute, stickyBucketUsed, leafId, banditVersion } = result
  return {
    experimentKey: experiment?.key,
    variationId,
    ...(hashUsed ? { hashAttribute } : { hashUsed }),
    ...(stickyBucketUsed ? { stickyBucketUsed } : {}),
    ...(leafId === undefined ? {} : { leafId }),
    ...(banditVersion === undefined ? {} : { banditVersion }),
  }
}

describe('features', () => {
  it.each(vectors.features)('$id $description', (recorded) => {
    const { payload, flag, attributes, userContext, clientOptions, forcedFeatures = {}, expected } = recorded
    const options = { ...clientOptions, ...userContext, forcedFeatures }
    const { ruleset } = compileWith(growthbook, { document: JSON.stringify(payload), options })
    expectRecorded(ruleset.evaluate(flag, attributes), expected)
  })
})

/** What a caller who follows the metadata saves. */
function toSave(evaluation: Evaluation, context: Context, documents: Readonly<Record<string, Saved>>): Saved[] {
  const { hashAttribute, stickyBucketKey } = evaluation.metadata ?? {}
  if (typeof hashAttribute !== 'string' || typeof stickyBucketKey !== 'string') return []
  const attributeValue = String(context[hashAttribute])
  const before = documents[`${hashAttribute}||${attributeValue}`]?.assignments ?? {}
  if (before[stickyBucketKey] === evaluation.variant) return []
  const assignments = { ...before, [stickyBucketKey]: String(evaluation.variant) }
  return [{ attributeName: hashAttribute, attributeValue, assignments }]
}

describe('sticky buckets', () => {
  it.each(vectors.sticky)('$id $description', ({ payload, flag, attributes, expected, ...rest }) => {
    const { stickyBucketAssignmentDocs } = rest
    const { ruleset } = compileWith(growthbook, {
      document: JSON.stringify(payload),
      options: { stickyBucketing: true },
    })
    const evaluation = ruleset.evaluate(flag, { ...attributes, stickyBucketAssignmentDocs })
    expectRecorded(evaluation, expected.result)
    expect(toSave(evaluation, attributes, stickyBucketAssignmentDocs)).toEqual(expected.saved)
  })
})

it.each(vectors.hashVectors)('hash $version of $value with seed $seed', ({ seed, value, version, expected }) => {
  const found = hash(seed, value, version)
  expect(Number.isNaN(found) ? null : found).toBe(expected)
})

it.each(vectors.bucketRanges)('$numVariations ranges at $coverage', (recorded) => {
  const { numVariations, coverage, weights, expected } = recorded
  expect(bucketRanges(numVariations, coverage, weights ?? undefined)).toEqual(expected)
})

it('has all recorded cases', () => {
  const { conditions, features, sticky, hashVectors, bucketRanges } = vectors
  expect([conditions, features, sticky, hashVectors, bucketRanges].map(({ length }) => length)).toEqual([
    40, 31, 9, 12, 3,
  ])
})
