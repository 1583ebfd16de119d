/**
 * Where hostile documents start from: each vendor's demo document and the documents of its recorded cases, under every
 * profile. From an empty document no mutation would ever find a rollout, a prerequisite or a segment.
 */
import { readFileSync } from 'node:fs'
import { own } from '../context.ts'

export interface Bases {
  /** The demo document's JSON text. */
  readonly demo: string
  /** JSON texts: the demo several times, since it holds most, and the recorded documents. */
  readonly documents: readonly string[]
  /** The options that matter, each at least once. */
  readonly options: readonly Readonly<Record<string, unknown>>[]
  /** Where the flags are in the document, as an object by key or as a list; `key` is the flag's name in a list. */
  readonly flags: readonly string[]
  readonly key: readonly string[]
}

interface Vendor extends Pick<Bases, 'options' | 'flags' | 'key'> {
  recorded(vectors: unknown): readonly unknown[]
}

const VENDORS: Readonly<Record<string, Vendor>> = {
  featbit: {
    options: [{}, { profile: 'node-1.3' }, { allowAnonymous: true }],
    flags: ['data', 'featureFlags'],
    key: ['key'],
    recorded: (vectors) => parts(own(vectors, 'flagsDocument'), ['data', 'featureFlags'], 8),
  },
  featurevisor: {
    options: [{}, { semantics: 2 }, { semantics: 2, compat: { requiredVariableLeak: true } }],
    flags: ['features'],
    key: [],
    recorded: (vectors) => parts(own(vectors, 'datafile'), ['features'], 8),
  },
  flagd: {
    options: [{}, { fractional: 3 }],
    flags: ['flags'],
    key: [],
    recorded: (vectors) => [...each(vectors, 'vectors', 'document'), at(vectors, ['bulk', 'document'])],
  },
  flagsmith: {
    options: [{}, { profile: 'node' }, { objectValues: true, attributesAsTraits: true, useBooleanConfigValue: true }],
    flags: ['feature_states'],
    key: ['feature', 'name'],
    recorded: (vectors) => Object.values(own(vectors, 'documents') ?? {}),
  },
  goff: {
    options: [{}, { invalid: 'evaluate' }, { nestedPaths: 'missing', environment: 'production' }],
    flags: [],
    key: [],
    recorded: (vectors) => each(vectors, 'vectors', 'input').map((input) => ({ f: own(input, 'flag') })),
  },
  growthbook: {
    options: [{}, { stickyBucketing: true }, { qaMode: true, urlAttribute: 'url' }],
    flags: ['features'],
    key: [],
    recorded: (vectors) => [
      ...each(vectors, 'features', 'payload'),
      ...each(vectors, 'sticky', 'payload'),
      ...each(vectors, 'conditions', 'condition').map((condition) => ({
        features: { f: { defaultValue: 0, rules: [{ condition, force: 1 }] } },
      })),
    ],
  },
  launchdarkly: {
    options: [{}, { profile: 'go' }, { contexts: 'launchdarkly' }],
    flags: ['flags'],
    key: [],
    recorded: (vectors) => each(vectors, 'vectors', 'data'),
  },
  unleash: {
    options: [{}, { profile: 'yggdrasil' }, { values: 'variant-payload', appName: 'shop', environment: 'production' }],
    flags: ['features'],
    key: ['name'],
    recorded: (vectors) => each(vectors, 'vectors', 'state'),
  },
}

/** Reads a vendor's documents. Throws for an unknown vendor and for one whose files are missing. */
export function basesOf(dialect: string): Bases {
  const vendor = own(VENDORS, dialect) as Vendor | undefined
  if (vendor === undefined) throw new Error(`${dialect} has no hostile documents yet: add it to hostile-bases.ts`)
  const vectors = read(`../dialects/${dialect}/testing/vectors.json`)
  const demo = read(`../../../config/flags/${dialect}.json`)
  const recorded = vendor.recorded(JSON.parse(vectors)).filter((document) => document !== undefined)
  const texts = [...new Set(recorded.map((document) => JSON.stringify(document)))]
  if (texts.length === 0) throw new Error(`no recorded document of ${dialect} was found`)
  const demos = Array.from({ length: Math.ceil(texts.length / 2) }, () => demo)
  return { demo, documents: [...demos, ...texts], options: vendor.options, flags: vendor.flags, key: vendor.key }
}

/** Dialects that have hostile documents. */
export const hostileDialects: readonly string[] = Object.keys(VENDORS)

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

/** The member at the end of a path. */
export function at(document: unknown, path: readonly string[]): unknown {
  return path.reduce(own, document)
}

function each(vectors: unknown, list: string, member: string): readonly unknown[] {
  const items = own(vectors, list)
  return Array.isArray(items) ? items.map((item) => own(item, member)) : []
}

/** Several documents out of a long one, each with `size` of its flags. */
function parts(document: unknown, path: readonly string[], size: number): readonly unknown[] {
  const flags = at(document, path)
  const entries = Object.entries(flags ?? {})
  const found: unknown[] = []
  for (let start = 0; start < entries.length; start += size) {
    const copy: unknown = structuredClone(document)
    const some = entries.slice(start, start + size)
    const holder = at(copy, path.slice(0, -1)) as Record<string, unknown>
    holder[path.at(-1) ?? ''] = Array.isArray(flags) ? some.map(([, flag]) => flag) : Object.fromEntries(some)
    found.push(copy)
  }
  return found
}
