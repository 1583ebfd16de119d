/** Conditions of rules: tests on the user's attributes, and references to segments, which look alike in the document. */
import type { Condition as PlanCondition, OutcomeSpec, Predicate } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import type { Condition, Segment } from './document.ts'
import type { Profile } from './profile.ts'

const IN_SEGMENT = 'User is in segment'
const NOT_IN_SEGMENT = 'User is not in segment'

/** Where findings about conditions go. */
export interface Findings {
  /** A condition that can never mean what its author meant. */
  note(path: string, message: string): void
  /** A segment is referred to. */
  refer(path: string, id: string): void
}

/** All conditions of a flag's rule; `fault` is the answer where a segment condition cannot be read. */
export function lowerConditions(
  conditions: readonly Condition[],
  path: string,
  profile: Profile,
  fault: OutcomeSpec,
  findings: Findings,
): PlanCondition {
  const of = conditions.map((condition, index): PlanCondition => {
    const at = `${path}[${index}]`
    const { property } = condition
    if (property !== IN_SEGMENT && property !== NOT_IN_SEGMENT) return lowerTest(condition, at, profile, findings)
    const inside = lowerMembership(condition, at, profile, fault, findings)
    return property === IN_SEGMENT ? inside : { kind: 'not', of: inside }
  })
  return all(of)
}

/** A segment: excluded keys go before included ones, and these before its rules. Segments do not nest. */
export function lowerSegment(segment: Segment, path: string, profile: Profile, findings: Findings): PlanCondition {
  const rules = segment.rules.map((conditions, index) => {
    const at = `${path}.rules[${index}].conditions`
    return all(conditions.map((each, place) => lowerTest(each, `${at}[${place}]`, profile, findings)))
  })
  const listed: PlanCondition[] = segment.included.length === 0 ? [] : [isUser(segment.included, profile)]
  const wanted: PlanCondition = { kind: 'any', of: [...listed, ...rules] }
  return segment.excluded.length === 0 ? wanted : all([{ kind: 'not', of: isUser(segment.excluded, profile) }, wanted])
}

/** Whether the user's key is one of these. */
export function isUser(keys: readonly string[], { userKey }: Profile): PlanCondition {
  const set: ReadonlySet<unknown> = new Set(keys)
  const shown = keys.length > SHOWN ? `${keys.length} keys` : keys
  return { kind: 'test', term: userKey, predicate: predicate('is one of', shown, (key) => set.has(key)) }
}

/** Longer lists are shown by their length. */
const SHOWN = 20

function all(of: readonly PlanCondition[]): PlanCondition {
  const [first] = of
  if (first === undefined) return { kind: 'always' }
  return of.length === 1 ? first : { kind: 'all', of }
}

function lowerTest(
  { property, op, value }: Condition,
  at: string,
  profile: Profile,
  findings: Findings,
): PlanCondition {
  const report = (message: string): void => findings.note(at, message)
  const known = op === null || value === null ? undefined : profile.operator(op, value, report)
  if (known === undefined) {
    findings.note(at, value === null && op !== null ? 'has no value and never holds' : `has no known operator: ${op}`)
  }
  return { kind: 'test', term: profile.attribute(property), predicate: known ?? neverBy(op, value) }
}

function neverBy(op: string | null, value: string | null): Predicate {
  return predicate(op ?? 'no operator', value, () => false)
}

function lowerMembership(
  { value }: Condition,
  at: string,
  profile: Profile,
  fault: OutcomeSpec,
  findings: Findings,
): PlanCondition {
  let ids: readonly string[]
  try {
    ids = value === null ? [] : profile.segmentIds(value)
  } catch (error) {
    findings.note(at, `the list of segments cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    return { kind: 'fail', outcome: fault }
  }
  for (const id of ids) findings.refer(at, id)
  return { kind: 'any', of: ids.map((id) => ({ kind: 'segment', id })) }
}
