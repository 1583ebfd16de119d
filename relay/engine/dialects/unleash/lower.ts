/**
 * Unleash's meaning. A feature is asked in this order: is it on at all, are its parents as it needs them, which is the
 * first strategy that holds, and which variant then, of that strategy or else of the feature.
 */
import type { Dialect, Tools } from '../../dialect.ts'
import type { Condition, Decision, FlagPlan, Plan, Rule } from '../../plan.ts'
import { Answers, verdictOf } from './answers.ts'
import type { Verdict } from './answers.ts'
import { Units } from './bucketing.ts'
import { all, lowerConstraint, not, Uncompilable } from './conditions.ts'
import type { Rules } from './conditions.ts'
import { readDocument } from './document.ts'
import type { Item, UnleashDocument } from './document.ts'
import { hasDependencies, readFeature } from './feature.ts'
import type { Dependency, Feature, Strategy } from './feature.ts'
import { readOptions } from './profile.ts'
import type { Options } from './profile.ts'
import { Segments } from './segments.ts'
import { lowerStrategy } from './strategies.ts'
import { Subject } from './subject.ts'
import { lowerVariants } from './variants.ts'
import type { Choosing } from './variants.ts'

export const unleash: Dialect<UnleashDocument> = {
  name: 'unleash',
  read: (json, options, tools) => {
    readOptions(options)
    return readDocument(json, tools)
  },
  lower: (document, settings, tools): Plan => {
    const options = readOptions(settings)
    const { environment = document.environment ?? 'default', appName } = options
    const subject = new Subject({ environment, appName })
    const { comparing, strict } = options.profile
    const segments = new Segments(document.segments, { subject, comparing, strict }, tools)
    const byName = new Map(document.features.map((item) => [item.key, item]))
    const shared: Shared = { options, subject, units: new Units(subject, options.profile), segments, byName, tools }
    const flags = document.features.map((item) =>
      tools.flag(item.key, item.path, item.definition, () => flagPlan(item, shared)),
    )
    return { flags, segments: segments.plans, metadata: metadataOf(document) }
  },
}

interface Shared {
  readonly options: Options
  readonly subject: Subject
  readonly units: Units
  readonly segments: Segments
  readonly byName: ReadonlyMap<string, Item>
  readonly tools: Tools
}

function metadataOf({ environment, revision }: UnleashDocument): Record<string, string> {
  return {
    ...(environment === undefined ? {} : { flagSetId: environment }),
    ...(revision === undefined ? {} : { version: revision }),
  }
}

function flagPlan(item: Item, shared: Shared): FlagPlan {
  const { key, definition } = item
  const feature = readFeature(item)
  const { profile, values } = shared.options
  const answers = new Answers(feature, values === 'variant-payload')
  const note = (path: string, message: string): void =>
    shared.tools.warn({ flag: key, path: `${item.path}.${path}`, message })
  const lowering = new Lowering(feature, answers, note, shared)
  try {
    const decide = lowering.decision()
    return { key, definition, decide: feature.enabled ? decide : serve(answers.off('DISABLED')) }
  } catch (error) {
    if (!(error instanceof Uncompilable) || !profile.strict) throw error
    shared.tools.warn({ flag: key, path: item.path, message: `is off for everybody: ${error.message}` })
    return { key, definition, decide: refused(feature, answers, shared) }
  }
}

/** Off for everybody, until the flag or a segment it names is another. */
function refused({ strategies = [] }: Feature, answers: Answers, { segments }: Shared): Decision {
  const named = strategies.flatMap((strategy) => strategy.segments.map((id) => segments.reference(id)))
  const off = serve(answers.off('DISABLED'))
  const never = all([{ kind: 'never' }, ...named])
  return named.length === 0
    ? off
    : { kind: 'rules', rules: [{ name: 'refused', if: never, then: off }], otherwise: off }
}

class Lowering {
  readonly #feature: Feature
  readonly #answers: Answers
  readonly #note: Rules['note']
  readonly #shared: Shared
  readonly #choosing: Choosing
  /** What a flag that is on goes on with where its strategy chooses no variant, by whether that was for everybody. */
  readonly #variants = new Map<boolean, Decision>()

  constructor(feature: Feature, answers: Answers, note: Rules['note'], shared: Shared) {
    this.#feature = feature
    this.#answers = answers
    this.#note = note
    this.#shared = shared
    const { subject, units, options } = shared
    this.#choosing = { profile: options.profile, subject, units, answers }
  }

  decision(): Decision {
    const { strategies, dependencies } = this.#feature
    const decide = strategies === undefined ? this.#withoutStrategies() : this.#strategies(strategies)
    if (dependencies.length === 0) return decide
    const parents = all(dependencies.map((dependency, index) => this.#parent(dependency, `dependencies[${index}]`)))
    const off = serve(this.#answers.off('DEFAULT'))
    return { kind: 'rules', rules: [{ name: 'parents', if: not(parents), then: off }], otherwise: decide }
  }

  #withoutStrategies(): Decision {
    if (this.#shared.options.profile.onWithoutStrategies) return this.#ownVariants(true)
    this.#note('strategies', 'is absent, so the flag is off for everybody')
    return serve(this.#answers.off('DEFAULT'))
  }

  #strategies(strategies: readonly Strategy[]): Decision {
    if (strategies.length === 0) return this.#ownVariants(true)
    const rules = strategies.flatMap((strategy, index) => this.#strategy(strategy, `strategies[${index}]`))
    return { kind: 'rules', rules, otherwise: serve(this.#answers.off('DEFAULT')) }
  }

  /** No rule for a strategy that nobody knows. */
  #strategy(strategy: Strategy, at: string): Rule[] {
    const { name, parameters, constraints, segments, variants } = strategy
    const { options, subject, units, segments: known } = this.#shared
    const { comparing, strict } = options.profile
    const note = (message: string): void => this.#note(at, message)
    const own = lowerStrategy(name, parameters, { options, subject, units, flag: this.#feature.name, note })
    if (own === undefined) {
      note(`strategy ${JSON.stringify(name)} is unknown and skipped`)
      return []
    }
    const rules: Rules = { subject, comparing, strict, note: this.#note }
    const condition = all([
      ...constraints.map((constraint, index) => lowerConstraint(constraint, `${at}.constraints[${index}]`, rules)),
      ...segments.map((id) => known.condition(id, note)),
      own,
    ])
    const everybody = name === 'default' && constraints.length === 0 && segments.length === 0
    const otherwise = this.#ownVariants(everybody)
    const then = variants.length === 0 ? otherwise : this.#strategyVariants(strategy, otherwise)
    return [{ name: `${at} ${name}`, if: condition, then }]
  }

  #strategyVariants({ parameters, variants }: Strategy, none: Decision): Decision {
    const { profile } = this.#shared.options
    const asked = parameters.get('stickiness')
    const shared = asked === undefined ? undefined : String(asked)
    const own = profile.variantsOwnStickiness ? variants[0]?.stickiness || undefined : undefined
    const group = String(parameters.get('groupId') ?? profile.variantGroup ?? this.#feature.name)
    return lowerVariants(variants, group, own ?? shared, none, this.#choosing)
  }

  #ownVariants(everybody: boolean): Decision {
    const known = this.#variants.get(everybody)
    if (known !== undefined) return known
    const { name, variants } = this.#feature
    const none = serve(this.#answers.on(everybody ? 'STATIC' : 'TARGETING_MATCH'))
    const decide = lowerVariants(variants, name, variants[0]?.stickiness, none, this.#choosing)
    this.#variants.set(everybody, decide)
    return decide
  }

  #parent({ feature: key, enabled, variants }: Dependency, at: string): Condition {
    const parent = this.#shared.byName.get(key)
    if (parent === undefined) this.#note(at, `feature ${JSON.stringify(key)} is not in the document`)
    const { satisfiedWithoutVariant } = this.#shared.options.profile
    const wanted = new Set(variants)
    const holds = ({ enabled: on, variant }: Verdict): boolean => {
      if (!enabled) return !on
      if (!on || wanted.size === 0) return on
      return (variant === undefined && satisfiedWithoutVariant) || wanted.has(variant ?? 'disabled')
    }
    const errorDetails = `feature ${JSON.stringify(key)}, which this one depends on, cannot be evaluated`
    const asks: Condition = {
      kind: 'flag',
      key,
      name: `feature ${key} is ${enabled ? ['on', ...variants].join(' ') : 'off'}`,
      holds: (outcome) => {
        const verdict = verdictOf(outcome)
        return verdict !== undefined && holds(verdict)
      },
      onError: { reason: 'ERROR', errorCode: 'GENERAL', errorDetails },
      isError: (outcome) => verdictOf(outcome) === undefined,
      onCycle: { kind: 'never' },
    }
    if (parent === undefined || !hasDependencies(parent)) return asks
    this.#note(at, `is never satisfied: feature ${JSON.stringify(key)} depends on others itself`)
    // Stays in the plan although it is never asked, because the answer changes when that feature does.
    return { kind: 'all', of: [{ kind: 'never' }, asks] }
  }
}

function serve(outcome: ReturnType<Answers['on']>): Decision {
  return { kind: 'serve', outcome }
}
