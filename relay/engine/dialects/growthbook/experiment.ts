/**
 * One experiment rule as a decision: forced ways first, then assignments that stick, then targeting, then the hash. The
 * order is the vendor's and cannot be changed: a sticky user stays although the targeting no longer matches.
 */
import type { Condition, Decision, OutcomeSpec, Range, Term } from '../../plan.ts'
import type { Spelled } from '../../numbers.ts'
import { predicate } from '../../predicates/predicate.ts'
import { RegexError } from '../../regex/linear.ts'
import { assigned } from './answers.ts'
import type { Assignment } from './answers.ts'
import { bucketOf, bucketRanges, inNamespace, isHashVersion } from './bucketing.ts'
import type { Hashing } from './bucketing.ts'
import { all } from './conditions.ts'
import type { Conditions } from './conditions.ts'
import { readBandit } from './document.ts'
import type { Bandit, Rule } from './document.ts'
import type { Options } from './options.ts'
import { assignmentName, BLOCKED, found, NOBODY, stickyVariation } from './sticky.ts'
import type { Subject } from './subject.ts'

/** What experiments need of the document and the options around them. */
export interface Surroundings {
  readonly options: Options
  readonly subject: Subject
  readonly conditions: Conditions
  readonly contextualBandits: ReadonlyMap<string, unknown>
}

const PASS: Decision = { kind: 'pass' }

type Chosen = Pick<Assignment, 'hashAttribute' | 'stickyBucketUsed' | 'bandit'>

export class Experiment {
  readonly #rule: Rule
  readonly #at: string
  readonly #key: string
  readonly #values: readonly Spelled[]
  readonly #around: Surroundings
  readonly #sticky: boolean
  readonly #target: Condition

  /** `at` is the rule's path in the feature. Throws FlagError for what cannot be read. */
  constructor(feature: string, rule: Rule, at: string, values: readonly Spelled[], around: Surroundings) {
    this.#rule = rule
    this.#at = at
    this.#key = rule.key ?? feature
    this.#values = values
    this.#around = around
    this.#sticky = around.options.stickyBucketing && !rule.disableStickyBucketing
    this.#target = this.#targeting()
  }

  /** Passes on for users who are not in the experiment, or in a variation that only holds them out. */
  decide(): Decision {
    const { enabled, forcedVariations, urlAttribute } = this.#around.options
    const length = this.#values.length
    if (length < 2 || !enabled) return PASS
    const forced = forcedVariations.get(this.#key)
    const rest = forced === undefined ? this.#byBandit() : this.#serve(forced, {})
    if (urlAttribute === undefined) return rest
    const cases = new Map(this.#values.map((_, index) => [String(index), this.#serve(index, {})]))
    const on = queryOverride(this.#around.subject, urlAttribute, this.#key, length)
    return { kind: 'switch', on, cases, none: rest, otherwise: rest }
  }

  /** The first leaf of the bandit whose condition holds sets the weights; a condition that throws ends the search. */
  #byBandit(): Decision {
    const { contextualBanditRef: ref, weights } = this.#rule
    const definition = ref === undefined ? undefined : this.#around.contextualBandits.get(ref)
    if (ref === undefined || !definition) return this.#normally(weights, undefined)
    const { banditVersion, leaves } = readBandit(definition, `contextualBandits.${ref}`)
    const fallback = this.#normally(weights, { leafId: -1, banditVersion })
    if (leaves.length === 0) return fallback
    const cases = new Map(
      leaves.map(({ leafId, weights }, index) => [String(index), this.#normally(weights, { leafId, banditVersion })]),
    )
    return { kind: 'switch', on: this.#leaf(ref, leaves), cases, none: fallback, otherwise: fallback }
  }

  #leaf(ref: string, leaves: Bandit['leaves']): Term {
    const { conditions } = this.#around
    const at = `contextualBandits.${ref}.contexts`
    const tests = leaves.map(({ condition }, index) =>
      conditions.matchers.object(condition, `${at}[${index}].condition`),
    )
    const attributes = conditions.whole({ $or: leaves.map(({ condition }) => condition) })
    return {
      ...attributes,
      name: `leaf of contextual bandit ${ref}`,
      read: (frame): unknown => {
        try {
          const user = attributes.read(frame)
          const index = tests.findIndex((holds) => holds(user))
          return index === -1 ? null : String(index)
        } catch (error) {
          // A pattern that is refused here would have an answer there: no leaf is guessed.
          if (error instanceof RegexError) throw error
          return null
        }
      },
    }
  }

  #normally(weights: readonly number[] | undefined, bandit: Chosen['bandit']): Decision {
    const chosen = bandit === undefined ? {} : { bandit }
    if (this.#around.options.qaMode || !isHashVersion(this.#rule.hashVersion)) return PASS
    const split = this.#split(weights, chosen)
    const name = `targeting of experiment ${this.#key}`
    const hashed: Decision =
      this.#target.kind === 'always'
        ? split
        : { kind: 'rules', rules: [{ name, if: this.#target, then: split }], otherwise: PASS }
    if (!this.#sticky) return hashed
    const cases = new Map<string, Decision>([
      [NOBODY, PASS],
      [BLOCKED, PASS],
    ])
    for (const hashAttribute of this.#attributes()) {
      for (const index of this.#rule.meta.keys()) {
        cases.set(found(hashAttribute, index), this.#serve(index, { ...chosen, hashAttribute, stickyBucketUsed: true }))
      }
    }
    const on = stickyVariation(this.#rule, this.#key, this.#around.subject)
    return { kind: 'switch', on, cases, none: hashed, otherwise: PASS }
  }

  /** The attributes an assignment may be hashed by. */
  #attributes(): string[] {
    const { hashAttribute, fallbackAttribute } = this.#rule
    return this.#sticky && fallbackAttribute !== undefined ? [hashAttribute, fallbackAttribute] : [hashAttribute]
  }

  get #hashing(): Hashing {
    const { hashAttribute, fallbackAttribute, seed, hashVersion } = this.#rule
    const fallback = this.#sticky ? fallbackAttribute : undefined
    return { attribute: hashAttribute, fallback, seed: seed ?? this.#key, version: hashVersion }
  }

  #split(weights: readonly number[] | undefined, chosen: Chosen): Decision {
    const { ranges = bucketRanges(this.#values.length, this.#rule.coverage, weights) } = this.#rule
    return {
      kind: 'split',
      bucket: bucketOf(this.#around.subject, this.#hashing),
      ends: 'half-open',
      otherwise: PASS,
      ranges: ranges.map(([from, to], index): Range => ({ from, to, then: this.#served(index, chosen) })),
    }
  }

  /** A variation by hash. Whether the fallback attribute was hashed is part of the answer. */
  #served(index: number, chosen: Chosen): Decision {
    const [hashAttribute = '', fallback] = this.#attributes()
    const first = this.#serve(index, { ...chosen, hashAttribute })
    if (fallback === undefined || first.kind === 'pass') return first
    const { reads, of } = this.#around.subject.unit(hashAttribute, fallback)
    const on: Term = { name: 'hashed attribute', reads, read: ({ context }) => of(context).name }
    const cases = new Map([[fallback, this.#serve(index, { ...chosen, hashAttribute: fallback })]])
    return { kind: 'switch', on, cases, none: first, otherwise: first }
  }

  #serve(index: number, chosen: Chosen): Decision {
    const value = this.#values[index]
    const { meta, bucketVersion, id } = this.#rule
    if (value === undefined || meta[index]?.passthrough === true) return PASS
    const outcome: OutcomeSpec = assigned(
      value,
      {
        experimentKey: this.#key,
        variationId: index,
        variationKey: meta[index]?.key ?? String(index),
        ...(this.#sticky ? { stickyBucketKey: assignmentName(this.#key, bucketVersion) } : {}),
        ...chosen,
      },
      id,
    )
    return { kind: 'serve', outcome }
  }

  /**
   * Whether there is somebody to hash comes first: nobody else's attributes are looked at. The rule's filters were asked
   * already; they stand in for its namespace, which is their older form.
   */
  #targeting(): Condition {
    const { filters, namespace, condition } = this.#rule
    const parts: Condition[] = []
    if (filters === undefined && namespace !== undefined) {
      parts.push(inNamespace(namespace, this.#hashing, this.#around.subject))
    }
    if (condition !== undefined) {
      parts.push(this.#hashed(), this.#around.conditions.attributes(condition, `${this.#at}.condition`))
    }
    return all(parts)
  }

  #hashed(): Condition {
    const { attribute, fallback } = this.#hashing
    const { reads, of } = this.#around.subject.unit(attribute, fallback)
    const term: Term = { name: attribute, reads, read: ({ context }) => of(context).value }
    return { kind: 'test', term, predicate: predicate('is there to hash', undefined, (value) => value !== '') }
  }
}

/** The index that the user's URL chooses for an experiment, as text; null when it chooses none. */
function queryOverride(subject: Subject, attribute: string, key: string, variations: number): Term {
  const { reads, of } = subject.attribute(attribute)
  return {
    name: `variation of ${key} in the query of ${attribute}`,
    reads,
    read: ({ context }): unknown => {
      const url = of(context)
      const query = typeof url === 'string' ? url.split('?')[1]?.replace(/#.*/, '') : undefined
      const pair = query?.split('&').find((each) => each.split('=', 1)[0] === key)
      const index = Number.parseInt(pair?.split('=', 2)[1] ?? '', 10)
      return index >= 0 && index < variations ? String(index) : null
    },
  }
}
