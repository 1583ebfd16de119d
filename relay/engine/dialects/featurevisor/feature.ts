/**
 * One feature, read strictly: types checked, conditions lowered, values prepared. Whatever is wrong throws a FlagError
 * with its path, and only this feature is quarantined; what comes out of here needs no further checks.
 */
import { own } from '../../context.ts'
import type { Spelling } from '../../json.ts'
import type { Bucket, Condition } from '../../plan.ts'
import { bucket } from './bucketing.ts'
import type { BucketBy } from './bucketing.ts'
import { groups, lenientConditions } from './conditions.ts'
import type { Scope } from './conditions.ts'
import type { Outcomes } from './outcomes.ts'
import type { Sticky } from './options.ts'
import { list, number, object, optionalBoolean, optionalList, optionalName, optionalObject, text } from './shape.ts'
import type { JsonObject } from './shape.ts'
import { served } from './values.ts'
import type { Served } from './values.ts'
import { overridesOf, refuseNewer, valuesOf } from './variables.ts'
import type { Override, Schema, Variable } from './variables.ts'

export interface Slot {
  readonly from: number
  readonly to: number
}

export interface Allocation extends Slot {
  readonly variation: string | undefined
}

export interface Rule {
  readonly key: string | undefined
  readonly if: Condition
  readonly percentage: number
  readonly enabled: boolean | undefined
  readonly variation: string | undefined
  readonly allocation: readonly Allocation[]
  readonly values: ReadonlyMap<string, Served>
  readonly overrides: ReadonlyMap<string, readonly Override[]>
}

export interface Force {
  readonly if: Condition
  readonly enabled: boolean | undefined
  readonly variation: string | undefined
  readonly values: ReadonlyMap<string, Served>
}

export interface Variation {
  readonly values: ReadonlyMap<string, Served>
  readonly overrides: ReadonlyMap<string, readonly Override[]>
}

export interface Required {
  readonly key: string
  /** Undefined when any variation will do; a value that is no text can never be met. */
  readonly variation: unknown
}

export interface Feature {
  readonly key: string
  /** Undefined when the datafile's is invalid: then whatever needs a bucket is an error. */
  readonly bucket: Bucket | undefined
  readonly required: readonly Required[]
  readonly schema: Schema
  readonly disabledVariation: string | undefined
  readonly variations: ReadonlyMap<string, Variation>
  readonly rules: readonly Rule[]
  readonly forces: readonly Force[]
  readonly ranges: readonly Slot[]
  readonly sticky: Sticky | undefined
  readonly outcomes: Outcomes
  /** Whether some condition ends the evaluation with an error when it is reached. */
  readonly mayFail: boolean
}

export interface Surroundings {
  readonly scope: Scope
  readonly spelling: Spelling
  readonly sticky: Sticky | undefined
  readonly outcomes: Outcomes
}

/** Throws FlagError with a path relative to the feature. */
export function readFeature(key: string, raw: unknown, { scope, spelling, sticky, outcomes }: Surroundings): Feature {
  const holder = object(raw, '')
  refuseNewer(holder, '')
  const schema = readSchema(holder, spelling)
  const at = { schema, scope, spelling }
  const bucketBy = readBucketBy(own(holder, 'bucketBy'))
  if (bucketBy === undefined) {
    scope.warn('bucketBy', 'must be an attribute, a list of attributes or { "or": list }; evaluations are errors')
  }
  return {
    key,
    bucket: bucketBy === undefined ? undefined : bucket(key, bucketBy),
    required: optionalList(holder, 'required', '').map((entry, index) => readRequired(entry, `required[${index}]`)),
    schema,
    disabledVariation: optionalName(holder, 'disabledVariationValue', ''),
    variations: readVariations(holder, at),
    rules: list(own(holder, 'traffic'), 'traffic').map((entry, index) => readRule(entry, `traffic[${index}]`, at)),
    forces: optionalList(holder, 'force', '').map((entry, index) => readForce(entry, `force[${index}]`, at)),
    ranges: optionalList(holder, 'ranges', '').map((entry, index) => readSlot(entry, `ranges[${index}]`)),
    sticky,
    outcomes,
    mayFail: scope.mayFail,
  }
}

interface At {
  readonly schema: Schema
  readonly scope: Scope
  readonly spelling: Spelling
}

function readSchema(holder: JsonObject, spelling: Spelling): Schema {
  const schema = optionalObject(holder, 'variablesSchema', '') ?? {}
  return new Map(
    Object.entries(schema).map(([name, raw]): [string, Variable] => {
      const path = `variablesSchema.${name}`
      const entry = object(raw, path)
      const type = optionalName(entry, 'type', `${path}.`) ?? ''
      const fallback = served(entry, 'defaultValue', type, spelling) ?? {}
      const whenDisabled = served(entry, 'disabledValue', type, spelling)
      const useDefault = Boolean(own(entry, 'useDefaultWhenDisabled'))
      return [name, { type, fallback, whenDisabled, useDefault }]
    }),
  )
}

function readBucketBy(raw: unknown): BucketBy | undefined {
  if (typeof raw === 'string') return { paths: [raw], first: false }
  const paths = Array.isArray(raw) ? raw : own(raw, 'or')
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string')) return undefined
  return { paths, first: !Array.isArray(raw) }
}

function readRequired(raw: unknown, path: string): Required {
  if (typeof raw === 'string') return { key: raw, variation: undefined }
  const entry = object(raw, path)
  return { key: text(own(entry, 'key'), `${path}.key`), variation: own(entry, 'variation') }
}

function readVariations(holder: JsonObject, at: At): Map<string, Variation> {
  const variations = new Map<string, Variation>()
  for (const [index, raw] of optionalList(holder, 'variations', '').entries()) {
    const path = `variations[${index}]`
    const entry = object(raw, path)
    const value = text(own(entry, 'value'), `${path}.value`)
    if (variations.has(value)) continue
    variations.set(value, {
      values: valuesOf(entry, `${path}.`, at.schema, at.spelling),
      overrides: overridesOf(entry, `${path}.`, at),
    })
  }
  return variations
}

function readRule(raw: unknown, path: string, at: At): Rule {
  const entry = object(raw, path)
  return {
    key: optionalName(entry, 'key', `${path}.`),
    if: groups(own(entry, 'segments'), `${path}.segments`, at.scope),
    percentage: number(own(entry, 'percentage'), `${path}.percentage`),
    enabled: optionalBoolean(entry, 'enabled', `${path}.`),
    variation: optionalName(entry, 'variation', `${path}.`),
    allocation: optionalList(entry, 'allocation', `${path}.`).map((each, index) =>
      readAllocation(each, `${path}.allocation[${index}]`),
    ),
    values: valuesOf(entry, `${path}.`, at.schema, at.spelling),
    overrides: overridesOf(entry, `${path}.`, at),
  }
}

function readAllocation(raw: unknown, path: string): Allocation {
  const entry = object(raw, path)
  const { from, to } = readSlot(own(entry, 'range'), `${path}.range`)
  return { from, to, variation: optionalName(entry, 'variation', `${path}.`) }
}

function readForce(raw: unknown, path: string, at: At): Force {
  const entry = object(raw, path)
  const conditions = own(entry, 'conditions')
  const segments = own(entry, 'segments')
  const either: Condition[] = []
  if (conditions) either.push(lenientConditions(conditions, `${path}.conditions`, at.scope))
  if (segments) either.push(groups(segments, `${path}.segments`, at.scope))
  return {
    if: { kind: 'any', of: either },
    enabled: optionalBoolean(entry, 'enabled', `${path}.`),
    variation: optionalName(entry, 'variation', `${path}.`),
    values: valuesOf(entry, `${path}.`, at.schema, at.spelling),
  }
}

function readSlot(raw: unknown, path: string): Slot {
  const [from, to] = list(raw, path)
  return { from: number(from, `${path}[0]`), to: number(to, `${path}[1]`) }
}
