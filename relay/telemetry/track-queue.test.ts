import { describe, expect, it } from 'vitest'
import { FakeTimers } from '../upstream/fake-timers.ts'
import { TelemetryQueue } from './track-queue.ts'
import type { TrackDelivery, TrackSink } from './track-queue.ts'

interface Bench {
  readonly timers: FakeTimers
  readonly queue: TelemetryQueue
  readonly delivered: TrackDelivery[]
  readonly lost: Map<string, number>
  /** How deliveries end from now on; `hang` never. */
  answer: 'take' | 'fail' | 'hang'
  attempts: number
}

function setUp(maxBytes = 100_000): Bench {
  const timers = new FakeTimers({ seed: 5 })
  const delivered: TrackDelivery[] = []
  const lost = new Map<string, number>()
  const sink: TrackSink = {
    deliver: (batch) => {
      bench.attempts++
      if (bench.answer === 'hang') return new Promise(() => {})
      if (bench.answer === 'fail') return Promise.reject(new Error('no'))
      delivered.push(batch)
      return Promise.resolve()
    },
  }
  const queue = new TelemetryQueue({
    sink,
    maxBytes,
    timers,
    lost: (_environment, why, count) => lost.set(why, (lost.get(why) ?? 0) + count),
  })
  const bench: Bench = { timers, queue, delivered, lost, answer: 'take', attempts: 0 }
  return bench
}

const event = (number: number): { type: 'track'; json: string } => ({ type: 'track', json: `{"n":${number}}` })

describe('the queue of tracking events', () => {
  it('gathers, then hands on in order, one environment at a time and a thousand at most', async () => {
    const { timers, queue, delivered } = setUp(1_000_000)
    for (let number = 0; number < 1_500; number++) queue.offer('a', event(number))
    queue.offer('b', event(0))
    expect(delivered).toEqual([])
    await timers.advance(2_000)
    expect(delivered.map(({ environment, events }) => [environment, events.length])).toEqual([
      ['a', 1_000],
      ['a', 500],
      ['b', 1],
    ])
    expect(delivered.flatMap(({ events }) => events).slice(0, 1_500)).toEqual(
      Array.from({ length: 1_500 }, (_, number) => event(number).json),
    )
    expect(queue.bytes).toBe(0)
  })

  it('makes whole batches of environments that take turns', async () => {
    const { timers, queue, delivered } = setUp(10_000_000)
    for (let number = 0; number < 2_400; number++) queue.offer(number % 2 === 0 ? 'a' : 'b', event(number))
    await timers.advance(2_000)
    const sizes = delivered.map(({ environment, events }) => `${environment} ${events.length}`)
    expect(sizes).toEqual(['a 1000', 'b 1000', 'a 200', 'b 200'])
    const ofA = delivered.flatMap(({ environment, events }) => (environment === 'a' ? events : []))
    expect(ofA).toEqual(Array.from({ length: 1_200 }, (_, index) => event(2 * index).json))
    expect(queue.bytes).toBe(0)
  })

  it('holds no more than it may, and every event is delivered, lost or refused', async () => {
    const bench = setUp(2_000)
    bench.answer = 'hang'
    const offered = Array.from({ length: 100 }, (_, number) => bench.queue.offer('a', event(number)))
    const accepted = offered.filter(Boolean).length
    expect(accepted).toBeLessThan(40)
    expect(bench.queue.bytes).toBeLessThanOrEqual(2_000)
    const flushed = bench.queue.flush(500)
    await bench.timers.advance(600)
    await flushed
    expect(bench.lost.get('unsent')).toBe(accepted)
    expect(bench.queue.bytes).toBe(0)
  })

  it('tries a failing batch three times, then goes on with the next', async () => {
    const bench = setUp()
    bench.answer = 'fail'
    bench.queue.offer('poison', event(1))
    bench.queue.offer('well', event(2))
    await bench.timers.advance(1_100)
    expect(bench.attempts).toBe(1)
    await bench.timers.advance(4_000)
    bench.answer = 'take'
    await bench.timers.advance(10_000)
    expect(bench.lost.get('failed')).toBe(1)
    expect(bench.delivered.map(({ environment }) => environment)).toEqual(['well'])
  })

  it('lets go of events at once where nobody wants them', async () => {
    const queue = new TelemetryQueue({ sink: undefined, maxBytes: 1_000, timers: new FakeTimers(), lost: () => {} })
    for (let number = 0; number < 1_000; number++) expect(queue.offer('a', event(number))).toBe(true)
    expect(queue.bytes).toBe(0)
  })
})
