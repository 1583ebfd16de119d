/** One measured run: autocannon against a server while /proc tells what the server used. */
import autocannon from 'autocannon'
import { usageOf } from './proc.ts'
import { within } from './within.ts'

export interface Shot {
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
  /** Default: the load's. */
  readonly path?: string
}

export interface Load {
  readonly url: string
  readonly path: string
  /**
   * Dealt out to the connections like cards, so that no two connections ask the same thing at the same time: otherwise
   * every first question would be a cache's miss and the other connections' its hits.
   */
  readonly shots: readonly Shot[]
  readonly connections: number
  readonly pipelining: number
  readonly seconds: number
  /** The only status that counts as an answer. */
  readonly expect: number
  /** The server's process. */
  readonly pid: number
}

export interface Measured {
  readonly requestsPerSecond: number
  /** Milliseconds. Closed loop: good for comparing, blind to stalls. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Server CPU time per request, microseconds. */
  readonly cpuMicrosPerRequest: number
  /** Share of one core that the server used. Below 1 the load generator was the bottleneck, not the server. */
  readonly busy: number
  /** Server RSS at the end, bytes. */
  readonly rssBytes: number
  readonly requests: number
  /** Answers other than expected, and connection errors. A run with any is no measurement. */
  readonly failures: number
}

/** For connecting, building the requests and winding up. */
const GRACE_MS = 60_000

export async function drive(load: Load): Promise<Measured> {
  const hands = handsOf(load.shots, load.connections)
  let seat = 0
  const before = usageOf(load.pid)
  const began = performance.now()
  const running = autocannon({
    url: load.url + load.path,
    connections: load.connections,
    pipelining: load.pipelining,
    duration: load.seconds,
    method: 'POST',
    setupClient: (client) => {
      const hand = hands[seat++ % hands.length] ?? []
      client.setRequests(
        hand.map(({ body, headers, path }) => ({
          method: 'POST' as const,
          path: path ?? load.path,
          headers: { 'content-type': 'application/json', ...headers },
          body,
        })),
      )
    },
  })
  const result = await within(load.seconds * 1000 + GRACE_MS, `load on ${load.url}`, running)
  const seconds = (performance.now() - began) / 1000
  const after = usageOf(load.pid)
  const requests = result.requests.total
  const expected = statusCount(result, load.expect)
  const cpuMicros = after.cpuMicros - before.cpuMicros
  return {
    requestsPerSecond: result.requests.average,
    latency: { p50: result.latency.p50, p99: result.latency.p99, max: result.latency.max },
    cpuMicrosPerRequest: requests === 0 ? Number.NaN : cpuMicros / requests,
    busy: cpuMicros / 1e6 / seconds,
    rssBytes: after.rssBytes,
    requests,
    failures: Math.max(0, requests - expected) + result.errors + result.timeouts + (requests === 0 ? 1 : 0),
  }
}

/** One hand of shots per connection; with fewer shots than connections, connections share. */
export function handsOf<T>(shots: readonly T[], connections: number): T[][] {
  const hands = Array.from({ length: Math.min(connections, shots.length) }, (): T[] => [])
  for (const [index, shot] of shots.entries()) hands[index % hands.length]?.push(shot)
  return hands
}

function statusCount(result: autocannon.Result, status: number): number {
  return result.statusCodeStats?.[`${status}`]?.count ?? 0
}
