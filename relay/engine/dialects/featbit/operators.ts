/**
 * The operators as the evaluation server has them. Every operand is parsed once; one that cannot be parsed makes the
 * test throw, as it does there, which ends in an error of that flag and of no other.
 *
 * A null on either side never matches, whatever the operator; the caller deals with null operands.
 */
import type { Predicate } from '../../plan.ts'
import { onText, predicate } from '../../predicates/predicate.ts'
import { linearRegex } from '../../regex/linear.ts'
import { listOfTexts } from './lists.ts'

type Report = (message: string) => void
type Build = (value: string, report: Report) => (text: string) => boolean

/** The predicate of an operator; undefined when there is no such operator. Operands without a meaning are reported. */
export function elsOperator(op: string, value: string, report: Report): Predicate | undefined {
  const build = BUILDERS.get(op)
  return build === undefined ? undefined : predicate(op, value, onText(build(value, report)))
}

/** Makes `build` total: the error of an operand that does not parse is thrown by the test instead. */
function deferring(build: Build): Build {
  return (value, report) => {
    try {
      return build(value, report)
    } catch (error) {
      report(`users who reach it get an error: ${error instanceof Error ? error.message : String(error)}`)
      return (): never => {
        throw error
      }
    }
  }
}

const not =
  (build: Build): Build =>
  (value, report) => {
    const test = build(value, report)
    return (text) => !test(text)
  }

function order(holds: (a: number, b: number) => boolean): Build {
  return (value) => {
    const operand = parseDouble(value)
    return (text) => holds(parseDouble(text), operand)
  }
}

/** Comparison by code units: the server compares with its culture, which may see through zero-width characters. */
const text =
  (holds: (text: string, operand: string) => boolean): Build =>
  (value) =>
  (user) =>
    holds(user, value)

const matchesRegex: Build = deferring((value) => {
  const regex = linearRegex(value, '', 'dotnet')
  return (user) => regex.test(user)
})

const isOneOf: Build = deferring((value) => {
  const members = new Set(listOfTexts(value))
  return (user) => members.has(user)
})

const BUILDERS: ReadonlyMap<string, Build> = new Map<string, Build>([
  ['LessThan', order((a, b) => a < b)],
  ['LessEqualThan', order((a, b) => a <= b)],
  ['BiggerThan', order((a, b) => a > b)],
  ['BiggerEqualThan', order((a, b) => a >= b)],
  ['Equal', text((a, b) => a === b)],
  ['NotEqual', text((a, b) => a !== b)],
  ['Contains', text((a, b) => a.includes(b))],
  ['NotContain', text((a, b) => !a.includes(b))],
  ['StartsWith', text((a, b) => a.startsWith(b))],
  ['EndsWith', text((a, b) => a.endsWith(b))],
  ['MatchRegex', matchesRegex],
  ['NotMatchRegex', not(matchesRegex)],
  ['IsOneOf', isOneOf],
  ['NotOneOf', not(isOneOf)],
  ['IsTrue', (): ((text: string) => boolean) => (user) => /^true$/i.test(user)],
  ['IsFalse', (): ((text: string) => boolean) => (user) => /^false$/i.test(user)],
])

/** What .NET's Double.TryParse takes by default: blanks around, a sign, group separators before the point, an exponent. */
const DOUBLE = /^[\t-\r ]*([+-]?)(?:(\d[\d,]*\.?\d*|\.\d+)(e[+-]?\d+)?|(infinity|∞))[\t-\r ]*\0*$/i

/** A whole text as a number; NaN when it is none, and every comparison with NaN is false. */
function parseDouble(input: string): number {
  const found = DOUBLE.exec(input)
  if (found === null) return NaN
  const [, sign = '', digits, exponent = '', infinity] = found
  const size = infinity === undefined ? Number(`${(digits ?? '').replaceAll(',', '')}${exponent}`) : Infinity
  return sign === '-' ? -size : size
}
