/** The circuit opens after three failures, lets one trial through per pause, and closes on the first success. */
import { expect, test } from 'vitest'
import { FakeTimers } from '../upstream/fake-timers.ts'
import { Breaker } from './breaker.ts'

test('opens, tries one at a time with growing pauses up to the longest, and closes', async () => {
  const timers = new FakeTimers({ seed: 9 })
  const breaker = new Breaker({ timers })
  for (let failure = 0; failure < 3; failure += 1) {
    expect(breaker.allows()).toBe(true)
    breaker.failed()
  }
  expect(breaker.open).toBe(true)
  for (const ceiling of [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]) {
    expect(breaker.allows()).toBe(false)
    await timers.advance(ceiling / 2 - 1)
    expect(breaker.allows()).toBe(false)
    await timers.advance(ceiling / 2 + 1)
    expect(breaker.allows()).toBe(true)
    expect(breaker.allows()).toBe(false)
    breaker.failed()
  }
  await timers.advance(5_000)
  expect(breaker.allows()).toBe(true)
  breaker.succeeded()
  expect(breaker.open).toBe(false)
  expect(breaker.allows() && breaker.allows()).toBe(true)
})

test('failures between successes do not open it', () => {
  const breaker = new Breaker({ timers: new FakeTimers() })
  for (let round = 0; round < 50; round += 1) {
    breaker.failed()
    breaker.failed()
    breaker.succeeded()
  }
  expect(breaker.open).toBe(false)
})
