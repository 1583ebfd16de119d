/**
 * Logic: what the Go library takes values for. It has two conversions to a number, a lenient one for comparisons and a
 * strict one for arithmetic; mixing them up would turn errors into answers. `null` stands for everything absent.
 */
import { LogicError } from './error.ts'
import { parseNumber, printNumber, spellsInfinity, textLess, trimSpace } from './go-text.ts'

export type List = readonly unknown[]
export type Members = Readonly<Record<string, unknown>>

export function isList(value: unknown): value is List {
  return Array.isArray(value)
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isPrimitive(value: unknown): value is boolean | number | string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** The list itself; throws for anything else. */
export function needList(value: unknown, operator: string): List {
  if (isList(value)) return value
  throw new LogicError(`"${operator}" needs a list of operands`)
}

export function isTrue(value: unknown): boolean {
  switch (typeof value) {
    case 'boolean':
      return value
    case 'number':
      return value !== 0
    case 'string':
      return value !== ''
    default:
      if (isList(value)) return value.length > 0
      return isObject(value) && Object.keys(value).length > 0
  }
}

/** For comparisons: null is 0, booleans 0 or 1, blank text 0, other text its number or NaN, containers NaN. */
export function comparable(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return value
    case 'boolean':
      return value ? 1 : 0
    case 'string': {
      if (trimSpace(value) === '') return 0
      const number = parseNumber(value) ?? NaN
      return Number.isFinite(number) || spellsInfinity(value) ? number : NaN
    }
    default:
      return value === null ? 0 : NaN
  }
}

/** For arithmetic: numbers as they are, text its number or 0; everything else is an error. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'string') return parseNumber(value) ?? 0
  throw new LogicError(`${nameOf(value)} is not a number`)
}

/** Truncated as Go truncates to a 64-bit integer: what does not fit becomes the smallest one. */
export function toInteger(value: unknown): number {
  const number = Math.trunc(toNumber(value))
  return Math.abs(number) < 2 ** 63 ? number : -(2 ** 63)
}

/** For printing: null is empty, numbers plain decimals; booleans and containers are an error. */
export function toText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return printNumber(value)
  if (value === null) return ''
  throw new LogicError(`${nameOf(value)} is not a text`)
}

export function equals(left: unknown, right: unknown): boolean {
  if (left === null || right === null) return left === right
  if (typeof left === 'string' && typeof right === 'string') return left === right
  return comparable(left) === comparable(right)
}

export function strictEquals(left: unknown, right: unknown): boolean {
  if (left === null || right === null) return left === right
  return typeof left === typeof right && equals(left, right)
}

export function less(left: unknown, right: unknown): boolean {
  if (typeof left === 'string' && typeof right === 'string') return textLess(left, right)
  return comparable(left) < comparable(right)
}

/** Equality of an element: same type and value. Two containers of one kind cannot be compared at all. */
export function identical(left: unknown, right: unknown): boolean {
  if (isList(left) ? isList(right) : isObject(left) && isObject(right)) {
    throw new LogicError(`${nameOf(left)} cannot be compared with another`)
  }
  return left === right
}

/** Whether a text holds the needle, or a list an element that matches it. */
export function isIn(needle: unknown, haystack: unknown): boolean {
  if (typeof haystack === 'string') {
    if (typeof needle === 'string') return haystack.includes(needle)
    throw new LogicError('"in" a text needs a text to look for')
  }
  return isList(haystack) && haystack.some((element) => matches(needle, element))
}

/** An element that is a list is a range of numbers, both ends included. */
function matches(needle: unknown, element: unknown): boolean {
  if (isList(element)) {
    if (element.length < 2) throw new LogicError('a range in "in" needs two ends')
    return toNumber(needle) >= toNumber(element[0]) && toNumber(element[1]) >= toNumber(needle)
  }
  if (typeof needle === 'number') return toNumber(element) === needle
  return identical(element, needle)
}

function nameOf(value: unknown): string {
  if (value === null) return 'null'
  return isList(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
