/**
 * A document that arrives in pieces: whole once, then one object at a time. Versions decide, not arrival: a patch that
 * comes twice, late or after its object was deleted must not bring back what is gone.
 */
import { UpstreamError } from './upstream-error.ts'

/** An object's JSON text, or undefined for one that was deleted. */
interface Entry {
  readonly version: number
  readonly json: string | undefined
}

/** One object as the vendor sent it. */
export interface VersionedObject {
  readonly key: string
  readonly version: number
  readonly value: unknown
}

/** The collections of one document, such as `flags` and `segments`. */
export class PatchedDocument {
  #collections: ReadonlyMap<string, Map<string, Entry>>
  readonly #maxBytes: number
  readonly #ties: 'repeat' | 'later'
  #size = 0
  #others: readonly (readonly [string, unknown])[] = []

  /**
   * Fixed names. More than `maxBytes` of objects, deleted ones' keys included, throws `UpstreamError` `too-large`.
   * `ties`: whether a change with the version that is known already is a repeat, or a later part of the same change.
   */
  constructor(
    collections: readonly string[],
    maxBytes: number = 64 * 1024 * 1024,
    ties: 'repeat' | 'later' = 'repeat',
  ) {
    this.#ties = ties
    this.#maxBytes = maxBytes
    this.#collections = new Map(collections.map((name) => [name, new Map<string, Entry>()]))
  }

  has(collection: string): boolean {
    return this.#collections.has(collection)
  }

  /** The whole document: replaces everything, tombstones included. `others`: members besides the collections. */
  replace(
    collections: ReadonlyMap<string, readonly VersionedObject[]>,
    others: readonly (readonly [string, unknown])[] = [],
  ): void {
    const fresh = new Map([...this.#collections.keys()].map((name) => [name, new Map<string, Entry>()]))
    let size = 0
    for (const [name, entries] of fresh) {
      for (const { key, version, value } of collections.get(name) ?? []) {
        const entry = { version, json: JSON.stringify(value) }
        size += sizeOf(key, entry)
        this.#bounded(size)
        entries.set(key, entry)
      }
    }
    // Only now: a document that is too large must not leave half of itself behind.
    this.#collections = fresh
    this.#others = others
    this.#size = size
  }

  /** Inserts or replaces. False when an equal or newer version is known. */
  put(collection: string, { key, version, value }: VersionedObject): boolean {
    return this.#set(collection, key, { version, json: JSON.stringify(value) })
  }

  /** Deletes and remembers the version. False when an equal or newer version is known. */
  remove(collection: string, key: string, version: number): boolean {
    return this.#set(collection, key, { version, json: undefined })
  }

  #set(collection: string, key: string, entry: Entry): boolean {
    const entries = this.#collections.get(collection)
    if (entries === undefined) throw new UpstreamError('internal', `the document has no ${collection}`)
    const known = entries.get(key)
    if (known !== undefined && known.version > entry.version) return false
    if (known?.version === entry.version && this.#ties === 'repeat') return false
    const size = this.#size + sizeOf(key, entry) - sizeOf(key, known)
    this.#bounded(size)
    this.#size = size
    entries.set(key, entry)
    return true
  }

  /** Without the bound a server could fill the memory one small patch at a time. */
  #bounded(size: number): void {
    if (size <= this.#maxBytes) return
    throw new UpstreamError('too-large', `the patched document exceeds ${this.#maxBytes} bytes`)
  }

  /**
   * As JSON; each collection a mapping by key or a list, in the order in which its objects first came. `others`: members
   * before the collections instead of those that the whole document had.
   */
  toBytes(shape: 'mapping' | 'list', others: readonly (readonly [string, unknown])[] = this.#others): Uint8Array {
    const members = others.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
    for (const [name, entries] of this.#collections) {
      const [open, close] = shape === 'mapping' ? ['{', '}'] : ['[', ']']
      const parts: string[] = []
      for (const [key, { json }] of entries) {
        if (json !== undefined) parts.push(shape === 'mapping' ? `${JSON.stringify(key)}:${json}` : json)
      }
      members.push(`${JSON.stringify(name)}:${open}${parts.join(',')}${close}`)
    }
    return new TextEncoder().encode(`{${members.join(',')}}`)
  }
}

/** About what an entry holds; in UTF-16 units, which is close enough for a bound. */
function sizeOf(key: string, entry: Entry | undefined): number {
  return entry === undefined ? 0 : key.length + (entry.json?.length ?? 0) + 32
}
