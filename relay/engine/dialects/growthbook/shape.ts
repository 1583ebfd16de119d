/**
 * Checking shapes while a document is read. A wrong one is named by its path inside the flag, and what is wrong with it,
 * because the person who reads the message has only GrowthBook's editor in front of them.
 */
import { own } from '../../context.ts'
import { FlagError } from '../../problem.ts'

/** A JSON object: neither null nor a list. */
export type Members = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The path of a member. */
export function member(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`
}

/** A value as messages quote it: short, and without what lists and objects hold. */
export function show(value: unknown): string {
  if (value === undefined) return 'absent'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return (JSON.stringify(value) ?? typeof value).slice(0, 60)
}

/** Throws FlagError unless the value is an object. */
export function object(value: unknown, at: string): Members {
  if (!isObject(value)) throw new FlagError(at, `must be an object, not ${show(value)}`)
  return value
}

/** An object, or undefined when the member is absent or null. */
export function objectOrNone(holder: Members, name: string, at: string): Members | undefined {
  const value = own(holder, name) ?? undefined
  return value === undefined ? undefined : object(value, member(at, name))
}

/** Throws FlagError unless the value is a list. */
export function list<T>(value: unknown, at: string, each: (item: unknown, at: string) => T): T[] {
  if (!Array.isArray(value)) throw new FlagError(at, `must be a list, not ${show(value)}`)
  return value.map((item: unknown, index) => each(item, `${at}[${index}]`))
}

/** The items of a list, or undefined when the member is absent or null. */
export function listOrNone<T>(
  holder: Members,
  name: string,
  at: string,
  each: (item: unknown, at: string) => T,
): T[] | undefined {
  const value = own(holder, name) ?? undefined
  return value === undefined ? undefined : list(value, member(at, name), each)
}

export function text(value: unknown, at: string): string {
  if (typeof value !== 'string') throw new FlagError(at, `must be a text, not ${show(value)}`)
  return value
}

/** A text, or undefined when the member is absent, null or empty: the vendor takes all three for "not set". */
export function textOrNone(holder: Members, name: string, at: string): string | undefined {
  const value = own(holder, name)
  return value === undefined || value === null || value === '' ? undefined : text(value, member(at, name))
}

export function number(value: unknown, at: string): number {
  if (typeof value !== 'number' || Number.isNaN(value)) throw new FlagError(at, `must be a number, not ${show(value)}`)
  return value
}

/** A number, or undefined when the member is absent or null. */
export function numberOrNone(holder: Members, name: string, at: string): number | undefined {
  const value = own(holder, name) ?? undefined
  return value === undefined ? undefined : number(value, member(at, name))
}
