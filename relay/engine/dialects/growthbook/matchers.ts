/**
 * Conditions as tests of one value: for the items of lists, the values of prerequisites, the contexts of bandits, and
 * saved groups that refer to themselves. Everything else becomes conditions of the plan, which can be explained.
 */
import { own } from '../../context.ts'
import { FlagError } from '../../problem.ts'
import type { Groups } from './groups.ts'
import { equals, membership, never, OPERATORS } from './operators.ts'
import type { Matcher, Report } from './operators.ts'
import { list, member, object } from './shape.ts'
import { walk } from './subject.ts'

/** A saved group that is being tested does not hold where it is asked again. */
interface Group {
  active: boolean
  matcher: Matcher | undefined
}

export class Matchers {
  readonly #groups: Groups
  readonly #report: Report
  readonly #compiled = new Map<string, Group>()

  constructor(groups: Groups, report: Report) {
    this.#groups = groups
    this.#report = report
  }

  /** A condition on an object of attributes. Throws FlagError for what is no condition. */
  object(condition: unknown, at: string): Matcher {
    const entries = Object.entries(object(condition, at))
    const parts = entries.map(([name, operand]) => this.#entry(name, operand, member(at, name)))
    return every(parts)
  }

  #entry(name: string, operand: unknown, at: string): Matcher {
    switch (name) {
      case '$or':
      case '$nor':
      case '$and': {
        const parts = list(operand, at, (item, path) => this.object(item, path))
        if (name === '$and') return every(parts)
        const any: Matcher = (value) => parts.length === 0 || parts.some((part) => part(value))
        return name === '$or' ? any : (value) => !any(value)
      }
      case '$not': {
        const inner = this.object(operand, at)
        return (value) => !inner(value)
      }
      case '$savedGroup':
        return this.#savedGroup(operand, at)
      default: {
        const path = name.split('.')
        const test = this.value(operand, at)
        return (value) => test(walk(value, path))
      }
    }
  }

  #savedGroup(operand: unknown, at: string): Matcher {
    const reference = this.#groups.reference(operand, at, this.#report)
    if (reference.kind === 'never') return never
    if (reference.kind === 'condition') return this.group(reference.id)
    const path = reference.path.split('.')
    const isIn = membership(reference.values)
    return (value) => isIn(walk(value, path))
  }

  /** A saved group that is a condition. */
  group(id: string): Matcher {
    const group = this.#compiled.get(id) ?? { active: false, matcher: undefined }
    if (!this.#compiled.has(id)) {
      this.#compiled.set(id, group)
      group.matcher = this.object(this.#groups.condition(id), `savedGroups.${id}`)
    }
    return (value) => {
      if (group.active) return false
      group.active = true
      try {
        return group.matcher?.(value) === true
      } finally {
        group.active = false
      }
    }
  }

  /** What stands beside a path: a plain value, or an object of operators only. */
  value(condition: unknown, at: string): Matcher {
    const operators = operatorsOf(condition)
    if (operators === undefined) return equals(condition)
    return every(operators.map(([name, operand]) => this.operator(name, operand, member(at, name))))
  }

  /** One operator; one that does not exist never holds. */
  operator(name: string, operand: unknown, at: string): Matcher {
    const build = OPERATORS.get(name)
    if (build !== undefined) return build(operand, at, this.#report)
    switch (name) {
      case '$not': {
        const inner = this.value(operand, at)
        return (value) => !inner(value)
      }
      case '$size': {
        const size = this.value(operand, at)
        return (value) => Array.isArray(value) && size(value.length)
      }
      case '$all':
      case '$alli':
        return this.#all(operand, at, name === '$alli')
      case '$elemMatch':
        return this.#elemMatch(operand, at)
      case '$inGroup':
      case '$notInGroup':
        return this.#inGroup(operand, at, name === '$inGroup')
      default:
        this.#report(at, `is no operator of GrowthBook and never holds`)
        return never
    }
  }

  #all(operand: unknown, at: string, insensitive: boolean): Matcher {
    if (!Array.isArray(operand)) {
      this.#report(at, 'needs a list and never holds without one')
      return never
    }
    const wanted = operand.map((item: unknown, index): Matcher =>
      typeof item === 'string' ? equals(item, insensitive) : this.value(item, `${at}[${index}]`),
    )
    return (value) => Array.isArray(value) && wanted.every((matches) => value.some((item) => matches(item)))
  }

  /** Of the items only null is passed over. */
  #elemMatch(operand: unknown, at: string): Matcher {
    const matches = operatorsOf(operand) === undefined ? this.object(operand, at) : this.value(operand, at)
    return (value) => Array.isArray(value) && value.some((item) => (item ?? null) !== null && matches(item))
  }

  #inGroup(operand: unknown, at: string, wanted: boolean): Matcher {
    if (typeof operand !== 'string' && typeof operand !== 'number') {
      throw new FlagError(at, 'must be the id of a saved group')
    }
    const values = this.#groups.values(String(operand))
    if (values === undefined) {
      this.#report(at, `never holds: saved group ${JSON.stringify(operand)} is no list`)
      return never
    }
    const isIn = membership(values)
    return (value) => isIn(value) === wanted
  }
}

/** The operators of a condition that has nothing else; undefined for a plain value. */
export function operatorsOf(condition: unknown): [string, unknown][] | undefined {
  if (typeof condition !== 'object' || condition === null || Array.isArray(condition)) return undefined
  const names = Object.keys(condition)
  if (names.length === 0 || names.some((name) => !name.startsWith('$'))) return undefined
  return names.map((name) => [name, own(condition, name)])
}

function every(parts: readonly Matcher[]): Matcher {
  const [first] = parts
  if (first !== undefined && parts.length === 1) return first
  return (value) => parts.every((part) => part(value))
}
