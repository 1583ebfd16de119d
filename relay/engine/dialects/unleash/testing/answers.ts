/**
 * The dialect's answers in the words of the vendor's SDK, for tests: `isEnabled` and `getVariant` of one flag, and the
 * vendor's context as the OpenFeature context that its provider would have made it from.
 */
import type { Context, ValueType } from '../../../outcome.ts'
import type { Ruleset } from '../../../ruleset.ts'

export interface Payload {
  readonly type: string
  readonly value: string
}
/** What `getVariant` returns, without the deprecated duplicate. */
export interface VariantAnswer {
  readonly name: string
  readonly enabled: boolean
  readonly feature_enabled: boolean
  readonly payload?: Payload
}
export type UnleashContext = Readonly<Record<string, unknown>> & {
  readonly properties?: Readonly<Record<string, unknown>>
}

const TYPES: Readonly<Record<string, ValueType>> = { string: 'string', csv: 'string', number: 'number', json: 'object' }

/** Properties become members beside the vendor's own fields. */
export function contextOf({ properties, ...fields }: UnleashContext): Context {
  return { ...properties, ...fields }
}

/** Our answer as `getVariant` words it; a payload is its value as callers get it, who see no text. */
export function variantOf(ruleset: Ruleset, key: string, context: Context, now: number): object {
  const evaluation = ruleset.evaluate(key, context, undefined, { now })
  const { variant, value, metadata = {}, errorCode } = evaluation
  const type = metadata['payloadType']
  const typed = typeof type === 'string' ? ruleset.evaluate(key, context, TYPES[type], { now }) : undefined
  return {
    name: variant ?? 'disabled',
    enabled: variant !== undefined,
    feature_enabled: errorCode === undefined && value === true,
    ...(typed === undefined ? {} : { payload: { type, value: typed.value ?? typed.errorCode } }),
  }
}

/** What `variantOf` should give where the vendor's SDK answers so. */
export function expectedVariant({ name, enabled, feature_enabled, payload }: VariantAnswer): object {
  return {
    name,
    enabled,
    feature_enabled,
    ...(payload === undefined ? {} : { payload: { type: payload.type, value: valueOf(payload) } }),
  }
}

/** What the vendor's OpenFeature provider makes of a payload for a caller who asks for its type. */
export function valueOf({ type, value }: Payload): unknown {
  if (type === 'number') return Number.isNaN(Number(value)) ? 'TYPE_MISMATCH' : Number(value)
  if (type !== 'json') return value
  try {
    return JSON.parse(value) as unknown
  } catch {
    return 'PARSE_ERROR'
  }
}
