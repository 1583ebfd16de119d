/**
 * The flags of one feature. Variations and variables are lowered when first asked for: a datafile may have hundreds of
 * thousands of them, and a swap must not wait for those that nobody reads.
 */
import type { Decision, FlagPlan, OutcomeSpec } from '../../plan.ts'
import { flagDecision, variationDecision } from './decisions.ts'
import { Definition } from './definition.ts'
import type { Asked } from './definition.ts'
import type { Feature } from './feature.ts'
import { flagKey, isReachable, variableKey, variationKey } from './keys.ts'
import { leaks } from './leaks.ts'
import type { Options } from './options.ts'
import { variableDecision } from './variable.ts'

/** `feature`: on or off. */
export function featureFlag(feature: Feature, raw: unknown): FlagPlan {
  const hidden = !isReachable(feature.key)
  const decide = (): Decision => flagDecision(feature)
  return lazy(flagKey(feature.key), raw, { kind: 'flag' }, feature.outcomes.flagError(), hidden, decide)
}

/**
 * `feature:variation` and `feature:<variable>`, in the order of the schema. The variation of a feature without any is
 * not listed but answers: for a feature that is off it is disabled, else not found.
 */
export function featureFlags(feature: Feature, raw: unknown, options: Options): FlagPlan[] {
  const { key, outcomes, variations, schema } = feature
  const hidden = variations.size === 0 || !isReachable(key)
  const flags = [
    lazy(variationKey(key), raw, { kind: 'variation' }, outcomes.none('error'), hidden, () =>
      variationDecision(feature),
    ),
  ]
  for (const [name, variable] of schema) {
    const variableFlag = variableKey(key, name)
    if (variableFlag === undefined) continue
    const flag = options.requiredVariableLeak && leaks(feature) ? flagKey(key, name) : flagKey(key)
    const fault = outcomes.none('error', { variableKey: name })
    const decide = (): Decision => variableDecision(feature, name, variable, flag)
    flags.push(lazy(variableFlag, raw, { kind: 'variable', name }, fault, false, decide))
  }
  return flags
}

function lazy(
  key: string,
  raw: unknown,
  asked: Asked,
  fault: OutcomeSpec,
  hidden: boolean,
  build: () => Decision,
): FlagPlan {
  let decision: Decision | undefined
  return {
    key,
    fault,
    hidden,
    definition: new Definition(raw, asked),
    get decide() {
      decision ??= build()
      return decision
    },
  }
}
