/**
 * Values that outlive the page, so that the next start does not wait for the network. Keyed by address, credentials, which
 * may decide the environment, and the whole context, all of them hashed; holds flags and nothing else: never a key, a header or the address of a stream. Storage that
 * is full, denied or broken costs the cache, never the application.
 */
import { digest } from './context.ts'
import type { CacheOptions } from './options.ts'
import type { SavedState } from './state.ts'

/** Like `localStorage` under shorter names; may answer at once or by promise (React Native, IndexedDB). */
export interface CacheStorage {
  get(key: string): string | null | undefined | Promise<string | null | undefined>
  set(key: string, value: string): unknown
  delete(key: string): unknown
}

const DAY = 86_400_000

export class Cache {
  readonly #storage: CacheStorage | undefined
  readonly #options: CacheOptions
  readonly #prefix: string
  readonly #now: () => number
  /** One after the other: each rewrites the index that the one before has read. */
  #writing: Promise<void> = Promise.resolve()

  /** `identity`: of the relay and of who asks it. */
  constructor(options: CacheOptions, identity: string, now: () => number) {
    this.#options = options
    this.#storage = options.storage ?? localStorageIfAny()
    this.#prefix = `halyard:${digest(identity)}`
    this.#now = now
  }

  /** Calls `found` with the entry of exactly this context: at once where the storage is synchronous. */
  read(hash: string, found: (state: SavedState | undefined) => void): void {
    const parse = (text: string | null | undefined): void => {
      let state: SavedState | undefined
      try {
        const entry = JSON.parse(text ?? 'null') as SavedState
        const age = this.#now() - entry.at
        if (entry.hash === hash && Array.isArray(entry.flags) && age <= (this.#options.ttlMs ?? 30 * DAY)) state = entry
      } catch {
        // Another version's entry, or none.
      }
      found(state)
    }
    try {
      const text = this.#storage?.get(this.#key(hash))
      if (text instanceof Promise) text.then(parse, () => parse(null))
      else parse(text)
    } catch {
      parse(null)
    }
  }

  /** Later or never; the oldest entries above the limit go. */
  write(state: SavedState): void {
    this.#writing = this.#writing.then(() => this.#write(state))
  }

  async #write(state: SavedState): Promise<void> {
    const { maxEntries = 10, maxSize = 500_000 } = this.#options
    try {
      const text = JSON.stringify(state)
      if (!this.#storage || text.length > maxSize) return
      const index = await this.#storage.get(this.#prefix)
      // Parted by spaces: there is no text that could not be read.
      const hashes = index?.split(' ').filter((hash) => hash !== state.hash) ?? []
      hashes.push(state.hash)
      for (const old of hashes.splice(0, Math.max(0, hashes.length - maxEntries))) {
        await this.#storage.delete(this.#key(old))
      }
      await this.#storage.set(this.#prefix, hashes.join(' '))
      await this.#storage.set(this.#key(state.hash), text)
    } catch {
      // Full or denied.
    }
  }

  #key(hash: string): string {
    return `${this.#prefix}:${hash}`
  }
}

/** Reading the property alone throws where the user has forbidden storage, and makes a server that renders warn. */
function localStorageIfAny(): CacheStorage | undefined {
  try {
    const storage = globalThis.document && globalThis.localStorage
    return (
      storage && {
        get: (key) => storage.getItem(key),
        set: (key, value) => storage.setItem(key, value),
        delete: (key) => storage.removeItem(key),
      }
    )
  } catch {
    return undefined
  }
}
