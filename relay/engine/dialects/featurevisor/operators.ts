/**
 * The vendor's operators as named tests. Which one applies is decided by the types of both sides first: `exists` with a
 * superfluous value is shadowed by the rows above it, and every negated operator is false where its positive one would
 * not have applied. The condition's side is known here, so all its parsing is done before the first evaluation.
 */
import type { Json } from '../../outcome.ts'
import type { Predicate } from '../../plan.ts'
import { onNumber, onText, predicate } from '../../predicates/predicate.ts'
import { linearRegex } from '../../regex/linear.ts'
import { compareLooseVersions, parseLooseVersion } from '../../versions/compare-versions.ts'

type Test = (value: unknown) => boolean

/** A test, or a message why the condition can never hold. */
export type Operator = Predicate | { readonly never: string }

/** The operator of a plain condition; `value` and `regexFlags` as the datafile has them, undefined when absent. */
export function operator(name: unknown, value: unknown, regexFlags: unknown): Operator {
  if (typeof name !== 'string') return { never: 'has no operator' }
  const found = testOf(name, value, regexFlags)
  return typeof found === 'function' ? predicate(name, value as Json | undefined, found) : { never: found }
}

function testOf(name: string, value: unknown, regexFlags: unknown): Test | string {
  switch (name) {
    case 'equals':
      return (actual) => actual === value
    case 'notEquals':
      return (actual) => actual !== value
    case 'before':
    case 'after':
      return dates(name, value)
    case 'exists':
      return (actual) => actual !== undefined && !shadows(actual, value)
    case 'notExists':
      return (actual) => actual === undefined
    case 'in':
    case 'notIn':
      return Array.isArray(value) ? membership(name === 'in', value) : 'needs a list as its value'
    case 'includes':
    case 'notIncludes':
      return inclusion(name === 'includes', value)
    case 'greaterThan':
    case 'greaterThanOrEquals':
    case 'lessThan':
    case 'lessThanOrEquals':
      return typeof value === 'number' ? order(name, value) : 'needs a number as its value'
    default:
      return typeof value === 'string' ? texts(name, value, regexFlags) : 'is unknown, or needs a text as its value'
  }
}

/** Whether an earlier row of the vendor's table claims these types, so that `exists` is never reached. */
function shadows(actual: unknown, value: unknown): boolean {
  if (Array.isArray(value)) return typeof actual === 'string' || typeof actual === 'number' || actual === null
  return (typeof value === 'string' || typeof value === 'number') && typeof actual === typeof value
}

function membership(wanted: boolean, values: readonly unknown[]): Test {
  const known = new Set(values.filter((value) => !Number.isNaN(value)))
  return (actual) =>
    (typeof actual === 'string' || typeof actual === 'number' || actual === null) && known.has(actual) === wanted
}

function inclusion(wanted: boolean, value: unknown): Test | string {
  if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) return 'needs a plain value'
  // indexOf, not includes: the two disagree about NaN.
  return (actual) => Array.isArray(actual) && (actual.indexOf(value) !== -1) === wanted
}

function order(name: string, value: number): Test {
  if (name === 'greaterThan') return onNumber((actual) => actual > value)
  if (name === 'greaterThanOrEquals') return onNumber((actual) => actual >= value)
  if (name === 'lessThan') return onNumber((actual) => actual < value)
  return onNumber((actual) => actual <= value)
}

function texts(name: string, value: string, regexFlags: unknown): Test | string {
  switch (name) {
    case 'contains':
      return onText((actual) => actual.includes(value))
    case 'notContains':
      return onText((actual) => !actual.includes(value))
    case 'startsWith':
      return onText((actual) => actual.startsWith(value))
    case 'endsWith':
      return onText((actual) => actual.endsWith(value))
    case 'matches':
    case 'notMatches':
      return pattern(name === 'matches', value, regexFlags)
    default:
      return versions(name, value)
  }
}

/** A pattern that linear time cannot answer counts as broken: false, whichever of the two operators it is. */
function pattern(wanted: boolean, value: string, regexFlags: unknown): Test | string {
  const flags = regexFlags ?? ''
  if (typeof flags !== 'string') return 'has regexFlags that are no text'
  try {
    const regex = linearRegex(value, flags, 'ecmascript')
    return onText((actual) => regex.test(actual) === wanted)
  } catch (error) {
    return `has a pattern that cannot be used: ${error instanceof Error ? error.message : String(error)}`
  }
}

const VERSION_ORDERS: ReadonlyMap<string, (order: number) => boolean> = new Map([
  ['semverEquals', (order: number): boolean => order === 0],
  ['semverNotEquals', (order: number): boolean => order !== 0],
  ['semverGreaterThan', (order: number): boolean => order > 0],
  ['semverGreaterThanOrEquals', (order: number): boolean => order >= 0],
  ['semverLessThan', (order: number): boolean => order < 0],
  ['semverLessThanOrEquals', (order: number): boolean => order <= 0],
])

function versions(name: string, value: string): Test | string {
  const holds = VERSION_ORDERS.get(name)
  if (holds === undefined) return 'is unknown'
  const wanted = parseLooseVersion(value)
  if (wanted === undefined) return `needs a version as its value, ${JSON.stringify(value)} is none`
  return onText((actual) => {
    const version = parseLooseVersion(actual)
    return version !== undefined && holds(compareLooseVersions(version, wanted))
  })
}

/**
 * Dates as the ECMAScript Date constructor reads them, as the vendor does: numbers are milliseconds, null is 1970, a date
 * alone is UTC. A date with a time but without a zone means the zone of this machine, there as here.
 */
function dates(name: 'before' | 'after', value: unknown): Test | string {
  const moment = momentOf(value)
  if (Number.isNaN(moment)) return 'needs a date as its value'
  return name === 'before' ? (actual) => momentOf(actual) < moment : (actual) => momentOf(actual) > moment
}

function momentOf(value: unknown): number {
  try {
    return new Date(value as string).getTime()
  } catch {
    // An object without a text form.
    return NaN
  }
}
