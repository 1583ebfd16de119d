/** Clauses of rules: tests on attributes of one kind of context, and membership in segments. */
import type { Condition } from '../../plan.ts'
import type { Json } from '../../outcome.ts'
import { predicate } from '../../predicates/predicate.ts'
import { FlagError } from '../../problem.ts'
import { malformed } from './answers.ts'
import type { Clause } from './document.ts'
import { operator } from './operators.ts'
import type { Options } from './profile.ts'
import { literal } from './reference.ts'

/** Where findings about clauses go. */
export interface Findings {
  /** Something that can never mean what its author meant. */
  note(path: string, message: string): void
  /** A segment is referred to. */
  refer(path: string, id: string): void
}

/** Longer operands are shown by their length. */
const SHOWN = 20

/** All clauses of a rule; `clauses` is undefined where the rule has no such member. */
export function lowerClauses(
  clauses: readonly Clause[] | undefined,
  path: string,
  options: Options,
  findings: Findings,
): Condition {
  if (clauses === undefined) return { kind: options.profile.matchesWithoutClauses ? 'always' : 'never' }
  const of = clauses.map((clause, index): Condition => {
    const condition = lowerClause(clause, `${path}[${index}]`, options, findings)
    return options.profile.losesErrors && index < clauses.length - 1 ? forgetting(condition) : condition
  })
  const [first] = of
  if (first === undefined) return { kind: 'always' }
  return of.length === 1 ? first : { kind: 'all', of }
}

/** An error that is followed by another clause counts as a match. */
function forgetting(condition: Condition): Condition {
  if (condition.kind === 'fail') return { kind: 'always' }
  return condition.kind === 'test' ? condition : { kind: 'recover', of: condition, instead: { kind: 'always' } }
}

function lowerClause(clause: Clause, path: string, options: Options, findings: Findings): Condition {
  const { attribute, contextKind, values, negate } = clause
  const { profile, subject } = options
  if (clause.op === 'segmentMatch') return lowerMembership(clause, path, findings)
  const noKind = contextKind === undefined || contextKind === ''
  const steps = noKind ? literal(attribute) : profile.reference(attribute)
  if (steps === undefined) {
    findings.note(path, `the attribute reference ${JSON.stringify(attribute)} is not valid`)
    return { kind: 'fail', outcome: malformed('a rule has an invalid attribute reference', true) }
  }
  const kind = contextKind === undefined ? 'user' : contextKind === '' ? profile.emptyKind : contextKind
  const matches = compiled(clause, path, options, findings)
  const any = (value: unknown): boolean => (Array.isArray(value) ? value.some(matches) : matches(value))
  const shown = values.length > SHOWN ? `${values.length} values` : (values as Json)
  const name = `${negate ? 'not ' : ''}${clause.op}`
  // Who lacks the attribute does not match, whether negated or not.
  const test = (value: unknown): boolean => value !== null && value !== undefined && any(value) !== negate
  return { kind: 'test', term: subject.attribute(kind, steps), predicate: predicate(name, shown, test) }
}

function compiled(
  { op, values }: Clause,
  path: string,
  { profile }: Options,
  findings: Findings,
): (value: unknown) => boolean {
  try {
    const matches = operator(op, values, profile, (message) => findings.note(`${path}.values`, message))
    if (matches !== undefined) return matches
    findings.note(`${path}.op`, `${JSON.stringify(op)} is no known operator, so nothing matches`)
    return () => false
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    throw new FlagError(`${path}.${error.path}`, error.message, { cause: error })
  }
}

function lowerMembership({ values, negate }: Clause, path: string, findings: Findings): Condition {
  const ids = values.filter((id) => typeof id === 'string')
  for (const id of ids) findings.refer(path, id)
  const of = ids.map((id): Condition => {
    const outcome = malformed(`segment ${JSON.stringify(id)} is in a circle of segments`, true)
    return { kind: 'segment', id, onCycle: { kind: 'fail', outcome } }
  })
  const [first] = of
  const inside: Condition = first !== undefined && of.length === 1 ? first : { kind: 'any', of }
  return negate ? { kind: 'not', of: inside } : inside
}
