/**
 * The evaluation of one variable. Its value comes from the first place that has one: force, rule override, rule, override
 * of the variation, variation, default; and before all of them from what the schema says about features that are off.
 */
import type { Bucket, Decision, Rule as PlanRule } from '../../plan.ts'
import { forces, ruleName, serve, split, traffic, unlessDisabled } from './decisions.ts'
import type { Feature, Rule } from './feature.ts'
import type { VendorReason } from './outcomes.ts'
import type { Override, Variable } from './variables.ts'

/** `flag`: the key of the flag that decides whether the feature is off, which a defective SDK evaluates differently. */
export function variableDecision(feature: Feature, name: string, variable: Variable, flag: string): Decision {
  return new VariableDecision(feature, name, variable).decide(flag)
}

class VariableDecision {
  readonly #feature: Feature
  readonly #name: string
  readonly #variable: Variable
  readonly #default: Decision
  readonly #byForcedVariation = new Map<string | undefined, Decision>()

  constructor(feature: Feature, name: string, variable: Variable) {
    this.#feature = feature
    this.#name = name
    this.#variable = variable
    this.#default = serve(feature.outcomes.variable('variable_default', variable.fallback, { variableKey: name }))
  }

  decide(flag: string): Decision {
    const { outcomes, sticky } = this.#feature
    const disabled = this.#disabled()
    if (sticky?.enabled === false) return disabled
    const fixed = sticky?.variables.get(this.#name)
    if (fixed !== undefined) {
      const value = fixed === null ? {} : { value: fixed }
      return serve(outcomes.variable('sticky', value, { variableKey: this.#name }))
    }
    const checked = (variation: string | undefined): Decision =>
      unlessDisabled(this.#feature, flag, disabled, this.#afterForces(variation))
    return forces(this.#feature, checked(undefined), (force, forceIndex) => {
      // A forced value is served even when the flag is off, unless the force itself turned it off.
      if (sticky?.enabled === undefined && force.enabled === false) return disabled
      const value = force.values.get(this.#name)
      if (value !== undefined) return serve(outcomes.variable('forced', value, { forceIndex, variableKey: this.#name }))
      return force.enabled === true ? this.#afterForces(force.variation) : checked(force.variation)
    })
  }

  #disabled(): Decision {
    const { outcomes } = this.#feature
    const { whenDisabled, useDefault } = this.#variable
    if (whenDisabled !== undefined) {
      return serve(outcomes.variable('variable_disabled', whenDisabled, { variableKey: this.#name }))
    }
    return useDefault ? this.#default : serve(outcomes.none('disabled'))
  }

  /** The variation that a force names applies even where no rule matches, and before the rule's own. */
  #afterForces(forced: string | undefined): Decision {
    let decision = this.#byForcedVariation.get(forced)
    if (decision === undefined) {
      decision = this.#traffic(forced)
      this.#byForcedVariation.set(forced, decision)
    }
    return decision
  }

  #traffic(forced: string | undefined): Decision {
    const { outcomes, mayFail } = this.#feature
    const noMatch = this.#ofVariation(forced, undefined)
    const found = traffic(this.#feature, {
      noMatch,
      zero: (ruleKey) => outcomes.none('rule', { ruleKey }, false),
      error: outcomes.none('error', { variableKey: this.#name }),
      rule: (rule, bucket) => this.#ofRule(rule, bucket, forced),
    })
    // Which rule matches is not asked where it makes no difference, so that fewer attributes tell users apart.
    const same = found.kind === 'rules' && found.rules.every((rule) => rule.then === noMatch)
    return same && !mayFail ? noMatch : found
  }

  #ofRule(rule: Rule, bucket: Bucket, forced: string | undefined): Decision {
    const { outcomes } = this.#feature
    const details = { variableKey: this.#name, ruleKey: rule.key }
    const own = rule.values.get(this.#name)
    const overrides = rule.overrides.get(this.#name)
    const base =
      own === undefined ? this.#byVariation(rule, bucket, forced) : serve(outcomes.variable('rule', own, details))
    return this.#overridden(overrides, 'variable_override_rule', rule.key, base, ruleName(rule))
  }

  #byVariation(rule: Rule, bucket: Bucket, forced: string | undefined): Decision {
    const pinned = forced ?? rule.variation
    if (pinned !== undefined) return this.#ofVariation(pinned, rule.key)
    const names = new Set(rule.allocation.map(({ variation }) => variation))
    const decisions = new Map([...names].map((name) => [name, this.#ofVariation(name, rule.key)]))
    const then = ({ variation }: { readonly variation: string | undefined }): Decision =>
      decisions.get(variation) ?? this.#default
    return split(bucket, rule.allocation, then, this.#default, 'closed')
  }

  #ofVariation(name: string | undefined, ruleKey: string | undefined): Decision {
    const variation = name === undefined ? undefined : this.#feature.variations.get(name)
    if (name === undefined || variation === undefined) return this.#default
    const value = variation.values.get(this.#name)
    const details = { variableKey: this.#name, ruleKey }
    const base =
      value === undefined ? this.#default : serve(this.#feature.outcomes.variable('allocated', value, details))
    const overrides = variation.overrides.get(this.#name)
    return this.#overridden(overrides, 'variable_override_variation', ruleKey, base, `variation ${name}`)
  }

  #overridden(
    overrides: readonly Override[] | undefined,
    reason: VendorReason,
    ruleKey: string | undefined,
    otherwise: Decision,
    place: string,
  ): Decision {
    if (overrides === undefined || overrides.length === 0) return otherwise
    const rules = overrides.map((override, variableOverrideIndex): PlanRule => {
      const details = { variableKey: this.#name, ruleKey, variableOverrideIndex }
      return {
        name: `override ${variableOverrideIndex} of ${place}`,
        if: override.if,
        then: serve(this.#feature.outcomes.variable(reason, override.served, details)),
      }
    })
    return { kind: 'rules', rules, otherwise }
  }
}
