/**
 * Operators of clauses: one value of the context against all values of the clause, which are parsed here once. Types are
 * never converted, so a value of another type than the operator's simply does not match.
 */
import { FlagError } from '../../problem.ts'
import { linearRegex, RegexError } from '../../regex/linear.ts'
import type { RegexSyntax } from '../../regex/linear.ts'
import { compareSemVer } from '../../versions/semver.ts'
import type { SemVer } from '../../versions/semver.ts'

/** What differs between the engines. */
export interface OperatorProfile {
  readonly regex: RegexSyntax
  /** Whether the pattern is one that the engine itself runs; others never match there. */
  readonly runs: (pattern: string) => boolean
  /** Milliseconds since the epoch; undefined where the text is no date. */
  readonly date: (text: string) => number | undefined
  readonly version: (text: string) => SemVer | undefined
}

/** Whether one value of the context matches any value of the clause. */
export type Matches = (value: unknown) => boolean

/** A test for the operator; undefined for one that does not exist. `report` hears of values that can never match. */
export function operator(
  op: string,
  values: readonly unknown[],
  profile: OperatorProfile,
  report: (message: string) => void,
): Matches | undefined {
  switch (op) {
    case 'in':
      return isIn(values)
    case 'startsWith':
      return onTexts(values, (text, part) => text.startsWith(part))
    case 'endsWith':
      return onTexts(values, (text, part) => text.endsWith(part))
    case 'contains':
      return onTexts(values, (text, part) => text.includes(part))
    case 'matches':
      return matches(values, profile, report)
    case 'lessThan':
      return onNumbers(values, (number, limit) => number < limit)
    case 'lessThanOrEqual':
      return onNumbers(values, (number, limit) => number <= limit)
    case 'greaterThan':
      return onNumbers(values, (number, limit) => number > limit)
    case 'greaterThanOrEqual':
      return onNumbers(values, (number, limit) => number >= limit)
    case 'before':
      return onParsed(values, dateBy(profile), (date, limit) => date < limit)
    case 'after':
      return onParsed(values, dateBy(profile), (date, limit) => date > limit)
    case 'semVerEqual':
      return onParsed(values, versionBy(profile), (version, other) => compareSemVer(version, other) === 0)
    case 'semVerLessThan':
      return onParsed(values, versionBy(profile), (version, other) => compareSemVer(version, other) < 0)
    case 'semVerGreaterThan':
      return onParsed(values, versionBy(profile), (version, other) => compareSemVer(version, other) > 0)
    default:
      return undefined
  }
}

/** Strict equality; objects and lists equal nothing. */
function isIn(values: readonly unknown[]): Matches {
  const set = new Set(values.filter((value) => typeof value !== 'object' || value === null))
  return (value) => set.has(value)
}

function onTexts(values: readonly unknown[], test: (text: string, part: string) => boolean): Matches {
  const parts = values.filter((value) => typeof value === 'string')
  return (value) => typeof value === 'string' && parts.some((part) => test(value, part))
}

function onNumbers(values: readonly unknown[], test: (number: number, limit: number) => boolean): Matches {
  const limits = values.filter((value) => typeof value === 'number')
  return (value) => typeof value === 'number' && limits.some((limit) => test(value, limit))
}

function onParsed<T>(
  values: readonly unknown[],
  parse: (value: unknown) => T | undefined,
  test: (value: T, other: T) => boolean,
): Matches {
  const others = values.map(parse).filter((other) => other !== undefined)
  return (value) => {
    const parsed = parse(value)
    return parsed !== undefined && others.some((other) => test(parsed, other))
  }
}

function dateBy({ date }: OperatorProfile): (value: unknown) => number | undefined {
  return (value) => (typeof value === 'number' ? value : typeof value === 'string' ? date(value) : undefined)
}

function versionBy({ version }: OperatorProfile): (value: unknown) => SemVer | undefined {
  return (value) => (typeof value === 'string' ? version(value) : undefined)
}

function matches(
  values: readonly unknown[],
  { regex, runs }: OperatorProfile,
  report: (message: string) => void,
): Matches {
  const patterns = values
    .filter((value) => typeof value === 'string')
    .flatMap((pattern) => {
      try {
        return [linearRegex(pattern, '', regex)]
      } catch (error) {
        if (!(error instanceof RegexError)) throw error
        // A pattern that works at the vendor must not silently stop matching here.
        if (runs(pattern))
          throw new FlagError('values', `${JSON.stringify(pattern)}: ${error.message}`, { cause: error })
        report(`${JSON.stringify(pattern)} never matches: ${error.message}`)
        return []
      }
    })
  return (value) => typeof value === 'string' && patterns.some((pattern) => pattern.test(value))
}
