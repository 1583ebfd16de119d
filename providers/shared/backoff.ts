/**
 * How long to wait before trying again. Shared by the providers, because a thousand clients that lost one relay at one
 * instant come back at one instant unless each draws its own pause over the whole interval ("full jitter").
 */

/** Milliseconds before attempt `attempt` (0 is the first repetition): anywhere from 0 to `base` × 2^attempt, at most `cap`. */
export function fullJitter(attempt: number, random: () => number, base = 1_000, cap = 60_000): number {
  return random() * Math.min(cap, base * 2 ** Math.min(attempt, 16))
}

/** A `Retry-After` header (seconds or HTTP date) as milliseconds from `now`, at most an hour; undefined when unreadable. */
export function retryAfter(header: string | null | undefined, now: number): number | undefined {
  if (!header) return undefined
  // All digits first: `parseInt` would make 2024 seconds of an ISO date.
  const wait = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now
  return wait >= 0 ? Math.min(wait, 3_600_000) : undefined
}
