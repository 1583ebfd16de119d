/**
 * What the status page says of an environment's streams. Read off the metrics, since with several processes only those
 * know of all streams.
 */
import type { MetricFamily, MetricSeries } from './metrics.ts'

export interface StreamStatus {
  /** Open now, by kind. */
  readonly open: Readonly<Record<string, number>>
  /** Cut because their client did not read. */
  readonly droppedSlow: number
  /** Refused because their key has as many as it may have. */
  readonly refused: number
  /** From the upstream's delivery to the last client, on average, by kind; absent before the first change. */
  readonly propagationMs: Readonly<Record<string, number>>
}

export function streamStatus(families: readonly MetricFamily[], environment: string): StreamStatus {
  const series = (name: string): readonly MetricSeries[] =>
    (families.find((family) => family.name === name)?.values ?? []).filter(
      ({ labels }) => labels['environment'] === environment,
    )
  const sum = (found: readonly MetricSeries[]): number => found.reduce((total, { value }) => total + value, 0)
  const propagation = series('halyard_propagation_seconds')
  const part = (name: string, kind: string): number =>
    sum(
      propagation.filter(
        ({ metricName, labels }) => metricName === `halyard_propagation_seconds_${name}` && labels['kind'] === kind,
      ),
    )
  const kinds = [...new Set(propagation.map(({ labels }) => String(labels['kind'])))]
  return {
    open: Object.fromEntries(
      series('halyard_streams_open').map(({ labels, value }) => [String(labels['kind']), value]),
    ),
    droppedSlow: sum(series('halyard_streams_closed_total').filter(({ labels }) => labels['reason'] === 'slow')),
    refused: sum(series('halyard_streams_refused_total')),
    propagationMs: Object.fromEntries(
      kinds.map((kind) => [kind, Math.round((part('sum', kind) / Math.max(1, part('count', kind))) * 1_000)]),
    ),
  }
}
