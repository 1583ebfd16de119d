/** The recorded cases: what npm SDK 1.3.0 answered, and what the evaluation server's rules give. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Context, Evaluation, Json, ValueType } from '../../outcome.ts'
import { md5Words } from '../../splits/md5.ts'
import { featbit } from './lower.ts'

interface User {
  readonly key: string
  readonly name?: string
  readonly customizedProperties: readonly { readonly name: string; readonly value: unknown }[]
}
interface Case {
  readonly id: string
  readonly user: User
  readonly flagKey: string
  readonly request: { readonly type: string; readonly defaultValue: Json }
  readonly expected: {
    readonly throws?: string
    readonly value?: Json
    readonly variationId?: string | null
    readonly reason?: string
    readonly reasonText?: string
    readonly sendToExperiment?: boolean | null
  }
  readonly serverModel?: {
    readonly error?: string
    readonly value?: string | null
    readonly variationId?: string | null
    readonly matchReason?: string
    readonly sendToExperiment?: boolean
  }
  readonly divergesFromServer?: boolean
}
interface Vectors {
  readonly flagsDocument: object
  readonly hashVectors: readonly { readonly input: string; readonly int32LE: number; readonly bucket: number }[]
  readonly cases: readonly Case[]
}

const vectors = JSON.parse(readFileSync(new URL('testing/vectors.json', import.meta.url), 'utf8')) as Vectors
const TYPES: Readonly<Record<string, ValueType>> = {
  bool: 'boolean',
  number: 'number',
  string: 'string',
  json: 'object',
}
const text = JSON.stringify(vectors.flagsDocument)

/** The context whose user the SDK was given; `custom` carries properties as a list, as the vendor's provider takes it. */
const contexts: readonly [string, (user: User) => Context][] = [
  [
    'attributes as context members',
    ({ key, name, customizedProperties }): Context => ({
      targetingKey: key,
      ...(name === undefined ? {} : { name }),
      ...Object.fromEntries(
        customizedProperties.filter((each) => each.name !== 'name').map((each) => [each.name, each.value]),
      ),
    }),
  ],
  [
    'attributes in custom',
    ({ key, name, customizedProperties }): Context => ({
      targetingKey: key,
      ...(name === undefined ? {} : { name }),
      custom: customizedProperties,
    }),
  ],
]

const KINDS: Readonly<Record<string, string>> = {
  'flag archived': 'archived',
  'flag disabled': 'Off',
  targeted: 'TargetMatch',
  default: 'FallThrough',
}

function expectRecorded(answer: Evaluation, { expected, request }: Case): void {
  if (expected.throws !== undefined) {
    expect(answer).toMatchObject({ reason: 'ERROR', errorCode: 'GENERAL' })
    return
  }
  const value = expected.value === '__Infinity__' ? Infinity : expected.value
  switch (expected.reason) {
    case 'FlagNotFound':
      expect(answer).toMatchObject({ reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' })
      break
    case 'Error':
      expect(answer.errorCode).toBe(expected.reasonText === 'malformed flag' ? 'GENERAL' : 'TARGETING_KEY_MISSING')
      break
    case 'WrongType':
      expect(answer).toMatchObject({
        reason: 'ERROR',
        errorCode: 'TYPE_MISMATCH',
        metadata: { featbitReason: 'WrongType' },
      })
      expect(answer.metadata?.['sendToExperiment']).toBe(expected.sendToExperiment)
      break
    default:
      expect(answer).toMatchObject({
        value,
        variant: expected.variationId,
        metadata: { featbitReason: expected.reason, sendToExperiment: expected.sendToExperiment },
      })
      return
  }
  expect(answer).not.toHaveProperty('value')
  expect(value).toEqual(request.defaultValue)
}

function expectServer(answer: Evaluation, { user, serverModel = {} }: Case): void {
  const { error, value, variationId, matchReason = '', sendToExperiment } = serverModel
  if (error !== undefined) {
    if (error.includes('segment not found')) expect(answer.errorCode).toBe('GENERAL')
    else if (error.includes('invalid user')) expect(answer.errorCode).toBe('TARGETING_KEY_MISSING')
    // What the server rejects as no text becomes its text form here.
    else expect(user.customizedProperties.some((each) => typeof each.value !== 'string')).toBe(true)
    return
  }
  expect(answer.value ?? null).toBe(value)
  expect(answer.variant ?? null).toBe(variationId)
  expect(answer.metadata?.['featbitReason']).toBe(KINDS[matchReason] ?? 'RuleMatch')
  if (KINDS[matchReason] === undefined) expect(answer.metadata?.['ruleName']).toBe(matchReason)
  if (matchReason === 'flag archived') expect(answer.errorCode).toBe('FLAG_NOT_FOUND')
  else expect(answer.metadata?.['sendToExperiment']).toBe(sendToExperiment)
}

describe.each(contexts)('recorded cases, %s', (_, contextOf) => {
  it.each(vectors.cases)('node-1.3: $id $flagKey', (recorded) => {
    const { ruleset } = compileWith(featbit, { document: text, options: { profile: 'node-1.3' } })
    const type = TYPES[recorded.request.type]
    expectRecorded(ruleset.evaluate(recorded.flagKey, contextOf(recorded.user), type, { now: 0 }), recorded)
  })

  it.each(vectors.cases)('els: $id $flagKey', (recorded) => {
    const { ruleset } = compileWith(featbit, { document: text })
    const context = contextOf(recorded.user)
    if (recorded.divergesFromServer === true) {
      expectServer(ruleset.evaluate(recorded.flagKey, context, 'string', { now: 0 }), recorded)
    } else {
      const type = TYPES[recorded.request.type]
      expectRecorded(ruleset.evaluate(recorded.flagKey, context, type, { now: 0 }), recorded)
    }
  })
})

it.each(vectors.hashVectors)('hashes $input', ({ input, int32LE, bucket }) => {
  expect(md5Words(input)[0]).toBe(int32LE)
  expect(Math.abs(int32LE / 2 ** 31)).toBe(bucket)
})
