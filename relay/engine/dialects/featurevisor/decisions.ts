/**
 * The three evaluations of a feature (flag, variation, variable) as decisions of the Plan. Variation and variable ask the
 * flag first, through a reference, so that answering everything for one user evaluates each flag once.
 */
import type { Bucket, Condition, Decision, OutcomeSpec, Rule as PlanRule } from '../../plan.ts'
import { LAST_BUCKET } from './bucketing.ts'
import type { Allocation, Feature, Force, Rule, Slot } from './feature.ts'
import { flagKey, variationKey } from './keys.ts'
import { tagOf } from './outcomes.ts'

export const serve = (outcome: OutcomeSpec): Decision => ({ kind: 'serve', outcome })

/**
 * The flag. `leak`: the variable for whose sake a defective SDK evaluates it (see `requiredVariableLeak`): the flag is
 * then undecided wherever that variable is unknown, sticky or forced.
 */
export function flagDecision(feature: Feature, leak?: string): Decision {
  const { outcomes, sticky } = feature
  if (sticky?.enabled !== undefined) return serve(outcomes.flag('sticky', sticky.enabled))
  if (leak !== undefined && sticky?.variables.has(leak)) return serve(outcomes.none('sticky'))
  if (leak !== undefined && !feature.schema.has(leak)) {
    return serve(outcomes.none('variable_not_found', { variableKey: leak }))
  }
  const noMatch = serve(outcomes.flag('no_match', false))
  const decided = traffic(feature, {
    noMatch,
    zero: (ruleKey) => outcomes.flag('rule', false, { ruleKey }),
    error: outcomes.flagError(),
    rule: (rule, bucket) => flagOfRule(feature, rule, bucket, noMatch),
  })
  const rest = required(feature, leak, decided)
  return forces(feature, rest, (force, forceIndex) => {
    if (force.enabled !== undefined) return serve(outcomes.flag('forced', force.enabled, { forceIndex }))
    return leak !== undefined && force.values.has(leak) ? serve(outcomes.none('forced', { forceIndex })) : rest
  })
}

function required(feature: Feature, leak: string | undefined, met: Decision): Decision {
  if (feature.required.length === 0) return met
  const all: Condition[] = feature.required.flatMap(({ key, variation }) => {
    const enabled = asks(flagKey(key, leak), `required feature ${key}`, (outcome) => tagOf(outcome).enabled === true)
    if (variation === undefined) return [enabled]
    const name = `required feature ${key} with variation ${JSON.stringify(variation)}`
    const holds = (outcome: OutcomeSpec): boolean => tagOf(outcome).variation === variation && variation !== ''
    return [enabled, asks(variationKey(key, leak), name, holds)]
  })
  const unmet: Condition = { kind: 'not', of: { kind: 'all', of: all } }
  const refused = serve(feature.outcomes.flag('required', false))
  return { kind: 'rules', rules: [{ name: 'required features', if: unmet, then: refused }], otherwise: met }
}

function flagOfRule(feature: Feature, rule: Rule, bucket: Bucket, noMatch: Decision): Decision {
  const { outcomes, ranges } = feature
  const ruleKey = rule.key
  if (ranges.length > 0) {
    const inside = serve(outcomes.flag('allocated', rule.enabled ?? true, { ruleKey }))
    return split(bucket, ranges, () => inside, serve(outcomes.flag('out_of_range', false)), 'half-open')
  }
  if (rule.enabled !== undefined) return serve(outcomes.flag('rule', rule.enabled, { ruleKey }))
  const on = serve(outcomes.flag('rule', true, { ruleKey }))
  return split(bucket, [{ from: 0, to: rule.percentage }], () => on, noMatch, 'closed')
}

/** The variation; `leak` as for the flag. */
export function variationDecision(feature: Feature, leak?: string): Decision {
  const { outcomes, sticky, variations, disabledVariation } = feature
  const disabled = serve(
    disabledVariation === undefined
      ? outcomes.none('disabled')
      : outcomes.variation('variation_disabled', disabledVariation),
  )
  return unlessDisabled(feature, flagKey(feature.key, leak), disabled, enabledVariation())

  function enabledVariation(): Decision {
    if (sticky?.variation !== undefined) return serve(outcomes.variation('sticky', sticky.variation))
    if (leak !== undefined && sticky?.variables.has(leak)) return serve(outcomes.none('sticky'))
    if (leak !== undefined && !feature.schema.has(leak)) {
      return serve(outcomes.none('variable_not_found', { variableKey: leak }))
    }
    if (variations.size === 0) return serve(outcomes.none('no_variations'))
    const noMatch = serve(outcomes.none('no_match'))
    const rest = traffic(feature, {
      noMatch,
      zero: (ruleKey) => outcomes.none('rule', { ruleKey }, false),
      error: outcomes.none('error'),
      rule: (rule, bucket) => variationOfRule(feature, rule, bucket, noMatch),
    })
    return forces(feature, rest, (force, forceIndex) => {
      if (force.variation !== undefined && variations.has(force.variation)) {
        return serve(outcomes.variation('forced', force.variation, { forceIndex }))
      }
      return leak !== undefined && force.values.has(leak) ? serve(outcomes.none('forced', { forceIndex })) : rest
    })
  }
}

function variationOfRule(feature: Feature, rule: Rule, bucket: Bucket, noMatch: Decision): Decision {
  const { outcomes, variations } = feature
  const ruleKey = rule.key
  if (rule.variation !== undefined && variations.has(rule.variation)) {
    return serve(outcomes.variation('rule', rule.variation, { ruleKey }))
  }
  const then = ({ variation }: Allocation): Decision =>
    variation !== undefined && variations.has(variation)
      ? serve(outcomes.variation('allocated', variation, { ruleKey }))
      : noMatch
  return split(bucket, rule.allocation, then, noMatch, 'closed')
}

/** `answer` unless the flag is off; a sticky flag is known without asking. */
export function unlessDisabled(feature: Feature, flag: string, disabled: Decision, answer: Decision): Decision {
  const enabled = feature.sticky?.enabled
  if (enabled !== undefined) return enabled ? answer : disabled
  const off = asks(flag, `feature ${feature.key} is off`, (outcome) => tagOf(outcome).enabled === false)
  return { kind: 'rules', rules: [{ name: 'disabled', if: off, then: disabled }], otherwise: answer }
}

/** The first force that matches decides what `then` says of it, later ones are not looked at. */
export function forces(feature: Feature, none: Decision, then: (force: Force, index: number) => Decision): Decision {
  if (feature.forces.length === 0) return none
  const rules = feature.forces.map((force, index): PlanRule => {
    return { name: `force ${index}`, if: force.if, then: then(force, index) }
  })
  return { kind: 'rules', rules, otherwise: none }
}

/** How one of the three evaluations fares in the traffic rules. */
export interface Traffic {
  readonly noMatch: Decision
  /** A rule of 0 % turns everything off; variations and variables then have no value. */
  readonly zero: (ruleKey: string | undefined) => OutcomeSpec
  /** Without a valid `bucketBy` nothing can be decided. */
  readonly error: OutcomeSpec
  readonly rule: (rule: Rule, bucket: Bucket) => Decision
}

/** The first rule whose segments match decides; the vendor never falls through to a later one. */
export function traffic({ bucket, rules }: Feature, { noMatch, zero, error, rule: ofRule }: Traffic): Decision {
  if (bucket === undefined) return serve(error)
  const lowered = rules.map((rule): PlanRule => {
    const then = rule.percentage === 0 ? serve(zero(rule.key)) : ofRule(rule, bucket)
    return { name: ruleName(rule), if: rule.if, then }
  })
  return { kind: 'rules', rules: lowered, otherwise: noMatch }
}

export function ruleName(rule: Rule): string {
  return `rule ${rule.key ?? 'without a key'}`
}

/** A split that asks for the bucket only if it can make a difference. */
export function split<Part extends Slot>(
  bucket: Bucket,
  parts: readonly Part[],
  then: (part: Part) => Decision,
  otherwise: Decision,
  ends: 'closed' | 'half-open',
): Decision {
  const ranges = parts.map((part) => ({ from: part.from, to: part.to, then: then(part) }))
  if (ranges.every((range) => range.then === otherwise)) return otherwise
  const [first] = ranges
  const whole = ends === 'closed' ? LAST_BUCKET : LAST_BUCKET + 1
  if (first !== undefined && first.from <= 0 && first.to >= whole) return first.then
  return { kind: 'split', bucket, ranges, ends, otherwise }
}

function asks(key: string, name: string, holds: (outcome: OutcomeSpec) => boolean): Condition {
  return { kind: 'flag', key, name, holds, onCycle: { kind: 'never' } }
}
