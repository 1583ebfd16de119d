/**
 * One feature's rules as a decision: the first rule that has a value for the user decides, else the default does. Within
 * a rule prerequisites go before filters and filters before targeting, because a shut gate ends everything at once.
 */
import type { Condition, Decision, OutcomeSpec, Rule as PlanRule } from '../../plan.ts'
import { blocked, constant, cyclic } from './answers.ts'
import { filtered, isHashVersion, rollout } from './bucketing.ts'
import { all } from './conditions.ts'
import type { Rule } from './document.ts'
import { Experiment } from './experiment.ts'
import type { Surroundings } from './experiment.ts'
import type { Report } from './operators.ts'
import { prerequisite } from './prerequisites.ts'
import type { Endings } from './prerequisites.ts'
import type { Values } from './values.ts'

export class Feature {
  readonly #key: string
  readonly #values: Values
  readonly #around: Surroundings
  readonly #exists: (key: string) => boolean
  readonly #report: Report
  readonly #endings: Endings

  /** `exists` tells whether there is a feature of that key, for prerequisites. */
  constructor(key: string, values: Values, around: Surroundings, exists: (key: string) => boolean, report: Report) {
    this.#key = key
    this.#values = values
    this.#around = around
    this.#exists = exists
    this.#report = report
    this.#endings = { cyclic: cyclic(key), blocked: blocked() }
  }

  /** Throws FlagError for what cannot be read. */
  decide(rules: readonly Rule[]): Decision {
    const reason = rules.length === 0 ? 'STATIC' : 'DEFAULT'
    const otherwise = serve(constant(this.#values.defaultValue, 'defaultValue', reason))
    if (rules.length === 0) return otherwise
    return { kind: 'rules', rules: rules.map((rule, index) => this.#rule(rule, index)), otherwise }
  }

  #rule(rule: Rule, index: number): PlanRule {
    const at = `rules[${index}]`
    const { conditions, subject } = this.#around
    if (!isHashVersion(rule.hashVersion)) {
      this.#report(`${at}.hashVersion`, `${rule.hashVersion} does not exist: nobody can be hashed`)
    }
    const before: Condition[] = [
      ...rule.parents.map((parent, position) =>
        prerequisite(
          parent,
          `${at}.parentConditions[${position}]`,
          conditions.matchers,
          this.#endings,
          this.#exists(parent.id),
        ),
      ),
      ...(rule.filters === undefined ? [] : filtered(rule.filters, subject)),
    ]
    const name = rule.id === '' ? `rule ${index}` : `rule ${index} (${rule.id})`
    const value = this.#values.forced.get(rule)
    if (value === undefined) return { name, if: all(before), then: this.#experiment(rule, at) }
    const included = this.#rollout(rule)
    const then = serve(constant(value, 'force', included === undefined ? 'TARGETING_MATCH' : 'SPLIT', rule.id))
    const targeted = rule.condition === undefined ? [] : [conditions.attributes(rule.condition, `${at}.condition`)]
    return { name, if: all([...before, ...targeted, ...(included === undefined ? [] : [included])]), then }
  }

  #rollout(rule: Rule): Condition | undefined {
    const { options, subject } = this.#around
    const fallback = options.stickyBucketing && !rule.disableStickyBucketing ? rule.fallbackAttribute : undefined
    const { hashAttribute: attribute, seed = this.#key, hashVersion: version } = rule
    return rollout(rule, { attribute, fallback, seed, version }, subject)
  }

  #experiment(rule: Rule, at: string): Decision {
    const values = this.#values.variations.get(rule)
    if (rule.variations === undefined || values === undefined) {
      if (rule.parents.length === 0) this.#report(at, 'has neither a value nor variations and is passed over')
      return { kind: 'pass' }
    }
    return new Experiment(this.#key, rule, at, values, this.#around).decide()
  }
}

function serve(outcome: OutcomeSpec): Decision {
  return { kind: 'serve', outcome }
}
