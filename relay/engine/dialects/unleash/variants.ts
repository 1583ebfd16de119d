/** Choosing a variant: overrides first, then by weight. Nobody is left over as long as the weights are whole numbers. */
import type { Condition, Decision, Range, Rule } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import type { Answers } from './answers.ts'
import type { Units } from './bucketing.ts'
import type { Variant } from './feature.ts'
import type { Profile } from './profile.ts'
import { termOf } from './subject.ts'
import type { Subject } from './subject.ts'

/** What variants are lowered with. */
export interface Choosing {
  readonly profile: Profile
  readonly subject: Subject
  readonly units: Units
  readonly answers: Answers
}

/** `none`: what happens when no variant is chosen. */
export function lowerVariants(
  variants: readonly Variant[],
  group: string,
  stickiness: string | undefined,
  none: Decision,
  { profile, subject, units, answers }: Choosing,
): Decision {
  const total = variants.reduce((sum, { weight }) => sum + weight, 0)
  if (total <= 0 && !profile.overridesWithoutWeight) return none
  const serve = (variant: Variant): Decision => ({ kind: 'serve', outcome: answers.variant(variant) })
  const rules = variants.flatMap((variant): Rule[] => {
    const conditions = overridesOf(variant, subject)
    if (conditions.length === 0) return []
    return [{ name: `overrides of variant ${variant.name}`, if: { kind: 'any', of: conditions }, then: serve(variant) }]
  })
  const weighed = byWeight()
  return rules.length === 0 ? weighed : { kind: 'rules', rules, otherwise: weighed }

  function byWeight(): Decision {
    if (total <= 0) return none
    const candidates = variants.filter(({ weight }) => weight !== 0)
    const [only] = candidates
    if (candidates.length === 1 && only !== undefined && Number.isInteger(total)) return serve(only)
    // A bucket in two ranges belongs to the first of them, so that ends are shared and negative weights take nothing back.
    let sum = 0
    const ranges = candidates.map((variant): Range => {
      const from = sum
      sum += variant.weight
      return { from, to: sum, then: serve(variant) }
    })
    return { kind: 'split', bucket: units.variant(group, stickiness, total), ranges, ends: 'closed', otherwise: none }
  }
}

function overridesOf({ overrides }: Variant, subject: Subject): Condition[] {
  return overrides.map(({ contextName, values }) => {
    const set = new Set<unknown>(values)
    const shown = values.length > SHOWN ? `${values.length} values` : values
    const test = predicate('is one of', shown, (text) => set.has(text))
    return { kind: 'test', term: termOf(subject.field(contextName)), predicate: test }
  })
}

/** Longer lists are shown by their length. */
const SHOWN = 20
