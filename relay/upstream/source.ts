/**
 * The doorway between "how a document arrives" and everything else. A source delivers bytes and tells its own health;
 * it never parses what it delivers, so that a vendor's format can change without touching a socket, and a socket fault
 * can never be mistaken for an empty document.
 */
import type { UpstreamError, UpstreamErrorKind } from './upstream-error.ts'

/** One whole document as it arrived. Never partial: a source emits after the last byte was read and bounded. */
export interface UpstreamDocument {
  readonly bytes: Uint8Array
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  /** Where it came from, safe to log: a URL without userinfo and query values, or a path. */
  readonly origin: string
  readonly contentType?: string
}

/** `starting` before the first success or failure; `retrying` after a failure; `stopped` only after `stop()`. */
export type SourceState = 'starting' | 'live' | 'retrying' | 'stopped'

/** A snapshot for status pages and metrics. Times are milliseconds since the epoch. */
export interface SourceStatus {
  readonly state: SourceState
  readonly lastSuccessAt?: number
  readonly lastError?: {
    readonly at: number
    readonly message: string
    readonly kind: UpstreamErrorKind
    readonly status?: number
  }
  /** 0 while healthy. */
  readonly consecutiveFailures: number
  readonly nextAttemptAt?: number
}

/** What a source reports to. Called synchronously; an exception thrown by a sink never stops the source. */
export interface SourceSink {
  /** New content. The receiver owns the bytes. */
  document(document: UpstreamDocument): void
  /** Upstream answered and has nothing newer. */
  unchanged(at: number): void
  /** One attempt failed; the source goes on by itself. */
  failed(error: UpstreamError): void
}

/** A supervised loop that has no terminal state: only `stop()` ends it. */
export interface Source {
  /** Begins; calling it twice is a programming error and throws. */
  start(sink: SourceSink): void
  /** Asks for an attempt now: coalesced with one under way, never faster than the source's floor. */
  refresh(): void
  status(): SourceStatus
  /** Releases timers and sockets; no sink call happens after it was called. Idempotent. */
  stop(): Promise<void>
}
