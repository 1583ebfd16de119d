/** The published schedule is the promise upstream operators rely on, so it is checked cell by cell. */
import { expect, test } from 'vitest'
import { backoffDelay, parseRetryAfter } from './backoff.ts'
import { FakeTimers } from './fake-timers.ts'

const almostOne = 1 - Number.EPSILON
const ordinary = { kind: 'network', retryAfter: undefined } as const
const slow = { kind: 'unauthorized', retryAfter: undefined } as const

test('ceilings are those of the published table', () => {
  const ceilings = (error: typeof ordinary | typeof slow): number[] =>
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((failures) => Math.round(backoffDelay(failures, error, almostOne) / 1_000))
  expect(ceilings(ordinary)).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60])
  expect(ceilings(slow)).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300])
})

test('floors hold when chance says zero, and no count of failures is a dead end', () => {
  expect(backoffDelay(1, ordinary, 0)).toBe(100)
  expect(backoffDelay(1, slow, 0)).toBe(1_000)
  for (const failures of [50, 1_000, 1e9, Number.MAX_SAFE_INTEGER]) {
    expect(backoffDelay(failures, ordinary, almostOne)).toBeLessThanOrEqual(60_000)
    expect(backoffDelay(failures, ordinary, almostOne)).toBeGreaterThan(59_000)
  }
})

test('jitter is full: waits fill the whole range evenly', () => {
  const timers = new FakeTimers({ seed: 7 })
  const buckets = Array.from({ length: 10 }, () => 0)
  for (let round = 0; round < 10_000; round += 1) {
    const bucket = Math.floor(backoffDelay(7, ordinary, timers.random()) / 6_000)
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
  }
  for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(150)
})

test('Retry-After is a floor that is believed up to five minutes', () => {
  expect(backoffDelay(1, { kind: 'status', retryAfter: 30_000 }, 0)).toBe(30_000)
  expect(backoffDelay(1, { kind: 'status', retryAfter: 30_000 }, 0.5)).toBe(30_500)
  expect(backoffDelay(1, { kind: 'status', retryAfter: 86_400_000 }, 0)).toBe(300_000)
  expect(backoffDelay(1, { kind: 'status', retryAfter: 0 }, 0)).toBe(100)
})

test('Retry-After is read as seconds or as an HTTP date, and as nothing else', () => {
  const now = Date.parse('Fri, 20 Nov 2026 10:00:00 GMT')
  expect(parseRetryAfter('120', now)).toBe(120_000)
  expect(parseRetryAfter('Fri, 20 Nov 2026 10:00:30 GMT', now)).toBe(30_000)
  expect(parseRetryAfter('Fri, 20 Nov 2026 09:00:00 GMT', now)).toBeUndefined()
  for (const junk of [undefined, '', '-1', '1.5', 'soon', '2026-11-20', '99999999999999']) {
    expect(parseRetryAfter(junk, now)).toBeUndefined()
  }
})
