/**
 * Comparisons. The literal's type picks the row: which attributes it takes, how they are compared and which operators
 * there are. An attribute of another type is no error but makes the comparison false, `ne` included; an operator that the
 * row does not have fails the whole query.
 */
import { textLess } from '../../logic/go-text.ts'
import { compareSemVer, parseSemVer } from '../../versions/semver.ts'
import type { Literal } from './query.ts'
import type { Operator } from './tokens.ts'

/** `top`: the attribute is a member of the context itself; only there are whole numbers integers to the vendor. */
export type Comparison = (attribute: unknown, top: boolean) => boolean

type Order = (order: number) => boolean

const ORDERS: ReadonlyMap<Operator, Order> = new Map<Operator, Order>([
  ['eq', (order) => order === 0],
  ['ne', (order) => order !== 0],
  ['gt', (order) => order > 0],
  ['lt', (order) => order < 0],
  ['ge', (order) => order >= 0],
  ['le', (order) => order <= 0],
])

const PARTS: ReadonlyMap<Operator, (text: string, part: string) => boolean> = new Map([
  ['co', (text: string, part: string): boolean => text.includes(part)],
  ['sw', (text: string, part: string): boolean => text.startsWith(part)],
  ['ew', (text: string, part: string): boolean => text.endsWith(part)],
])

const never: Comparison = () => false

/** Undefined when reaching the comparison fails the query. */
export function comparison(operator: Operator, literal: Literal): Comparison | undefined {
  const order = ORDERS.get(operator)
  switch (literal.type) {
    case 'string':
      return ofText(operator, order, lower(literal.value))
    case 'integer':
      return order === undefined ? ofWrongKind(operator) : ofInteger(order, literal.value)
    case 'float':
      return order === undefined ? ofWrongKind(operator) : ofFloat(order, literal.value)
    case 'version':
      return order === undefined ? undefined : ofVersion(order, literal.value)
    case 'boolean': {
      const { value } = literal
      if (operator === 'eq') return (attribute) => attribute === value
      return operator === 'ne' ? (attribute) => attribute === !value : undefined
    }
    case 'null':
      if (operator === 'eq') return (attribute) => attribute === undefined || attribute === null
      return operator === 'ne' ? (attribute) => attribute !== undefined && attribute !== null : undefined
    case 'strings': {
      const members: ReadonlySet<unknown> = new Set(literal.value)
      return operator === 'in' ? (attribute) => members.has(attribute) : never
    }
    case 'integers': {
      const members: ReadonlySet<unknown> = new Set(literal.value)
      if (operator === 'in') return (attribute, top) => top && members.has(attribute)
      return order === undefined ? undefined : never
    }
    case 'floats': {
      const members: ReadonlySet<unknown> = new Set(literal.value)
      if (operator === 'in') return (attribute) => members.has(attribute)
      return order === undefined ? undefined : never
    }
    case 'unreadable':
      return undefined
    default:
      return literal satisfies never
  }
}

/** `in` knows every type of list but no single value, which is false; the rest are not operators of numbers. */
function ofWrongKind(operator: Operator): Comparison | undefined {
  return operator === 'in' ? never : undefined
}

function ofText(operator: Operator, order: Order | undefined, operand: string): Comparison {
  if (order !== undefined) {
    return (attribute) => typeof attribute === 'string' && order(compareTexts(lower(attribute), operand))
  }
  const holds = PARTS.get(operator)
  return holds === undefined ? never : (attribute) => typeof attribute === 'string' && holds(lower(attribute), operand)
}

function ofInteger(order: Order, operand: number | bigint): Comparison {
  return (attribute) => {
    if (typeof attribute !== 'number') return false
    const integer = truncated(attribute)
    return order(integer < operand ? -1 : integer > operand ? 1 : 0)
  }
}

/** Towards zero, as 64 bits hold it: what does not fit becomes the smallest integer. */
function truncated(number: number): number {
  return Math.abs(number) < 2 ** 63 ? Math.trunc(number) : -(2 ** 63)
}

function ofFloat(order: Order, operand: number): Comparison {
  return (attribute) => typeof attribute === 'number' && order(attribute - operand)
}

function ofVersion(order: Order, operand: string): Comparison {
  const bound = parseSemVer(operand)
  if (bound === undefined) return never
  return (attribute) => {
    const version = typeof attribute === 'string' ? parseSemVer(attribute) : undefined
    return version !== undefined && order(compareSemVer(version, bound))
  }
}

function compareTexts(left: string, right: string): number {
  return left === right ? 0 : textLess(left, right) ? -1 : 1
}

const OTHER_THAN_ASCII = /[^\0-\x7f]/

/** Lower case letter by letter, as Go has it: no letter becomes two, and a sigma is one wherever it stands. */
function lower(text: string): string {
  if (!OTHER_THAN_ASCII.test(text)) return text.toLowerCase()
  let lowered = ''
  for (const letter of text) lowered += letter === 'İ' ? 'i' : letter.toLowerCase()
  return lowered
}
