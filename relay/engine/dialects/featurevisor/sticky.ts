/**
 * Sticky answers for what the datafile does not have: features it does not know, and variables outside a feature's
 * schema. They answer by name, and to features that require them, but the vendor does not list them.
 */
import type { FlagPlan, OutcomeSpec } from '../../plan.ts'
import { serve } from './decisions.ts'
import type { Datafile } from './document.ts'
import { flagKey, variableKey, variationKey } from './keys.ts'
import type { Sticky } from './options.ts'
import { Outcomes } from './outcomes.ts'

/** The flags that only the sticky option knows; `flags` are those that the datafile has. */
export function stickyFlags(datafile: Datafile, flags: readonly FlagPlan[]): FlagPlan[] {
  // Tens of thousands of keys are put into a set only for somebody who needs it.
  if (datafile.options.sticky.size === 0) return []
  const known = new Set(flags.map(({ key }) => key))
  return [...datafile.options.sticky].flatMap(([feature, sticky]) =>
    [...answers(new Outcomes(datafile, feature), feature, sticky)].flatMap(([key, outcome]): FlagPlan[] =>
      known.has(key) ? [] : [{ key, definition: null, decide: serve(outcome), hidden: true }],
    ),
  )
}

/** A feature that only the sticky option knows, as required by a flag evaluated for the sake of a variable. */
export function leakingSticky(datafile: Datafile, feature: string, leak: string): FlagPlan[] {
  const sticky = datafile.options.sticky.get(feature)
  if (sticky === undefined) return []
  const found = answers(new Outcomes(datafile, feature), feature, sticky)
  const keys: [string, string][] = [
    [flagKey(feature), flagKey(feature, leak)],
    [variationKey(feature), variationKey(feature, leak)],
  ]
  return keys.flatMap(([key, leaking]): FlagPlan[] => {
    const outcome = found.get(key)
    if (outcome === undefined) return []
    return [{ key: leaking, definition: null, decide: serve(outcome), hidden: true, clientVisible: false }]
  })
}

function answers(outcomes: Outcomes, feature: string, sticky: Sticky): Map<string, OutcomeSpec> {
  const { enabled, variation, variables } = sticky
  const absent = outcomes.none('feature_not_found')
  const off = enabled === false ? outcomes.none('disabled') : undefined
  const found = new Map<string, OutcomeSpec>([
    [flagKey(feature), enabled === undefined ? absent : outcomes.flag('sticky', enabled)],
    [variationKey(feature), off ?? (variation === undefined ? absent : outcomes.variation('sticky', variation))],
  ])
  for (const [name, value] of variables) {
    const key = variableKey(feature, name)
    const details = { variableKey: name }
    const served = value === null ? {} : { value }
    if (key !== undefined) found.set(key, off ?? outcomes.variable('sticky', served, details))
  }
  return found
}
