/**
 * The metrics of several processes as those of one. What a process counted before it died stays in the sums as of the
 * last scrape: a counter that went back would look to Prometheus like a restart and be counted again from zero.
 */
import { AggregatorRegistry } from 'prom-client'
import type { MetricObjectWithValues, MetricValue } from 'prom-client'
import type { MetricsSource } from '../serve/metrics.ts'
import type { Metrics } from './metrics.ts'

export type Values = MetricObjectWithValues<MetricValue<string>>[]

export interface SummedMetricsParts {
  readonly own: Metrics
  /** Asks the other processes; those that do not answer in time are left out. By a number that is never used again. */
  readonly others: () => Promise<ReadonlyMap<number, Values>>
  /** The numbers of those that still live. */
  readonly living: () => ReadonlySet<number>
}

export class SummedMetrics implements MetricsSource {
  readonly #parts: SummedMetricsParts
  /** Of each process that is not known to be gone: what it said last. */
  readonly #last = new Map<number, Values>()
  /** The counters of processes that are gone. */
  #gone: Values = []

  constructor(parts: SummedMetricsParts) {
    this.#parts = parts
  }

  get contentType(): string {
    return this.#parts.own.contentType
  }

  async text(): Promise<string> {
    return (await this.#sum()).metrics()
  }

  async values(): Promise<Values> {
    return (await this.#sum()).getMetricsAsJSON()
  }

  async #sum(): Promise<ReturnType<typeof sum>> {
    const { own, others, living } = this.#parts
    const [mine, theirs] = await Promise.all([own.values(), others()])
    for (const [number, values] of theirs) this.#last.set(number, values)
    const alive = living()
    const gone = [...this.#last].filter(([number]) => !alive.has(number))
    for (const [number] of gone) this.#last.delete(number)
    this.#gone = await sum([this.#gone, ...gone.map(([, values]) => values.filter(isCounted))]).getMetricsAsJSON()
    return sum([mine, this.#gone, ...this.#last.values()])
  }
}

function sum(values: readonly Values[]): ReturnType<typeof AggregatorRegistry.aggregate> {
  return AggregatorRegistry.aggregate([...values])
}

/** Gauges describe what is; of a process that is gone nothing is. */
function isCounted({ type }: Values[number]): boolean {
  return ['counter', 'histogram'].includes(String(type))
}
