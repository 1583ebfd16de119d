/**
 * GrowthBook's document: the payload of `GET /api/features/{clientKey}`, decrypted. Shapes are checked here and nowhere
 * else, so that lowering can trust what it holds; a wrong shape is named by its path and costs only its flag.
 */
import { own } from '../../context.ts'
import type { Tools } from '../../dialect.ts'
import { DocumentError, FlagError } from '../../problem.ts'
import { isObject, list, listOrNone, member, number, numberOrNone, object, objectOrNone } from './shape.ts'
import { show, text, textOrNone } from './shape.ts'
import type { Members } from './shape.ts'

export interface GrowthbookDocument {
  /** In document order, not read further yet. */
  readonly features: ReadonlyMap<string, unknown>
  /** By id, as the document has them: lists of version 1, and entries of version 2. */
  readonly savedGroups: ReadonlyMap<string, unknown>
  readonly contextualBandits: ReadonlyMap<string, unknown>
  readonly dateUpdated?: string
}

/** From (included) and to (excluded), on the scale 0…1. */
export type BucketRange = readonly [from: number, to: number]

export interface Parent {
  readonly id: string
  readonly condition: Members
  /** A gate that does not open ends the whole feature instead of one rule. */
  readonly gate: boolean
}

export interface Filter {
  readonly seed: string
  readonly ranges: readonly BucketRange[]
  readonly attribute?: string | undefined
  readonly hashVersion?: number | undefined
}

export interface VariationMeta {
  readonly key?: string | undefined
  readonly passthrough: boolean
}

export interface Rule {
  readonly id: string
  /** The rule in the document: its `force` and variations are spelled there. */
  readonly definition: Members
  readonly condition: Members | undefined
  readonly parents: readonly Parent[]
  readonly filters: readonly Filter[] | undefined
  readonly force: boolean
  /** Which member holds the variations, and how many there are. */
  readonly variations: { readonly holder: readonly unknown[]; readonly name: string } | undefined
  readonly coverage: number | undefined
  readonly range: BucketRange | undefined
  readonly key: string | undefined
  readonly weights: readonly number[] | undefined
  readonly ranges: readonly BucketRange[] | undefined
  readonly meta: readonly VariationMeta[]
  readonly hashAttribute: string
  readonly fallbackAttribute: string | undefined
  /** 1 and 2 exist; nobody is included in a rule with another one. */
  readonly hashVersion: number
  readonly seed: string | undefined
  readonly namespace: readonly [id: string, ...BucketRange] | undefined
  readonly disableStickyBucketing: boolean
  readonly bucketVersion: number
  readonly minBucketVersion: number
  readonly contextualBanditRef: string | undefined
}

export interface Leaf {
  readonly leafId: number
  readonly condition: Members
  readonly weights: readonly number[] | undefined
}

export interface Bandit {
  readonly banditVersion: number | undefined
  readonly leaves: readonly Leaf[]
}

const ENCRYPTED = ['encryptedFeatures', 'encryptedSavedGroups', 'encryptedContextualBandits']

/** Finds features, groups and bandits. Throws DocumentError for anything that is no payload. */
export function readDocument(json: unknown, tools: Tools): GrowthbookDocument {
  if (!isObject(json)) throw new DocumentError('', 'must be an object with features')
  for (const name of ENCRYPTED) {
    if (typeof own(json, name) !== 'string') continue
    throw new DocumentError(name, 'is encrypted: give the connection’s key as options.decryptionKey of the upstream')
  }
  const found = own(json, 'features')
  if (!isObject(found)) throw new DocumentError('features', `must be an object of features, not ${show(found)}`)
  const all = Object.entries(found)
  const features = new Map(all.filter(([, definition]) => isObject(definition) || isTruthy(definition)))
  for (const [key] of all) {
    if (!features.has(key)) tools.warn({ flag: key, path: `features.${key}`, message: 'is empty and not found' })
  }
  if (all.length > 0 && !all.some(([, definition]) => isObject(definition))) {
    throw new DocumentError('features', `none of the ${all.length} members is a feature`)
  }
  const dateUpdated = own(json, 'dateUpdated')
  return {
    features,
    savedGroups: members(json, 'savedGroups'),
    contextualBandits: members(json, 'contextualBandits'),
    ...(typeof dateUpdated === 'string' ? { dateUpdated } : {}),
  }
}

/** A group that is lost would be empty, and an empty group excludes nobody: better to keep the older document. */
function members(json: Members, name: string): ReadonlyMap<string, unknown> {
  const value = own(json, name) ?? {}
  if (!isObject(value)) throw new DocumentError(name, `must be an object, not ${show(value)}`)
  return new Map(Object.entries(value))
}

function isTruthy(value: unknown): boolean {
  return Boolean(value)
}

/** Reads the rules of a feature. Throws FlagError with a path inside it. */
export function readRules(definition: unknown): Rule[] {
  return listOrNone(object(definition, ''), 'rules', '', readRule) ?? []
}

function readRule(value: unknown, at: string): Rule {
  const rule = object(value, at)
  const id = own(rule, 'id')
  const coverage = Object.hasOwn(rule, 'coverage') ? number(own(rule, 'coverage'), member(at, 'coverage')) : undefined
  const namespace = own(rule, 'namespace') ?? undefined
  const range = own(rule, 'range') ?? undefined
  return {
    id: typeof id === 'string' ? id : '',
    definition: rule,
    condition: objectOrNone(rule, 'condition', at),
    parents: listOrNone(rule, 'parentConditions', at, readParent) ?? [],
    filters: listOrNone(rule, 'filters', at, readFilter),
    force: Object.hasOwn(rule, 'force'),
    variations: readVariations(rule, at),
    coverage,
    range: range === undefined ? undefined : readRange(range, member(at, 'range')),
    key: textOrNone(rule, 'key', at),
    weights: listOrNone(rule, 'weights', at, number),
    ranges: listOrNone(rule, 'ranges', at, readRange),
    meta: listOrNone(rule, 'meta', at, readMeta) ?? [],
    hashAttribute: textOrNone(rule, 'hashAttribute', at) ?? 'id',
    fallbackAttribute: textOrNone(rule, 'fallbackAttribute', at),
    hashVersion: numberOrNone(rule, 'hashVersion', at) || 1,
    seed: textOrNone(rule, 'seed', at),
    namespace: namespace === undefined ? undefined : readNamespace(namespace, member(at, 'namespace')),
    disableStickyBucketing: isTruthy(own(rule, 'disableStickyBucketing')),
    bucketVersion: numberOrNone(rule, 'bucketVersion', at) ?? 0,
    minBucketVersion: numberOrNone(rule, 'minBucketVersion', at) ?? 0,
    contextualBanditRef: textOrNone(rule, 'contextualBanditRef', at),
  }
}

/** Rules of contextual bandits hide their variations from older SDKs under a name of their own. */
function readVariations(rule: Members, at: string): Rule['variations'] {
  const name = ['contextualVariations', 'variations'].find((each) => (own(rule, each) ?? null) !== null)
  if (name === undefined) return undefined
  return { name, holder: list(own(rule, name), member(at, name), (variation) => variation) }
}

function readParent(value: unknown, at: string): Parent {
  const parent = object(value, at)
  return {
    id: text(own(parent, 'id'), member(at, 'id')),
    condition: objectOrNone(parent, 'condition', at) ?? {},
    gate: isTruthy(own(parent, 'gate')),
  }
}

function readFilter(value: unknown, at: string): Filter {
  const filter = object(value, at)
  return {
    seed: text(own(filter, 'seed'), member(at, 'seed')),
    ranges: list(own(filter, 'ranges'), member(at, 'ranges'), readRange),
    attribute: textOrNone(filter, 'attribute', at),
    hashVersion: numberOrNone(filter, 'hashVersion', at),
  }
}

function readMeta(value: unknown, at: string): VariationMeta {
  const meta = object(value, at)
  return { key: textOrNone(meta, 'key', at), passthrough: isTruthy(own(meta, 'passthrough')) }
}

function readRange(value: unknown, at: string): BucketRange {
  const [from, to] = list(value, at, number)
  if (from === undefined || to === undefined) throw new FlagError(at, 'must be a list of two numbers')
  return [from, to]
}

function readNamespace(value: unknown, at: string): [string, ...BucketRange] {
  const [id, ...range] = list(value, at, (part) => part)
  return [text(id, `${at}[0]`), ...readRange(range, at)]
}

/** Reads one contextual bandit. Throws FlagError with a path inside it. */
export function readBandit(value: unknown, at: string): Bandit {
  const bandit = object(value, at)
  return {
    banditVersion: numberOrNone(bandit, 'banditVersion', at),
    leaves:
      listOrNone(bandit, 'contexts', at, (item, path) => {
        const leaf = object(item, path)
        return {
          leafId: number(own(leaf, 'leafId'), member(path, 'leafId')),
          condition: objectOrNone(leaf, 'condition', path) ?? {},
          weights: listOrNone(leaf, 'weights', path, number),
        }
      }) ?? [],
  }
}
