/** A vendor's source followed on a clock that the test turns, as every vendor's test does. */
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
}

/** Connects and starts. Throws when the vendor finds a fault in the settings. The caller stops the source. */
export function follow(vendor: Vendor, settings: UpstreamSettings): Followed {
  const [problem] = vendor.check(settings)
  if (problem !== undefined) throw new Error(`${problem.path} ${problem.message}`)
  const timers = new FakeTimers()
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
  return { source, sink, timers, next }
}
