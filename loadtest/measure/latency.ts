/**
 * Latencies kept in Node's own HDR histogram: percentiles to three digits at any number of requests, in constant memory.
 * Microseconds inside, milliseconds outside.
 */
import { createHistogram } from 'node:perf_hooks'

/** Milliseconds. */
export interface Percentiles {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

export class Latencies {
  readonly #histogram: ReturnType<typeof createHistogram> = createHistogram({
    lowest: 1,
    highest: 3_600_000_000,
    figures: 3,
  })

  record(milliseconds: number): void {
    this.#histogram.record(Math.max(1, Math.round(milliseconds * 1000)))
  }

  /** Takes in what another has recorded. */
  add(other: Latencies): void {
    this.#histogram.add(other.#histogram)
  }

  get count(): number {
    return this.#histogram.count
  }

  /** Milliseconds at one percentile, 0 < percentile ≤ 100. */
  at(percentile: number): number {
    return this.#histogram.percentile(percentile) / 1000
  }

  percentiles(): Percentiles {
    return {
      p50: this.at(50),
      p90: this.at(90),
      p99: this.at(99),
      p999: this.at(99.9),
      max: this.#histogram.max / 1000,
    }
  }
}
