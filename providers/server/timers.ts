/**
 * Time and chance, handed in: every schedule of the provider is tested against a clock that the test turns by hand. The
 * real timers are unref'd where the runtime knows that, so that waiting for a relay keeps no process alive.
 */
export interface Timers {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls once after `delay` milliseconds. With `hold` the process stays alive for it: somebody awaits it. */
  setTimeout(callback: () => void, delay: number, hold?: boolean): unknown
  /** Takes undefined and timers that have fired. */
  clearTimeout(handle: unknown): void
  /** Uniform in [0, 1). */
  random(): number
}

/** Longer delays would fire at once (2^31 - 1 ms, 24.8 days). */
export const LONGEST: number = 2_147_483_647

export const systemTimers: Timers = {
  now: () => Date.now(),
  setTimeout(callback, delay, hold = false) {
    const handle: unknown = setTimeout(callback, Math.min(Math.max(delay, 0), LONGEST))
    if (hold) return handle
    if (typeof handle === 'object' && handle !== null && 'unref' in handle && typeof handle.unref === 'function') {
      handle.unref()
    }
    return handle
  },
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout> | undefined),
  random: () => Math.random(),
}

/** Resolves after `delay` milliseconds, at once when `signal` aborts. */
export function pause(timers: Timers, delay: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = (): void => {
      timers.clearTimeout(handle)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const handle = timers.setTimeout(end, delay)
    signal.addEventListener('abort', end)
  })
}

/** Waits for what never rejects, `limit` milliseconds at most, and keeps the process alive meanwhile: somebody awaits it. */
export async function within(timers: Timers, limit: number, work: Promise<unknown>): Promise<void> {
  let handle: unknown
  const end = new Promise<void>((resolve) => (handle = timers.setTimeout(resolve, limit, true)))
  await Promise.race([work, end])
  timers.clearTimeout(handle)
}
