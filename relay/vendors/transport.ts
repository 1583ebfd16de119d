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
    ...transportBounds(settings),
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
    ...transportBounds(settings),
  }
}

/** What bounds every transport alike, where the settings say: the largest document, and who is trusted. */
export function transportBounds({ maxBytes, ca }: UpstreamSettings): { maxBytes?: number; ca?: string } {
  return { ...(maxBytes === undefined ? {} : { maxBytes }), ...(ca === undefined ? {} : { ca }) }
}
