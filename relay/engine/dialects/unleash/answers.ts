/**
 * The answers of one flag, prepared before anybody asks. Unleash's flags are untyped: a flag is on or off, and may have
 * a variant with a payload besides. What a caller gets who names no type is therefore a choice (`Options.values`).
 */
import type { Metadata, Reason, ValueType } from '../../outcome.ts'
import type { OutcomeSpec } from '../../plan.ts'
import type { Feature, Variant } from './feature.ts'
import { convertAll, mismatch, TYPES } from './values.ts'
import type { Converted, Payload } from './values.ts'

/** What a dependent feature asks of its parent's outcome; travels as `OutcomeSpec.tag`. */
export interface Verdict {
  readonly enabled: boolean
  /** Absent when no variant was chosen. */
  readonly variant?: string
}

/** The verdict in an outcome; undefined in an error. */
export function verdictOf({ tag }: OutcomeSpec): Verdict | undefined {
  return tag as Verdict | undefined
}

export class Answers {
  readonly #byPayload: boolean
  readonly #converted: ReadonlyMap<Payload, Converted>
  readonly #made = new Map<Variant | Reason | `off ${Reason}`, OutcomeSpec>()

  /** `payloads`: untyped callers get payloads, where the flag has any, instead of on and off. */
  constructor({ variants, strategies = [] }: Feature, payloads: boolean) {
    const all = [variants, ...strategies.map((strategy) => strategy.variants)].flat()
    const stored = all.flatMap(({ payload }) => (payload === undefined ? [] : [payload]))
    this.#converted = convertAll(stored)
    this.#byPayload = payloads && stored.length > 0
  }

  off(reason: Reason): OutcomeSpec {
    return this.#once(`off ${reason}`, () => this.#plain({ enabled: false }, reason, 'DISABLED'))
  }

  /** On, and no variant was chosen. */
  on(reason: Reason): OutcomeSpec {
    return this.#once(reason, () => this.#plain({ enabled: true }, reason, 'DEFAULT'))
  }

  /** On, with a variant. */
  variant(variant: Variant): OutcomeSpec {
    return this.#once(variant, () => this.#chosen(variant))
  }

  #once(key: Variant | Reason | `off ${Reason}`, make: () => OutcomeSpec): OutcomeSpec {
    let made = this.#made.get(key)
    if (made === undefined) this.#made.set(key, (made = make()))
    return made
  }

  /** `unset`: the reason why a caller who wants a payload gets none. */
  #plain(tag: Verdict, reason: Reason, unset: Reason): OutcomeSpec {
    const metadata: Metadata = { featureEnabled: tag.enabled }
    const boolean: OutcomeSpec = { value: tag.enabled, reason, metadata, tag, as: choose }
    const none: OutcomeSpec = { reason: unset, metadata, tag, as: choose }
    function choose(type: ValueType): OutcomeSpec {
      return type === 'boolean' ? boolean : none
    }
    return this.#byPayload ? none : boolean
  }

  #chosen({ name, payload }: Variant): OutcomeSpec {
    const tag: Verdict = { enabled: true, variant: name }
    const metadata: Metadata = { featureEnabled: true, ...(payload === undefined ? {} : { payloadType: payload.type }) }
    const converted = payload === undefined ? undefined : this.#converted.get(payload)
    const unset: OutcomeSpec = { reason: 'DEFAULT', metadata, tag }
    const of = (value: Converted | undefined): OutcomeSpec => {
      if (value === undefined) return unset
      if ('value' in value) return { ...value, variant: name, reason: 'SPLIT', metadata, tag }
      return { ...value, reason: 'ERROR', metadata, tag }
    }
    const as = (type: ValueType): OutcomeSpec => {
      if (type === 'boolean') return of({ value: true })
      return of(payload === undefined || TYPES.get(payload.type) === type ? converted : mismatch(payload, type))
    }
    return { ...of(this.#byPayload ? converted : { value: true }), as }
  }
}
