/** What a scenario hands back: named metrics with one sample per run, goals for ratios between them, charts, notes. */
import type { Percentiles } from '../measure/latency.ts'

export interface Metric {
  readonly name: string
  readonly unit: string
  /** Which way is better; decides nothing, but readers ask. */
  readonly better: 'more' | 'less'
  /** Samples by contender, in order of the runs. */
  readonly samples: Readonly<Record<string, readonly number[]>>
}

export interface Goal {
  /** What is claimed, in words. */
  readonly name: string
  readonly metric: string
  readonly of: string
  /** Divided by this contender's samples round by round; absent for an absolute figure. */
  readonly to?: string
  readonly atLeast?: number
  readonly atMost?: number
}

/** A curve, for what bars of medians cannot show. */
export interface Curve {
  readonly title: string
  readonly xTitle: string
  readonly yTitle: string
  readonly labels: readonly string[]
  readonly series: Readonly<Record<string, readonly number[]>>
}

export interface Result {
  readonly metrics: readonly Metric[]
  readonly goals: readonly Goal[]
  readonly curves?: readonly Curve[]
  readonly latencies?: Readonly<Record<string, Percentiles>>
  readonly notes: readonly string[]
  /** Requests that went wrong; any makes the run no measurement. */
  readonly failures: number
}

/** Where and how the figures were taken. */
export interface Circumstances {
  readonly scenario: string
  readonly options: Readonly<Record<string, unknown>>
  readonly date: string
  readonly node: string
  readonly cpu: string
  /** Cores of the machine. */
  readonly cores: number
  readonly pinning: string
  /** One-minute load average before the first run. Far above 0 means that others were at work. */
  readonly loadBefore: number
}
