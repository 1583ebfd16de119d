/**
 * Targeting conditions as conditions of the plan: what they combine stays visible to `explain`, what they test are
 * leaves that declare the attribute they read.
 */
import type { Json } from '../../outcome.ts'
import type { Condition, SegmentPlan, Term } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import type { Groups } from './groups.ts'
import { Matchers, operatorsOf } from './matchers.ts'
import { membership } from './operators.ts'
import type { Report } from './operators.ts'
import { list, member, object } from './shape.ts'
import type { Subject } from './subject.ts'

/** Longer operands are shown by their length. */
const SHOWN = 20

export class Conditions {
  readonly matchers: Matchers
  readonly #groups: Groups
  readonly #subject: Subject
  readonly #report: Report

  /** One per feature: `report` hears of what in its conditions never holds. */
  constructor(groups: Groups, subject: Subject, report: Report) {
    this.#groups = groups
    this.#subject = subject
    this.#report = report
    this.matchers = new Matchers(groups, report)
  }

  /** A condition on the user's attributes. Throws FlagError for what is no condition. */
  attributes(condition: unknown, at: string): Condition {
    const entries = Object.entries(object(condition, at))
    return all(entries.map(([name, operand]) => this.#entry(name, operand, member(at, name))))
  }

  #entry(name: string, operand: unknown, at: string): Condition {
    switch (name) {
      case '$or':
      case '$nor':
      case '$and': {
        const parts = list(operand, at, (item, path) => this.attributes(item, path))
        if (name === '$and') return all(parts)
        const any: Condition = parts.length === 0 ? { kind: 'always' } : { kind: 'any', of: parts }
        return name === '$or' ? any : { kind: 'not', of: any }
      }
      case '$not':
        return { kind: 'not', of: this.attributes(operand, at) }
      case '$savedGroup':
        return this.#savedGroup(operand, at)
      default:
        return this.#value(this.#subject.path(name), operand, at)
    }
  }

  #value(term: Term, operand: unknown, at: string): Condition {
    const operators = operatorsOf(operand)
    if (operators === undefined) {
      return { kind: 'test', term, predicate: predicate('is', shown(operand), this.matchers.value(operand, at)) }
    }
    return all(
      operators.map(([name, each]): Condition => {
        const path = member(at, name)
        if (name === '$not') return { kind: 'not', of: this.#value(term, each, path) }
        return {
          kind: 'test',
          term,
          predicate: predicate(name, shown(each), this.matchers.operator(name, each, path)),
        }
      }),
    )
  }

  #savedGroup(operand: unknown, at: string): Condition {
    const reference = this.#groups.reference(operand, at, this.#report)
    if (reference.kind === 'never') return { kind: 'never' }
    const { id } = reference
    if (reference.kind === 'list') {
      const term = this.#subject.path(reference.path)
      return { kind: 'test', term, predicate: predicate('is in saved group', id, membership(reference.values)) }
    }
    if (!this.#groups.isCyclic(id)) return { kind: 'segment', id }
    // Which groups are already being asked also matters inside lists, where the plan cannot follow.
    this.#report(at, `saved group ${JSON.stringify(id)} leads back to itself, where it matches nobody`)
    const term = this.whole(reference.condition)
    return { kind: 'test', term, predicate: predicate('matches saved group', id, this.matchers.group(id)) }
  }

  /** The attributes that a condition reads, as one object. */
  whole(condition: unknown): Term {
    const names = new Set<string>()
    this.#collect(condition, names, new Set())
    return this.#subject.object([...names], 'attributes')
  }

  #collect(condition: unknown, names: Set<string>, groups: Set<string>): void {
    if (typeof condition !== 'object' || condition === null) return
    for (const [name, operand] of Object.entries(condition)) {
      if (name === '$savedGroup') {
        const reference = this.#groups.reference(operand, '', () => undefined)
        if (reference.kind === 'list') names.add(first(reference.path))
        if (reference.kind !== 'condition' || groups.has(reference.id)) continue
        groups.add(reference.id)
        this.#collect(reference.condition, names, groups)
      } else if (name === '$or' || name === '$nor' || name === '$and') {
        for (const item of Array.isArray(operand) ? (operand as unknown[]) : []) this.#collect(item, names, groups)
      } else if (name === '$not') {
        this.#collect(operand, names, groups)
      } else {
        names.add(first(name))
      }
    }
  }
}

/** The saved groups that are conditions and do not lead back to themselves, as segments of the plan. */
export function lowerGroups(groups: Groups, subject: Subject, warn: Report): Map<string, SegmentPlan> {
  const segments = new Map<string, SegmentPlan>()
  for (const id of groups.conditions) {
    if (groups.isCyclic(id)) continue
    const definition = groups.digests({ $inGroup: id })
    const path = `savedGroups.${id}.condition`
    try {
      const condition = new Conditions(groups, subject, warn).attributes(groups.condition(id), path)
      segments.set(id, { definition, condition })
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      warn(path, `features that ask for this group answer an error: ${message}`)
      const errorDetails = `saved group ${JSON.stringify(id)} cannot be read: ${message}`
      const outcome = { reason: 'ERROR', errorCode: 'PARSE_ERROR', errorDetails } as const
      segments.set(id, { definition, condition: { kind: 'fail', outcome } })
    }
  }
  return segments
}

export function all(of: readonly Condition[]): Condition {
  const [first] = of
  if (first === undefined) return { kind: 'always' }
  return of.length === 1 ? first : { kind: 'all', of }
}

function first(path: string): string {
  return path.split('.')[0] ?? ''
}

function shown(operand: unknown): Json {
  return Array.isArray(operand) && operand.length > SHOWN ? `${operand.length} values` : (operand as Json)
}
