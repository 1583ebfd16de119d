/**
 * Conditions and group segments as conditions of the Plan. The vendor stores them as JSON or as text of JSON, and what it
 * does with broken text depends on the place: in segments and forces it never matches, elsewhere the evaluation fails.
 */
import { own } from '../../context.ts'
import { parseEmbedded } from '../../json.ts'
import type { Condition } from '../../plan.ts'
import type { Semantics } from './options.ts'
import { operator } from './operators.ts'
import { isObject, kindOf } from './shape.ts'
import type { JsonObject } from './shape.ts'
import { attribute } from './subject.ts'

/** What lowering of conditions needs to know and what it finds out. */
export interface Scope {
  readonly semantics: Semantics
  /** Segments that make an evaluation fail. */
  readonly failingSegments: ReadonlySet<string>
  warn(path: string, message: string): void
  /** Set once a condition was met that makes an evaluation fail. */
  mayFail: boolean
}

const ALWAYS: Condition = { kind: 'always' }
const NEVER: Condition = { kind: 'never' }

/** Conditions of a segment or a force: broken text never matches. */
export function lenientConditions(raw: unknown, path: string, scope: Scope): Condition {
  if (typeof raw !== 'string' || raw === '*') return conditions(raw, path, scope)
  const parsed = parse(raw)
  if ('json' in parsed) return conditions(parsed.json, path, scope)
  scope.warn(path, `${parsed.broken}; it never matches`)
  return NEVER
}

/** Conditions of a variable override: broken text makes the evaluation fail. */
export function strictConditions(raw: unknown, path: string, scope: Scope): Condition {
  if (typeof raw !== 'string' || raw === '*') return conditions(raw, path, scope)
  const parsed = parse(raw)
  return 'json' in parsed ? conditions(parsed.json, path, scope) : failing(path, parsed.broken, scope)
}

/** Group segments: keys of segments, combined. Text that looks like JSON and is broken makes the evaluation fail. */
export function groups(raw: unknown, path: string, scope: Scope): Condition {
  if (typeof raw !== 'string' || !/^[[{]/.test(raw)) return group(raw, path, scope)
  const parsed = parse(raw)
  return 'json' in parsed ? group(parsed.json, path, scope) : failing(path, parsed.broken, scope)
}

function group(raw: unknown, path: string, scope: Scope): Condition {
  if (raw === '*') return ALWAYS
  if (typeof raw === 'string') {
    if (scope.failingSegments.has(raw)) scope.mayFail = true
    return { kind: 'segment', id: raw }
  }
  if (raw === null) return failing(path, 'must not be null', scope)
  if (typeof raw !== 'object') return NEVER
  return combined(raw, path, scope, group, scope.semantics === 3)
}

function conditions(raw: unknown, path: string, scope: Scope): Condition {
  if (typeof raw === 'string') return raw === '*' ? ALWAYS : NEVER
  if (typeof raw !== 'object' || raw === null) {
    return failing(path, `must be "*", an object or a list, is ${kindOf(raw)}`, scope)
  }
  if (isObject(raw) && Object.hasOwn(raw, 'attribute')) return plain(raw, path, scope)
  return combined(raw, path, scope, conditions, true)
}

type Lower = (raw: unknown, path: string, scope: Scope) => Condition

/** `notAll`: whether `not` of several means "not all of them" or "none of them". */
function combined(raw: object, path: string, scope: Scope, lower: Lower, notAll: boolean): Condition {
  const each = (list: readonly unknown[], at: string): Condition[] =>
    list.map((part, index) => lower(part, `${at}[${index}]`, scope))
  if (Array.isArray(raw)) return { kind: 'all', of: each(raw, path) }
  const and = own(raw, 'and')
  if (Array.isArray(and)) return { kind: 'all', of: each(and, `${path}.and`) }
  const or = own(raw, 'or')
  if (Array.isArray(or)) return { kind: 'any', of: each(or, `${path}.or`) }
  const not = own(raw, 'not')
  if (!Array.isArray(not)) return NEVER
  if (not.length === 0) return scope.semantics === 3 ? NEVER : ALWAYS
  const parts = each(not, `${path}.not`)
  return { kind: 'not', of: { kind: notAll ? 'all' : 'any', of: parts } }
}

function plain(raw: JsonObject, path: string, scope: Scope): Condition {
  const name = own(raw, 'attribute')
  if (typeof name !== 'string') {
    scope.warn(path, 'its attribute is no text; the condition never matches')
    return NEVER
  }
  const test = operator(own(raw, 'operator'), own(raw, 'value'), own(raw, 'regexFlags'))
  if (!('never' in test)) return { kind: 'test', term: attribute(name), predicate: test }
  scope.warn(path, `operator ${JSON.stringify(own(raw, 'operator'))} ${test.never}; the condition never matches`)
  return NEVER
}

/** Ends the evaluation with the flag's fault, as the exception does in the vendor's engine. */
function failing(path: string, message: string, scope: Scope): Condition {
  scope.warn(path, `${message}; every evaluation that gets here is an error`)
  scope.mayFail = true
  const read = (): never => {
    throw new Error(`${path}: ${message}`)
  }
  return { kind: 'test', term: { name: path, reads: [], read }, predicate: { name: 'is usable', test: () => false } }
}

function parse(text: string): { readonly json: unknown } | { readonly broken: string } {
  try {
    return { json: parseEmbedded(text).json }
  } catch (error) {
    return { broken: error instanceof Error ? error.message : String(error) }
  }
}
