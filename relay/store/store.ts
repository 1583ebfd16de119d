/**
 * Last-known-good generations: what a replica serves when upstream is gone at boot. A store keeps whole, checksummed
 * documents and never a part of one; it is written behind and read at boot, so no evaluation ever waits for it.
 */

/** One accepted document, whole. Generations of an environment are totally ordered by (epoch, version). */
export interface Generation {
  readonly environment: string
  /** Raised by a deliberate rollback, so that an older document can become the newest again. */
  readonly epoch: number
  readonly version: number
  /** Lower-case hex SHA-256 of `bytes`. */
  readonly sha256: string
  readonly dialect: string
  /** Milliseconds since the epoch. */
  readonly savedAt: number
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly bytes: Uint8Array
  /**
   * SHA-256 of the vendor's document that an operator rolled back from: delivered again, it is not taken over. Absent
   * when the vendor's word counts.
   */
  readonly pinnedAgainst?: string
}

/** Says under which lease a replica saves; 0 is that of a replica without one. */
export interface Fence {
  readonly token: number
}

/**
 * - `saved`: it is there
 * - `older`: a newer (epoch, version), or another document under the same one, is stored already
 * - `fenced`: another replica has led since the saver's lease was given, or the saver has none
 */
export type SaveResult = 'saved' | 'older' | 'fenced'

/** Something a store skipped or could not do; safe to log. */
export type Problem = { readonly where: string; readonly message: string }

/** Health for status pages and metrics. Times are milliseconds since the epoch. */
export interface StoreStatus {
  /** `unavailable` while the last operation failed or the circuit is open. */
  readonly state: 'idle' | 'available' | 'unavailable' | 'closed'
  readonly saves: number
  readonly failures: number
  readonly lastSuccessAt?: number
  readonly lastError?: { readonly at: number; readonly message: string; readonly kind: StoreErrorKind }
}

/** A place that outlives the process. */
export interface Store {
  /** For logs and metrics: `disk`, `redis`. */
  readonly name: string
  /** Whether other replicas write to it too. */
  readonly shared: boolean
  /** Valid generations, newest first; whatever was skipped is a problem, and an outage is a problem too. */
  load(environment: string): Promise<{ generations: Generation[]; problems: Problem[] }>
  /**
   * Nothing is written unless the result is `saved`. Saving again what is stored rewrites it, which heals a damaged copy.
   * A store that only this replica writes to knows no fences. Rejects with `StoreError`.
   */
  save(generation: Generation, fence?: Fence): Promise<SaveResult>
  status(): StoreStatus
  close(): Promise<void>
}

/**
 * - `unavailable`: not reachable, or the circuit is open
 * - `timeout`: no answer within the bound
 * - `refused`: the other side said no (password, read-only, out of memory, permissions)
 * - `full`: no space left, or the generation is larger than the store accepts
 * - `closed`: used after `close()`
 * - `internal`: our own fault
 */
export type StoreErrorKind = 'unavailable' | 'timeout' | 'refused' | 'full' | 'closed' | 'internal'

/** A failed save. `message` is safe to show; the cause is not, so it is kept where no logger looks. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly kind: StoreErrorKind
  readonly #cause: unknown

  constructor(kind: StoreErrorKind, message: string, cause?: unknown) {
    super(message)
    this.kind = kind
    this.#cause = cause
  }

  /** What was thrown underneath. For debuggers and tests; not for logs. */
  debugCause(): unknown {
    return this.#cause
  }

  toJSON(): { kind: StoreErrorKind; message: string } {
    return { kind: this.kind, message: this.message }
  }
}

/** Where a generation stands in the total order of its environment. */
export type Order = Pick<Generation, 'epoch' | 'version'>

/** Negative when `a` is older than `b`, 0 when they are the same generation. */
export function compareGenerations(a: Order, b: Order): number {
  return a.epoch - b.epoch || a.version - b.version
}
