/**
 * GrowthBook's npm SDK 1.8.0 as oracle: a client made from the payload alone, which opens no connection. What the
 * options and the context mean to it is written here on its own, so that a slip in the dialect is not repeated.
 */
import { GrowthBookClient } from '@growthbook/growthbook'
import type { FeatureResult, Result, UserContext } from '@growthbook/growthbook'
import type { Context, Evaluation } from '../../../outcome.ts'
import type { Answer, Scenario } from '../../../testing/differential.ts'

/** The options that the grammar makes. */
export interface Asked {
  readonly targetingKeyAttribute?: string
  readonly globalAttributes?: Readonly<Record<string, unknown>>
  readonly attributeOverrides?: Readonly<Record<string, unknown>>
  readonly forcedVariations?: Readonly<Record<string, number>>
  readonly forcedFeatures?: Readonly<Record<string, unknown>>
  readonly urlAttribute?: string
  readonly qaMode?: boolean
  readonly enabled?: boolean
  readonly stickyBucketing?: boolean
}

/** `remembers`: whether assignments that are saved during an evaluation are seen by the rest of it, as the SDK does. */
export function oracle({ document, options = {}, questions }: Scenario, remembers: boolean = true): Answer[] {
  const asked = options as Asked
  const client = new GrowthBookClient({
    ...(asked.globalAttributes === undefined ? {} : { globalAttributes: { ...asked.globalAttributes } }),
    ...(asked.forcedVariations === undefined ? {} : { forcedVariations: { ...asked.forcedVariations } }),
    ...(asked.forcedFeatures === undefined
      ? {}
      : { forcedFeatureValues: new Map<string, unknown>(Object.entries(asked.forcedFeatures)) }),
    ...(asked.qaMode === undefined ? {} : { qaMode: asked.qaMode }),
    ...(asked.enabled === undefined ? {} : { enabled: asked.enabled }),
  })
  const { error } = console
  // The SDK reports unknown operators and odd weights there, thousands of times.
  console.error = () => undefined
  try {
    client.initSync({ payload: document })
    return questions.map(({ key, context }) =>
      answerOf(() => client.evalFeature(key, userOf(context, asked, remembers))),
    )
  } finally {
    console.error = error
  }
}

function userOf(context: Context, asked: Asked, remembers: boolean): UserContext {
  const { targetingKey, ...attributes } = structuredClone(context) as Record<string, unknown>
  const name = asked.targetingKeyAttribute ?? 'id'
  if (targetingKey !== undefined && !Object.hasOwn(attributes, name)) attributes[name] = targetingKey
  const { stickyBucketAssignmentDocs } = attributes
  const sticky = asked.stickyBucketing === true
  if (sticky) delete attributes['stickyBucketAssignmentDocs']
  const url =
    asked.urlAttribute === undefined ? undefined : { ...asked.globalAttributes, ...attributes }[asked.urlAttribute]
  const user: UserContext = {
    attributes,
    ...(asked.attributeOverrides === undefined ? {} : { attributeOverrides: asked.attributeOverrides }),
    ...(typeof url === 'string' ? { url } : {}),
    ...(sticky ? { saveStickyBucketAssignmentDoc: () => Promise.resolve() } : {}),
  }
  if (sticky && !remembers) {
    const documents: object = Object.assign({}, stickyBucketAssignmentDocs)
    Object.assign(user, { stickyBucketAssignmentDocs: new Proxy(documents, { set: () => true }) })
  } else if (sticky && stickyBucketAssignmentDocs !== undefined) Object.assign(user, { stickyBucketAssignmentDocs })
  return user
}

function answerOf(evaluate: () => FeatureResult): Answer {
  let result: FeatureResult
  try {
    result = evaluate()
  } catch {
    return { kind: 'Error' }
  }
  const { value, source, ruleId, experiment, experimentResult } = result
  if (source === 'unknownFeature' || source === 'cyclicPrerequisite') return { kind: source }
  return {
    source,
    value: value ?? null,
    ...(ruleId === '' ? {} : { ruleId }),
    ...(experimentResult === undefined ? {} : { experimentKey: experiment?.key, ...assignmentOf(experimentResult) }),
  }
}

function assignmentOf(result: Result<unknown>): Answer {
  const { key, variationId, hashUsed, hashAttribute, stickyBucketUsed, leafId, banditVersion } = result
  return {
    variant: key,
    variationId,
    ...(hashUsed ? { hashAttribute } : { hashUsed }),
    ...(stickyBucketUsed === true ? { stickyBucketUsed } : {}),
    ...(leafId === undefined ? {} : { leafId }),
    ...(banditVersion === undefined ? {} : { banditVersion }),
  }
}

/** Our answer in the same words. */
export function comparable({ value, variant, errorCode, metadata = {} }: Evaluation): Answer {
  if (errorCode === 'FLAG_NOT_FOUND') return { kind: 'unknownFeature' }
  if (metadata['source'] === 'cyclicPrerequisite') return { kind: 'cyclicPrerequisite' }
  if (errorCode !== undefined) return { kind: 'Error' }
  const { stickyBucketKey: _, ...rest } = metadata
  return { ...rest, value: value ?? null, ...(metadata['source'] === 'experiment' ? { variant } : {}) }
}
