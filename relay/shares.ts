/** What is bounded for the whole relay, shared out among the processes that serve. */
import type { RateLimitSettings } from './serve/rate-limit.ts'
import type { Limits } from './serve/settings.ts'
import type { StreamSettings } from './serve/stream/settings.ts'

export function shareOf(limits: Limits, workers: number): Limits {
  const { connections, connectionsPerAddress, bulkCacheBytes } = limits
  return {
    ...limits,
    connections: Math.ceil(connections / workers),
    connectionsPerAddress: Math.ceil(connectionsPerAddress / workers),
    bulkCacheBytes: Math.floor(bulkCacheBytes / workers),
  }
}

export function ratesOf(rates: RateLimitSettings, workers: number): RateLimitSettings {
  const { perSecond, burst } = rates
  return { ...rates, perSecond: Math.ceil(perSecond / workers), burst: Math.ceil(burst / workers) }
}

export function streamsOf(streams: StreamSettings, workers: number): StreamSettings {
  return { ...streams, perKey: Math.ceil(streams.perKey / workers) }
}
