/**
 * Answers as OFREP spells them, on their way to an OpenFeature SDK. Read in one place, so that both providers agree on
 * what a missing value, a failed flag or a mistyped one is.
 */

/** One flag's answer: a success, or a failure with an `errorCode`. Without `value` the caller's default is meant. */
export interface OfrepFlag {
  readonly key: string
  readonly value?: unknown
  readonly variant?: string
  readonly reason?: string
  readonly metadata?: FlagMetadata
  readonly errorCode?: string
  readonly errorDetails?: string
}

export type FlagMetadata = Readonly<Record<string, string | number | boolean>>

/** A bulk answer, or the like-shaped data of a stream's event. */
export interface OfrepBulk {
  readonly flags: readonly OfrepFlag[]
  readonly metadata?: FlagMetadata
}

/** Takes a parsed body for a bulk answer. Throws on anything else; unknown members are let through. */
export function readBulk(body: unknown): OfrepBulk {
  const bulk = body as OfrepBulk | null
  if (!Array.isArray(bulk?.flags) || !bulk.flags.every((flag: OfrepFlag | null) => typeof flag?.key === 'string'))
    throw new Error('no OFREP answer')
  return bulk
}

/** Why `value` is not what a caller who names a type may get; undefined when it is. */
export function mistyped(value: unknown, type: 'boolean' | 'string' | 'number' | 'object'): string | undefined {
  const actual = value === null ? 'null' : typeof value
  return actual === type ? undefined : `flag is of type ${actual}, not ${type}`
}

/** Freezes it with everything in it: values are shared by all who ask. */
export function deepFreeze<T>(value: T): T {
  // Null, texts and numbers count as frozen.
  if (!Object.isFrozen(value)) {
    Object.freeze(value)
    Object.values(value as object).forEach(deepFreeze)
  }
  return value
}
