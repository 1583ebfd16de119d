/** What the rest of the house sees of an environment; `refresh.ts` is the pipeline that keeps it current. */
import type { Changes } from '@halyard/engine'
import type { Operations } from './operations.ts'
import type { Snapshot } from './snapshot.ts'
import type { EnvironmentStatus } from './status.ts'

export interface SnapshotChange {
  readonly environment: string
  readonly before: Snapshot | undefined
  readonly after: Snapshot
  /** Computed when first asked for, since nobody may be listening. */
  readonly changes: () => Changes
}

export interface Environment {
  readonly name: string
  /** The snapshot to serve from; undefined until the first document was found anywhere. */
  snapshot(): Snapshot | undefined
  status(): EnvironmentStatus
  /** Calls back after each swap, until the returned function is called. Listeners must not throw. */
  subscribe(listener: (change: SnapshotChange) => void): () => void
  /** Has the vendor asked now, be it by another replica; absent where this process only mirrors it. */
  refresh?(): void
  /** What operators may do to it; absent where this process only mirrors it. */
  readonly operations?: Operations | undefined
}
