/**
 * GrowthBook's operators on one value, with JavaScript's coercions and all, since the vendor's other SDKs copy these.
 * Every operand is parsed once. Values are JSON, and null where the attribute is absent: it is what `{ age: 0 }` and
 * `{ age: { $lt: 5 } }` see then, and both hold.
 */
import { linearRegex } from '../../regex/linear.ts'
import { paddedVersion } from './padded-version.ts'

export type Matcher = (value: unknown) => boolean

/** Builds the test of one operand; `at` is where the operand stands. */
export type Build = (operand: unknown, at: string, report: Report) => Matcher

/** Hears of operands without a meaning. */
export type Report = (at: string, message: string) => void

/** What lists hold: texts in lower case where `insensitive`. A list value is in when one of its items is. */
export function membership(values: ReadonlySet<unknown>, fold: (value: unknown) => unknown = same): Matcher {
  return (value) => (Array.isArray(value) ? value.some((item) => values.has(fold(item))) : values.has(fold(value)))
}

const same = (value: unknown): unknown => value
const lower = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value)

/** Without a list neither the operator nor its opposite holds. */
function inList(wanted: boolean, fold: (value: unknown) => unknown): Build {
  return (operand, at, report) => {
    if (!Array.isArray(operand)) {
      report(at, 'needs a list and never holds without one')
      return never
    }
    const isIn = membership(new Set(operand.map(fold)), fold)
    return (value) => isIn(value) === wanted
  }
}

/** JavaScript's relational operators: two texts by code unit, all else as numbers, among which null is 0. */
function order(holds: (value: number, operand: number) => boolean): Build {
  return (operand) => (value) => holds(value as number, operand as number)
}

function version(holds: (value: string, operand: string) => boolean): Build {
  return (operand) => {
    const padded = paddedVersion(operand)
    return (value) => holds(paddedVersion(value), padded)
  }
}

/**
 * Searches the text form of a value. A pattern that JavaScript rejects never holds; one it accepts but that has no
 * linear-time answer (look-around, back-reference) ends the evaluation of whoever reaches it in an error.
 */
function regex(flags: string): Build {
  return (operand, at, report) => {
    const source = typeof operand === 'string' ? operand.replace(/([^\\])\//g, '$1\\/') : undefined
    if (source === undefined || !isPattern(source, flags)) {
      report(at, 'is no regular expression and never holds')
      return never
    }
    try {
      const pattern = linearRegex(source, flags, 'ecmascript')
      return (value) => {
        const subject = textOf(value)
        return subject !== undefined && pattern.test(subject)
      }
    } catch (error) {
      report(at, `users who reach it get an error: ${error instanceof Error ? error.message : String(error)}`)
      return (): never => {
        throw error
      }
    }
  }
}

function isPattern(source: string, flags: string): boolean {
  try {
    return new RegExp(source, flags) instanceof RegExp
  } catch {
    return false
  }
}

/** Undefined for an object that hides its own text form: there the vendor's search fails, and so does not hold. */
function textOf(value: unknown): string | undefined {
  try {
    return String(value)
  } catch {
    return undefined
  }
}

/** The vendor's name of a value's type. */
function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const type = typeof value
  return type === 'bigint' ? 'unknown' : type
}

export const never: Matcher = () => false

/** Those whose operand is no condition itself. */
export const OPERATORS: ReadonlyMap<string, Build> = new Map<string, Build>([
  [
    '$eq',
    (operand): Matcher =>
      (value): boolean =>
        value === operand,
  ],
  [
    '$ne',
    (operand): Matcher =>
      (value): boolean =>
        value !== operand,
  ],
  ['$lt', order((value, operand) => value < operand)],
  ['$lte', order((value, operand) => value <= operand)],
  ['$gt', order((value, operand) => value > operand)],
  ['$gte', order((value, operand) => value >= operand)],
  ['$in', inList(true, same)],
  ['$nin', inList(false, same)],
  ['$ini', inList(true, lower)],
  ['$nini', inList(false, lower)],
  [
    '$exists',
    (operand): Matcher =>
      (value): boolean =>
        ((value ?? null) === null) !== Boolean(operand),
  ],
  [
    '$type',
    (operand): Matcher =>
      (value): boolean =>
        typeOf(value) === operand,
  ],
  ['$regex', regex('')],
  ['$regexi', regex('i')],
  ['$veq', version((value, operand) => value === operand)],
  ['$vne', version((value, operand) => value !== operand)],
  ['$vgt', version((value, operand) => value > operand)],
  ['$vgte', version((value, operand) => value >= operand)],
  ['$vlt', version((value, operand) => value < operand)],
  ['$vlte', version((value, operand) => value <= operand)],
])

/** A plain value as condition: compared loosely, lists and objects by their JSON with members in any order. */
export function equals(operand: unknown, insensitive: boolean = false): Matcher {
  switch (typeof operand) {
    case 'string': {
      if (!insensitive) return (value) => String(value) === operand
      const folded = operand.toLowerCase()
      return (value) => String(value).toLowerCase() === folded
    }
    case 'number':
      return (value) => Number(value) === operand
    case 'boolean':
      return (value) => value !== null && Boolean(value) === operand
    default: {
      if (operand === null) return (value) => value === null
      const json = canonical(operand)
      return (value) => typeof value === 'object' && value !== null && canonical(value) === json
    }
  }
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
