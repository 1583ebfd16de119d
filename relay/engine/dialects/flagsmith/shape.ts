/**
 * Checks on the shape of Flagsmith's documents. A wrong shape is named by its path, so that whoever wrote the document
 * finds the place; without these checks a text where a list should be would surface as a wrong answer much later.
 */
import { own } from '../../context.ts'
import { FlagError } from '../../problem.ts'

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Path of a member; the empty path is the document itself. */
export function member(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`
}

/** A list's members, each read by `each`; absent and null are empty lists. */
export function list<T>(holder: unknown, name: string, at: string, each: (value: unknown, at: string) => T): T[] {
  const value = own(holder, name) ?? []
  const path = member(at, name)
  if (!Array.isArray(value)) throw wrong(path, 'a list', value)
  return value.map((item: unknown, index) => each(item, `${path}[${index}]`))
}

export function text(holder: unknown, name: string, at: string): string {
  const value = own(holder, name)
  if (typeof value !== 'string') throw wrong(member(at, name), 'a text', value)
  return value
}

export function bool(holder: unknown, name: string, at: string): boolean {
  const value = own(holder, name)
  if (typeof value !== 'boolean') throw wrong(member(at, name), 'true or false', value)
  return value
}

export function number(holder: unknown, name: string, at: string): number {
  const value = own(holder, name)
  if (typeof value !== 'number') throw wrong(member(at, name), 'a number', value)
  return value
}

/** The error for a value of a wrong shape. */
export function wrong(path: string, wanted: string, value: unknown): FlagError {
  return new FlagError(path, `must be ${wanted}, not ${show(value)}`)
}

export function show(value: unknown): string {
  if (value === undefined) return 'absent'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return (JSON.stringify(value) ?? typeof value).slice(0, 60)
}
