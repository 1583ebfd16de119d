/**
 * The answers of one feature, prepared before anybody asks. Metadata says how the vendor would have put it, so that
 * exposures and migrations need not guess. What features that have this one as a prerequisite see is in the tag: they
 * see null values, which OpenFeature does not have.
 */
import type { Json, Metadata, Reason } from '../../outcome.ts'
import type { OutcomeSpec } from '../../plan.ts'
import type { Spelled } from '../../numbers.ts'

/** The vendor's own words for how a value came about. */
export type Source = 'defaultValue' | 'force' | 'override' | 'experiment' | 'prerequisite' | 'cyclicPrerequisite'

/** What a prerequisite's answer is to the features that ask it. */
export class Tag {
  readonly source: Source
  readonly value: Json

  constructor(source: Source, value: Json) {
    this.source = source
    this.value = value
  }
}

/** How a user came to a variation. */
export interface Assignment {
  readonly experimentKey: string
  readonly variationId: number
  /** The variation's key; by default its index. */
  readonly variationKey: string
  /** Absent where the variation is forced, and nobody hashed. */
  readonly hashAttribute?: string
  readonly stickyBucketUsed?: boolean
  /** The name to save the assignment under, where sticky bucketing is on. */
  readonly stickyBucketKey?: string
  readonly bandit?: { readonly leafId: number; readonly banditVersion?: number | undefined }
}

/** A constant answer: a default, a forced value or an override. */
export function constant(
  spelled: Spelled,
  source: 'defaultValue' | 'force' | 'override',
  reason: Reason,
  ruleId: string = '',
): OutcomeSpec {
  const variant = ruleId === '' ? {} : { variant: ruleId }
  return answer(spelled, source, reason, variant, ruleId === '' ? {} : { ruleId })
}

export function assigned(spelled: Spelled, assignment: Assignment, ruleId: string): OutcomeSpec {
  const { experimentKey, variationId, variationKey, hashAttribute, stickyBucketUsed, stickyBucketKey } = assignment
  const { leafId, banditVersion } = assignment.bandit ?? {}
  return answer(
    spelled,
    'experiment',
    'SPLIT',
    { variant: variationKey },
    {
      ...(ruleId === '' ? {} : { ruleId }),
      experimentKey,
      variationId,
      ...(hashAttribute === undefined ? { hashUsed: false } : { hashAttribute }),
      ...(stickyBucketUsed === true ? { stickyBucketUsed } : {}),
      ...(stickyBucketKey === undefined || hashAttribute === undefined ? {} : { stickyBucketKey }),
      ...(leafId === undefined || hashAttribute === undefined ? {} : { leafId }),
      ...(banditVersion === undefined || hashAttribute === undefined ? {} : { banditVersion }),
    },
  )
}

/** A null value leaves the value to the caller; the variant stays, since the user was put into it. */
function answer(
  { value, valueText }: Spelled,
  source: Source,
  reason: Reason,
  variant: { readonly variant?: string },
  metadata: Metadata,
): OutcomeSpec {
  const served = value === null ? {} : { value, ...(valueText === undefined ? {} : { valueText }) }
  return {
    ...served,
    ...variant,
    reason: value === null ? 'DEFAULT' : reason,
    metadata: { source, ...metadata },
    tag: new Tag(source, value),
  }
}

/** A gate did not open: the feature is off, and callers use their own default. */
export function blocked(): OutcomeSpec {
  return { reason: 'DISABLED', metadata: { source: 'prerequisite' }, tag: new Tag('prerequisite', null) }
}

export function cyclic(key: string): OutcomeSpec {
  return {
    reason: 'ERROR',
    errorCode: 'PARSE_ERROR',
    errorDetails: `the prerequisites of feature ${JSON.stringify(key)} lead back to themselves`,
    metadata: { source: 'cyclicPrerequisite' },
    tag: new Tag('cyclicPrerequisite', null),
  }
}
