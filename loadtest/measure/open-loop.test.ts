/** The driver on a clock of the test's own: a stall must show in every request that was due while it lasted. */
import { expect, test } from 'vitest'
import { Latencies } from './latency.ts'
import { openLoop } from './open-loop.ts'
import type { Clock } from './open-loop.ts'

/** A clock that moves only when someone waits for it; what was to happen meanwhile happens in order. */
class FakeClock implements Clock {
  time = 0
  #waiting: { at: number; wake: () => void }[] = []

  now(): number {
    return this.time
  }

  until(time: number): Promise<void> {
    return new Promise((wake) => {
      this.#waiting.push({ at: time, wake })
      // After all that this moment sets off.
      setImmediate(() => this.#advance())
    })
  }

  #advance(): void {
    this.#waiting.sort((a, b) => a.at - b.at)
    const next = this.#waiting.shift()
    if (next === undefined) return
    this.time = Math.max(this.time, next.at)
    next.wake()
  }
}

/** A server with one hand: it answers one request at a time, each takes `serviceMs`, and it rests at `stall`. */
function server(clock: FakeClock, serviceMs: number, stall?: { from: number; to: number }): () => Promise<boolean> {
  let free = 0
  return async () => {
    let begin = Math.max(free, clock.time)
    if (stall !== undefined && begin >= stall.from && begin < stall.to) begin = stall.to
    free = begin + serviceMs
    await clock.until(free)
    return true
  }
}

test('a steady server shows its service time', async () => {
  const clock = new FakeClock()
  const result = await openLoop({ ratePerSecond: 100, seconds: 2, clock, send: server(clock, 2) })
  expect(result).toMatchObject({ sent: 200, failures: 0 })
  expect(result.latencies.count).toBe(200)
  expect(result.latencies.percentiles()).toMatchObject({ p50: 2, max: 2 })
})

test('a stall of one second reaches all requests due during it', async () => {
  const clock = new FakeClock()
  const send = server(clock, 1, { from: 1000, to: 2000 })
  const { latencies } = await openLoop({ ratePerSecond: 100, seconds: 10, clock, send })
  // 100 of 1000 requests were due while it stalled; they waited between 1000 ms and 10 ms.
  expect(latencies.percentiles().max).toBeGreaterThan(990)
  expect(latencies.at(95)).toBeGreaterThan(400)
  expect(latencies.at(85)).toBeLessThan(10)
})

test('the driver being late counts against the requests, and is told apart', async () => {
  const clock = new FakeClock()
  let sent = 0
  const send = async (): Promise<boolean> => {
    // Answered at once, but the second request keeps the driver itself from working for 500 ms.
    if (++sent === 2) clock.time += 500
    return true
  }
  const { latencies, lateness } = await openLoop({ ratePerSecond: 10, seconds: 1, clock, send })
  expect(lateness.percentiles().max).toBeCloseTo(400, -1)
  expect(latencies.percentiles().max).toBeGreaterThanOrEqual(400)
})

test('wrong answers and answers that never come are failures', async () => {
  const clock = new FakeClock()
  let sent = 0
  const send = (): Promise<boolean> => (++sent === 3 ? new Promise(() => undefined) : Promise.resolve(sent !== 1))
  const result = await openLoop({ ratePerSecond: 10, seconds: 1, clock, send, drainMs: 100 })
  expect(result).toMatchObject({ sent: 10, failures: 2 })
})

test('percentiles are exact to three digits', () => {
  const latencies = new Latencies()
  for (let value = 1; value <= 1000; value++) latencies.record(value)
  expect(latencies.at(50)).toBeCloseTo(500, -1)
  expect(latencies.at(99)).toBeCloseTo(990, -1)
  expect(latencies.percentiles().max).toBeCloseTo(1000, -1)
})
