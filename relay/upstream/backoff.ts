/**
 * When to try again. Full jitter, so that a thousand replicas that lost the same upstream do not come back in the same
 * second, and no last attempt, so that nothing has to be restarted once upstream is healthy again.
 *
 * The published schedule. Each wait is uniform in [0, ceiling), but never below the floor:
 *
 * | failures in a row         | 1   | 2   | 3   | 4    | 5    | 6    | 7      | 8       | 9+    | floor |
 * |---------------------------|-----|-----|-----|------|------|------|--------|---------|-------|-------|
 * | ordinary: ceiling         | 1 s | 2 s | 4 s | 8 s  | 16 s | 32 s | 60 s   | 60 s    | 60 s  | 0.1 s |
 * | slow (401, 403, 404, 410) | 5 s | 10 s| 20 s| 40 s | 80 s | 160 s| 300 s  | 300 s   | 300 s | 1 s   |
 *
 * A `Retry-After` replaces the floor: the wait is Retry-After (at most 300 s) plus uniform [0, ceiling).
 * Slow answers are not dead ends: a key that is not known yet, or a deployment half done, heals by itself.
 */
import type { UpstreamError } from './upstream-error.ts'

/** Milliseconds. */
export interface BackoffOptions {
  /** The first ceiling; doubles per failure. Default 1,000. */
  readonly base?: number
  /** The largest ceiling. Default 60,000. */
  readonly cap?: number
  /** Default 100. */
  readonly floor?: number
  /** For answers that time alone rarely heals. Defaults 5,000, 300,000 and 1,000. */
  readonly slowBase?: number
  readonly slowCap?: number
  readonly slowFloor?: number
  /** The longest `Retry-After` that is believed. Default 300,000. */
  readonly retryAfterCap?: number
}

/** Milliseconds to wait after the `failures`-th failure in a row (1 for the first). `random` is uniform in [0, 1). */
export function backoffDelay(
  failures: number,
  error: Pick<UpstreamError, 'kind' | 'retryAfter'>,
  random: number,
  options: BackoffOptions = {},
): number {
  const slow = error.kind === 'unauthorized' || error.kind === 'not-found'
  const base = slow ? (options.slowBase ?? 5_000) : (options.base ?? 1_000)
  const cap = slow ? (options.slowCap ?? 300_000) : (options.cap ?? 60_000)
  const floor = slow ? (options.slowFloor ?? 1_000) : (options.floor ?? 100)
  // 2 ** 30 already exceeds every cap: a count that grew for weeks must not become Infinity.
  const ceiling = Math.min(cap, base * 2 ** Math.min(Math.max(failures, 1) - 1, 30))
  const jitter = Math.floor(random * ceiling)
  if (error.retryAfter === undefined) return Math.max(floor, jitter)
  return Math.min(Math.max(error.retryAfter, floor), options.retryAfterCap ?? 300_000) + jitter
}

/** `Retry-After` in milliseconds: seconds or an HTTP date. Undefined when absent, past or unreadable. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const text = header.trim()
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000
  // Date.parse believes almost anything; an HTTP date always ends in GMT.
  if (!text.endsWith('GMT')) return undefined
  const wait = Date.parse(text) - now
  return wait > 0 ? wait : undefined
}
