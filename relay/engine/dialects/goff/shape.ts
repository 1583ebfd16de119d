/** Reading members of a flag by their types: a wrong one is named by its path inside the flag, null counts as absent. */
import { own } from '../../context.ts'
import { FlagError } from '../../problem.ts'

export type Members = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The path of a member, which is what people look for in an editor. */
export function within(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`
}

/** A value in the words of a message. */
export function show(value: unknown): string {
  if (value === undefined) return 'absent'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' && value !== null
    ? 'an object'
    : (JSON.stringify(value) ?? typeof value).slice(0, 60)
}

/** A member, undefined when it is absent or null. */
export function member(holder: unknown, name: string): unknown {
  return own(holder, name) ?? undefined
}

export function object(holder: unknown, name: string, at: string): Members | undefined {
  const value = member(holder, name)
  if (value === undefined || isObject(value)) return value
  throw new FlagError(within(at, name), `must be an object, not ${show(value)}`)
}

export function list(holder: unknown, name: string, at: string): readonly unknown[] | undefined {
  const value = member(holder, name)
  if (value === undefined || Array.isArray(value)) return value
  throw new FlagError(within(at, name), `must be a list, not ${show(value)}`)
}

export function text(holder: unknown, name: string, at: string): string | undefined {
  const value = member(holder, name)
  if (value === undefined || typeof value === 'string') return value
  throw new FlagError(within(at, name), `must be a text, not ${show(value)}`)
}

export function flag(holder: unknown, name: string, at: string): boolean | undefined {
  const value = member(holder, name)
  if (value === undefined || typeof value === 'boolean') return value
  throw new FlagError(within(at, name), `must be true or false, not ${show(value)}`)
}

export function number(holder: unknown, name: string, at: string): number | undefined {
  const value = member(holder, name)
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value
  throw new FlagError(within(at, name), `must be a number, not ${show(value)}`)
}
