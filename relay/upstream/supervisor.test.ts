/** The loop under a clock turned by hand: exact schedules, one timer, no dead end, no storm. */
import { expect, test } from 'vitest'
import { backoffDelay } from './backoff.ts'
import { FakeTimers } from './fake-timers.ts'
import type { SourceSink } from './source.ts'
import { Supervisor } from './supervisor.ts'
import type { AttemptResult } from './supervisor.ts'
import { Recorder } from './testing/recorder.ts'
import { UpstreamError } from './upstream-error.ts'

const document = { bytes: new Uint8Array([1]), receivedAt: 0, origin: 'test' }

function rig(attempt: (signal: AbortSignal) => Promise<AttemptResult>, seed = 1) {
  const timers = new FakeTimers({ seed })
  const starts: number[] = []
  const supervisor = new Supervisor({
    timers,
    attempt: (signal) => {
      starts.push(timers.monotonic())
      return attempt(signal)
    },
    interval: 10_000,
    jitter: 0.1,
    floor: 1_000,
  })
  return { timers, starts, supervisor, sink: new Recorder() }
}

test('ten minutes of failures start exactly the attempts of the schedule, with one timer', async () => {
  const error = new UpstreamError('network', 'refused')
  const { timers, starts, supervisor, sink } = rig(() => Promise.reject(error), 42)
  const twin = new FakeTimers({ seed: 42 })
  const expected = [0]
  for (let failures = 1; (expected.at(-1) ?? 0) <= 600_000; failures += 1) {
    expected.push((expected.at(-1) ?? 0) + backoffDelay(failures, error, twin.random()))
  }
  supervisor.start(sink)
  for (let second = 0; second < 600; second += 1) {
    await timers.advance(1_000)
    expect(timers.pending).toBe(1)
  }
  expect(starts).toEqual(expected.slice(0, -1))
  expect(supervisor.status()).toMatchObject({ state: 'retrying', consecutiveFailures: starts.length })
})

test('after any failures one success restores the normal interval', async () => {
  let healthy = false
  const { timers, starts, supervisor, sink } = rig(() =>
    healthy ? Promise.resolve({ document }) : Promise.reject(new UpstreamError('unauthorized', 'no', { status: 401 })),
  )
  supervisor.start(sink)
  await timers.advance(3_600_000)
  healthy = true
  await timers.advance(300_000 + 60_000)
  expect(supervisor.status()).toMatchObject({ state: 'live', consecutiveFailures: 0 })
  expect(supervisor.status().lastError).toBeUndefined()
  const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0))
  expect(gaps.at(-1)).toBeGreaterThanOrEqual(9_000)
  expect(gaps.at(-1)).toBeLessThanOrEqual(11_000)
})

test('the first gap has a random phase, later ones vary by a tenth', async () => {
  const firsts = new Set<number>()
  for (let seed = 1; seed <= 20; seed += 1) {
    const { timers, starts, supervisor, sink } = rig(() => Promise.resolve('unchanged'), seed)
    supervisor.start(sink)
    await timers.advance(100_000)
    const gaps = starts.slice(1).map((start, index) => start - (starts[index] ?? 0))
    firsts.add(gaps[0] ?? 0)
    for (const gap of gaps.slice(1)) expect(Math.abs(gap - 10_000)).toBeLessThanOrEqual(1_000)
  }
  expect(firsts.size).toBeGreaterThan(15)
})

test('refresh comes early but never under the floor, however often it is asked', async () => {
  const { timers, starts, supervisor, sink } = rig(() => Promise.resolve('unchanged'))
  supervisor.start(sink)
  await timers.advance(0)
  for (let call = 0; call < 1_000; call += 1) {
    supervisor.refresh()
    await timers.advance(10)
  }
  expect(starts.length).toBeGreaterThanOrEqual(10)
  expect(starts.length).toBeLessThanOrEqual(11)
  expect(timers.pending).toBe(1)
})

test('refresh during an attempt coalesces into one more', async () => {
  const finish: (() => void)[] = []
  const { timers, starts, supervisor, sink } = rig(
    () => new Promise((resolve) => finish.push(() => resolve('unchanged'))),
  )
  supervisor.start(sink)
  for (let call = 0; call < 50; call += 1) supervisor.refresh()
  await timers.advance(5_000)
  expect(starts).toEqual([0])
  finish[0]?.()
  await timers.advance(1)
  expect(starts).toEqual([0, 5_000])
  finish[1]?.()
  await timers.advance(500)
  expect(starts).toHaveLength(2)
})

test('refresh does not shorten a Retry-After', async () => {
  const { timers, starts, supervisor, sink } = rig(() =>
    Promise.reject(new UpstreamError('status', 'busy', { status: 429, retryAfter: 60_000 })),
  )
  supervisor.start(sink)
  for (let second = 0; second < 59; second += 1) {
    supervisor.refresh()
    await timers.advance(1_000)
  }
  expect(starts).toEqual([0])
  await timers.advance(5_000)
  expect(starts).toHaveLength(2)
})

test('a wall clock that jumps a day either way changes no gap', async () => {
  const { timers, starts, supervisor, sink } = rig(() => Promise.resolve('unchanged'))
  supervisor.start(sink)
  for (let round = 0; round < 20; round += 1) {
    timers.jump(round % 2 === 0 ? 86_400_000 : -2 * 86_400_000)
    supervisor.refresh()
    await timers.advance(5_000)
  }
  expect(starts.length).toBeGreaterThanOrEqual(20)
  expect(starts.length).toBeLessThanOrEqual(21)
})

test('a receiver that throws does not end the loop, and neither does an attempt that breaks', async () => {
  let turn = 0
  const { timers, starts, supervisor } = rig(() => {
    turn += 1
    if (turn === 2) throw new TypeError('secret detail')
    return Promise.resolve({ document })
  })
  const hostile: SourceSink = {
    document: () => {
      throw new Error('receiver broke')
    },
    unchanged: () => undefined,
    failed: () => {
      throw new Error('receiver broke again')
    },
  }
  supervisor.start(hostile)
  await timers.advance(60_000)
  expect(starts.length).toBeGreaterThan(4)
  expect(JSON.stringify(supervisor.status())).not.toContain('secret detail')
})

test('stop aborts the attempt, clears the timer, silences the sink and is final', async () => {
  const { timers, starts, supervisor, sink } = rig(
    (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
  )
  supervisor.start(sink)
  await supervisor.stop()
  await supervisor.stop()
  supervisor.refresh()
  await timers.advance(600_000)
  expect(starts).toEqual([0])
  expect(sink.events).toEqual([])
  expect(timers.pending).toBe(0)
  expect(supervisor.status().state).toBe('stopped')
  expect(() => supervisor.start(sink)).toThrow('once')
})

test('an attempt that succeeds after stop delivers nothing and schedules nothing', async () => {
  let finish: (() => void) | undefined
  const { timers, supervisor, sink } = rig(
    () =>
      new Promise((resolve) => {
        finish = () => resolve({ document })
      }),
  )
  supervisor.start(sink)
  const stopped = supervisor.stop()
  finish?.()
  await stopped
  await timers.advance(60_000)
  expect(sink.events).toEqual([])
  expect(timers.pending).toBe(0)
})

test('a thousand random fault schedules all converge once upstream is well, with no restart', async () => {
  const kinds = ['network', 'timeout', 'status', 'unauthorized', 'not-found', 'body', 'internal'] as const
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const chance = new FakeTimers({ seed })
    const left = { faults: 5 + Math.floor(chance.random() * 16) }
    const { timers, starts, supervisor, sink } = rig(() => {
      left.faults -= 1
      if (left.faults < 0 || chance.random() < 0.3) return Promise.resolve({ document })
      const kind = kinds[Math.floor(chance.random() * kinds.length)] ?? 'network'
      const retryAfter = chance.random() < 0.2 ? { retryAfter: Math.floor(chance.random() * 1e7) } : {}
      return Promise.reject(new UpstreamError(kind, 'fault', retryAfter))
    }, seed)
    supervisor.start(sink)
    for (let step = 0; left.faults > 0 && step < 1_000; step += 1) {
      if (chance.random() < 0.2) supervisor.refresh()
      await timers.advance(chance.random() * 60_000)
      expect(timers.pending, `seed ${seed}`).toBe(1)
    }
    // The longest single wait: Retry-After at its cap plus the slow regime's ceiling.
    await timers.advance(600_000)
    expect(supervisor.status(), `seed ${seed}`).toMatchObject({ state: 'live', consecutiveFailures: 0 })
    await supervisor.stop()
    expect(starts.length).toBeGreaterThan(5)
  }
})
