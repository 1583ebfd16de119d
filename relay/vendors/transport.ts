/** How settings become the bounds of a transport, for every vendor alike. */
import type { Timers } from '../upstream/clock.ts'
import { FileSource } from '../upstream/file.ts'
import type { HttpPollOptions } from '../upstream/http-poll.ts'
import type { Source } from '../upstream/source.ts'
import type { UpstreamSettings } from './vendor.ts'

/** The watched file that the settings name; undefined when they name none. */
export function fileSource(settings: UpstreamSettings, timers: Timers): Source | undefined {
  const { file, everyMs } = settings
  if (file === undefined) return undefined
  return new FileSource({
    path: file,
    timers,
    ...sizeBound(settings),
    ...(everyMs === undefined ? {} : { every: everyMs }),
  })
}

/** Everything a poll needs besides its request. `every` is the vendor's own interval, in ms. */
export function pollBounds(
  settings: UpstreamSettings,
  timers: Timers,
  every: number,
): Omit<HttpPollOptions, 'request'> {
  const { everyMs, allowRedirectHosts } = settings
  return {
    timers,
    every: everyMs ?? every,
    ...(allowRedirectHosts === undefined ? {} : { allowRedirectHosts }),
    ...sizeBound(settings),
  }
}

/** Largest document, where the settings say. */
export function sizeBound({ maxBytes }: UpstreamSettings): { maxBytes?: number } {
  return maxBytes === undefined ? {} : { maxBytes }
}
