/**
 * Reading of untrusted JSON: each function returns the wanted type or throws a FlagError that names the path and what
 * would be right there. Without it a wrong type would surface as a strange answer at some evaluation, far from its cause.
 */
import { own } from '../../context.ts'
import { FlagError } from '../../problem.ts'

/** A JSON object that is no array. */
export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function object(value: unknown, path: string): JsonObject {
  if (isObject(value)) return value
  throw new FlagError(path, `must be an object, is ${kindOf(value)}`)
}

export function list(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new FlagError(path, `must be a list, is ${kindOf(value)}`)
}

export function text(value: unknown, path: string): string {
  if (typeof value === 'string') return value
  throw new FlagError(path, `must be a text, is ${kindOf(value)}`)
}

export function number(value: unknown, path: string): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value
  throw new FlagError(path, `must be a number, is ${kindOf(value)}`)
}

/** True, false, or undefined when the member is absent. */
export function optionalBoolean(holder: JsonObject, member: string, path: string): boolean | undefined {
  const value = own(holder, member)
  if (value === undefined || typeof value === 'boolean') return value
  throw new FlagError(`${path}${member}`, `must be true or false, is ${kindOf(value)}`)
}

/** A text; undefined when absent, null or empty, which all mean "none" to the vendor. */
export function optionalName(holder: JsonObject, member: string, path: string): string | undefined {
  const value = own(holder, member)
  return value === undefined || value === null || value === '' ? undefined : text(value, `${path}${member}`)
}

/** The list under a member; empty when absent or null. */
export function optionalList(holder: JsonObject, member: string, path: string): readonly unknown[] {
  const value = own(holder, member)
  return value === undefined || value === null ? [] : list(value, `${path}${member}`)
}

/** The object under a member; undefined when absent or null. */
export function optionalObject(holder: JsonObject, member: string, path: string): JsonObject | undefined {
  const value = own(holder, member)
  return value === undefined || value === null ? undefined : object(value, `${path}${member}`)
}

/** `a list`, `null`, `a number`: for messages. */
export function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
