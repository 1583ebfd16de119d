/** Closed-loop comparison by autocannon: throughput, CPU per request, latency, memory, in interleaved rounds. */
import { drive } from '../measure/drive.ts'
import type { Measured, Shot } from '../measure/drive.ts'
import { interleave } from '../measure/interleave.ts'
import { summaryOf } from '../measure/statistics.ts'
import type { Metric } from '../report/result.ts'
import { figure } from '../report/table.ts'
import type { Target } from '../targets/target.ts'
import type { Session } from './scenario.ts'

export interface Comparison {
  readonly metrics: readonly Metric[]
  readonly notes: readonly string[]
  readonly failures: number
  /** Whether every server was the limit, so that throughput tells about servers and not about the generator. */
  readonly saturated: boolean
}

/** Share of its core from which a server counts as the limit. */
const BUSY = 0.95

export const THROUGHPUT = 'throughput'
export const CPU = 'server CPU per request'

/** `prefix` tells several comparisons of one scenario apart. */
export async function compare(
  session: Session,
  targets: readonly Target[],
  shots: readonly Shot[],
  { status, prefix = '' }: { readonly status: number; readonly prefix?: string },
): Promise<Comparison> {
  const { options, say } = session
  const loadOf = (target: Target): Parameters<typeof drive>[0] => ({
    url: target.url,
    path: target.path,
    shots: target.shots ?? shots,
    connections: options.connections,
    pipelining: options.pipelining,
    seconds: options.seconds,
    // A peer with requests of its own has nothing to be unchanged from.
    expect: target.shots === undefined ? status : 200,
    pid: target.pid,
  })
  for (const target of targets) {
    say(`${prefix}warming up ${target.name}`)
    await drive({ ...loadOf(target), seconds: Math.min(3, options.seconds) })
  }
  const results = await interleave(targets, options.runs, async (target, round) => {
    const measured = await drive(loadOf(target))
    const { requestsPerSecond, cpuMicrosPerRequest, failures } = measured
    const failed = failures === 0 ? '' : `, ${failures} FAILED`
    const figures = `${figure(requestsPerSecond)} req/s, ${figure(cpuMicrosPerRequest)} µs CPU/req`
    say(`${prefix}round ${round + 1} of ${options.runs}: ${target.name} ${figures}${failed}`)
    return measured
  })
  const metric = (name: string, unit: string, better: Metric['better'], read: (run: Measured) => number): Metric => ({
    name: prefix + name,
    unit,
    better,
    samples: Object.fromEntries([...results].map(([target, runs]) => [target, runs.map(read)])),
  })
  const busy = new Map([...results].map(([name, runs]) => [name, summaryOf(runs.map((run) => run.busy)).median]))
  const saturated = [...busy.values()].every((share) => share >= BUSY)
  const shares = [...busy].map(([name, share]) => `${name} ${figure(share)}`).join(', ')
  return {
    metrics: [
      metric(THROUGHPUT, 'req/s', 'more', (run) => run.requestsPerSecond),
      metric(CPU, 'µs', 'less', (run) => run.cpuMicrosPerRequest),
      metric('p99 (closed loop)', 'ms', 'less', (run) => run.latency.p99),
      metric('RSS', 'MB', 'less', (run) => run.rssBytes / 1e6),
    ],
    notes: [
      `${prefix}share of its core each server used: ${shares}`,
      ...(saturated
        ? []
        : [
            `${prefix}not every server was busy (${BUSY}): the generator was the limit, so throughput is not judged and ` +
              'CPU per request is the figure to compare',
          ]),
    ],
    saturated,
    failures: [...results.values()].flat().reduce((sum, { failures }) => sum + failures, 0),
  }
}
