/**
 * What a datafile means: one flag per OpenFeature key, segments shared by all of them, and answers for keys of which only
 * a part is known. Each feature stands behind its own fence, so a broken one keeps no other from its update.
 */
import type { Dialect, Tools } from '../../dialect.ts'
import type { FlagPlan, OutcomeSpec, Plan, SegmentPlan } from '../../plan.ts'
import { finish } from '../../steps.ts'
import { own } from '../../context.ts'
import { lenientConditions } from './conditions.ts'
import type { Scope } from './conditions.ts'
import { readDatafile } from './document.ts'
import type { Datafile } from './document.ts'
import { readFeature } from './feature.ts'
import type { Feature } from './feature.ts'
import { featureFlag, featureFlags } from './flags.ts'
import { flagKey, isReachable, partsOf, plainKey, variableKey, variationKey } from './keys.ts'
import { leakingFlags, leakOf } from './leaks.ts'
import { mismatch, Outcomes } from './outcomes.ts'
import { isObject } from './shape.ts'
import { stickyFlags } from './sticky.ts'

/** The dialect of Featurevisor datafiles. Its options are in options.ts. */
export const featurevisor: Dialect<Datafile> = {
  name: 'featurevisor',
  read: readDatafile,
  lower: (datafile, options, tools) => finish(lower(datafile, options, tools)),
  lowerInSteps: lower,
  looksAtFlags: true,
}

/** A step is one feature. */
function* lower(datafile: Datafile, _options: unknown, tools: Tools): Generator<void, Plan> {
  const { segments, failing } = lowerSegments(datafile, tools)
  const features = new Map<string, Feature>()
  const broken = new Map<string, FlagPlan>()
  const flags = new Map<string, FlagPlan[]>()
  for (const [key, raw] of datafile.features) {
    const path = `features.${key}`
    const plan = tools.flag(flagKey(key), path, raw, () => {
      const feature = readFeature(key, raw, {
        scope: scopeOf(datafile, failing, tools, path, key),
        spelling: tools.spelling,
        sticky: datafile.options.sticky.get(key),
        outcomes: new Outcomes(datafile, key),
      })
      features.set(key, feature)
      return featureFlag(feature, raw)
    })
    if (!features.has(key)) broken.set(key, plan)
    flags.set(key, [plan])
    yield
  }
  for (const [key, list] of flags) {
    const feature = features.get(key)
    const plan = broken.get(key)
    if (feature !== undefined) list.push(...featureFlags(feature, datafile.features.get(key), datafile.options))
    if (plan !== undefined) list.push(...siblings(key, datafile.features.get(key), plan))
    yield
  }
  for (const feature of features.values()) {
    review(feature, features, datafile, tools)
    yield
  }
  const listed = [...flags.values()].flat()
  const { revision, schemaVersion } = datafile
  return {
    flags: [
      ...listed,
      ...stickyFlags(datafile, listed),
      ...(datafile.options.requiredVariableLeak ? leakingFlags(features, datafile) : []),
    ],
    segments,
    metadata: { revision, schemaVersion },
    keyOf: plainKey,
    missing: (key, type) => missing(datafile, key, type),
  }
}

function scopeOf(datafile: Datafile, failing: ReadonlySet<string>, tools: Tools, path: string, flag?: string): Scope {
  return {
    semantics: datafile.options.semantics,
    failingSegments: failing,
    mayFail: false,
    warn: (place, message) =>
      tools.warn({ path: `${path}.${place}`, message, ...(flag === undefined ? {} : { flag: flagKey(flag) }) }),
  }
}

/** `failing`: the segments whose conditions have no meaning, so that whoever asks them fails. */
function lowerSegments(
  datafile: Datafile,
  tools: Tools,
): { readonly segments: Map<string, SegmentPlan>; readonly failing: Set<string> } {
  const failing = new Set<string>()
  const segments = new Map<string, SegmentPlan>()
  for (const [key, raw] of datafile.segments) {
    // The vendor takes null, 0, false and "" for a segment that is not there.
    if (!raw) continue
    const definition = own(raw, 'conditions')
    const scope = scopeOf(datafile, failing, tools, `segments.${key}`)
    segments.set(key, { definition: definition ?? null, condition: lenientConditions(definition, 'conditions', scope) })
    if (scope.mayFail) failing.add(key)
  }
  return { segments, failing }
}

/** The other flags of a quarantined feature, as far as they can be guessed: they answer as its own flag does. */
function siblings(key: string, raw: unknown, { definition, decide }: FlagPlan): FlagPlan[] {
  const schema = own(raw, 'variablesSchema')
  const names = isObject(schema) ? Object.keys(schema).map((name) => variableKey(key, name)) : []
  return [variationKey(key), ...names].flatMap((name) =>
    name === undefined ? [] : [{ key: name, definition, decide, hidden: !isReachable(key) }],
  )
}

function review(feature: Feature, features: ReadonlyMap<string, Feature>, datafile: Datafile, tools: Tools): void {
  const path = `features.${feature.key}`
  const flag = flagKey(feature.key)
  const warn = (place: string, message: string): void => tools.warn({ flag, path: `${path}${place}`, message })
  if (!isReachable(feature.key)) warn('', 'OpenFeature clients cannot name a feature whose key contains ":"')
  for (const name of feature.schema.keys()) {
    if (isReachable(feature.key) && variableKey(feature.key, name) === undefined) {
      warn(
        `.variablesSchema.${name}`,
        `a variable called ${JSON.stringify(name)} cannot be named by OpenFeature clients`,
      )
    }
  }
  for (const [index, { key }] of feature.required.entries()) {
    if (!datafile.features.has(key) && !datafile.options.sticky.has(key)) {
      warn(`.required[${index}]`, `feature ${JSON.stringify(key)} is not in this datafile, so this one is always off`)
    }
  }
  const leak = leakOf(feature, features)
  if (leak === undefined) return
  const difference = `SDKs 2.0 to 3.6 take the feature for disabled in variable ${JSON.stringify(leak.variable)}, because required feature ${JSON.stringify(leak.required)} has none of that name`
  const ours = datafile.options.requiredVariableLeak
    ? 'this relay does the same (compat.requiredVariableLeak)'
    : 'this relay answers correctly; set compat.requiredVariableLeak to answer as they do'
  warn('.required', `${difference}; ${ours}`)
}

/** Keys that no flag has: the feature, or the variable, does not exist. */
function missing(datafile: Datafile, key: string, type: string | undefined): OutcomeSpec {
  const { feature, part } = partsOf(key)
  if (part === undefined && type !== undefined && type !== 'boolean') return mismatch(`${key} is a boolean flag`)
  const outcomes = new Outcomes(datafile, feature)
  if (part !== undefined && datafile.options.sticky.get(feature)?.enabled === false) return outcomes.none('disabled')
  return part !== undefined && datafile.features.has(feature)
    ? outcomes.none('variable_not_found', { variableKey: part })
    : outcomes.none('feature_not_found')
}
