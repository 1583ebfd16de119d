/**
 * Time and chance, handed in. Every schedule of the relay is checked against a clock that the test turns by hand;
 * with the global ones those tests would sleep, flake, or prove nothing.
 */

/** Opaque: only the clock that made it can clear it. */
export type TimerHandle = object

/** What time is it? `now` may jump (NTP, operators): durations are measured with `monotonic`. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonic(): number
}

/** A clock that can also call back, and the randomness that schedules need. */
export interface Timers extends Clock {
  /** Calls once after `delay` milliseconds. Does not keep the process alive. */
  setTimeout(callback: () => void, delay: number): TimerHandle
  /** Accepts `undefined` and timers that have already fired. */
  clearTimeout(handle: TimerHandle | undefined): void
  /** Uniform in [0, 1). */
  random(): number
}

/** setTimeout fires at once beyond this (2^31 - 1 ms, 24.8 days), so longer delays are cut to it. */
const LONGEST_DELAY = 2_147_483_647

/** The machine's clock and randomness. */
export const systemTimers: Timers = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, delay) => setTimeout(callback, Math.min(Math.max(delay, 0), LONGEST_DELAY)).unref(),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout | undefined),
  random: () => Math.random(),
}
