/** Ten minutes of an upstream that refuses, hangs or resets, on a clock that the test turns, over real sockets. */
import type { LookupOptions } from 'node:dns'
import type { guardedLookup } from '../address.ts'
import { FakeTimers } from '../fake-timers.ts'
import type { UpstreamError } from '../upstream-error.ts'
import { until } from './recorder.ts'
import { tcpUpstream } from './upstreams.ts'

export type Fault = 'refuses' | 'hangs' | 'resets'
export const FAULTS: readonly Fault[] = ['refuses', 'hangs', 'resets']

export interface UnderTest {
  readonly start: (failed: (error: UpstreamError) => void) => void
  readonly stop: () => Promise<void>
}

export interface Suffered {
  readonly timers: FakeTimers
  readonly port: number
  /** Counts attempts: every connection looks up its name. */
  readonly lookup: NonNullable<Parameters<typeof guardedLookup>[0]>
}

export interface Outage {
  /** One per attempt: what was reported, and how long the next one waited, ms. */
  readonly attempts: readonly { readonly error: UpstreamError; readonly wait: number }[]
  /** The most at any moment between attempts and within them. */
  readonly peakTimers: number
  readonly peakSockets: number
  /** After `stop`. */
  readonly leftTimers: number
  readonly leftSockets: number
}

/** Lives through the outage. Names are to be `localhost`. */
export async function outage(
  fault: Fault,
  milliseconds: number,
  make: (suffered: Suffered) => UnderTest,
): Promise<Outage> {
  const server = await tcpUpstream((socket) => {
    socket.resume()
    if (fault === 'resets') socket.resetAndDestroy()
  })
  if (fault === 'refuses') await server.close()
  const timers = new FakeTimers({ seed: 11 })
  let begun = 0
  const lookup = (_: string, options: LookupOptions, callback: (...results: never[]) => void): void => {
    begun++
    const addresses = [{ address: '127.0.0.1', family: 4 }]
    const answer = callback as (error: null, found: typeof addresses | string, family?: number) => void
    if (options.all === true) answer(null, addresses)
    else answer(null, '127.0.0.1', 4)
  }
  const errors: UpstreamError[] = []
  const attempts: { readonly error: UpstreamError; readonly wait: number }[] = []
  let peakTimers = 0
  const under = make({ timers, port: server.port, lookup: lookup as unknown as Suffered['lookup'] })
  under.start((error) => errors.push(error))
  while (timers.monotonic() < milliseconds) {
    const count = attempts.length + 1
    await until(() => begun >= count, `attempt ${count}`)
    if (begun > count) throw new Error(`attempt ${begun} began before number ${count} had ended`)
    if (fault === 'hangs') await until(() => server.seen >= count, `connection ${count}`)
    const ended = async (): Promise<void> => {
      while (errors.length < count) {
        peakTimers = Math.max(peakTimers, timers.pending)
        await timers.advance(timers.nextIn ?? 0)
        await new Promise((resolve) => void setTimeout(resolve, 2))
      }
    }
    if (fault === 'hangs') await ended()
    await until(() => errors.length >= count && server.openSockets === 0 && timers.nextIn !== undefined, `end ${count}`)
    const error = errors[count - 1]
    if (error === undefined || errors.length > count) throw new Error(`attempt ${count} ended more than once`)
    peakTimers = Math.max(peakTimers, timers.pending)
    const wait = timers.nextIn ?? 0
    attempts.push({ error, wait })
    await timers.advance(wait)
  }
  await under.stop()
  await until(() => server.openSockets === 0, 'the end of every socket')
  const left = { leftTimers: timers.pending, leftSockets: server.openSockets }
  if (fault !== 'refuses') await server.close()
  return { attempts, peakTimers, peakSockets: server.peakSockets, ...left }
}
