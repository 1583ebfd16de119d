/**
 * Reading members whose shape is not to be trusted. Every wrong shape is named by its path, so that whoever edits flags
 * by hand finds it; the flag it is in is quarantined and no other.
 */
import { own } from '../../context.ts'
import { FlagError } from '../../problem.ts'

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Absent and null mean the same everywhere in this vendor's documents, save where a reader says otherwise. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

export function member(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`
}

/** The members of a list, read one by one; an absent list is empty. */
export function list<T>(holder: unknown, name: string, at: string, each: (value: unknown, at: string) => T): T[] {
  const path = member(at, name)
  const value = own(holder, name)
  if (isAbsent(value)) return []
  if (!Array.isArray(value)) throw new FlagError(path, `must be a list, not ${show(value)}`)
  return value.map((item: unknown, index) => each(item, `${path}[${index}]`))
}

/** A list of texts; numbers among them become their text. */
export function texts(holder: unknown, name: string, at: string): string[] {
  return list(holder, name, at, (item, path) => {
    if (typeof item === 'number') return String(item)
    if (typeof item !== 'string') throw new FlagError(path, `must be a text, not ${show(item)}`)
    return item
  })
}

export function object(value: unknown, at: string): object {
  if (!isObject(value)) throw new FlagError(at, `must be an object, not ${show(value)}`)
  return value
}

export function text(holder: unknown, name: string, at: string): string {
  const value = own(holder, name)
  if (typeof value !== 'string') throw new FlagError(member(at, name), `must be a text, not ${show(value)}`)
  return value
}

export function optionalText(holder: unknown, name: string, at: string): string | undefined {
  return isAbsent(own(holder, name)) ? undefined : text(holder, name, at)
}

export function number(holder: unknown, name: string, at: string): number {
  const value = own(holder, name)
  if (typeof value !== 'number') throw new FlagError(member(at, name), `must be a number, not ${show(value)}`)
  return value
}

export function bool(holder: unknown, name: string, at: string, fallback: boolean): boolean {
  const value = own(holder, name) ?? fallback
  if (typeof value !== 'boolean') throw new FlagError(member(at, name), `must be true or false, not ${show(value)}`)
  return value
}

/** A value as error messages show it: short, and never a whole structure. */
export function show(value: unknown): string {
  if (value === undefined) return 'absent'
  const shown = Array.isArray(value) ? 'a list' : isObject(value) ? 'an object' : undefined
  return shown ?? (JSON.stringify(value) ?? typeof value).slice(0, 60)
}
