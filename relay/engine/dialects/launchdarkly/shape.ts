/**
 * Reading members of JSON objects with their types, and saying where a type is wrong. A member that is null counts as
 * absent, as LaunchDarkly's SDKs drop nulls before they look; a wrong type is a FlagError with a path inside the item.
 */
import { own } from '../../context.ts'
import { FlagError } from '../../problem.ts'

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An own member; undefined when absent or null. */
export function member(holder: unknown, name: string): unknown {
  return own(holder, name) ?? undefined
}

export function text(holder: unknown, name: string, at: string): string | undefined {
  const value = member(holder, name)
  if (value !== undefined && typeof value !== 'string') throw wrong(at, name, 'a text', value)
  return value
}

export function bool(holder: unknown, name: string, at: string): boolean {
  const value = member(holder, name) ?? false
  if (typeof value !== 'boolean') throw wrong(at, name, 'true or false', value)
  return value
}

export function number(holder: unknown, name: string, at: string): number | undefined {
  const value = member(holder, name)
  if (value !== undefined && typeof value !== 'number') throw wrong(at, name, 'a number', value)
  return value
}

/** A number that can be the index of a variation, in or out of the list. */
export function index(holder: unknown, name: string, at: string): number | undefined {
  const value = number(holder, name, at)
  if (value !== undefined && !Number.isInteger(value)) throw wrong(at, name, 'a whole number', value)
  return value
}

/** A list of anything; undefined when absent. */
export function anything(holder: unknown, name: string, at: string): readonly unknown[] | undefined {
  const value = member(holder, name)
  if (value !== undefined && !Array.isArray(value)) throw wrong(at, name, 'a list', value)
  return value
}

/** A list whose items are objects; undefined when absent. */
export function objects<T>(
  holder: unknown,
  name: string,
  at: string,
  each: (item: object, at: string) => T,
): readonly T[] | undefined {
  return anything(holder, name, at)?.map((item, place) => {
    const path = `${join(at, name)}[${place}]`
    if (!isObject(item)) throw new FlagError(path, `must be an object, not ${show(item)}`)
    return each(item, path)
  })
}

/** An object; undefined when absent. */
export function object(holder: unknown, name: string, at: string): object | undefined {
  const value = member(holder, name)
  if (value !== undefined && !isObject(value)) throw wrong(at, name, 'an object', value)
  return value
}

export function join(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`
}

function wrong(at: string, name: string, wanted: string, found: unknown): FlagError {
  return new FlagError(join(at, name), `must be ${wanted}, not ${show(found)}`)
}

export function show(value: unknown): string {
  if (value === undefined) return 'absent'
  const shape = Array.isArray(value) ? 'a list' : isObject(value) ? 'an object' : undefined
  return shape ?? (JSON.stringify(value) ?? typeof value).slice(0, 60)
}
