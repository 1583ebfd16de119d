/** Where the last document survives a restart. Kept apart from its implementations, which need a file system. */
export interface SnapshotStore {
  /** The document saved last; undefined when there is none. */
  load(): Promise<string | Uint8Array | undefined>
  /** Replaces it. Never called a second time before it has settled. */
  save(document: Uint8Array): Promise<void>
}
