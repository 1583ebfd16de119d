/** The rule trees of segments. A rule's type counts for its conditions and for its inner rules separately. */
import type { Condition as PlanCondition } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import type { Condition, Rule } from './model.ts'
import type { Profile } from './profile.ts'
import type { Subject } from './subject.ts'

/** What lowering of rules needs to know beside the rules. */
export interface RuleTools {
  readonly segmentKey: string
  readonly profile: Profile
  readonly subject: Subject
  /** Hears of a rule or condition that can never mean what its author meant. */
  readonly note: (path: string, message: string) => void
}

/** When a segment matches: all of its rules do, and there is one. */
export function lowerRules(rules: readonly Rule[], tools: RuleTools): PlanCondition {
  return rules.length === 0
    ? { kind: 'never' }
    : all(rules.map((rule, index) => lowerRule(rule, `rules[${index}]`, tools)))
}

function lowerRule({ type, conditions, rules }: Rule, path: string, tools: RuleTools): PlanCondition {
  if (!TYPES.has(type)) tools.note(`${path}.type`, `${JSON.stringify(type)} is unknown; it never holds`)
  const tests = conditions.map((condition, index) => lowerCondition(condition, `${path}.conditions[${index}]`, tools))
  const inner = rules.map((rule, index) => lowerRule(rule, `${path}.rules[${index}]`, tools))
  return all([tests, inner].filter((of) => of.length > 0).map((of) => side(type, of)))
}

const TYPES: ReadonlySet<string> = new Set(['ALL', 'ANY', 'NONE'])

function side(type: string, of: readonly PlanCondition[]): PlanCondition {
  switch (type) {
    case 'ALL':
      return all(of)
    case 'ANY':
      return { kind: 'any', of }
    case 'NONE':
      return { kind: 'not', of: { kind: 'any', of } }
    default:
      return { kind: 'never' }
  }
}

function all(of: readonly PlanCondition[]): PlanCondition {
  const [first] = of
  if (first === undefined) return { kind: 'always' }
  return of.length === 1 ? first : { kind: 'all', of }
}

function lowerCondition(condition: Condition, path: string, tools: RuleTools): PlanCondition {
  const { property, operator, value } = condition
  const { profile, subject, note } = tools
  if (operator === 'PERCENTAGE_SPLIT') return lowerSplit(condition, path, tools)
  const known = profile.operator(condition, (message) => note(path, message))
  if (known === undefined) note(path, `the operator ${JSON.stringify(operator)} is unknown; it never holds`)
  const term = profile.property(property, subject)
  if (term === undefined) {
    note(path, 'names no property and never holds')
    return { kind: 'never' }
  }
  const operand = value === null || typeof value === 'string' ? value : value.list
  return { kind: 'test', term, predicate: known ?? predicate(operator, operand, () => false) }
}

/** Both ends belong to the range: of 10,000 identities one is in a split of 0 percent. */
function lowerSplit({ property, value }: Condition, path: string, tools: RuleTools): PlanCondition {
  const { profile, subject, segmentKey, note } = tools
  const to = typeof value === 'string' ? profile.percentage(value) : undefined
  const bucket = profile.bucket(segmentKey, property, subject)
  if (to === undefined || Number.isNaN(to) || bucket === undefined) {
    note(path, to === undefined || Number.isNaN(to) ? 'is a split without a percentage' : 'splits by nothing')
    return { kind: 'never' }
  }
  return { kind: 'bucket', bucket, from: 0, to, ends: 'closed' }
}
