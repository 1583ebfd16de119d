/**
 * FeatBit's document: the environment's flags and segments as `server/latest-all` or a full sync of the WebSocket
 * delivers them. Shapes are checked here and nowhere else, so that lowering can trust what it holds; a wrong shape is
 * named by its path and costs only the flag or segment it is in.
 */
import { own } from '../../context.ts'
import type { Tools } from '../../dialect.ts'
import { DocumentError, FlagError } from '../../problem.ts'

/** A flag or segment that has a name but is not read further yet. */
export interface Item {
  /** The flag's key or the segment's id. */
  readonly key: string
  /** Where it stands in the document. */
  readonly path: string
  readonly definition: object
}

export interface FeatbitDocument {
  /** In document order; of items with one key the last. */
  readonly flags: readonly Item[]
  readonly segments: readonly Item[]
  /** The id of the environment, when the flags agree on one. */
  readonly envId?: string
}

export interface Variation {
  readonly id: string
  readonly value: string
}

/** An interval of the bucket scale 0…1; `from` or `to` is NaN where the document has fewer than two numbers. */
export interface Interval {
  readonly id: string
  readonly from: number
  readonly to: number
  /** How many numbers the document has; other than two is a mistake. */
  readonly ends: number
  /** Share of all users that the experiment takes from this interval, 0…1. */
  readonly exptRollout: number
}

export interface Rollout {
  readonly dispatchKey: string | null
  readonly includedInExpt: boolean
  readonly intervals: readonly Interval[]
}

export interface Condition {
  readonly property: string
  readonly op: string | null
  readonly value: string | null
}

interface Rule extends Rollout {
  readonly id: string
  readonly name: string
  readonly conditions: readonly Condition[]
}

export interface Flag {
  readonly key: string
  readonly variationType: string
  readonly variations: readonly Variation[]
  readonly isEnabled: boolean
  readonly isArchived: boolean
  readonly disabledVariationId: string
  readonly targets: readonly { readonly keyIds: readonly string[]; readonly variationId: string }[]
  readonly rules: readonly Rule[]
  readonly fallthrough?: Rollout
  readonly exptIncludeAllTargets: boolean
  readonly updatedAt?: string
}

export interface Segment {
  readonly included: readonly string[]
  readonly excluded: readonly string[]
  readonly rules: readonly (readonly Condition[])[]
}

/** Finds flags and segments. Takes the whole message or its `data`; throws DocumentError for anything else. */
export function readDocument(json: unknown, tools: Tools): FeatbitDocument {
  const inner = own(json, 'data')
  const [data, at] = isObject(inner) ? [inner, 'data.'] : [json, '']
  if (!isObject(data)) throw new DocumentError('', 'must be an object with featureFlags and segments')
  if (own(data, 'userKeyId') !== undefined) {
    throw new DocumentError(`${at}userKeyId`, 'these are answers for one user; use a server secret, not a client one')
  }
  const type = own(data, 'eventType') ?? 'full'
  if (type !== 'full') {
    throw new DocumentError(`${at}eventType`, `must be "full", not ${show(type)}: a patch is not a whole document`)
  }
  const flags = own(data, 'featureFlags')
  if (!Array.isArray(flags)) throw new DocumentError(`${at}featureFlags`, 'must be a list of flags')
  const segments = own(data, 'segments') ?? []
  if (!Array.isArray(segments)) throw new DocumentError(`${at}segments`, 'must be a list of segments')
  const found = items(flags, `${at}featureFlags`, 'key', tools)
  if (found.length === 0 && flags.length > 0) {
    throw new DocumentError(`${at}featureFlags`, `none of the ${flags.length} entries is a flag with a key`)
  }
  const environments = new Set(found.map(({ definition }) => own(definition, 'envId')))
  const [envId] = environments
  return {
    flags: found,
    segments: items(segments, `${at}segments`, 'id', tools),
    ...(environments.size === 1 && typeof envId === 'string' ? { envId } : {}),
  }
}

function items(list: readonly unknown[], path: string, name: 'key' | 'id', tools: Tools): Item[] {
  const byKey = new Map<string, Item>()
  for (const [index, definition] of list.entries()) {
    const at = `${path}[${index}]`
    const key = own(definition, name)
    if (!isObject(definition) || typeof key !== 'string') {
      tools.warn({ path: at, message: `is left out: it must be an object with a text as its ${name}` })
      continue
    }
    const before = byKey.get(key)
    if (before !== undefined) {
      tools.warn({ path: before.path, message: `is replaced by ${at}, which has the same ${name} ${show(key)}` })
    }
    byKey.set(key, { key, path: at, definition })
  }
  return [...byKey.values()]
}

/** Reads one flag. Throws FlagError with a path inside it. */
export function readFlag({ key, definition }: Item): Flag {
  const fallthrough = own(definition, 'fallthrough')
  const updatedAt = own(definition, 'updatedAt')
  return {
    key,
    variationType: textOrNull(definition, 'variationType', '') ?? 'string',
    variations: list(definition, 'variations', '', (variation, at) => ({
      id: text(variation, 'id', at),
      value: text(variation, 'value', at),
    })),
    isEnabled: bool(definition, 'isEnabled', ''),
    isArchived: bool(definition, 'isArchived', '', false),
    disabledVariationId: textOrNull(definition, 'disabledVariationId', '') ?? '',
    targets: list(definition, 'targetUsers', '', (target, at) => ({
      keyIds: texts(target, 'keyIds', at),
      variationId: text(target, 'variationId', at),
    })),
    rules: list(definition, 'rules', '', (rule, at) => ({
      ...rollout(rule, at),
      id: textOrNull(rule, 'id', at) ?? '',
      name: textOrNull(rule, 'name', at) ?? '',
      conditions: conditions(rule, at),
    })),
    ...(fallthrough === undefined || fallthrough === null ? {} : { fallthrough: rollout(fallthrough, 'fallthrough') }),
    exptIncludeAllTargets: bool(definition, 'exptIncludeAllTargets', '', false),
    ...(typeof updatedAt === 'string' ? { updatedAt } : {}),
  }
}

/** Reads one segment. Throws FlagError with a path inside it. */
export function readSegment({ definition }: Item): Segment {
  return {
    included: texts(definition, 'included', ''),
    excluded: texts(definition, 'excluded', ''),
    rules: list(definition, 'rules', '', conditions),
  }
}

function rollout(holder: unknown, at: string): Rollout {
  return {
    dispatchKey: textOrNull(holder, 'dispatchKey', at),
    includedInExpt: bool(holder, 'includedInExpt', at, false),
    intervals: list(holder, 'variations', at, (served, path) => {
      const ends = list(served, 'rollout', path, (end, where) => number(end, where))
      const expt = own(served, 'exptRollout') ?? 0
      return {
        id: text(served, 'id', path),
        from: ends[0] ?? NaN,
        to: ends[1] ?? NaN,
        ends: ends.length,
        exptRollout: number(expt, `${path}.exptRollout`),
      }
    }),
  }
}

function conditions(holder: unknown, at: string): Condition[] {
  return list(holder, 'conditions', at, (condition, path) => {
    if (!isObject(condition)) throw new FlagError(path, `must be an object, not ${show(condition)}`)
    return {
      property: textOrNull(condition, 'property', path) ?? '',
      op: textOrNull(condition, 'op', path),
      value: textOrNull(condition, 'value', path),
    }
  })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function member(at: string, name: string): string {
  return at === '' ? name : `${at}.${name}`
}

function list<T>(holder: unknown, name: string, at: string, each: (value: unknown, at: string) => T): T[] {
  const path = member(at, name)
  const value = own(holder, name)
  if (!Array.isArray(value)) throw new FlagError(path, `must be a list, not ${show(value)}`)
  return value.map((item: unknown, index) => each(item, `${path}[${index}]`))
}

/** Lists of keys may have millions of members, so their paths are only written when one is wrong. */
function texts(holder: unknown, name: string, at: string): string[] {
  const value = own(holder, name)
  if (!Array.isArray(value)) throw new FlagError(member(at, name), `must be a list, not ${show(value)}`)
  const wrong = value.findIndex((item) => typeof item !== 'string')
  if (wrong === -1) return value as string[]
  throw new FlagError(`${member(at, name)}[${wrong}]`, `must be a text, not ${show(value[wrong])}`)
}

function text(holder: unknown, name: string, at: string): string {
  const value = own(holder, name)
  if (typeof value !== 'string') throw new FlagError(member(at, name), `must be a text, not ${show(value)}`)
  return value
}

function textOrNull(holder: unknown, name: string, at: string): string | null {
  return own(holder, name) === undefined || own(holder, name) === null ? null : text(holder, name, at)
}

function number(value: unknown, at: string): number {
  if (typeof value !== 'number') throw new FlagError(at, `must be a number, not ${show(value)}`)
  return value
}

function bool(holder: unknown, name: string, at: string, fallback?: boolean): boolean {
  const value = own(holder, name) ?? fallback
  if (typeof value !== 'boolean') throw new FlagError(member(at, name), `must be true or false, not ${show(value)}`)
  return value
}

function show(value: unknown): string {
  if (value === undefined) return 'absent'
  const shown = Array.isArray(value) ? 'a list' : typeof value === 'object' && value !== null ? 'an object' : undefined
  return shown ?? (JSON.stringify(value) ?? typeof value).slice(0, 60)
}
