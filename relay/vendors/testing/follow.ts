/** A vendor's source followed on a clock that the test turns, as every vendor's test does. */
import { setTimeout as pause } from 'node:timers/promises'
import { FakeTimers } from '../../upstream/fake-timers.ts'
import type { Source } from '../../upstream/source.ts'
import { Recorder, until } from '../../upstream/testing/recorder.ts'
import type { Recorded } from '../../upstream/testing/recorder.ts'
import type { UpstreamSettings, Vendor } from '../vendor.ts'

export interface Followed {
  readonly source: Source
  readonly sink: Recorder
  readonly timers: FakeTimers
  /** Turns the clock to the next attempt; its result, and how long it was away in ms. */
  readonly next: () => Promise<{ readonly event: Recorded; readonly wait: number }>
  /** What was delivered so far, in order. */
  readonly documents: () => string[]
  /** Time goes on until the condition holds, `step` ms at a time. */
  readonly when: (condition: () => boolean, what: string) => Promise<void>
}

export interface FollowOptions {
  /** Of the clock's randomness. Default 1. */
  readonly seed?: number
  /** Default 200. */
  readonly step?: number
}

/** Connects and starts. Throws when the vendor finds a fault in the settings. The caller stops the source. */
export function follow(
  vendor: Vendor,
  settings: UpstreamSettings,
  { seed = 1, step = 200 }: FollowOptions = {},
): Followed {
  const [problem] = vendor.check(settings)
  if (problem !== undefined) throw new Error(`${problem.path} ${problem.message}`)
  const timers = new FakeTimers({ seed })
  const source = vendor.connect(settings, { timers, seed: 'test' })
  const sink = new Recorder()
  source.start(sink)
  const next: Followed['next'] = async () => {
    const count = sink.events.length
    await until(() => timers.nextIn !== undefined, 'the next attempt to be scheduled')
    const wait = timers.nextIn ?? 0
    await timers.advance(wait)
    return { event: await sink.at(count + 1), wait }
  }
  const documents = (): string[] => sink.events.flatMap((event) => (event.kind === 'document' ? [event.text] : []))
  const when: Followed['when'] = async (condition, what) => {
    const deadline = performance.now() + 10_000
    while (!condition()) {
      if (performance.now() > deadline) {
        throw new Error(`waited in vain for ${what}: ${sink.words.slice(-3).join(' | ')}`)
      }
      await pause(2)
      await timers.advance(step)
    }
  }
  return { source, sink, timers, next, documents, when }
}
