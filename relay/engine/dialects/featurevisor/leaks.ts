/**
 * A defect of the vendor's SDKs 2.0 to 3.6: evaluating a variable of a feature hands the variable's name on to the
 * features it requires, and a required feature without such a variable then counts as off. We answer correctly, repeat
 * the defect on request, and say in both cases where it makes a difference.
 */
import type { FlagPlan } from '../../plan.ts'
import { flagDecision, variationDecision } from './decisions.ts'
import type { Datafile } from './document.ts'
import type { Feature } from './feature.ts'
import { flagKey, variationKey } from './keys.ts'
import { leakingSticky } from './sticky.ts'

/** The flags that answer as the defective evaluation would, for all features and variables that need them. */
export function leakingFlags(features: ReadonlyMap<string, Feature>, datafile: Datafile): FlagPlan[] {
  const flags: FlagPlan[] = []
  const seen = new Set<string>()
  const pending = [...features.values()].flatMap((feature) =>
    leaks(feature) ? [...feature.schema.keys()].map((variable) => ({ feature, variable })) : [],
  )
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { feature, variable } = next
    const key = flagKey(feature.key, variable)
    if (seen.has(key)) continue
    seen.add(key)
    const hidden = { definition: null, fault: feature.outcomes.none('error'), hidden: true, clientVisible: false }
    flags.push({ ...hidden, key, decide: flagDecision(feature, variable) })
    flags.push({ ...hidden, key: variationKey(feature.key, variable), decide: variationDecision(feature, variable) })
    for (const { key } of feature.required) {
      const required = features.get(key)
      if (required !== undefined) pending.push({ feature: required, variable })
      else if (!seen.has(flagKey(key, variable))) flags.push(...leakingSticky(datafile, key, variable))
      if (required === undefined) seen.add(flagKey(key, variable))
    }
  }
  return flags
}

/** Whether variables of the feature are evaluated differently by a defective SDK. */
export function leaks(feature: Feature): boolean {
  return feature.required.length > 0
}

/** A variable and the required feature without a variable of that name, where the defect makes a difference. */
export function leakOf(
  feature: Feature,
  features: ReadonlyMap<string, Feature>,
): { readonly variable: string; readonly required: string } | undefined {
  for (const variable of feature.schema.keys()) {
    const seen = new Set<string>([feature.key])
    const pending = feature.required.map(({ key }) => key)
    for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
      const required = seen.has(key) ? undefined : features.get(key)
      if (required === undefined) continue
      seen.add(key)
      if (!required.schema.has(variable)) return { variable, required: key }
      pending.push(...required.required.map((each) => each.key))
    }
  }
  return undefined
}
