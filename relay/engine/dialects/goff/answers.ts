/**
 * The answers of one flag, prepared before anybody asks. Where the vendor falls back to the caller's default there is no
 * value, and what it says beyond OpenFeature's words stands in the metadata: its own reason and error code, the rule, the
 * version, whether the answer may be cached and whether it is to be left out of tracking.
 */
import { spellNumbers } from '../../numbers.ts'
import type { Metadata, Reason } from '../../outcome.ts'
import type { Decision, OutcomeSpec } from '../../plan.ts'
import type { Flag, Part, Variation } from './document.ts'
import type { Phase } from './schedule.ts'

/** How an evaluation came to its variation. */
export interface Way {
  readonly reason: Reason
  /** The vendor's reason where OpenFeature has none like it. */
  readonly goffReason?: string
  readonly rule?: string
  /** Whether the deciding rule gives the same answer at any time. */
  readonly steady: boolean
}

/** The variations of every phase, their numbers spelled alike throughout the flag. */
export function spelledVariations(phases: readonly Phase[]): ReadonlyMap<Variation, Variation> {
  const all = [...new Set(phases.flatMap(({ part }) => [...part.variations.values()]))]
  const texts = spellNumbers(all)
  return new Map(
    all.map((variation, index) => {
      const valueText = texts[index]
      return [variation, { value: variation.value, ...(valueText === undefined ? {} : { valueText }) }]
    }),
  )
}

export class Answers {
  readonly #variations: ReadonlyMap<string, Variation>
  readonly #metadata: Metadata
  readonly #cacheable: boolean

  constructor(flag: Flag, part: Part, spelled: ReadonlyMap<Variation, Variation>) {
    this.#variations = new Map([...part.variations].map(([name, each]) => [name, spelled.get(each) ?? each]))
    this.#metadata = {
      ...(flag.version === '' ? {} : { version: flag.version }),
      ...(part.trackEvents === false ? { trackEvents: false } : {}),
      ...flat(flag.metadata),
    }
    this.#cacheable = flag.steps === undefined && part.experimentation === undefined
  }

  /** A variation that does not exist, which only a schedule can name, has the value null. */
  variation(name: string, way: Way): Decision {
    const found = this.#variations.get(name) ?? { value: null }
    const { reason, goffReason, rule, steady } = way
    const metadata = {
      ...this.#metadata,
      ...(rule === undefined || rule === '' ? {} : { evaluatedRuleName: rule }),
      ...(goffReason === undefined ? {} : { goffReason }),
      ...this.#cached(steady),
    }
    return serve({ ...found, variant: name, reason, ...some(metadata) })
  }

  get disabled(): Decision {
    return serve({ reason: 'DISABLED', ...some({ ...this.#metadata, ...this.#cached(true) }) })
  }

  /** The vendor calls this FLAG_CONFIG, which OpenFeature does not know. */
  wrong(errorDetails: string): Decision {
    const metadata = { ...this.#metadata, goffErrorCode: 'FLAG_CONFIG' }
    return serve({ reason: 'ERROR', errorCode: 'GENERAL', errorDetails, metadata })
  }

  noKey(errorDetails: string): Decision {
    return serve({ reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING', errorDetails, ...some(this.#metadata) })
  }

  #cached(steady: boolean): Metadata {
    return this.#cacheable && steady ? { gofeatureflag_cacheable: true } : {}
  }
}

function serve(outcome: OutcomeSpec): Decision {
  return { kind: 'serve', outcome }
}

function some(metadata: Metadata): { readonly metadata?: Metadata } {
  return Object.keys(metadata).length === 0 ? {} : { metadata }
}

/** What OpenFeature's metadata can hold. */
export function flat(metadata: Readonly<Record<string, unknown>>): Metadata {
  return Object.fromEntries(Object.entries(metadata).filter((entry): entry is [string, string] => isFlat(entry[1])))
}

export function isFlat(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
