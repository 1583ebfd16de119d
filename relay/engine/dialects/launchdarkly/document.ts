/**
 * LaunchDarkly's document: the flags and segments of one environment, as polling (`{flags, segments}`), the `put` event
 * of the stream (`{path, data}`) or a file (`flagValues` too) delivers them. Shapes are checked here and nowhere else; a
 * wrong one is named by its path and costs only the flag or segment it is in.
 */
import { own } from '../../context.ts'
import type { Tools } from '../../dialect.ts'
import type { Json } from '../../outcome.ts'
import { DocumentError, FlagError } from '../../problem.ts'
import { anything, bool, index, isObject, member, number, object, objects, show, text } from './shape.ts'

/** A flag or segment that has a name but is not read further yet. */
export interface Item {
  readonly key: string
  /** Where it stands in the document. */
  readonly path: string
  readonly definition: unknown
}

export interface LaunchDarklyDocument {
  /** In document order, tombstones left out. */
  readonly flags: readonly Item[]
  readonly segments: readonly Item[]
}

export interface Flag {
  /** Its own key, which is hashed; the document's key for it counts when it has none. */
  readonly key: string
  readonly on: boolean
  readonly variations: readonly Json[]
  readonly offVariation: number | undefined
  readonly fallthrough: Serving | undefined
  readonly prerequisites: readonly { readonly key: string; readonly variation: number | undefined }[]
  readonly targets: readonly Target[]
  readonly contextTargets: readonly Target[]
  readonly rules: readonly FlagRule[]
  readonly salt: string
  /** Whether the document shows it to JavaScript clients, whose credential is public. */
  readonly clientSide: boolean
}

/** What a rule or the fallthrough serves: one variation or a rollout. */
export interface Serving {
  readonly variation: number | undefined
  readonly rollout: Rollout | undefined
}

export interface Rollout {
  readonly experiment: boolean
  readonly contextKind: string | undefined
  readonly bucketBy: string | undefined
  readonly seed: number | undefined
  /** Weights are of 100,000. */
  readonly variations: readonly {
    readonly variation: number | undefined
    readonly weight: number | undefined
    readonly untracked: boolean
  }[]
}

export interface Target {
  readonly contextKind: string | undefined
  readonly values: readonly unknown[]
  readonly variation: number | undefined
}

export interface FlagRule extends Serving {
  readonly id: string | undefined
  /** Absent is not the same as empty. */
  readonly clauses: readonly Clause[] | undefined
}

export interface Clause {
  readonly contextKind: string | undefined
  readonly attribute: string
  readonly op: string
  readonly values: readonly unknown[]
  readonly negate: boolean
}

export interface Segment {
  readonly key: string
  readonly included: readonly unknown[]
  readonly excluded: readonly unknown[]
  readonly includedContexts: readonly Omit<Target, 'variation'>[]
  readonly excludedContexts: readonly Omit<Target, 'variation'>[]
  readonly salt: string
  readonly rules: readonly SegmentRule[]
  /** A big segment: its members are in a store of their own. */
  readonly unbounded: boolean
  readonly unboundedContextKind: string | undefined
  readonly generation: number | undefined
}

export interface SegmentRule {
  readonly clauses: readonly Clause[] | undefined
  /** Of 100,000. */
  readonly weight: number | undefined
  readonly bucketBy: string | undefined
  readonly rolloutContextKind: string | undefined
}

/** Throws DocumentError when there is nothing in it that could be an environment. */
export function readDocument(json: unknown, tools: Tools): LaunchDarklyDocument {
  if (!isObject(json)) throw new DocumentError('', `must be an object with flags and segments, not ${show(json)}`)
  const inner = own(json, 'data')
  const wrapped = isObject(inner) && !Object.hasOwn(json, 'flags')
  const at = wrapped ? 'data.' : ''
  const root = wrapped ? inner : json
  if (!['flags', 'segments', 'flagValues'].some((name) => Object.hasOwn(root, name))) {
    throw new DocumentError(at.slice(0, -1), 'has none of flags, flagValues and segments')
  }
  const flags = items(root, 'flags', at)
  const known = new Set(flags.map(({ key }) => key))
  // The vendor refuses such a file as a whole; one key of two meanings should not cost the others their update.
  for (const { key, path, definition } of items(root, 'flagValues', at)) {
    if (known.has(key)) tools.warn({ flag: key, path, message: `is left out: ${at}flags has a flag of that key` })
    else flags.push({ key, path, definition: alwaysOn(root, key, definition, tools) })
  }
  return { flags: flags.filter(isLive), segments: items(root, 'segments', at).filter(isLive) }
}

/** What a file's `flagValues` mean: a flag with that one value for everybody. */
function alwaysOn(root: object, key: string, value: unknown, { spelling }: Tools): object {
  const variations = [value]
  const text = spelling.of(Object(own(root, 'flagValues')), key)
  if (text !== undefined) spelling.note(variations, '0', text)
  return { on: true, variations, fallthrough: { variation: 0 } }
}

function items(root: object, name: string, at: string): Item[] {
  const found = member(root, name) ?? {}
  if (!isObject(found)) throw new DocumentError(`${at}${name}`, `must be an object by key, not ${show(found)}`)
  return Object.entries(found).map(([key, definition]) => ({ key, path: `${at}${name}.${key}`, definition }))
}

function isLive({ definition }: Item): boolean {
  return own(definition, 'deleted') !== true
}

/** Reads one flag. Throws FlagError with a path inside it. */
export function readFlag({ key, definition }: Item): Flag {
  const flag = whole(definition)
  const fallthrough = object(flag, 'fallthrough', '')
  const availability = object(flag, 'clientSideAvailability', '')
  return {
    key: text(flag, 'key', '') ?? key,
    on: bool(flag, 'on', ''),
    variations: (anything(flag, 'variations', '') ?? []) as readonly Json[],
    offVariation: index(flag, 'offVariation', ''),
    fallthrough: fallthrough === undefined ? undefined : serving(fallthrough, 'fallthrough'),
    prerequisites:
      objects(flag, 'prerequisites', '', (item, at) => ({
        key: text(item, 'key', at) ?? '',
        variation: index(item, 'variation', at),
      })) ?? [],
    targets: objects(flag, 'targets', '', target) ?? [],
    contextTargets: objects(flag, 'contextTargets', '', target) ?? [],
    rules:
      objects(flag, 'rules', '', (item, at) => ({
        ...serving(item, at),
        id: text(item, 'id', at),
        clauses: objects(item, 'clauses', at, clause),
      })) ?? [],
    salt: text(flag, 'salt', '') ?? '',
    clientSide:
      availability === undefined
        ? bool(flag, 'clientSide', '')
        : bool(availability, 'usingEnvironmentId', 'clientSideAvailability'),
  }
}

/** Reads one segment. Throws FlagError with a path inside it. */
export function readSegment({ key, definition }: Item): Segment {
  const segment = whole(definition)
  return {
    key: text(segment, 'key', '') ?? key,
    included: anything(segment, 'included', '') ?? [],
    excluded: anything(segment, 'excluded', '') ?? [],
    includedContexts: objects(segment, 'includedContexts', '', target) ?? [],
    excludedContexts: objects(segment, 'excludedContexts', '', target) ?? [],
    salt: text(segment, 'salt', '') ?? '',
    rules:
      objects(segment, 'rules', '', (item, at) => ({
        clauses: objects(item, 'clauses', at, clause),
        weight: number(item, 'weight', at),
        bucketBy: text(item, 'bucketBy', at),
        rolloutContextKind: text(item, 'rolloutContextKind', at),
      })) ?? [],
    unbounded: bool(segment, 'unbounded', ''),
    unboundedContextKind: text(segment, 'unboundedContextKind', ''),
    generation: number(segment, 'generation', ''),
  }
}

function whole(definition: unknown): object {
  if (!isObject(definition)) throw new FlagError('', `must be an object, not ${show(definition)}`)
  return definition
}

function target(item: object, at: string): Target {
  return {
    contextKind: text(item, 'contextKind', at),
    values: anything(item, 'values', at) ?? [],
    variation: index(item, 'variation', at),
  }
}

function serving(item: object, at: string): Serving {
  const rollout = object(item, 'rollout', at)
  return {
    variation: index(item, 'variation', at),
    rollout: rollout === undefined ? undefined : readRollout(rollout, `${at}.rollout`),
  }
}

function readRollout(rollout: object, at: string): Rollout {
  return {
    experiment: text(rollout, 'kind', at) === 'experiment',
    contextKind: text(rollout, 'contextKind', at),
    bucketBy: text(rollout, 'bucketBy', at),
    seed: number(rollout, 'seed', at),
    variations:
      objects(rollout, 'variations', at, (item, path) => ({
        variation: index(item, 'variation', path),
        weight: number(item, 'weight', path),
        untracked: bool(item, 'untracked', path),
      })) ?? [],
  }
}

function clause(item: object, at: string): Clause {
  return {
    contextKind: text(item, 'contextKind', at),
    attribute: text(item, 'attribute', at) ?? '',
    op: text(item, 'op', at) ?? '',
    values: anything(item, 'values', at) ?? [],
    negate: bool(item, 'negate', at),
  }
}
