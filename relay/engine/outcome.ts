/**
 * Outcomes: the answers of a flag, built once and then only handed out.
 *
 * An evaluation returns one of these shared, frozen objects, so it allocates nothing, and a response body is a join of
 * their prepared JSON texts. Mutating one would change the answer of every later caller: they are frozen for that.
 */
import type { Coerce, OutcomeSpec } from './plan.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json }

/** An OpenFeature evaluation context: `targetingKey` and any attributes. */
export type Context = Readonly<Record<string, unknown>>

export type ValueType = 'boolean' | 'string' | 'number' | 'object'

/** The standard reasons of OpenFeature; no other ever leaves the engine. */
export type Reason =
  | 'STATIC'
  | 'DEFAULT'
  | 'TARGETING_MATCH'
  | 'SPLIT'
  | 'CACHED'
  | 'DISABLED'
  | 'UNKNOWN'
  | 'STALE'
  | 'ERROR'

export type ErrorCode =
  | 'PROVIDER_NOT_READY'
  | 'FLAG_NOT_FOUND'
  | 'PARSE_ERROR'
  | 'TYPE_MISMATCH'
  | 'TARGETING_KEY_MISSING'
  | 'INVALID_CONTEXT'
  | 'GENERAL'

export type Metadata = Readonly<Record<string, string | number | boolean>>

/** The answer for one flag. Without `value` the caller's own default applies. */
export interface Evaluation {
  readonly key: string
  readonly value?: Json
  readonly variant?: string
  readonly reason: Reason
  readonly errorCode?: ErrorCode
  readonly errorDetails?: string
  readonly metadata?: Metadata
}

const TYPES: readonly ValueType[] = ['boolean', 'string', 'number', 'object']

/** The OpenFeature type of a JSON value; arrays count as objects, null has none. */
export function typeOf(value: Json): ValueType | undefined {
  if (value === null) return undefined
  const type = typeof value
  return TYPES.find((known) => known === type)
}

/** Freezes a JSON value all the way down. Iterative, since documents may nest deeper than the stack allows. */
export function freeze<T>(value: T): T {
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue
    Object.freeze(next)
    for (const member of Object.values(next)) pending.push(member)
  }
  return value
}

/** A frozen copy without numbers that JSON cannot hold: they would reach clients as null, which metadata may not be. */
export function flat(metadata: Metadata): Metadata {
  const members = Object.entries(metadata).filter(([, value]) => typeof value !== 'number' || Number.isFinite(value))
  return Object.freeze(Object.fromEntries(members))
}

/** One answer of one flag with everything derived from it. Obtained from a Ruleset, never built per evaluation. */
export class Outcome {
  readonly spec: OutcomeSpec
  readonly evaluation: Evaluation
  readonly #coerce: Coerce | undefined
  // A field each, since looking into a map costs as much as the rest of a simple evaluation.
  #boolean: Outcome | undefined
  #string: Outcome | undefined
  #number: Outcome | undefined
  #object: Outcome | undefined
  #json: string | undefined

  constructor(key: string, spec: OutcomeSpec, coerce?: Coerce) {
    this.spec = spec
    this.#coerce = coerce
    this.evaluation = Object.freeze({
      key,
      ...(spec.value === undefined ? undefined : { value: freeze(spec.value) }),
      ...(spec.variant === undefined ? undefined : { variant: spec.variant }),
      reason: spec.reason,
      ...(spec.errorCode === undefined ? undefined : { errorCode: spec.errorCode }),
      ...(spec.errorDetails === undefined ? undefined : { errorDetails: spec.errorDetails }),
      ...(spec.metadata === undefined ? undefined : { metadata: flat(spec.metadata) }),
    })
  }

  /** The answer to a caller who asked for `type`; a value of another type becomes TYPE_MISMATCH. */
  as(type: ValueType): Outcome {
    switch (type) {
      case 'boolean':
        return (this.#boolean ??= this.#typedAs(type))
      case 'string':
        return (this.#string ??= this.#typedAs(type))
      case 'number':
        return (this.#number ??= this.#typedAs(type))
      case 'object':
        return (this.#object ??= this.#typedAs(type))
      default:
        return this.#typedAs(type)
    }
  }

  #typedAs(type: ValueType): Outcome {
    const { key, value, reason, metadata } = this.evaluation
    if (this.spec.as !== undefined) {
      const spec = this.spec.as(type)
      return spec === this.spec ? this : new Outcome(key, spec)
    }
    if (value === undefined) return this
    const coerced = this.#coerce === undefined ? undefined : this.#coerce(this.spec, type)
    if (this.#coerce === undefined ? typeOf(value) === type : coerced?.value === value) return this
    if (coerced !== undefined) {
      const { valueText: _text, ...rest } = this.spec
      return new Outcome(key, { ...rest, reason, value: coerced.value })
    }
    return new Outcome(key, {
      reason: 'ERROR',
      errorCode: 'TYPE_MISMATCH',
      errorDetails: `flag ${JSON.stringify(key)} has a value of type ${typeOf(value) ?? 'null'}, not ${type}`,
      ...(metadata === undefined ? undefined : { metadata }),
    })
  }

  /**
   * The members of this answer as JSON text without the surrounding braces, numbers spelled as the document spelled
   * them: `"key":"k","reason":"STATIC","variant":"on","value":1.0`. Errors come as `"key","errorCode",…`.
   */
  get json(): string {
    this.#json ??= encode(this.evaluation, this.spec.valueText)
    return this.#json
  }
}

function encode(evaluation: Evaluation, valueText: string | undefined): string {
  const { key, value, variant, reason, errorCode, errorDetails, metadata } = evaluation
  let json = `"key":${JSON.stringify(key)},"reason":"${reason}"`
  if (errorCode !== undefined) json += `,"errorCode":"${errorCode}"`
  if (errorDetails !== undefined) json += `,"errorDetails":${JSON.stringify(errorDetails)}`
  if (errorCode === undefined) json += `,"variant":${JSON.stringify(variant ?? '')}`
  if (value !== undefined) json += `,"value":${valueText ?? jsonOf(value)}`
  if (metadata !== undefined) json += `,"metadata":${JSON.stringify(metadata)}`
  return json
}

/** As JSON.stringify, but numbers beyond all limits stay numbers beyond all limits instead of becoming null. */
function jsonOf(value: Json): string {
  const text = JSON.stringify(value)
  if (!text.includes('null')) return text
  if (typeof value === 'number') return value > 0 ? '1e999' : value < 0 ? '-1e999' : 'null'
  if (typeof value !== 'object' || value === null) return text
  if (isList(value)) return `[${value.map(jsonOf).join(',')}]`
  return `{${Object.entries(value)
    .map(([name, member]) => `${JSON.stringify(name)}:${jsonOf(member)}`)
    .join(',')}}`
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
