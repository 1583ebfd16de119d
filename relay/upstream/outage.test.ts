/**
 * The published schedule, held by every transport: ten minutes of refusals, of silence and of resets, each attempt within
 * the bounds that `backoff.ts` promises, one timer and one socket at a time, and nothing left behind.
 */
import { describe, expect, it } from 'vitest'
import type { EventStream } from './connection.ts'
import { GrpcPollSource, GrpcStream } from './grpc.ts'
import { HttpPollSource } from './http-poll.ts'
import type { Source } from './source.ts'
import { SseStream } from './sse.ts'
import { FAULTS, outage } from './testing/outage.ts'
import type { Suffered, UnderTest } from './testing/outage.ts'
import { WebSocketStream } from './websocket.ts'

/** Largest waits after the first, second … failure in a row, s; the last for ever. */
const CEILINGS = [1, 2, 4, 8, 16, 32, 60]
/** Least wait, s. */
const FLOOR = 0.1
const TEN_MINUTES = 600_000

function ofStream(stream: EventStream): UnderTest {
  return {
    start: (failed) =>
      stream.start({
        opened: () => undefined,
        event: () => undefined,
        alive: () => undefined,
        closed: (error) => error !== undefined && failed(error),
      }),
    stop: () => stream.stop(),
  }
}

function ofSource(source: Source): UnderTest {
  return {
    start: (failed) => source.start({ document: () => undefined, unchanged: () => undefined, failed }),
    stop: () => source.stop(),
  }
}

const grpc = { method: '/a.B/C', request: new Uint8Array(0), read: () => '' }

const TRANSPORTS: Readonly<Record<string, (suffered: Suffered) => UnderTest>> = {
  'an HTTP poll': ({ port, ...rest }) =>
    ofSource(new HttpPollSource({ request: { url: `http://localhost:${port}/` }, ...rest })),
  'server-sent events': ({ port, ...rest }) =>
    ofStream(new SseStream({ request: { url: `http://localhost:${port}/` }, ...rest })),
  'a WebSocket': ({ port, ...rest }) =>
    ofStream(
      new WebSocketStream({
        url: () => `ws://localhost:${port}/`,
        hello: () => 'hello',
        ping: () => 'ping',
        beat: 18_000,
        closed: () => undefined,
        ...rest,
      }),
    ),
  'a gRPC stream': ({ port, ...rest }) =>
    ofStream(new GrpcStream({ url: `grpc://localhost:${port}`, ...grpc, ...rest })),
  'a gRPC poll': ({ port, ...rest }) =>
    ofSource(new GrpcPollSource({ url: `grpc://localhost:${port}`, every: 5_000, ...grpc, ...rest })),
}

describe.each(Object.entries(TRANSPORTS))('%s', (_, make) => {
  it.each(FAULTS)('keeps the schedule while its upstream %s', { timeout: 60_000 }, async (fault) => {
    const { attempts, peakTimers, peakSockets, leftTimers, leftSockets } = await outage(fault, TEN_MINUTES, make)
    for (const [index, { error, wait }] of attempts.entries()) {
      const ceiling = CEILINGS[Math.min(index, CEILINGS.length - 1)] ?? 0
      const found = `${wait} ms after failure ${index + 1} (${error.kind}: ${error.message})`
      expect(['network', 'timeout'], found).toContain(error.kind)
      expect(wait / 1_000, found).toBeGreaterThanOrEqual(FLOOR)
      expect(wait / 1_000, found).toBeLessThan(ceiling)
    }
    // Full jitter halves the ceilings on average, and no attempt lasts longer than two minutes.
    expect(attempts.length).toBeGreaterThanOrEqual(4)
    expect(attempts.length).toBeLessThan(60)
    expect(new Set(attempts.map(({ wait }) => wait)).size).toBeGreaterThan(attempts.length / 2)
    expect({ peakTimers, peakSockets }).toEqual({ peakTimers: 1, peakSockets: fault === 'refuses' ? 0 : 1 })
    expect({ leftTimers, leftSockets }).toEqual({ leftTimers: 0, leftSockets: 0 })
  })
})
