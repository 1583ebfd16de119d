/** Latency that a client feels: requests due at a constant rate, counted from when they were due. */
import { contextBodies, flagdDocument } from '../documents.ts'
import { interleave } from '../measure/interleave.ts'
import { Latencies } from '../measure/latency.ts'
import { openLoop, realClock } from '../measure/open-loop.ts'
import type { OpenLoopResult } from '../measure/open-loop.ts'
import { bytesOf, WireClient } from '../measure/wire-client.ts'
import type { Shot } from '../measure/drive.ts'
import type { Result } from '../report/result.ts'
import { figure } from '../report/table.ts'
import type { Target } from '../targets/target.ts'
import { withContenders } from './contenders.ts'
import { SINGLE_PATH } from './scenario.ts'
import type { Session } from './scenario.ts'

const CONTEXTS = 1024
const PERCENTILES = [50, 75, 90, 95, 99, 99.9, 99.99, 100] as const

export async function latency(session: Session): Promise<Result> {
  const { options, say } = session
  const bodies = contextBodies(CONTEXTS, options.seed).map((body) => ({ body }))
  const field = { document: flagdDocument(Math.max(2, options.flags)), path: SINGLE_PATH, shots: async () => bodies }
  return await withContenders(session, field, async ({ targets, shots, notes }) => {
    for (const target of targets) await openLoopAt(session, target, shots, Math.min(3, options.seconds))
    const rounds = await interleave(targets, options.runs, async (target, round) => {
      const run = await openLoopAt(session, target, shots, options.seconds)
      const { p50, p99, max } = run.latencies.percentiles()
      say(
        `round ${round + 1} of ${options.runs}: ${target.name} p50 ${figure(p50)}, p99 ${figure(p99)}, max ${figure(max)} ms`,
      )
      return run
    })
    const all = new Map([...rounds].map(([name, runs]) => [name, merged(runs.map((run) => run.latencies))]))
    const lateness = merged([...rounds.values()].flat().map((run) => run.lateness)).percentiles()
    const samples = (read: (run: OpenLoopResult) => number): Record<string, number[]> =>
      Object.fromEntries([...rounds].map(([name, runs]) => [name, runs.map(read)]))
    return {
      metrics: [
        { name: 'p50', unit: 'ms', better: 'less', samples: samples((run) => run.latencies.at(50)) },
        { name: 'p99', unit: 'ms', better: 'less', samples: samples((run) => run.latencies.at(99)) },
        { name: 'max', unit: 'ms', better: 'less', samples: samples((run) => run.latencies.at(100)) },
      ],
      goals: [],
      latencies: Object.fromEntries([...all].map(([name, each]) => [name, each.percentiles()])),
      curves: [
        {
          title: `latency by percentile at ${options.rate} req/s, all rounds`,
          xTitle: 'percentile',
          yTitle: 'ms',
          labels: PERCENTILES.map(String),
          series: Object.fromEntries([...all].map(([name, each]) => [name, PERCENTILES.map((p) => each.at(p))])),
        },
      ],
      notes: [
        ...notes,
        `${options.rate} req/s over ${options.connections} connections, latency from the moment a request was due`,
        `the driver itself sent late by p50 ${figure(lateness.p50)}, p99 ${figure(lateness.p99)}, max ${figure(lateness.max)} ms`,
      ],
      failures: [...rounds.values()].flat().reduce((sum, run) => sum + run.failures, 0),
    }
  })
}

/** One run over fresh connections at the session's rate. */
export async function openLoopAt(
  { options }: Session,
  target: Target,
  shots: readonly Shot[],
  seconds: number,
): Promise<OpenLoopResult> {
  const { hostname, port } = new URL(target.url)
  const requests = (target.shots ?? shots).map(({ body, headers, path }) =>
    bytesOf(
      { method: 'POST', path: path ?? target.path, headers: { 'content-type': 'application/json', ...headers }, body },
      `${hostname}:${port}`,
    ),
  )
  const client = await WireClient.open(hostname, Number(port), options.connections)
  try {
    return await openLoop({
      ratePerSecond: options.rate,
      seconds,
      clock: realClock,
      send: async (index) => {
        const bytes = requests[index % requests.length]
        return bytes !== undefined && (await client.send(bytes)) === 200
      },
    })
  } finally {
    client.close()
  }
}

export function merged(parts: readonly Latencies[]): Latencies {
  const whole = new Latencies()
  for (const part of parts) whole.add(part)
  return whole
}
