/**
 * flagd's document: `flags` by key or as a list, reusable rules in `$evaluators`, metadata of the whole set. The daemon
 * refuses a document as a whole for one bad flag and goes on with the old one; here that flag alone is quarantined, and
 * the problem says what the daemon would do, since an update that silently never arrives is the worse surprise.
 */
import type { Tools } from '../../dialect.ts'
import type { Json, Metadata } from '../../outcome.ts'
import { DocumentError, FlagError } from '../../problem.ts'

export type Members = Readonly<Record<string, Json>>

export interface FlagdDocument {
  /** In document order; of entries with one key the last. Not checked further yet. */
  readonly flags: ReadonlyMap<string, { readonly path: string; readonly definition: Json }>
  readonly evaluators: ReadonlyMap<string, Json>
  readonly metadata: Metadata
}

/** One flag, its references expanded. */
export interface Flag {
  readonly disabled: boolean
  readonly variants: Members
  readonly defaultVariant?: string
  /** Absent when there is none; null is a rule that gives null. */
  readonly targeting?: Json
  readonly metadata: Metadata
}

/** What the daemon does with a document that holds such a flag. */
const REFUSED = '; the flagd daemon would reject the whole document'

export function isMembers(value: Json | undefined): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Finds flags, evaluators and metadata. Throws DocumentError when there are no flags to find. */
export function* readDocument(json: unknown, tools: Tools): Generator<void, FlagdDocument> {
  const document = json as Json | undefined
  if (!isMembers(document)) throw new DocumentError('', 'must be an object with flags')
  const flags = member(document, 'flags')
  if (flags === undefined || flags === null) {
    throw new DocumentError('flags', 'is missing: give an object from key to flag, or a list of flags with a key each')
  }
  return {
    flags: yield* findFlags(flags, tools),
    evaluators: findEvaluators(member(document, '$evaluators'), tools),
    metadata: readMetadata(member(document, 'metadata'), 'metadata', (path, message) => tools.warn({ path, message })),
  }
}

function member(holder: Members, name: string): Json | undefined {
  return Object.hasOwn(holder, name) ? holder[name] : undefined
}

/** A step is one flag. */
function* findFlags(flags: Json, tools: Tools): Generator<void, FlagdDocument['flags']> {
  const found = new Map<string, { path: string; definition: Json }>()
  if (isMembers(flags)) {
    for (const key of Object.keys(flags)) {
      found.set(key, { path: `flags.${key}`, definition: flags[key] ?? null })
      yield
    }
    return found
  }
  if (!Array.isArray(flags)) throw new DocumentError('flags', 'must be an object from key to flag, or a list of flags')
  for (const [index, definition] of (flags as readonly Json[]).entries()) {
    const path = `flags[${index}]`
    const key = isMembers(definition) ? member(definition, 'key') : undefined
    if (typeof key !== 'string')
      tools.warn({ path, message: 'is left out: it must be an object with a text as its key' })
    else {
      if (found.has(key)) tools.warn({ flag: key, path, message: 'replaces an earlier flag with the same key' })
      found.set(key, { path, definition })
    }
    yield
  }
  if (found.size === 0 && flags.length > 0) {
    throw new DocumentError('flags', `none of the ${flags.length} entries is a flag with a key`)
  }
  return found
}

function findEvaluators(evaluators: Json | undefined, tools: Tools): ReadonlyMap<string, Json> {
  if (evaluators === undefined || evaluators === null) return new Map()
  if (!isMembers(evaluators)) {
    tools.warn({ path: '$evaluators', message: `is left out: it must be an object of rules${REFUSED}` })
    return new Map()
  }
  const usable = Object.entries(evaluators).filter(([name, rule]) => {
    // The daemon cuts the body out of its JSON text and refuses less than three characters.
    const short = isEmpty(rule) || (typeof rule !== 'object' && JSON.stringify(rule).length < 3)
    if (short) tools.warn({ path: `$evaluators.${name}`, message: `is left out: it is no rule${REFUSED}` })
    return !short
  })
  return new Map(usable)
}

function isEmpty(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** Checks one flag. Throws FlagError. `definition` has its references expanded. */
export function readFlag(definition: Json, defaults: Metadata, warn: (path: string, message: string) => void): Flag {
  // To the daemon null is a flag with nothing in it.
  const flag = definition ?? {}
  if (!isMembers(flag)) throw new FlagError('', `must be an object${REFUSED}`)
  const variants = member(flag, 'variants') ?? {}
  if (!isMembers(variants)) throw new FlagError('variants', `must be an object from name to value${REFUSED}`)
  const targeting = member(flag, 'targeting')
  return {
    disabled: readState(flag, warn) === 'DISABLED',
    variants,
    ...readDefaultVariant(flag, variants),
    ...(targeting === undefined || (isMembers(targeting) && isEmpty(targeting)) ? {} : { targeting }),
    metadata: merge(defaults, readMetadata(member(flag, 'metadata'), 'metadata', warn, true)),
  }
}

function readState(flag: Members, warn: (path: string, message: string) => void): string {
  const state = member(flag, 'state') ?? ''
  if (typeof state !== 'string') throw new FlagError('state', `must be "ENABLED" or "DISABLED"${REFUSED}`)
  if (state !== 'ENABLED' && state !== 'DISABLED') {
    warn('state', `should be "ENABLED" or "DISABLED"; ${JSON.stringify(state)} counts as enabled`)
  }
  return state
}

function readDefaultVariant(flag: Members, variants: Members): { defaultVariant?: string } {
  const name = member(flag, 'defaultVariant') ?? ''
  if (typeof name !== 'string') throw new FlagError('defaultVariant', `must be a text or null${REFUSED}`)
  if (name === '') return {}
  if (!Object.hasOwn(variants, name)) {
    throw new FlagError('defaultVariant', `${JSON.stringify(name)} is not one of the variants${REFUSED}`)
  }
  return { defaultVariant: name }
}

/** `strict`: throw a FlagError for metadata that is no object. Values that are null or no scalars are left out. */
function readMetadata(
  metadata: Json | undefined,
  path: string,
  warn: (path: string, message: string) => void,
  strict: boolean = false,
): Metadata {
  if (metadata === undefined || metadata === null) return {}
  if (!isMembers(metadata)) {
    if (strict) throw new FlagError(path, `must be an object${REFUSED}`)
    warn(path, `is left out: it must be an object${REFUSED}`)
    return {}
  }
  const kept: [string, string | number | boolean][] = []
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') kept.push([name, value])
    else if (value !== null) warn(`${path}.${name}`, 'is left out: it must be a text, a number or a boolean')
  }
  return Object.fromEntries(kept)
}

function merge(defaults: Metadata, own: Metadata): Metadata {
  return Object.fromEntries([...Object.entries(defaults), ...Object.entries(own)])
}
