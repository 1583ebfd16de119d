/** The recorded answers of the vendor's own engine, its load checks and its hashes. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Compiled } from '../../compile.ts'
import type { Context, Json } from '../../outcome.ts'
import { fnv1a } from '../../splits/fnv1a.ts'
import { goff } from './lower.ts'

interface Vector {
  readonly id: string
  readonly group: string
  readonly note: string
  readonly input: {
    readonly flagKey: string
    readonly flag: object
    readonly evalContext: Context
    readonly flagContext: { readonly defaultSdkValue: Json; readonly evaluationContextEnrichment?: object }
  }
  readonly expected: {
    readonly value: Json
    readonly variationType: string
    readonly reason: string
    readonly errorCode: string
    readonly cacheable: boolean
    readonly trackEvents: boolean
    readonly version: string
    readonly metadata?: Readonly<Record<string, unknown>>
  }
}
interface Vectors {
  readonly vectors: readonly Vector[]
  readonly load: readonly {
    readonly id: string
    readonly note: string
    readonly flag: object
    readonly accepted: boolean
  }[]
  readonly hash: readonly {
    readonly input: string
    readonly fnv1a32: number
    readonly modulus: number | null
    readonly result: number
  }[]
  readonly nondeterministic: readonly {
    readonly flagKey: string
    readonly targetingKey: string
    readonly percentage: Readonly<Record<string, number>>
    readonly observed: Readonly<Record<string, number>>
  }[]
}

const recorded = JSON.parse(readFileSync(new URL('testing/vectors.json', import.meta.url), 'utf8')) as Vectors

/** Flags that the vendor's relay does not load; the recordings come from its in-process engine, which does. */
const DROPPED: ReadonlySet<string> = new Set([
  'goff-002',
  'goff-016',
  'goff-017',
  'goff-019',
  'goff-112',
  'goff-185',
  'goff-191',
  'goff-192',
  'goff-213',
  'goff-215',
  'goff-218',
])

function load({ input }: Vector, options: Readonly<Record<string, unknown>>): Compiled {
  const { evaluationContextEnrichment } = input.flagContext
  return compileWith(goff, {
    document: JSON.stringify({ [input.flagKey]: input.flag }),
    options: { ...options, ...(evaluationContextEnrichment === undefined ? {} : { evaluationContextEnrichment }) },
  })
}

function expectRecorded(vector: Vector, options: Readonly<Record<string, unknown>>): void {
  const { input, expected } = vector
  const { ruleset } = load(vector, options)
  const { value, variant, reason, errorCode, metadata = {} } = ruleset.evaluate(input.flagKey, input.evalContext)
  if (expected.errorCode === 'PARSE_ERROR') {
    expect({ reason, errorCode, value }).toEqual({ reason: 'ERROR', errorCode: 'PARSE_ERROR', value: undefined })
    return
  }
  const { goffReason = reason, goffErrorCode = errorCode ?? '', gofeatureflag_cacheable = false, ...rest } = metadata
  const { version = '', trackEvents = true, ...own } = rest
  expect({
    value: value === undefined ? input.flagContext.defaultSdkValue : value,
    variationType: variant ?? 'SdkDefault',
    reason: goffReason,
    errorCode: goffErrorCode,
    cacheable: gofeatureflag_cacheable,
    trackEvents,
    version,
    metadata: own,
  }).toEqual({
    value: expected.value,
    variationType: expected.variationType,
    reason: expected.reason,
    errorCode: expected.errorCode,
    cacheable: expected.cacheable,
    trackEvents: expected.trackEvents,
    version: expected.version,
    metadata: expected.metadata ?? {},
  })
}

describe('recorded answers', () => {
  it.each(recorded.vectors)('in-process: $id $group: $note', (vector) => {
    expectRecorded(vector, { invalid: 'evaluate' })
  })

  it.each(recorded.vectors)('relay: $id $group: $note', (vector) => {
    const { input } = vector
    if (!DROPPED.has(vector.id)) return expectRecorded(vector, {})
    const { ruleset, problems } = load(vector, {})
    expect(problems).toMatchObject([{ flag: input.flagKey, severity: 'error' }])
    expect(ruleset.evaluate(input.flagKey, input.evalContext)).toMatchObject({ errorCode: 'PARSE_ERROR' })
  })
})

it.each(recorded.load)('load: $id $note', ({ flag, accepted }) => {
  const good = { variations: { on: 1 }, defaultRule: { variation: 'on' } }
  const { ruleset, problems } = compileWith(goff, { document: JSON.stringify({ f: flag, good }) })
  expect(problems.some(({ severity }) => severity === 'error')).toBe(!accepted)
  expect(ruleset.evaluate('f', { targetingKey: 'u' }).errorCode).toBe(accepted ? undefined : 'PARSE_ERROR')
  expect(ruleset.evaluate('good', {}).value).toBe(1)
})

it.each(recorded.hash)('hash: $input', ({ input, fnv1a32, modulus, result }) => {
  expect(fnv1a(input)).toBe(fnv1a32)
  expect(modulus === null ? fnv1a32 : fnv1a32 % modulus).toBe(result)
})

it.each(recorded.nondeterministic)('answers $targetingKey always alike, where the vendor does not', (each) => {
  const names = Object.keys(each.percentage)
  const answer = (order: readonly string[]): string | undefined => {
    const percentage = Object.fromEntries(order.map((name) => [name, each.percentage[name]]))
    const variations = Object.fromEntries(order.map((name) => [name, name]))
    const document = { [each.flagKey]: { variations, defaultRule: { percentage } } }
    return compileWith(goff, { document }).ruleset.evaluate(each.flagKey, { targetingKey: each.targetingKey }).variant
  }
  const first = answer(names)
  expect(Object.keys(each.observed)).toContain(first)
  for (let turn = 1; turn < names.length; turn++) {
    expect(answer([...names.slice(turn), ...names.slice(0, turn)])).toBe(first)
  }
  expect(answer(names.toReversed())).toBe(first)
})
