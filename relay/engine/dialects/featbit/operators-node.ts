/**
 * The operators as npm SDK 1.3 has them, defects included: values of any type arrive, absent ones are `undefined`,
 * the regular expression is the user's value and the text is the rule's. A service beside the relay that embeds that
 * SDK gives these answers, so a relay that repaired them would disagree with it.
 *
 * A null on either side never matches; what throws there throws here and ends in an error of that flag.
 */
import type { Predicate } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { linearRegex } from '../../regex/linear.ts'

type Build = (operand: string) => (value: unknown) => boolean

/** The predicate of an operator; undefined when there is no such operator. */
export function nodeOperator(op: string, operand: string): Predicate | undefined {
  const build = BUILDERS.get(op)
  if (build === undefined) return undefined
  const test = build(operand)
  return predicate(op, operand, (value) => value !== null && test(value))
}

/** The ids that a segment condition names. Throws where the SDK's evaluation does. */
export function nodeSegmentIds(json: string): readonly string[] {
  const value: unknown = JSON.parse(json)
  if (typeof value === 'string') return Array.from(value)
  if (Array.isArray(value)) return value.map(String)
  if (typeof value === 'object' && value !== null && Object.hasOwn(value, 'length') && 'length' in value) {
    if (value.length) throw new TypeError('is not a JSON list')
  }
  return []
}

const not =
  (build: Build): Build =>
  (operand) => {
    const test = build(operand)
    return (value) => !test(value)
  }

/** Numbers are read from the beginning of a text, so `9abc` is 9; two equal infinities have no order. */
function order(holds: (sign: number) => boolean): Build {
  return (operand) => {
    const right = parseFloat(operand)
    return (value) => holds(Math.sign(parseFloat(value as string) - right))
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`a ${typeof value} has no text to search`)
  return value
}

const contains: Build = (operand) => (value) =>
  Array.isArray(value) ? value.includes(operand) : text(value).includes(operand)

const matchesRegex: Build = (operand) => (value) => {
  const [pattern, flags] = /\/(.*)\/([a-z]*)/i.exec(text(value))?.slice(1) ?? [text(value), '']
  return linearRegex(pattern ?? '', flags ?? '', 'ecmascript').test(operand)
}

/** A JSON list holds its members, a JSON text its substrings; anything else makes both operators false. */
function membership(wanted: boolean): Build {
  return (operand) => {
    const members = parsed(operand)
    if (Array.isArray(members)) {
      const set = new Set<unknown>(members)
      return (value) => set.has(value) === wanted
    }
    if (typeof members !== 'string') return () => false
    return (value) => {
      try {
        return members.includes(value as string) === wanted
      } catch {
        return false
      }
    }
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown
  } catch {
    return undefined
  }
}

function is(word: 'TRUE' | 'FALSE'): Build {
  return () => (value) => value !== undefined && text(value).toUpperCase() === word
}

const BUILDERS: ReadonlyMap<string, Build> = new Map<string, Build>([
  ['LessThan', order((sign) => sign < 0)],
  ['LessEqualThan', order((sign) => sign <= 0)],
  ['BiggerThan', order((sign) => sign > 0)],
  ['BiggerEqualThan', order((sign) => sign >= 0)],
  [
    'Equal',
    (operand): ((value: unknown) => boolean) =>
      (value) =>
        value === operand,
  ],
  [
    'NotEqual',
    (operand): ((value: unknown) => boolean) =>
      (value) =>
        value !== operand,
  ],
  ['Contains', contains],
  ['NotContain', not(contains)],
  [
    'StartsWith',
    (operand): ((value: unknown) => boolean) =>
      (value) =>
        text(value).startsWith(operand),
  ],
  [
    'EndsWith',
    (operand): ((value: unknown) => boolean) =>
      (value) =>
        text(value).endsWith(operand),
  ],
  ['MatchRegex', matchesRegex],
  ['NotMatchRegex', not(matchesRegex)],
  ['IsOneOf', membership(true)],
  ['NotOneOf', membership(false)],
  ['IsTrue', is('TRUE')],
  ['IsFalse', is('FALSE')],
])
