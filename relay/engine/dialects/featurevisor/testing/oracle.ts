/**
 * The vendor's SDK, npm release 2.0.0, as the judge. Where later releases say something else on purpose, the document is
 * rewritten into one that 2.0.0 must answer as the later release answers the original; each rewriting says why it holds.
 */
import { createInstance, createLogger } from '@featurevisor/sdk'
import { own } from '../../../context.ts'
import type { Context } from '../../../outcome.ts'
import type { Answer, Question, Scenario } from '../../../testing/differential.ts'
import { partsOf } from '../keys.ts'
import { isObject } from '../shape.ts'

type Loose = Record<string, unknown>

const logger = createLogger({ handler: () => undefined })

/** One answer per question. */
export function ask(scenario: Scenario): Answer[] {
  const plain = evaluator(scenario, (document) => document)
  return scenario.questions.map((question) => {
    const { feature: featureKey, part } = partsOf(question.key)
    const feature = own(own(scenario.document, 'features'), featureKey)
    if (part === undefined || part === 'variation' || !needsRewriting(feature, part)) return plain(question)
    return evaluator(scenario, (document) => {
      const rewritten = withoutLeak(document, featureKey, scenario, question)
      return withRuleOverrides(rewritten, featureKey, part)
    })(question)
  })
}

function needsRewriting(feature: unknown, variable: string): boolean {
  const required = own(feature, 'required')
  const traffic = own(feature, 'traffic')
  if (Array.isArray(required) && required.length > 0) return true
  return Array.isArray(traffic) && traffic.some((rule) => own(own(rule, 'variableOverrides'), variable) !== undefined)
}

type Rewrite = (document: Loose) => Loose

function evaluator(scenario: Scenario, rewrite: Rewrite): (question: Question) => Answer {
  const { options = {} } = scenario
  // The SDK parses texts of conditions into the document it was given, hence the copy.
  const copy = structuredClone(scenario.document) as Loose
  const document = rewrite(options['semantics'] === 2 ? copy : withNotOfSdk3(copy))
  const sticky = options['sticky'] as Record<string, never>
  const sdk = createInstance({ datafile: document as never, sticky, logger })
  return ({ key, context }) => {
    const { feature, part } = partsOf(key)
    const user = subject(context)
    if (part === undefined) return describe(sdk.evaluateFlag(feature, user), sdk.isEnabled(feature, user))
    if (part === 'variation') return describe(sdk.evaluateVariation(feature, user), sdk.getVariation(feature, user))
    return describe(sdk.evaluateVariable(feature, part, user), sdk.getVariable(feature, part, user))
  }
}

/** What the vendor's OpenFeature provider does with a context. */
function subject(context: Context): never {
  const { targetingKey } = context
  return {
    ...context,
    ...(typeof targetingKey === 'string' && targetingKey !== '' ? { userId: targetingKey } : {}),
  } as never
}

const OVERRIDE = /^(.*)#override(\d+)$/

function describe(evaluation: object, value: unknown): Answer {
  const { reason, ruleKey, forceIndex } = evaluation as Loose
  const override = typeof ruleKey === 'string' ? OVERRIDE.exec(ruleKey) : null
  const zero = own(own(evaluation, 'traffic'), 'percentage') === 0
  return {
    value: value ?? null,
    // 2.0.0 has one name for both kinds of overrides and knows those of variations only.
    reason: override !== null && !zero && reason === 'rule' ? 'variable_override_rule' : renamed(reason),
    ruleKey: override?.[1] ?? ruleKey,
    forceIndex,
  }
}

function renamed(reason: unknown): unknown {
  return reason === 'variable_override' ? 'variable_override_variation' : reason
}

/** SDK 3: `not` of group segments means "not all of them", and an empty `not` never holds. */
function withNotOfSdk3(document: Loose): Loose {
  return walk(document, (node) => {
    const { not } = node
    if (
      !Array.isArray(not) ||
      Object.hasOwn(node, 'attribute') ||
      Array.isArray(node['and']) ||
      Array.isArray(node['or'])
    )
      return node
    return not.length === 0 ? { or: [] } : { not: [{ and: not }] }
  })
}

/** Rebuilds every object of a document, and of the JSON texts in it, from the leaves up. */
function walk(node: unknown, change: (node: Loose) => Loose): Loose {
  return rebuild(node) as Loose
  function rebuild(part: unknown): unknown {
    if (typeof part === 'string' && /^[[{]/.test(part)) {
      const parsed = parse(part)
      return parsed === undefined ? part : JSON.stringify(rebuild(parsed))
    }
    if (Array.isArray(part)) return part.map(rebuild)
    if (!isObject(part)) return part
    const entries = Object.entries(part).map(([name, member]) => [name, LITERAL.has(name) ? member : rebuild(member)])
    return change(Object.fromEntries(entries) as Loose)
  }
}

/** Members that hold values, not conditions. */
const LITERAL: ReadonlySet<string> = new Set(['value', 'variables', 'defaultValue', 'disabledValue'])

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Overrides of rules (since 2.19): the rule is preceded by copies of itself that hold only if the override does too and
 * carry its value. Flag and variation come out the same, as all copies share percentage, allocation and variation.
 */
function withRuleOverrides(document: Loose, featureKey: string, variable: string): Loose {
  const segments = { ...(document['segments'] as Loose) }
  const feature = { ...(own(document['features'], featureKey) as Loose) }
  const traffic: Loose[] = []
  for (const rule of feature['traffic'] as Loose[]) {
    const overrides = own(rule['variableOverrides'], variable)
    for (const [position, override] of (Array.isArray(overrides) ? (overrides as Loose[]) : []).entries()) {
      const id = `override ${traffic.length}`
      if (override['conditions']) segments[id] = { conditions: override['conditions'] }
      const holds = override['conditions'] ? id : groupOf(override['segments'])
      traffic.push({
        ...rule,
        key: `${String(rule['key'])}#override${position}`,
        segments: { and: [groupOf(rule['segments']), holds] },
        variables: { ...(rule['variables'] as Loose), [variable]: override['value'] },
      })
    }
    traffic.push(rule)
  }
  feature['traffic'] = traffic
  return { ...document, segments, features: { ...(document['features'] as Loose), [featureKey]: feature } }
}

function groupOf(stored: unknown): unknown {
  return typeof stored === 'string' && /^[[{]/.test(stored) ? parse(stored) : stored
}

/** Without the defect: whether the requirements are met is asked for the flag, then written into the document. */
function withoutLeak(document: Loose, featureKey: string, scenario: Scenario, { context }: Question): Loose {
  const compat = scenario.options?.['compat'] as { readonly requiredVariableLeak: boolean }
  const feature = own(document['features'], featureKey) as Loose
  const required = feature['required']
  if (compat.requiredVariableLeak || !Array.isArray(required) || required.length === 0) return document
  const everyone = { key: 'everyone', segments: '*', percentage: 100_000 }
  const probe = { ...feature, force: [], ranges: [], bucketBy: 'userId', traffic: [everyone] }
  const sticky = { ...(scenario.options?.['sticky'] as Record<string, never>) }
  delete sticky[featureKey]
  const probing = {
    ...structuredClone(document),
    features: { ...(document['features'] as Loose), [featureKey]: probe },
  }
  const sdk = createInstance({ datafile: probing as never, sticky, logger })
  const met = sdk.isEnabled(featureKey, subject(context))
  const decided = { ...feature, required: met ? [] : ['a feature that does not exist'] }
  return { ...document, features: { ...(document['features'] as Loose), [featureKey]: decided } }
}
