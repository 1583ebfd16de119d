/** Goals held against samples: one row each, with the spread, so that a narrow pass can be told from a clear one. */
import { ratiosOf, summaryOf } from '../measure/statistics.ts'
import type { Summary } from '../measure/statistics.ts'
import type { Goal, Metric, Result } from './result.ts'

export interface Verdict {
  readonly name: string
  readonly measured: Summary
  readonly unit: string
  readonly goal: string
  readonly met: boolean
}

/** Goals whose contenders did not run (no nginx here, no such peer) are left out. */
export function verdictsOf({ goals, metrics }: Pick<Result, 'goals' | 'metrics'>): Verdict[] {
  return goals.flatMap((goal) => {
    const metric = metrics.find(({ name }) => name === goal.metric)
    const samples = metric === undefined ? undefined : samplesOf(goal, metric)
    if (metric === undefined || samples === undefined || samples.length === 0) return []
    const measured = summaryOf(samples)
    const { atLeast = -Infinity, atMost = Infinity } = goal
    const met = measured.median >= atLeast && measured.median <= atMost
    const unit = goal.to === undefined ? metric.unit : '×'
    return [{ name: goal.name, measured, unit, goal: wordsOf(goal), met }]
  })
}

function samplesOf({ of, to }: Goal, { samples }: Metric): readonly number[] | undefined {
  const mine = Object.hasOwn(samples, of) ? samples[of] : undefined
  if (to === undefined || mine === undefined) return mine
  const theirs = Object.hasOwn(samples, to) ? samples[to] : undefined
  return theirs === undefined ? undefined : ratiosOf(mine, theirs)
}

function wordsOf({ atLeast, atMost }: Goal): string {
  if (atLeast !== undefined) return `≥ ${atLeast}`
  return atMost === undefined ? '' : `≤ ${atMost}`
}
