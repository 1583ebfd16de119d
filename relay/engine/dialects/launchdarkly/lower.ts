/**
 * LaunchDarkly's meaning. A flag is asked in this order: is the context valid, is the flag on, do its prerequisites hold,
 * is the context targeted by a key, which rule matches, and else the fallthrough. Errors are answers too, and who hears
 * of them differs between the vendor's engines: profile.ts says how.
 */
import { own } from '../../context.ts'
import type { Dialect, Tools } from '../../dialect.ts'
import type { Condition, Decision, FlagPlan, OutcomeSpec, Plan, Rule, SegmentPlan } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { FlagError } from '../../problem.ts'
import { Answers, malformed, NO_CONTEXT, tagOf, withoutStore } from './answers.ts'
import type { Way } from './answers.ts'
import { lowerServing } from './bucketing.ts'
import { lowerClauses } from './clauses.ts'
import type { Findings } from './clauses.ts'
import { readDocument, readFlag, readSegment } from './document.ts'
import type { Flag, Item, LaunchDarklyDocument } from './document.ts'
import { isBounded } from './nesting.ts'
import { readOptions } from './profile.ts'
import type { Options, Profile } from './profile.ts'
import { lowerSegment } from './segments.ts'
import { lowerTargets } from './targets.ts'

/** Options: `profile` and `contexts`, see profile.ts. */
export const launchdarkly: Dialect<LaunchDarklyDocument> = {
  name: 'launchdarkly',
  read: (json, options, tools) => {
    readOptions(options)
    return readDocument(json, tools)
  },
  lower: (document, settings, tools): Plan => {
    const options = readOptions(settings)
    const { profile, subject } = options
    const known: Known = {
      flags: referenced(document.flags, prerequisitesOf),
      segments: referenced(document.segments, segmentsOf),
    }
    const segments = new Map<string, SegmentPlan>()
    for (const item of document.segments) segments.set(item.key, segmentPlan(item, known, options, tools))
    const flags = document.flags.map((item) => {
      const { key, path, definition } = item
      return tools.flag(key, path, definition, () => flagPlan(item, known, options, tools))
    })
    return {
      flags,
      segments,
      readsAll: (context) => subject.readsAll(context),
      circlesFrom: profile.circlesLate ? 'references' : 'caller',
    }
  },
}

/** What each item of the document refers to, by key. */
interface Known {
  readonly flags: ReadonlyMap<string, readonly string[]>
  readonly segments: ReadonlyMap<string, readonly string[]>
}

function flagPlan(item: Item, known: Known, options: Options, tools: Tools): FlagPlan {
  const { key, path, definition } = item
  const flag = readFlag(item)
  if (!isBounded(key, (other) => known.flags.get(other) ?? [])) {
    throw new FlagError('prerequisites', 'branch too often or too deep; let fewer flags ask each other')
  }
  const findings: Findings = {
    note: (at, message) => tools.warn({ flag: key, path: `${path}.${at}`, message }),
    refer: (at, id) => {
      if (known.segments.has(id)) return
      tools.warn({ flag: key, path: `${path}.${at}`, message: `segment ${JSON.stringify(id)} is not in the document` })
    },
  }
  const answers = new Answers(flag, tools)
  const asked = flag.on ? live(flag, answers, known, options, findings) : serve(answers.off({ kind: 'OFF' }))
  const flawed = predicate('is not valid', undefined, (flaw) => flaw !== undefined)
  return {
    key,
    definition,
    decide: {
      kind: 'rules',
      rules: [
        {
          name: 'context',
          if: { kind: 'test', term: options.subject.flaw, predicate: flawed },
          then: serve(NO_CONTEXT),
        },
      ],
      otherwise: asked,
    },
    noted: withoutStore,
    clientVisible: flag.clientSide,
  }
}

function live(flag: Flag, answers: Answers, known: Known, options: Options, findings: Findings): Decision {
  const rules = flag.rules.map((rule, index): Rule => {
    const at = `rules[${index}]`
    if (rule.clauses === undefined) findings.note(at, 'has no clauses, so the engines disagree about it')
    const way: Way = { kind: 'RULE_MATCH', ruleIndex: index, ...(rule.id === undefined ? {} : { ruleId: rule.id }) }
    return {
      name: rule.id === undefined || rule.id === '' ? `rule ${index}` : `rule ${index} (${rule.id})`,
      if: lowerClauses(rule.clauses, `${at}.clauses`, options, findings),
      then: lowerServing(flag, rule, way, answers, options),
    }
  })
  return {
    kind: 'rules',
    rules: [
      ...lowerPrerequisites(flag, answers, known, options.profile, findings),
      ...lowerTargets(flag, answers, options),
      ...rules,
    ],
    otherwise: lowerServing(flag, flag.fallthrough, { kind: 'FALLTHROUGH' }, answers, options),
  }
}

function lowerPrerequisites(
  { prerequisites }: Flag,
  answers: Answers,
  known: Known,
  profile: Profile,
  findings: Findings,
): Rule[] {
  const circle = malformed('the flag is its own prerequisite, directly or through others', true)
  const spreading = malformed('a prerequisite of the flag is malformed', true)
  const spreads = (outcome: OutcomeSpec): boolean =>
    outcome.errorCode !== undefined && (profile.everyErrorSpreads || tagOf(outcome)?.spreads !== false)
  const rules = prerequisites.map(({ key, variation }, index): Rule => {
    const shown = JSON.stringify(key)
    if (!known.flags.has(key)) findings.note(`prerequisites[${index}]`, `flag ${shown} is not in the document`)
    const holds: Condition = {
      kind: 'flag',
      key,
      name: `flag ${shown} serves variation ${variation ?? 'none'}`,
      holds: (outcome) => {
        const tag = tagOf(outcome)
        return tag?.off === false && tag.index !== undefined && tag.index === variation
      },
      isError: spreads,
      onError: spreading,
      onCycle: profile.circlesLate ? { kind: 'always' } : { kind: 'fail', outcome: circle },
    }
    return {
      name: `prerequisite ${shown} is not met`,
      if: { kind: 'not', of: holds },
      then: serve(answers.off({ kind: 'PREREQUISITE_FAILED', prerequisiteKey: key })),
    }
  })
  if (!profile.circlesLate || rules.length === 0) return rules
  const asking = prerequisites.map(({ key }): Condition => ({ kind: 'asking', key }))
  return [...rules, { name: 'prerequisites in a circle', if: { kind: 'any', of: asking }, then: serve(circle) }]
}

function segmentPlan(item: Item, known: Known, options: Options, tools: Tools): SegmentPlan {
  const { key, path, definition } = item
  const findings: Findings = {
    note: (at, message) => tools.warn({ path: `${path}.${at}`, message }),
    refer: (at, id) => {
      if (known.segments.has(id)) return
      tools.warn({ path: `${path}.${at}`, message: `segment ${JSON.stringify(id)} is not in the document` })
    },
  }
  try {
    if (!isBounded(key, (other) => known.segments.get(other) ?? [])) {
      throw new FlagError('rules', 'refer to segments too often or too deep; let fewer segments ask each other')
    }
    return { definition, condition: lowerSegment(readSegment(item), options, findings) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const at = error instanceof FlagError && error.path !== '' ? `${path}.${error.path}` : path
    tools.warn({ path: at, message: `flags that ask for this segment answer an error: ${message}` })
    const outcome = malformed(`segment ${JSON.stringify(key)} cannot be read`, true)
    return { definition, condition: { kind: 'fail', outcome } }
  }
}

function serve(outcome: OutcomeSpec): Decision {
  return { kind: 'serve', outcome }
}

function referenced(items: readonly Item[], of: (definition: unknown) => string[]): Map<string, readonly string[]> {
  return new Map(items.map(({ key, definition }) => [key, of(definition)]))
}

/** Flags that the flag asks when it is on, whatever else is wrong with it. */
function prerequisitesOf(definition: unknown): string[] {
  if (own(definition, 'on') !== true) return []
  return texts(list(definition, 'prerequisites').map((prerequisite) => own(prerequisite, 'key')))
}

function segmentsOf(definition: unknown): string[] {
  const clauses = list(definition, 'rules').flatMap((rule) => list(rule, 'clauses'))
  return clauses.flatMap((clause) => (own(clause, 'op') === 'segmentMatch' ? texts(list(clause, 'values')) : []))
}

function list(holder: unknown, name: string): readonly unknown[] {
  const value = own(holder, name)
  return Array.isArray(value) ? value : []
}

function texts(values: readonly unknown[]): string[] {
  return values.filter((value) => typeof value === 'string')
}
