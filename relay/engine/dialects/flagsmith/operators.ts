/**
 * Condition operators as Flagsmith's Python engine answers them, which is what its API and Edge Proxy run. The type of
 * the property decides how the condition's value is read; a value that cannot be read so makes the condition false,
 * NOT_EQUAL included.
 */
import type { Predicate } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { linearRegex } from '../../regex/linear.ts'
import { compareSemVer, parseSemVer } from '../../versions/semver.ts'
import { compareNumbers, compareTexts, Float, floatOf, integerOf, printed, propertyOf } from './casts.ts'
import type { Property } from './casts.ts'
import { pythonList } from './lists.ts'
import type { Condition } from './model.ts'

/** Negative, zero, positive or NaN; undefined where the two cannot be compared. */
type Order = (property: Property) => number | undefined

const COMPARISONS: ReadonlyMap<string, (order: number) => boolean> = new Map([
  ['EQUAL', (order: number): boolean => order === 0],
  ['NOT_EQUAL', (order: number): boolean => order !== 0],
  ['GREATER_THAN', (order: number): boolean => order > 0],
  ['GREATER_THAN_INCLUSIVE', (order: number): boolean => order >= 0],
  ['LESS_THAN', (order: number): boolean => order < 0],
  ['LESS_THAN_INCLUSIVE', (order: number): boolean => order <= 0],
])

/** Longer lists are shown by their beginning. */
const SHOWN = 200

export const SEMVER = ':semver'

/** The test on a property; undefined for an operator that does not exist. `report` hears of values without meaning. */
export function pythonOperator(
  { operator, value }: Condition,
  report: (message: string) => void,
): Predicate | undefined {
  if (operator === 'IS_SET') return predicate(operator, undefined, (raw) => isSet(raw))
  if (operator === 'IS_NOT_SET') return predicate(operator, undefined, (raw) => !isSet(raw))
  if (value === null) {
    report(`${operator} without a value never holds`)
    return predicate(operator, null, () => false)
  }
  const shown = (typeof value === 'string' ? value : value.list).slice(0, SHOWN)
  if (operator === 'IN') {
    const members = pythonList(value)
    return predicate(
      operator,
      shown,
      onProperty((property) => isMember(property, members)),
    )
  }
  if (typeof value !== 'string') {
    report(`${operator} of a list never holds`)
    return predicate(operator, shown, () => false)
  }
  const test = testOf(operator, value, report)
  return test === undefined ? undefined : predicate(operator, shown, onProperty(test))
}

function testOf(
  operator: string,
  value: string,
  report: (message: string) => void,
): ((property: Property) => boolean) | undefined {
  switch (operator) {
    case 'CONTAINS':
      return (property) => typeof property === 'string' && property.includes(value)
    case 'NOT_CONTAINS':
      return (property) => typeof property === 'string' && !property.includes(value)
    case 'REGEX':
      return matches(value, report)
    case 'MODULO':
      return leaves(value, report)
    default: {
      const comparison = COMPARISONS.get(operator)
      if (comparison === undefined) return undefined
      const order = orderBy(value)
      return (property) => {
        const found = order(property)
        return found !== undefined && comparison(found)
      }
    }
  }
}

function isSet(raw: unknown): boolean {
  return propertyOf(raw) !== undefined
}

function onProperty(test: (property: Property) => boolean): (raw: unknown) => boolean {
  return (raw) => {
    const property = propertyOf(raw)
    return property !== undefined && test(property)
  }
}

function isMember(property: Property, members: ReadonlySet<string>): boolean {
  if (typeof property === 'string') return members.has(property)
  const integer = typeof property === 'bigint' || (typeof property === 'number' && Number.isInteger(property))
  return integer && members.has(printed(property))
}

function orderBy(value: string): Order {
  const integer = integerOf(value)
  const float = floatOf(value)
  const truth = value !== 'False' && value !== 'false'
  const byText = value.endsWith(SEMVER) ? orderByVersion(value.slice(0, -SEMVER.length)) : undefined
  const byFloat = (number: number): number | undefined =>
    float === undefined ? undefined : compareNumbers(number, float)
  return (property) => {
    if (typeof property === 'string') return byText === undefined ? compareTexts(property, value) : byText(property)
    if (typeof property === 'boolean') return Number(property) - Number(truth)
    if (property instanceof Float) return byFloat(property.value)
    if (typeof property === 'bigint') return integer === undefined ? undefined : compareNumbers(property, integer)
    // A number from JSON that is integral may have been written as a float.
    return Number.isInteger(property) && integer !== undefined ? compareNumbers(property, integer) : byFloat(property)
  }
}

function orderByVersion(text: string): (property: string) => number | undefined {
  const wanted = parseSemVer(text)
  return (property) => {
    const version = wanted === undefined ? undefined : parseSemVer(property)
    return wanted === undefined || version === undefined ? undefined : compareSemVer(version, wanted)
  }
}

/** Python's `re.match`: from the start, not necessarily to the end. */
function matches(pattern: string, report: (message: string) => void): (property: Property) => boolean {
  try {
    // By itself first: brackets put around a pattern could make a valid one of an invalid one.
    linearRegex(pattern, '', 'python')
    const flags = /^(?:\(\?[aimsux]+\))*/.exec(pattern)?.[0] ?? ''
    // A line feed ends the comment that a pattern in verbose mode may end with, and means nothing there.
    const end = flags.includes('x') ? '\n' : ''
    const regex = linearRegex(`${flags}\\A(?:${pattern.slice(flags.length)}${end})`, '', 'python')
    return (property) => regex.test(printed(property))
  } catch (error) {
    report(`the pattern never matches: ${error instanceof Error ? error.message : String(error)}`)
    return () => false
  }
}

function leaves(value: string, report: (message: string) => void): (property: Property) => boolean {
  const parts = value.split('|')
  const [divisor, remainder] = parts.map(floatOf)
  if (parts.length !== 2 || divisor === undefined || remainder === undefined || divisor === 0) {
    report(`MODULO of ${JSON.stringify(value.slice(0, SHOWN))} never holds; it needs divisor|remainder`)
    return () => false
  }
  return (property) => {
    if (typeof property === 'string') return false
    return floored(property instanceof Float ? property.value : Number(property), divisor) === remainder
  }
}

/** The remainder with the sign of the divisor. */
function floored(number: number, divisor: number): number {
  const remainder = number % divisor
  return remainder !== 0 && remainder < 0 !== divisor < 0 ? remainder + divisor : remainder
}
