/**
 * Unleash's document: the answer of `client/features`, or the events of `client/delta` applied in order. Only names and
 * ids are read here, so that one feature with a wrong shape cannot cost the others their update.
 */
import { own } from '../../context.ts'
import type { Tools } from '../../dialect.ts'
import { DocumentError } from '../../problem.ts'
import { isAbsent, isObject, show } from './shape.ts'

/** A feature or segment that has a name but is not read further yet. */
export interface Item {
  /** The feature's name, or the segment's id as `segmentKey` writes it. */
  readonly key: string
  /** Where it stands in the document. */
  readonly path: string
  readonly definition: object
}

export interface UnleashDocument {
  /** In document order; of features with one name the last, at the place of the first. */
  readonly features: readonly Item[]
  readonly segments: readonly Item[]
  /** The environment whose flags these are, when the server says. */
  readonly environment?: string
  readonly revision?: string
}

/** The versions there have been: 1 knew no segments, and otherwise means the same. */
const VERSIONS: ReadonlySet<unknown> = new Set([undefined, 1, 2])

/** An id of a segment as a key; the number 1 and the text "1" are two segments. */
export function segmentKey(id: string | number): string {
  return JSON.stringify(id)
}

/** Finds features and segments. Throws DocumentError for what is neither of the two forms. */
export function readDocument(json: unknown, tools: Tools): UnleashDocument {
  const collected = new Collected(tools)
  const events = own(json, 'events')
  const features = own(json, 'features')
  if (!isObject(json)) throw new DocumentError('', `must be an object with features or events, not ${show(json)}`)
  if (Array.isArray(events)) collected.events(events)
  else if (Array.isArray(features)) collected.replace(json, '')
  else if (own(json, 'toggles') !== undefined) {
    throw new DocumentError('toggles', 'these are answers for one user; use a backend token, not a frontend one')
  } else throw new DocumentError('features', `must be a list of features, not ${show(features)}`)
  const version = own(json, 'version')
  if (!VERSIONS.has(version)) {
    tools.warn({
      path: 'version',
      message: `is ${show(version)}; versions 1 and 2 are known and it is read like those`,
    })
  }
  const environment = own(own(json, 'query'), 'environment')
  const revision = own(own(json, 'meta'), 'revisionId')
  return {
    features: [...collected.features.values()],
    segments: [...collected.segments.values()],
    ...(typeof environment === 'string' ? { environment } : {}),
    ...(typeof revision === 'number' || typeof revision === 'string' ? { revision: String(revision) } : {}),
  }
}

class Collected {
  features = new Map<string, Item>()
  segments = new Map<string, Item>()
  readonly #tools: Tools

  constructor(tools: Tools) {
    this.#tools = tools
  }

  /** Takes everything that a full answer or a hydration holds, and forgets what was before. */
  replace(holder: object, at: string): void {
    const features = own(holder, 'features')
    const segments = own(holder, 'segments') ?? []
    if (!Array.isArray(features)) throw new DocumentError(`${at}features`, 'must be a list of features')
    if (!Array.isArray(segments)) throw new DocumentError(`${at}segments`, 'must be a list of segments')
    this.features = new Map()
    this.segments = new Map()
    for (const [index, feature] of features.entries()) this.#feature(feature, `${at}features[${index}]`, true)
    for (const [index, segment] of segments.entries()) this.#segment(segment, `${at}segments[${index}]`)
    if (this.features.size === 0 && features.length > 0) {
      throw new DocumentError(`${at}features`, `none of the ${features.length} entries is a feature with a name`)
    }
  }

  events(events: readonly unknown[]): void {
    if (!events.some((event) => own(event, 'type') === 'hydration')) {
      const message = 'holds changes without a hydration to apply them to; they are taken for the whole'
      this.#tools.warn({ path: 'events', message })
    }
    for (const [index, event] of events.entries()) this.#event(event, `events[${index}]`)
  }

  #event(event: unknown, at: string): void {
    const type = own(event, 'type')
    if (type === 'hydration' && isObject(event)) this.replace(event, `${at}.`)
    else if (type === 'feature-updated') this.#feature(own(event, 'feature'), `${at}.feature`, false)
    else if (type === 'segment-updated') this.#segment(own(event, 'segment'), `${at}.segment`)
    else if (type === 'feature-removed') this.features.delete(String(own(event, 'featureName')))
    else if (type === 'segment-removed') this.segments.delete(JSON.stringify(own(event, 'segmentId')) ?? '')
    else this.#tools.warn({ path: at, message: `is left out: its type ${show(type)} is unknown` })
  }

  #feature(definition: unknown, path: string, once: boolean): void {
    const key = own(definition, 'name')
    if (!isObject(definition) || typeof key !== 'string') {
      this.#tools.warn({ path, message: 'is left out: it must be an object with a text as its name' })
      return
    }
    const before = this.features.get(key)
    if (once && before !== undefined) {
      this.#tools.warn({ path: before.path, message: `is replaced by ${path}, which has the same name ${show(key)}` })
    }
    this.features.set(key, { key, path, definition })
  }

  #segment(definition: unknown, path: string): void {
    const id = own(definition, 'id')
    if (!isObject(definition) || isAbsent(id) || (typeof id !== 'number' && typeof id !== 'string')) {
      this.#tools.warn({ path, message: 'is left out: it must be an object with a number as its id' })
      return
    }
    this.segments.set(segmentKey(id), { key: segmentKey(id), path, definition })
  }
}
