/**
 * Sends at a constant rate whatever the server does, and counts latency from the moment a request was due, not from the
 * moment it could be sent. A driver that waits for answers before it asks again stops asking exactly while the server
 * stalls, and so reports the stall as one slow request instead of the thousands that real clients would have seen.
 */
import { Latencies } from './latency.ts'

export interface OpenLoop {
  readonly ratePerSecond: number
  readonly seconds: number
  /** Resolves true when the answer was right. Must not reject. */
  readonly send: (index: number) => Promise<boolean>
  readonly clock: Clock
  /** How long after the last request answers are waited for. Default 10 000 ms; later ones count as failures. */
  readonly drainMs?: number
}

export interface Clock {
  /** Milliseconds, monotonic, with fractions. */
  now(): number
  /** Resolves around `time`, perhaps a little early: whoever needs the exact moment looks at `now()` again. */
  until(time: number): Promise<void>
}

export interface OpenLoopResult {
  readonly latencies: Latencies
  /** How late requests left the driver itself: the part of the latencies that the driver may have caused. */
  readonly lateness: Latencies
  readonly sent: number
  readonly failures: number
}

const DRAIN_MS = 10_000

export async function openLoop({ ratePerSecond, seconds, send, clock, drainMs }: OpenLoop): Promise<OpenLoopResult> {
  const latencies = new Latencies()
  const lateness = new Latencies()
  const total = Math.round(ratePerSecond * seconds)
  const gap = 1000 / ratePerSecond
  const start = clock.now()
  let answered = 0
  let right = 0
  let closed = false
  let allAnswered = (): void => undefined
  const settle = (due: number, ok: boolean): void => {
    if (closed) return
    latencies.record(clock.now() - due)
    answered++
    if (ok) right++
    if (answered === total) allAnswered()
  }
  for (let index = 0; index < total;) {
    const due = start + index * gap
    const now = clock.now()
    if (due > now) {
      await clock.until(due)
      continue
    }
    lateness.record(now - due)
    void send(index).then((ok) => settle(due, ok))
    index++
  }
  const end = new Promise<void>((resolve) => {
    allAnswered = resolve
    if (answered === total) resolve()
  })
  await Promise.race([end, clock.until(clock.now() + (drainMs ?? DRAIN_MS))])
  closed = true
  return { latencies, lateness, sent: total, failures: total - right }
}

/** The real clock. Timers are too coarse for the last milliseconds, so those are spun through, turn by turn. */
export const realClock: Clock = {
  now: () => performance.now(),
  until: (time) =>
    new Promise((resolve) => {
      const left = time - performance.now()
      if (left > 3) setTimeout(resolve, left - 2)
      else setImmediate(resolve)
    }),
}
