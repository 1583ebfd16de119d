/**
 * Time as the serving side needs it. Handed in by the composition root, so that ages, expiries and drain windows are
 * tested by turning a clock; a hidden `Date.now` in here could only be tested by sleeping.
 */

export interface Timers {
  /** Milliseconds since the epoch; may jump. */
  now(): number
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonic(): number
  setTimeout(callback: () => void, delay: number): object
  clearTimeout(handle: object | undefined): void
  /** Uniform in [0, 1). */
  random(): number
}
