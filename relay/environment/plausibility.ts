/**
 * The gate before a swap: a document can be valid and still be a disaster (a blank export, half the flags gone after a
 * partial refill, a file doubled by a faulty job). Such a document waits in quarantine, the old one goes on serving,
 * until an operator confirms it or the upstream insists on it long enough.
 */

export interface Plausibility {
  /** Share of flags that may disappear at once, 0–1. */
  readonly maxShrink: number
  /** How many times larger (in bytes) a document may become at once. */
  readonly maxGrowth: number
  /** Deliveries of the same implausible document in a row after which it is believed. */
  readonly confirmations: number
  /** And the time, in ms, over which they must spread. */
  readonly confirmAfterMs: number
}

/** Documents below this many bytes grow by factors every day; only the flags gate applies to them. */
const SMALL_BYTES = 64 * 1024
/** Below this many flags, losing more than the share is ordinary housekeeping; losing all of them never is. */
const FEW_FLAGS = 4

export interface Measured {
  readonly keys: readonly string[]
  readonly bytes: number
}

/** Why `next` should not replace `current` yet; undefined when it may. */
export function implausible(current: Measured, next: Measured, limits: Plausibility): string | undefined {
  const before = current.keys.length
  if (before === 0) return undefined
  if (next.keys.length === 0) return `it has no flags, the served document has ${before}`
  const still = new Set(next.keys)
  const gone = current.keys.filter((key) => !still.has(key)).length
  if (before >= FEW_FLAGS && gone / before > limits.maxShrink) {
    return `${gone} of ${before} flags are gone, more than ${limits.maxShrink * 100} %`
  }
  if (next.bytes > SMALL_BYTES && next.bytes > current.bytes * limits.maxGrowth) {
    return `it grew from ${current.bytes} to ${next.bytes} bytes, more than ${limits.maxGrowth} times`
  }
  return undefined
}
