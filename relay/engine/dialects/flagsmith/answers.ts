/**
 * The answers of one flag, prepared before anybody asks: one per state, variant and way to it. A Flagsmith flag is two
 * things, a switch and a value; which of the two a caller gets depends on the type named, so metadata always has both
 * the switch and what the vendor's reason would have said.
 */
import { spellNumbers } from '../../numbers.ts'
import type { ErrorCode, Metadata, Reason, ValueType } from '../../outcome.ts'
import type { Decision, OutcomeSpec } from '../../plan.ts'
import { asText, bucketOf } from './bucketing.ts'
import { comparePriorities } from './model.ts'
import type { Feature, Stored, Variant } from './model.ts'
import type { Options } from './profile.ts'
import type { Subject } from './subject.ts'
import { convert, objectOf } from './values.ts'

/** How an evaluation came to a feature's state. */
export interface Way {
  /** Name of the segment whose override it is; absent for the environment's own state. */
  readonly segment?: string
  readonly identity: boolean
  /** Nothing about the caller can change the answer. */
  readonly fixed: boolean
}

interface Answer {
  readonly feature: Feature
  readonly stored: Stored
  readonly reason: Reason
  readonly metadata: Metadata
  readonly variant: { readonly variant: string } | undefined
}

export class Answers {
  readonly #key: string
  readonly #options: Options
  readonly #subject: Subject
  readonly #spelled: ReadonlyMap<Stored, Stored>

  /** `features` are all states the flag can have: numbers of one flag are spelled alike. */
  constructor(key: string, features: readonly Feature[], options: Options, subject: Subject) {
    this.#key = key
    this.#options = options
    this.#subject = subject
    const all: Stored[] = features.flatMap((feature): Stored[] => [feature, ...feature.variants])
    const texts = spellNumbers(all)
    this.#spelled = new Map(
      all.map((each, index) => {
        const valueText = texts[index]
        return [each, { value: each.value, ...(valueText === undefined ? {} : { valueText }) }]
      }),
    )
  }

  /** Serves a state, or one of its variants to the identities that fall to it. */
  serve(feature: Feature, way: Way): Decision {
    const { variants } = feature
    if (variants.length === 0) return this.#outcome(feature, undefined, way)
    if (!way.identity) return this.#outcome(feature, undefined, way)
    let from = 0
    const ranges = variants
      .toSorted((a, b) => comparePriorities(a.priority, b.priority))
      .map((variant) => {
        const to = from + variant.weight
        const range = { from, to, then: this.#outcome(feature, variant, way) }
        from = to
        return range
      })
    const bucket = bucketOf(feature.key, this.#subject.key, asText)
    return { kind: 'split', bucket, ranges, ends: 'half-open', otherwise: this.#outcome(feature, 'control', way) }
  }

  #outcome(feature: Feature, chosen: Variant | 'control' | undefined, { segment, fixed }: Way): Decision {
    const variant = typeof chosen === 'object' ? chosen : undefined
    const name = chosen === 'control' ? chosen : variant?.key
    const reason = variant === undefined ? (segment === undefined ? 'DEFAULT' : 'TARGETING_MATCH') : 'SPLIT'
    const stored = this.#spelled.get(variant ?? feature) ?? variant ?? feature
    const { id, enabled } = feature
    const metadata = {
      ...(id === undefined ? {} : { featureId: id }),
      enabled,
      ...(segment === undefined ? {} : { segment }),
      ...(variant === undefined ? {} : { weight: variant.weight }),
    }
    const named = name === undefined || !this.#options.profile.namesVariants ? undefined : { variant: name }
    const answer = { feature, stored, reason: fixed ? 'STATIC' : reason, metadata, variant: named } as const
    return { kind: 'serve', outcome: this.#untyped(answer) }
  }

  #untyped(answer: Answer): OutcomeSpec {
    const { stored, feature } = answer
    const as = (type: ValueType): OutcomeSpec => this.#typed(answer, type)
    // A flag without a value is a switch and nothing else.
    if (stored.value === null) return { ...this.#switch(answer), as }
    if (this.#isWithheld(feature)) return { ...this.#withheld(answer), as }
    const object = this.#options.objectValues && typeof stored.value === 'string' ? objectOf(stored.value) : undefined
    return { ...this.#value(answer), ...(object ?? stored), as }
  }

  #typed(answer: Answer, type: ValueType): OutcomeSpec {
    if (type === 'boolean' && !this.#options.useBooleanConfigValue) return this.#switch(answer)
    if (this.#isWithheld(answer.feature)) return this.#withheld(answer)
    const converted = convert(answer.stored, type)
    if (converted !== undefined) return { ...this.#value(answer), ...converted }
    return this.#error(answer, 'TYPE_MISMATCH', `the value of flag ${JSON.stringify(this.#key)} is no ${type}`)
  }

  #isWithheld({ enabled }: Feature): boolean {
    return !enabled && !this.#options.returnValueForDisabledFlags
  }

  #withheld(answer: Answer): OutcomeSpec {
    return this.#error(answer, 'GENERAL', `flag ${JSON.stringify(this.#key)} is disabled`)
  }

  #switch(answer: Answer): OutcomeSpec {
    return { ...this.#value(answer), value: answer.feature.enabled }
  }

  /** All but the value. */
  #value({ feature, reason, metadata, variant }: Answer): OutcomeSpec {
    return { ...variant, reason: feature.enabled ? reason : 'DISABLED', metadata }
  }

  #error({ metadata }: Answer, errorCode: ErrorCode, errorDetails: string): OutcomeSpec {
    return { reason: 'ERROR', errorCode, errorDetails, metadata }
  }
}
