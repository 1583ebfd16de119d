/**
 * FeatBit's meaning. A flag is asked in this order: is there a user key, is it archived, is it off, is the user
 * targeted by key, which rule matches, and else the default rule. A rule that matches is final, even when its rollout
 * serves nothing.
 */
import type { Dialect, Tools } from '../../dialect.ts'
import type { Decision, FlagPlan, OutcomeSpec, Plan, Rule, SegmentPlan } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { Answers } from './answers.ts'
import { isUser, lowerConditions, lowerSegment } from './conditions.ts'
import type { Findings } from './conditions.ts'
import { readDocument, readFlag, readSegment } from './document.ts'
import type { FeatbitDocument, Flag, Item, Rollout } from './document.ts'
import { readOptions } from './profile.ts'
import type { Options, Profile } from './profile.ts'
import { lowerRollout } from './rollout.ts'
import { TYPES } from './values.ts'

export const featbit: Dialect<FeatbitDocument> = {
  name: 'featbit',
  read: (json, options, tools) => {
    readOptions(options)
    return readDocument(json, tools)
  },
  lower: (document, settings, tools): Plan => {
    const options = readOptions(settings)
    const segments = new Map<string, SegmentPlan>()
    for (const item of document.segments) segments.set(item.key, segmentPlan(item, options.profile, tools))
    const flags = document.flags.map((item) => {
      const { key, path, definition } = item
      return tools.flag(key, path, definition, () => flagPlan(item, options, segments, tools))
    })
    return { flags, segments, ...(document.envId === undefined ? {} : { metadata: { flagSetId: document.envId } }) }
  },
}

function flagPlan(item: Item, options: Options, segments: Map<string, SegmentPlan>, tools: Tools): FlagPlan {
  const { profile } = options
  const { key, path, definition } = item
  const flag = readFlag(item)
  const answers = new Answers(flag)
  const fault = answers.error('GENERAL', 'the flag could not be evaluated for this context')
  const findings: Findings = {
    note: (at, message) => tools.warn({ flag: key, path: `${path}.${at}`, message }),
    refer: (at, id) => {
      if (segments.get(id)?.definition !== undefined) return
      tools.warn({ flag: key, path: `${path}.${at}`, message: `segment ${JSON.stringify(id)} is not in the document` })
      segments.set(id, missingSegment(id, profile))
    },
  }
  inspect(flag, findings)
  const hidden = profile.hidesArchived && flag.isArchived
  const decide = hidden
    ? serve(answers.error('FLAG_NOT_FOUND', `flag ${JSON.stringify(key)} is archived`, 'archived'))
    : live(flag, answers, profile, fault, findings)
  const needsKey: Decision = {
    kind: 'rules',
    rules: [
      {
        name: 'user key',
        if: { kind: 'test', term: profile.userKey, predicate: predicate('is blank', undefined, profile.isBlank) },
        then: serve(answers.error('TARGETING_KEY_MISSING', 'FeatBit needs a targeting key that is not blank')),
      },
    ],
    otherwise: decide,
  }
  return { key, definition, decide: options.allowAnonymous ? decide : needsKey, fault, ...(hidden ? { hidden } : {}) }
}

function live(flag: Flag, answers: Answers, profile: Profile, fault: OutcomeSpec, findings: Findings): Decision {
  if (!flag.isEnabled) {
    const way = { reason: 'DISABLED', kind: 'Off', sendToExperiment: false } as const
    const unset = profile.servesNothing
      ? answers.unset(way)
      : answers.error('GENERAL', 'malformed flag: the variation to serve when off does not exist')
    return serve(answers.variation(flag.disabledVariationId, way) ?? unset)
  }
  const targets = flag.targets.map(({ keyIds, variationId }): Rule => {
    const way = {
      reason: 'TARGETING_MATCH',
      kind: 'TargetMatch',
      sendToExperiment: flag.exptIncludeAllTargets,
    } as const
    const unset = profile.servesNothing ? answers.unset(way) : fault
    return {
      name: `individual targets of ${variationId}`,
      if: isUser(keyIds, profile),
      then: serve(answers.variation(variationId, way) ?? unset),
    }
  })
  const { fallthrough } = flag
  const rules = flag.rules.map((rule, index): Rule => {
    const own = profile.ruleExperiments ? rule.includedInExpt : (fallthrough?.includedInExpt ?? false)
    const place = { kind: 'RuleMatch', rule: { id: rule.id, name: rule.name }, includedInExpt: own } as const
    return {
      name: `rule ${JSON.stringify(rule.name)}`,
      if: lowerConditions(rule.conditions, `rules[${index}].conditions`, profile, fault, findings),
      then: lowerRollout(flag, rule, place, answers, profile),
    }
  })
  return { kind: 'rules', rules: [...targets, ...rules], otherwise: lowerFallthrough(flag, answers, profile) }
}

function lowerFallthrough(flag: Flag, answers: Answers, profile: Profile): Decision {
  const { fallthrough } = flag
  if (fallthrough === undefined) return serve(answers.error('GENERAL', 'malformed flag: it has no default rule'))
  const place = { kind: 'FallThrough', includedInExpt: fallthrough.includedInExpt } as const
  return lowerRollout(flag, fallthrough, place, answers, profile)
}

/** Findings about references inside the flag; none of them stops it. */
function inspect(flag: Flag, findings: Findings): void {
  if (!TYPES.has(flag.variationType)) {
    findings.note('variationType', `${JSON.stringify(flag.variationType)} is unknown; values are served as text`)
  }
  const known = new Set(flag.variations.map(({ id }) => id))
  const refer = (id: string, at: string): void => {
    if (!known.has(id)) findings.note(at, `no variation has the id ${JSON.stringify(id)}`)
  }
  const follow = ({ intervals }: Rollout, at: string): void => {
    for (const [index, { id, ends }] of intervals.entries()) {
      refer(id, `${at}.variations[${index}].id`)
      if (ends !== 2) findings.note(`${at}.variations[${index}].rollout`, `has ${ends} numbers instead of two`)
    }
  }
  refer(flag.disabledVariationId, 'disabledVariationId')
  for (const [index, { variationId }] of flag.targets.entries()) refer(variationId, `targetUsers[${index}].variationId`)
  for (const [index, rule] of flag.rules.entries()) follow(rule, `rules[${index}]`)
  if (flag.fallthrough === undefined) findings.note('fallthrough', 'is absent, so users without a rule get an error')
  else follow(flag.fallthrough, 'fallthrough')
}

function segmentPlan(item: Item, profile: Profile, tools: Tools): SegmentPlan {
  const { key, path, definition } = item
  const findings: Findings = {
    note: (at, message) => tools.warn({ path: at, message }),
    refer: () => undefined,
  }
  try {
    return { definition, condition: lowerSegment(readSegment(item), path, profile, findings) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    tools.warn({ path, message: `flags that ask for this segment answer an error: ${message}` })
    return { definition, condition: { kind: 'fail', outcome: segmentError(key, 'cannot be read') } }
  }
}

/** Stands in the plan with a definition of its own, so that a segment that comes or goes changes the flags that ask. */
function missingSegment(id: string, profile: Profile): SegmentPlan {
  const failing = { kind: 'fail', outcome: segmentError(id, 'is not in the document') } as const
  return { definition: undefined, condition: profile.needsSegments ? failing : { kind: 'never' } }
}

function segmentError(id: string, what: string): OutcomeSpec {
  const errorDetails = `segment ${JSON.stringify(id)} ${what}`
  return { reason: 'ERROR', errorCode: 'GENERAL', errorDetails, metadata: { featbitReason: 'Error' } }
}

function serve(outcome: OutcomeSpec): Decision {
  return { kind: 'serve', outcome }
}
