/**
 * Condition operators as npm SDK 8.1.2 answers them, coercions of JavaScript included: for those who leave it and want
 * the very same answers. Everything that depends on the condition alone is parsed here, once.
 */
import type { Predicate } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { linearRegex } from '../../regex/linear.ts'
import { compareSemVer, parseSemVer } from '../../versions/semver.ts'
import type { SemVer } from '../../versions/semver.ts'
import { nodeList } from './lists.ts'
import type { Condition } from './model.ts'
import { SEMVER } from './operators.ts'

/** A property that is set: an object only as a list, whose text is its members'. */
type Test = (property: unknown) => boolean
type Primitive = string | number | boolean

const LONGEST_VERSION = 256
const SHOWN = 200

/** The test on a property; undefined for an operator that does not exist. `report` hears of values without meaning. */
export function nodeOperator({ operator, value }: Condition, report: (message: string) => void): Predicate | undefined {
  if (operator === 'IS_SET') return predicate(operator, undefined, isSet)
  if (operator === 'IS_NOT_SET') return predicate(operator, undefined, (property) => !isSet(property))
  if (value === null) {
    report(`${operator} without a value never holds`)
    return predicate(operator, null, () => false)
  }
  const shown = (typeof value === 'string' ? value : value.list).slice(0, SHOWN)
  if (operator === 'IN') return predicate(operator, shown, onSet(isMemberOf(nodeList(value))))
  if (typeof value !== 'string') {
    report(`${operator} of a list never holds`)
    return predicate(operator, shown, () => false)
  }
  const test = testOf(operator, value, report)
  return test === undefined ? undefined : predicate(operator, shown, onSet(test))
}

function testOf(operator: string, value: string, report: (message: string) => void): Test | undefined {
  const semver = value.endsWith(SEMVER)
  const text = semver ? value.replace(SEMVER, '') : value
  const cast = castsOf(text, semver)
  switch (operator) {
    case 'EQUAL':
      return semver ? byVersion(text, (order) => order === 0) : (property) => looselyEqual(cast(property), property)
    case 'NOT_EQUAL':
      return (property) => !looselyEqual(cast(property), property)
    case 'GREATER_THAN':
      return semver ? byVersion(text, (order) => order > 0) : (property) => primitive(property) > cast(property)
    case 'GREATER_THAN_INCLUSIVE':
      return semver ? byVersion(text, (order) => order >= 0) : (property) => primitive(property) >= cast(property)
    case 'LESS_THAN':
      return semver ? byVersion(text, (order) => order < 0) : (property) => cast(property) > primitive(property)
    case 'LESS_THAN_INCLUSIVE':
      return semver ? byVersion(text, (order) => order <= 0) : (property) => cast(property) >= primitive(property)
    case 'CONTAINS':
      return (property) =>
        typeof property === 'string'
          ? property !== '' && property.includes(text)
          : Array.isArray(property) && property.includes(text)
    case 'NOT_CONTAINS':
      return (property) => typeof property === 'string' && value !== '' && !property.includes(value)
    case 'REGEX':
      return finds(value, report)
    case 'MODULO':
      return leaves(value, report)
    default:
      return undefined
  }
}

function isSet(property: unknown): boolean {
  return property !== undefined && property !== null
}

function onSet(test: Test): Test {
  return (property) => isSet(property) && test(property)
}

/** The condition's value as the property's type wants it. */
function castsOf(text: string, semver: boolean): (property: unknown) => Primitive {
  if (semver) return () => text
  const truth = text !== 'False' && text !== 'false'
  const number = Number.parseFloat(text)
  return (property) => (typeof property === 'boolean' ? truth : typeof property === 'number' ? number : text)
}

function primitive(property: unknown): Primitive {
  return typeof property === 'number' || typeof property === 'boolean' ? property : String(property)
}

/** JavaScript's `==`, of which the left side is a text or of the property's own type. */
function looselyEqual(cast: Primitive, property: unknown): boolean {
  const right = primitive(property)
  return typeof cast === typeof right ? cast === right : Number(cast) === Number(right)
}

function byVersion(text: string, holds: (order: number) => boolean): Test {
  const wanted = versionOf(text)
  return (property) => {
    const version = wanted === undefined || typeof property !== 'string' ? undefined : versionOf(property)
    return wanted !== undefined && version !== undefined && holds(compareSemVer(version, wanted))
  }
}

function versionOf(text: string): SemVer | undefined {
  if (text.length > LONGEST_VERSION) return undefined
  const trimmed = text.trim()
  return trimmed.startsWith('V') ? undefined : parseSemVer(trimmed, { prefix: 'v', largest: Number.MAX_SAFE_INTEGER })
}

function finds(pattern: string, report: (message: string) => void): Test {
  if (pattern === '') return () => false
  try {
    const regex = linearRegex(pattern)
    return (property) => regex.test(String(property))
  } catch (error) {
    report(`the pattern never matches: ${error instanceof Error ? error.message : String(error)}`)
    return () => false
  }
}

function leaves(value: string, report: (message: string) => void): Test {
  const parts = value.split('|')
  const [divisor = NaN, remainder = NaN] = parts.map(Number.parseFloat)
  if (parts.length !== 2 || Number.isNaN(divisor) || Number.isNaN(remainder) || divisor === 0) {
    report(`MODULO of ${JSON.stringify(value.slice(0, SHOWN))} never holds; it needs divisor|remainder`)
    return () => false
  }
  return (property) => Number.parseFloat(String(property)) % divisor === remainder
}

function isMemberOf(members: ReadonlySet<string>): Test {
  return (property) => Boolean(property) && typeof property !== 'boolean' && members.has(String(property))
}
