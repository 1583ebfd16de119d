/** `GET /metrics`: whatever the metrics registry says, in its own text format. */
import type { HttpReply } from './http-message.ts'

export interface MetricsSource {
  readonly contentType: string
  text(): Promise<string>
  /** The same as plain data. */
  values(): Promise<readonly MetricFamily[]>
}

export interface MetricFamily {
  readonly name: string
  readonly values: readonly MetricSeries[]
}

export interface MetricSeries {
  readonly value: number
  readonly labels: Readonly<Partial<Record<string, string | number>>>
  /** Of the parts of a histogram: the family's name and `_sum`, `_count` or `_bucket`. */
  readonly metricName?: string
}

export async function metrics(source: MetricsSource): Promise<HttpReply> {
  const body = await source.text()
  return { status: 200, headers: ['Content-Type', source.contentType, 'Cache-Control', 'no-store'], body }
}
