/**
 * When to ask the relay again. Shared by all loops of the provider; nothing is final, since a key that is refused today
 * may be known tomorrow, and nobody restarts an application for that.
 *
 * | after                | wait, each time drawn anew                              |
 * |----------------------|---------------------------------------------------------|
 * | network, 5xx, …      | anything up to 1 s, 2 s, 4 s … 30 s                      |
 * | 401, 403             | anything from 1 s up to 5 s, 10 s … 300 s                |
 * | with `Retry-After`   | what it says (at most an hour), plus anything up to 1 s |
 */
import { fullJitter } from '../shared/backoff.ts'
import type { RelayError } from './relay-error.ts'
import type { Timers } from './timers.ts'

/** Milliseconds before the next attempt. `failures` in a row, 1 for the first. */
export function delayAfter(error: RelayError, failures: number, timers: Pick<Timers, 'random'>): number {
  if (error.retryAfter !== undefined) return error.retryAfter + timers.random() * 1_000
  const refused = error.kind === 'refused'
  const wait = fullJitter(failures - 1, () => timers.random(), refused ? 5_000 : 1_000, refused ? 300_000 : 30_000)
  return refused ? Math.max(1_000, wait) : wait
}
