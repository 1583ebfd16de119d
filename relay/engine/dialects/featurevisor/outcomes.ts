/**
 * The vendor's evaluation reasons as OpenFeature outcomes. The reason, rule and indexes travel in the metadata, so that an
 * answer can be checked against the vendor's own; bucket key and value do not, since they tell who the user is.
 */
import type { Json, Metadata, Reason } from '../../outcome.ts'
import type { OutcomeSpec } from '../../plan.ts'
import type { Served } from './values.ts'

/** A reason in the vendor's own words. */
export type VendorReason =
  | 'feature_not_found'
  | 'variable_not_found'
  | 'no_variations'
  | 'error'
  | 'required'
  | 'forced'
  | 'sticky'
  | 'rule'
  | 'variable_override_rule'
  | 'variable_override_variation'
  | 'allocated'
  | 'disabled'
  | 'variation_disabled'
  | 'variable_disabled'
  | 'no_match'
  | 'out_of_range'
  | 'variable_default'

const REASONS: Readonly<Record<VendorReason, Reason | 'FLAG_NOT_FOUND' | 'GENERAL'>> = {
  feature_not_found: 'FLAG_NOT_FOUND',
  variable_not_found: 'FLAG_NOT_FOUND',
  no_variations: 'FLAG_NOT_FOUND',
  error: 'GENERAL',
  required: 'TARGETING_MATCH',
  forced: 'TARGETING_MATCH',
  sticky: 'TARGETING_MATCH',
  rule: 'TARGETING_MATCH',
  variable_override_rule: 'TARGETING_MATCH',
  variable_override_variation: 'TARGETING_MATCH',
  allocated: 'SPLIT',
  disabled: 'DISABLED',
  variation_disabled: 'DISABLED',
  variable_disabled: 'DISABLED',
  no_match: 'DEFAULT',
  out_of_range: 'DEFAULT',
  variable_default: 'DEFAULT',
}

/** What else the vendor's evaluation record tells. */
export interface Details {
  readonly variableKey?: string | undefined
  readonly ruleKey?: string | undefined
  readonly forceIndex?: number
  readonly variableOverrideIndex?: number
}

/** What a condition on this outcome sees: the vendor's `enabled`, and the variation served. */
export interface Tag {
  readonly enabled?: boolean
  readonly variation?: string
}

/** Makes the outcomes of one feature. */
export class Outcomes {
  readonly #base: Metadata
  readonly #key: string

  constructor(datafile: { readonly schemaVersion: string; readonly revision: string }, featureKey: string) {
    this.#base = { schemaVersion: datafile.schemaVersion, revision: datafile.revision }
    this.#key = featureKey
  }

  flag(reason: VendorReason, enabled: boolean, details: Details = {}): OutcomeSpec {
    return { ...this.#outcome(reason, details), value: enabled, tag: { enabled } satisfies Tag }
  }

  /** The flag cannot be evaluated; callers who want anything but a boolean are told that first, as by the vendor. */
  flagError(): OutcomeSpec {
    const outcome = this.none('error')
    return { ...outcome, as: (type) => (type === 'boolean' ? outcome : mismatch(`${this.#key} is a boolean flag`)) }
  }

  variation(reason: VendorReason, value: string, details: Details = {}): OutcomeSpec {
    return { ...this.#outcome(reason, details), value, variant: value, tag: { variation: value } satisfies Tag }
  }

  variable(reason: VendorReason, served: Served, details: Details): OutcomeSpec {
    const { value, valueText, broken } = served
    const outcome = this.#outcome(reason, details)
    if (broken !== undefined) return { ...outcome, as: (type) => this.#unparsed(outcome, broken, type) }
    if (value === undefined) return outcome
    return valueText === undefined ? { ...outcome, value } : { ...outcome, value, valueText }
  }

  /** Without a value: the caller's default applies. `enabled` is what conditions on the flag see. */
  none(reason: VendorReason, details: Details = {}, enabled?: boolean): OutcomeSpec {
    return { ...this.#outcome(reason, details), tag: (enabled === undefined ? {} : { enabled }) satisfies Tag }
  }

  #outcome(reason: VendorReason, details: Details): OutcomeSpec {
    const { variableKey, ruleKey, forceIndex, variableOverrideIndex } = details
    const metadata: Metadata = {
      featureKey: this.#key,
      featurevisorReason: reason,
      ...this.#base,
      ...(variableKey === undefined ? {} : { variableKey }),
      ...(ruleKey === undefined ? {} : { ruleKey }),
      ...(forceIndex === undefined ? {} : { forceIndex }),
      ...(variableOverrideIndex === undefined ? {} : { variableOverrideIndex }),
    }
    const meaning = REASONS[reason]
    if (meaning !== 'FLAG_NOT_FOUND' && meaning !== 'GENERAL') return { reason: meaning, metadata }
    return { reason: 'ERROR', errorCode: meaning, errorDetails: this.#explain(reason, variableKey), metadata }
  }

  #explain(reason: VendorReason, variableKey: string | undefined): string {
    const feature = `feature ${JSON.stringify(this.#key)}`
    if (reason === 'feature_not_found') return `${feature} was not found`
    if (reason === 'variable_not_found') return `${feature} has no variable ${JSON.stringify(variableKey)}`
    if (reason === 'no_variations') return `${feature} has no variations`
    return `${feature} could not be evaluated: see the problems of its datafile, or the context has no usable text`
  }

  #unparsed(outcome: OutcomeSpec, broken: Json, type: string): OutcomeSpec {
    if (type === 'string') return { ...outcome, value: broken }
    return mismatch(`${JSON.stringify(this.#key)} has a variable of type json whose text is no JSON`, outcome.metadata)
  }
}

/** A value of another type than the one asked for. */
export function mismatch(errorDetails: string, metadata?: Metadata): OutcomeSpec {
  const outcome: OutcomeSpec = { reason: 'ERROR', errorCode: 'TYPE_MISMATCH', errorDetails }
  return metadata === undefined ? outcome : { ...outcome, metadata }
}

/** The tag of any outcome; empty for outcomes that are not this dialect's, such as those of quarantined flags. */
export function tagOf(outcome: OutcomeSpec): Tag {
  return typeof outcome.tag === 'object' && outcome.tag !== null ? outcome.tag : {}
}
