/**
 * The operators of constraints: a named test on the text of one field, which is undefined when the caller has none.
 * Dates are not here, since they are compared with the clock.
 */
import type { Predicate } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { linearRegex, RegexError, RegexTooLarge } from '../../regex/linear.ts'
import { compareSemVer } from '../../versions/semver.ts'
import { contains, parseIpv4, parseIpv6, sameAddress } from './addresses.ts'
import { contextVersion } from './comparing.ts'
import type { Comparing } from './comparing.ts'
import type { Constraint } from './feature.ts'

type Test = (text: string) => boolean

/** Notes an operand that can never mean what its author meant. */
export type Note = (message: string) => void

interface Operator {
  /** The test on a text; undefined when the operand has no meaning, and nothing ever holds. */
  readonly test: (constraint: Constraint, comparing: Comparing, note: Note) => Test | undefined | 'never'
  /** What holds for callers without the field. */
  readonly absent: boolean
  /** Whether the operand is `values`, not `value`. */
  readonly listed: boolean
}

/** A test and whether it is false even when the constraint is inverted. */
export interface Found {
  readonly predicate: Predicate
  readonly never: boolean
  /** The operand has no meaning. */
  readonly meaningless: boolean
}

/** The test of an operator that is not about dates; undefined when there is no such operator. May throw RegexTooLarge. */
export function operatorOf(constraint: Constraint, comparing: Comparing, note: Note): Found | undefined {
  const operator = OPERATORS.get(constraint.operator)
  if (operator === undefined) return undefined
  const test = operator.test(constraint, comparing, note)
  const { values, value } = constraint
  const list = values.length > SHOWN ? `${values.length} values` : values
  const operand = operator.listed ? list : (value ?? null)
  const { absent } = operator
  return {
    predicate: predicate(constraint.operator, operand, (text) => {
      if (typeof text !== 'string') return absent
      return typeof test === 'function' && test(text)
    }),
    never: test === 'never',
    meaningless: test === undefined,
  }
}

/** Longer lists are shown by their length. */
const SHOWN = 20

function membership(wanted: boolean): Operator {
  return {
    absent: !wanted,
    listed: true,
    test: ({ values }, comparing) => {
      const set = new Set(comparing.entries(values))
      return (text) => set.has(text) === wanted
    },
  }
}

function textual(holds: (text: string, entry: string) => boolean): Operator {
  return {
    absent: false,
    listed: true,
    test: ({ values, caseInsensitive }, comparing) => {
      const entries = comparing.entries(values)
      if (!caseInsensitive) return (text) => entries.some((entry) => holds(text, entry))
      const lowered = entries.map((entry) => entry.toLowerCase())
      return (text) => {
        const low = text.toLowerCase()
        return lowered.some((entry) => holds(low, entry))
      }
    },
  }
}

function numeric(holds: (number: number, operand: number, comparing: Comparing) => boolean): Operator {
  return {
    absent: false,
    listed: false,
    test: ({ value }, comparing, note) => {
      const operand = comparing.operandNumber(value)
      if (Number.isNaN(operand)) {
        note(`${JSON.stringify(value) ?? 'nothing'} is not a number, so the comparison is always false`)
        return () => false
      }
      return (text) => holds(comparing.number(text), operand, comparing)
    },
  }
}

function versioned(holds: (order: number) => boolean): Operator {
  return {
    absent: false,
    listed: false,
    test: ({ value }, comparing, note) => {
      const operand = comparing.operandVersion(value)
      if (typeof operand !== 'object') {
        note(`${JSON.stringify(value) ?? 'nothing'} is not a version, so the comparison is always false`)
        return operand
      }
      return (text) => {
        const version = contextVersion(text)
        return version !== undefined && holds(compareSemVer(version, operand))
      }
    },
  }
}

const regex: Operator = {
  absent: false,
  listed: false,
  test: ({ value, caseInsensitive }, _, note) => {
    if (typeof value !== 'string') {
      note('there is no pattern, so it never matches')
      return () => false
    }
    try {
      const compiled = linearRegex(value, caseInsensitive ? 'i' : '', 're2')
      return (text) => compiled.test(text)
    } catch (error) {
      // The vendor's engine would run a large one, so "never" would be a wrong answer and not a faithful one.
      if (!(error instanceof RegexError) || error instanceof RegexTooLarge) throw error
      note(`the pattern never matches: ${error.message}`)
      return () => false
    }
  },
}

const inCidr: Operator = {
  absent: false,
  listed: true,
  test: ({ values }, comparing) => {
    const entries = comparing.entries(values)
    const networks = entries.flatMap((entry) => parseIpv4(entry) ?? parseIpv6(entry) ?? [])
    return (text) => {
      const address = parseIpv4(text) ?? parseIpv6(text)
      if (address === undefined) return false
      return networks.some((network) => sameAddress(network, address) || contains(network, address))
    }
  },
}

const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['IN', membership(true)],
  ['NOT_IN', membership(false)],
  ['STR_STARTS_WITH', textual((text, entry) => text.startsWith(entry))],
  ['STR_ENDS_WITH', textual((text, entry) => text.endsWith(entry))],
  ['STR_CONTAINS', textual((text, entry) => text.includes(entry))],
  ['NUM_EQ', numeric((number, operand, { sameNumber }) => sameNumber(number, operand))],
  ['NUM_GT', numeric((number, operand) => number > operand)],
  ['NUM_GTE', numeric((number, operand) => number >= operand)],
  ['NUM_LT', numeric((number, operand) => number < operand)],
  ['NUM_LTE', numeric((number, operand) => number <= operand)],
  ['SEMVER_EQ', versioned((order) => order === 0)],
  ['SEMVER_GT', versioned((order) => order > 0)],
  ['SEMVER_GTE', versioned((order) => order >= 0)],
  ['SEMVER_LT', versioned((order) => order < 0)],
  ['SEMVER_LTE', versioned((order) => order <= 0)],
  ['REGEX', regex],
  ['IN_CIDR', inCidr],
])
