/** Who wants to know, and what they are told. One listener that throws must not keep the news from the others. */

/** With every event: flat, since OpenFeature hands it on as event metadata. */
export interface EventMetadata {
  /** `bootstrap`, `store`, `stream`, `poll`, `remote` or `none`. */
  readonly source: string
  /** Since a relay confirmed the document. Milliseconds. */
  readonly ageMs: number
  readonly revision?: string
  /** As the flag set's own metadata says. */
  readonly version?: string | number | boolean
  readonly flagSetId?: string | number | boolean
}

export type ClientEvent =
  | { readonly type: 'ready' | 'stale'; readonly message: string }
  | { readonly type: 'error'; readonly message: string; readonly fatal: boolean }
  /** Without `flags` any may have changed. */
  | { readonly type: 'changed'; readonly message: string; readonly flags?: readonly string[] }

export type Listener = (event: ClientEvent, metadata: EventMetadata) => void

export class Listeners {
  readonly #metadata: () => EventMetadata
  readonly #all = new Set<Listener>()
  #silent = false

  constructor(metadata: () => EventMetadata) {
    this.#metadata = metadata
  }

  add(listener: Listener): () => void {
    this.#all.add(listener)
    return () => void this.#all.delete(listener)
  }

  tell(event: ClientEvent): void {
    if (this.#silent) return
    const metadata = this.#metadata()
    for (const listener of this.#all) {
      try {
        listener(event, metadata)
      } catch {
        // The listener's own business.
      }
    }
  }

  silence(): void {
    this.#silent = true
  }
}
