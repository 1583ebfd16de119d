/**
 * The answers of one flag, prepared before anybody asks: one per variation and way to it. OpenFeature's reasons are fewer
 * than LaunchDarkly's, so metadata keeps the vendor's own, from which SDKs and experiments can be served.
 */
import type { Tools } from '../../dialect.ts'
import { spellNumbers } from '../../numbers.ts'
import type { Metadata, Reason } from '../../outcome.ts'
import type { OutcomeSpec } from '../../plan.ts'
import type { Flag } from './document.ts'

/** How an evaluation came to its variation. */
export interface Way {
  /** The vendor's own word. */
  readonly kind: 'OFF' | 'FALLTHROUGH' | 'TARGET_MATCH' | 'RULE_MATCH' | 'PREREQUISITE_FAILED'
  readonly ruleIndex?: number
  readonly ruleId?: string
  readonly prerequisiteKey?: string
  readonly split?: boolean
  readonly inExperiment?: boolean
}

/** What a flag that has this one as a prerequisite wants to know. */
export interface Tag {
  readonly index?: number
  readonly off: boolean
  /** An error from a circle or a rule, which every engine passes on to the flags that asked. */
  readonly spreads: boolean
}

const REASONS: Readonly<Record<Way['kind'], Reason>> = {
  OFF: 'DISABLED',
  FALLTHROUGH: 'DEFAULT',
  TARGET_MATCH: 'TARGETING_MATCH',
  RULE_MATCH: 'TARGETING_MATCH',
  PREREQUISITE_FAILED: 'DEFAULT',
}

/** What the vendor calls MALFORMED_FLAG. `spreads` as in `Tag`. */
export function malformed(errorDetails: string, spreads: boolean): OutcomeSpec {
  return {
    reason: 'ERROR',
    errorCode: 'PARSE_ERROR',
    errorDetails,
    metadata: { launchdarklyReason: 'ERROR', errorKind: 'MALFORMED_FLAG' },
    tag: { off: false, spreads } satisfies Tag,
  }
}

/** What the vendor calls USER_NOT_SPECIFIED. */
export const NO_CONTEXT: OutcomeSpec = {
  reason: 'ERROR',
  errorCode: 'TARGETING_KEY_MISSING',
  errorDetails: 'the context is not valid: every kind of it needs a key that is a text and not empty',
  metadata: { launchdarklyReason: 'ERROR', errorKind: 'USER_NOT_SPECIFIED' },
}

/** The tag of an outcome; undefined for those that this dialect did not make, such as quarantined flags'. */
export function tagOf({ tag }: OutcomeSpec): Tag | undefined {
  return tag as Tag | undefined
}

/** The outcome as the vendor reports it when a big segment was asked and there is no store of big segments. */
export function withoutStore(outcome: OutcomeSpec): OutcomeSpec {
  return { ...outcome, metadata: { ...outcome.metadata, bigSegmentsStatus: 'NOT_CONFIGURED' } }
}

export class Answers {
  readonly #flag: Flag
  readonly #texts: readonly (string | undefined)[]

  constructor(flag: Flag, { spelling }: Tools) {
    this.#flag = flag
    const { variations } = flag
    const spelled = variations.map((value, index) => {
      const text = spelling.encode(variations, index)
      return text === JSON.stringify(value) ? { value } : { value, valueText: text }
    })
    this.#texts = spellNumbers(spelled)
  }

  /** The answer with a variation, or an error where the flag has none of that index. */
  variation(index: number | undefined, way: Way): OutcomeSpec {
    const value = index === undefined ? undefined : this.#flag.variations[index]
    if (index === undefined || value === undefined) {
      return malformed(`the flag has no variation ${index ?? 'to serve'}`, false)
    }
    const valueText = this.#texts[index]
    const reason = way.split === true ? 'SPLIT' : REASONS[way.kind]
    const tag: Tag = { index, off: way.kind === 'OFF', spreads: false }
    const spelled = valueText === undefined ? {} : { valueText }
    return { value, ...spelled, variant: String(index), reason, metadata: metadata(way, index), tag }
  }

  /** The answer of a flag that is off or lacks a prerequisite; without an off variation the caller's default applies. */
  off(way: Way): OutcomeSpec {
    const { offVariation } = this.#flag
    if (offVariation !== undefined) return this.variation(offVariation, way)
    const tag: Tag = { off: way.kind === 'OFF', spreads: false }
    return { reason: REASONS[way.kind], metadata: metadata(way), tag }
  }
}

function metadata({ kind, split: _split, ...details }: Way, variationIndex?: number): Metadata {
  return { launchdarklyReason: kind, ...details, ...(variationIndex === undefined ? {} : { variationIndex }) }
}
