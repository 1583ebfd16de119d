/**
 * The answers of one flag, prepared before anybody asks: one per variation and way to it. Metadata says how the vendor
 * would have put it, so that exposures and migrations need not guess.
 */
import type { ErrorCode, Metadata, Reason, ValueType } from '../../outcome.ts'
import type { OutcomeSpec } from '../../plan.ts'
import type { Flag } from './document.ts'
import { convert, TYPES, untypedValues } from './values.ts'
import type { Untyped } from './values.ts'

/** How an evaluation came to its variation. */
export interface Way {
  readonly reason: Reason
  /** The vendor's own word. */
  readonly kind: 'Off' | 'TargetMatch' | 'RuleMatch' | 'FallThrough'
  readonly rule?: { readonly id: string; readonly name: string }
  readonly sendToExperiment: boolean
}

interface Stored {
  readonly id: string
  readonly value: string
  readonly untyped: Untyped
}

/** Where the server serves an empty text because a bucket lies in no interval. */
const NOTHING = { id: '', value: '' }

export class Answers {
  /** Not the flag itself: answers live as long as the plan, and would keep the parsed flag beside it. */
  readonly #key: string
  readonly #type: ValueType
  readonly #stored: ReadonlyMap<string, Stored>
  readonly #nothing: Stored
  readonly #dated: Metadata

  constructor(flag: Flag) {
    this.#key = flag.key
    this.#type = TYPES.get(flag.variationType) ?? 'string'
    const all = [...flag.variations, NOTHING]
    const values = untypedValues(all, this.#type)
    const stored = all.flatMap(({ id, value }, index) => {
      const untyped = values[index]
      return untyped === undefined ? [] : [{ id, value, untyped }]
    })
    // Of two variations with one id the first counts: an object built the other way round keeps the last.
    this.#stored = new Map(
      stored
        .slice(0, -1)
        .reverse()
        .map((each) => [each.id, each]),
    )
    this.#nothing = stored.at(-1) ?? { ...NOTHING, untyped: { value: '' } }
    this.#dated = flag.updatedAt === undefined ? {} : { flagUpdatedAt: flag.updatedAt }
  }

  /** The answer with a variation; undefined when the flag has none of that id. */
  variation(id: string, way: Way): OutcomeSpec | undefined {
    const stored = this.#stored.get(id)
    return stored === undefined ? undefined : this.#served(stored, way)
  }

  /** The evaluation server's answer where there is no such variation: its value is null, so callers' defaults apply. */
  unset(way: Way): OutcomeSpec {
    return { reason: way.reason, metadata: this.#metadata(way) }
  }

  /** The evaluation server's answer where no interval holds the bucket: an empty text without a variation. */
  nothing(way: Way): OutcomeSpec {
    return this.#served(this.#nothing, way)
  }

  error(errorCode: ErrorCode, errorDetails: string, kind: string = 'Error'): OutcomeSpec {
    return { reason: 'ERROR', errorCode, errorDetails, metadata: { featbitReason: kind, ...this.#dated } }
  }

  #served({ id, value: text, untyped }: Stored, way: Way): OutcomeSpec {
    const metadata = this.#metadata(way)
    const answer = { variant: id, reason: way.reason, metadata }
    const wrong = { reason: 'ERROR' as const, metadata: { ...metadata, featbitReason: 'WrongType' } }
    const as = (type: ValueType): OutcomeSpec => {
      if (type === this.#type && 'value' in untyped) return spec
      const converted = convert(text, type)
      if (converted !== undefined) return { ...answer, ...converted }
      const errorDetails = `the value of flag ${JSON.stringify(this.#key)} cannot be converted to ${type}`
      return { ...wrong, errorCode: 'TYPE_MISMATCH', errorDetails }
    }
    const spec: OutcomeSpec = 'value' in untyped ? { ...answer, ...untyped, as } : { ...wrong, ...untyped, as }
    return spec
  }

  #metadata({ kind, rule, sendToExperiment }: Way): Metadata {
    const named = rule === undefined ? {} : { ruleName: rule.name, ruleId: rule.id }
    return { featbitReason: kind, ...named, sendToExperiment, ...this.#dated }
  }
}
