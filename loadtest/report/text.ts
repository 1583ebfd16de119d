/** The report as it is printed: figures per contender, ratios to the reference, goals, notes. */
import { ratiosOf, spreadOf, summaryOf } from '../measure/statistics.ts'
import { verdictsOf } from './judge.ts'
import type { Circumstances, Metric, Result } from './result.ts'
import { figure, textTable } from './table.ts'

export function printed(result: Result, circumstances: Circumstances): string {
  const { scenario, node, cpu, cores, pinning, loadBefore, options } = circumstances
  const head = `${scenario}: Node ${node}, ${cores} × ${cpu}, ${pinning}, load average before ${figure(loadBefore)}`
  const goals = goalTable(result)
  const latencies = latencyTable(result)
  return [
    `${head}\noptions ${JSON.stringify(options)}`,
    ...result.metrics.map(metricTable),
    ...(latencies === undefined ? [] : [latencies]),
    ...(goals === undefined ? [] : [goals]),
    ...(result.notes.length === 0 ? [] : [result.notes.map((note) => `note: ${note}`).join('\n')]),
    ...(result.failures === 0 ? [] : [`${result.failures} requests failed: this is no measurement`]),
  ].join('\n\n')
}

/** The first contender is the one under test; the others are what its ratios are taken to. */
function metricTable({ name, unit, better, samples }: Metric): string {
  const contenders = Object.entries(samples).filter(([, runs]) => runs.length > 0)
  const [first] = contenders
  const rows = contenders.map(([contender, runs], position) => {
    const summary = summaryOf(runs)
    const ratio = position === 0 || first?.[1].length !== runs.length ? undefined : summaryOf(ratiosOf(first[1], runs))
    return [
      contender,
      figure(summary.median),
      `${figure(summary.low)}…${figure(summary.high)}`,
      `${figure(100 * spreadOf(summary))} %`,
      ratio === undefined ? '' : `${figure(ratio.median)} ×`,
      ratio === undefined ? '' : `${figure(ratio.low)}…${figure(ratio.high)}`,
    ]
  })
  const header = [
    `${name}, ${unit} (${better} is better)`,
    'median',
    'range',
    'spread',
    `${first?.[0] ?? ''} to it`,
    'range',
  ]
  return textTable(header, rows)
}

function goalTable(result: Result): string | undefined {
  const verdicts = verdictsOf(result)
  if (verdicts.length === 0) return undefined
  const rows = verdicts.map(({ name, measured, unit, goal, met }) => [
    name,
    `${figure(measured.median)} ${unit}`,
    `${figure(measured.low)}…${figure(measured.high)}`,
    goal,
    met ? 'met' : 'missed',
  ])
  return textTable(['goal', 'measured', 'range', 'asked', ''], rows)
}

function latencyTable({ latencies = {} }: Result): string | undefined {
  const rows = Object.entries(latencies).map(([name, { p50, p90, p99, p999, max }]) =>
    [name].concat([p50, p90, p99, p999, max].map(figure)),
  )
  return rows.length === 0 ? undefined : textTable(['latency, ms', 'p50', 'p90', 'p99', 'p99.9', 'max'], rows)
}
