/** Constraints and segments as conditions, and the clock that date constraints look at. */
import type { Condition } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { FlagError } from '../../problem.ts'
import type { Comparing } from './comparing.ts'
import type { Constraint } from './feature.ts'
import { operatorOf } from './operators.ts'
import type { Found } from './operators.ts'
import { currentTimeOf, termOf } from './subject.ts'
import type { Subject } from './subject.ts'

/** Something that one of the engines refuses to compile, which turns every flag off that it is part of. */
export class Uncompilable extends Error {}

/** What constraints are lowered with. */
export interface Rules {
  readonly subject: Subject
  readonly comparing: Comparing
  /** Whether what has no meaning is refused, instead of being false. */
  readonly strict: boolean
  /** Where findings about conditions go. */
  readonly note: (path: string, message: string) => void
}

export function all(of: readonly Condition[]): Condition {
  const needed = of.filter(({ kind }) => kind !== 'always')
  const [first] = needed
  if (first === undefined) return { kind: 'always' }
  return needed.length === 1 ? first : { kind: 'all', of: needed }
}

export function not(of: Condition): Condition {
  return { kind: 'not', of }
}

/** Throws Uncompilable under strict rules. */
export function lowerConstraint(constraint: Constraint, path: string, rules: Rules): Condition {
  const { operator, contextName, inverted } = constraint
  const turned = (condition: Condition): Condition => (inverted ? not(condition) : condition)
  if (operator === 'DATE_AFTER' || operator === 'DATE_BEFORE') return turned(lowerDate(constraint, path, rules))
  const found = findOperator(constraint, path, rules)
  if (found === undefined) return meaningless(rules, path, `has no known operator: ${operator}`)
  if (found.meaningless && rules.strict) throw new Uncompilable(`${path} has no meaning`)
  if (found.never) return { kind: 'never' }
  return turned({ kind: 'test', term: termOf(rules.subject.field(contextName)), predicate: found.predicate })
}

function findOperator(constraint: Constraint, path: string, { comparing, note }: Rules): Found | undefined {
  try {
    return operatorOf(constraint, comparing, (message) => note(path, message))
  } catch (error) {
    throw new FlagError(path, error instanceof Error ? error.message : String(error), { cause: error })
  }
}

/** Notes it, and it never holds; throws under strict rules. */
function meaningless({ strict, note }: Rules, path: string, message: string): Condition {
  if (strict) throw new Uncompilable(`${path} ${message}`)
  note(path, `is false whoever asks: ${message}`)
  return { kind: 'never' }
}

function lowerDate({ operator, contextName, value }: Constraint, path: string, rules: Rules): Condition {
  const moment = rules.comparing.operandDate(value)
  if (Number.isNaN(moment)) return meaningless(rules, path, `${JSON.stringify(value) ?? 'nothing'} is not a date`)
  const after = operator === 'DATE_AFTER'
  const holds = (time: unknown): boolean => typeof time === 'number' && (after ? time > moment : time < moment)
  const test = predicate(operator, value ?? null, holds)
  if (rules.comparing.datesOfFields && contextName !== 'currentTime') {
    const { reads, of } = rules.subject.field(contextName)
    const read = rules.comparing.operandDate
    return {
      kind: 'test',
      term: { name: contextName, reads, read: ({ context }) => read(of(context)) },
      predicate: test,
    }
  }
  const currentTime = {
    name: 'currentTime',
    reads: ['currentTime'],
    read: ({ context }: { context: Readonly<Record<string, unknown>> }): unknown => currentTimeOf(context),
  }
  const absent = predicate('is absent', undefined, (time) => time === undefined)
  const clock: Condition = after ? { kind: 'time', from: moment + 1 } : { kind: 'time', until: moment }
  return {
    kind: 'any',
    of: [
      { kind: 'test', term: currentTime, predicate: test },
      { kind: 'all', of: [{ kind: 'test', term: currentTime, predicate: absent }, clock] },
    ],
  }
}
