/**
 * How texts become numbers, versions and dates. Two engines disagree on what counts as one, so each has its own object
 * here; the operators are the same for both.
 */
import { parseSemVer } from '../../versions/semver.ts'
import type { SemVer } from '../../versions/semver.ts'

/** An operand of a constraint, as the document has it. */
export type Operand = string | number | null | undefined

export interface Comparing {
  /** The list of a constraint as it is compared with. */
  readonly entries: (values: readonly string[]) => readonly string[]
  /** The number in the caller's text; NaN when there is none. */
  readonly number: (text: string) => number
  readonly operandNumber: (operand: Operand) => number
  readonly sameNumber: (a: number, b: number) => boolean
  /** `never`: the constraint is false whatever the caller has, even inverted. */
  readonly operandVersion: (operand: Operand) => SemVer | 'never' | undefined
  /** Milliseconds since the epoch; NaN when it is no date. */
  readonly operandDate: (operand: Operand) => number
  /** Whether date operators look at the field they name; else always at the current time. */
  readonly datesOfFields: boolean
}

/** A version in the caller's text; undefined when it is none. A leading `v` makes it none, blanks around do not. */
export function contextVersion(text: string): SemVer | undefined {
  return text.startsWith('v') ? undefined : version(text)
}

/** As the npm SDK reads them: with the parsers of JavaScript and of npm's `semver`. */
export const nodeComparing: Comparing = {
  entries: (values) => values.filter((value) => value !== '').map((value) => value.trim()),
  number: Number,
  operandNumber: (operand) => (operand === undefined ? Number.NaN : Number(operand)),
  sameNumber: (a, b) => a === b,
  operandVersion: (operand) => (typeof operand === 'string' ? version(operand) : undefined),
  operandDate: (operand) => (operand === undefined ? Number.NaN : new Date(operand ?? 0).getTime()),
  datesOfFields: false,
}

const STRICT_NUMBER = /^[+-]?(?:inf(?:inity)?|(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)$/i
const STRICT_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?(?:Z|[+-]\d\d:\d\d)$/

function strictNumber(text: string): number {
  if (!STRICT_NUMBER.test(text)) return Number.NaN
  return Number(text.replace(/inf(?:inity)?$/i, 'Infinity'))
}

/** As Yggdrasil reads them: no blanks, no other notation than the one its grammar has. */
export const yggdrasilComparing: Comparing = {
  entries: (values) => values,
  number: strictNumber,
  operandNumber: (operand) => strictNumber(String(operand)),
  sameNumber: (a, b) => a === b || Math.abs(a - b) < Number.EPSILON,
  operandVersion: (operand) => {
    if (typeof operand !== 'string') return undefined
    return operand.startsWith('v') ? 'never' : version(operand)
  },
  operandDate: (operand) => (STRICT_DATE.test(String(operand)) ? Date.parse(String(operand)) : Number.NaN),
  datesOfFields: true,
}

/** The longest version that npm's `semver` reads. */
const LONGEST = 256

function version(text: string): SemVer | undefined {
  const trimmed = text.trim()
  if (text.length > LONGEST || trimmed.startsWith('V')) return undefined
  return parseSemVer(trimmed, { prefix: 'v', largest: Number.MAX_SAFE_INTEGER })
}
