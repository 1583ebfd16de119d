/** Our answers in LaunchDarkly's words, and its contexts in OpenFeature's: the two forms that tests compare. */
import type { Context, Evaluation } from '../../../outcome.ts'

/** An evaluation detail as the vendor's SDKs give it; `value` is absent where the caller's default applies. */
export type Detail = Readonly<{
  value?: unknown
  variationIndex: number | null
  reason: Readonly<Record<string, unknown>>
}>

const KINDS: Readonly<Record<string, string>> = { FLAG_NOT_FOUND: 'FLAG_NOT_FOUND', TYPE_MISMATCH: 'WRONG_TYPE' }

export function detailOf({ value, variant, errorCode, metadata = {} }: Evaluation): Detail {
  const { launchdarklyReason, variationIndex, ...rest } = metadata
  const kind = errorCode === undefined ? undefined : KINDS[errorCode]
  if (kind !== undefined) return { variationIndex: null, reason: { kind: 'ERROR', errorKind: kind } }
  if (variant !== undefined && variant !== String(variationIndex)) throw new Error(`variant ${variant}`)
  return {
    ...(value === undefined ? {} : { value }),
    variationIndex: typeof variationIndex === 'number' ? variationIndex : null,
    reason: { kind: launchdarklyReason, ...rest },
  }
}

/** The OpenFeature context that the vendor's provider maps to this one; undefined for those it cannot express. */
export function toOpenFeature(context: Readonly<Record<string, unknown>>): Context | undefined {
  const { kind } = context
  if (typeof kind !== 'string') return undefined
  if (kind === 'multi') {
    return Object.values(context).every((part) => part === kind || (typeof part === 'object' && part !== null))
      ? context
      : undefined
  }
  const { key, ...attributes } = context
  const { name = '', anonymous = false } = attributes
  const fits = typeof name === 'string' && typeof anonymous === 'boolean' && !('targetingKey' in attributes)
  return fits ? { ...attributes, ...(key === undefined ? {} : { targetingKey: key }) } : undefined
}
