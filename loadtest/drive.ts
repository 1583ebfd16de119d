/** One measured run: autocannon against a server while /proc tells what the server used. */
import autocannon from 'autocannon'
import { usageOf } from './proc.ts'

export interface Load {
  readonly url: string
  readonly path: string
  /** Bodies are sent in turn, so that no two neighbouring requests carry the same context. */
  readonly bodies: readonly string[]
  readonly connections: number
  readonly seconds: number
  /** The server's process. */
  readonly pid: number
}

export interface Measured {
  readonly requestsPerSecond: number
  /** Milliseconds. */
  readonly latency: { readonly p50: number; readonly p90: number; readonly p99: number; readonly max: number }
  /** Server CPU time per request, microseconds. */
  readonly cpuMicrosPerRequest: number
  /** Server RSS at the end, bytes. */
  readonly rssBytes: number
  readonly requests: number
  /** Answers other than 2xx, and connection errors. A run with any is no measurement. */
  readonly failures: number
}

export async function drive(load: Load): Promise<Measured> {
  const before = usageOf(load.pid)
  const result = await autocannon({
    url: load.url + load.path,
    connections: load.connections,
    duration: load.seconds,
    requests: load.bodies.map((body) => ({
      method: 'POST' as const,
      headers: { 'content-type': 'application/json' },
      body,
    })),
  })
  const after = usageOf(load.pid)
  const requests = result.requests.total
  return {
    requestsPerSecond: result.requests.average,
    latency: { p50: result.latency.p50, p90: result.latency.p90, p99: result.latency.p99, max: result.latency.max },
    cpuMicrosPerRequest: (after.cpuMicros - before.cpuMicros) / requests,
    rssBytes: after.rssBytes,
    requests,
    failures: result.non2xx + result.errors + result.timeouts,
  }
}
