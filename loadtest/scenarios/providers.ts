/** Our server provider, alone and through the OpenFeature SDK, beside vendors' node SDKs and OpenFeature providers. */
import { join } from 'node:path'
import { summaryOf } from '../measure/statistics.ts'
import type { ContestOptions, ContestResult } from '../providers/contest.ts'
import type { Goal, Metric, Result } from '../report/result.ts'
import { figure } from '../report/table.ts'
import { forked } from '../targets/forked.ts'
import type { Session } from './scenario.ts'

const CONTEST = join(import.meta.dirname, '../providers/contest.ts')
const VENDORS = ['flagd', 'growthbook', 'launchdarkly', 'unleash']
const LONGEST_ROUND_S = 2

export async function providers({ options, say, pinning }: Session): Promise<Result> {
  const metrics: Metric[] = []
  const goals: Goal[] = []
  const notes = ['all who took part agreed on every flag and user before they were timed']
  let failures = 0
  const seconds = Math.min(options.seconds, LONGEST_ROUND_S)
  for (const vendor of options.vendors.length === 0 ? VENDORS : options.vendors) {
    say(`${vendor}: comparing answers, then ${options.runs} rounds of ${seconds} s each`)
    const question: ContestOptions = { vendor, rounds: options.runs, seconds, seed: options.seed }
    try {
      const result = (await forked(CONTEST, question, (command) => pinning.server(command))) as ContestResult
      const name = `${vendor}: time per evaluation`
      metrics.push({ name, unit: 'ns', better: 'less', samples: result.samples })
      notes.push(...result.notes)
      const sides = Object.entries(result.samples)
      for (const [side, samples] of sides) say(`${vendor}: ${side} ${figure(summaryOf(samples).median)} ns`)
      for (const [side] of sides.slice(2)) {
        // Through the SDK everybody pays for the SDK, so each is held against its like.
        const to = side.endsWith(', SDK') ? 'halyard, SDK' : 'halyard, direct'
        goals.push({ name: `${side} to ${to}`, metric: name, of: side, to, atLeast: 1 })
      }
    } catch (error) {
      failures++
      notes.push(`${vendor} was not measured: ${error instanceof Error ? error.message : String(error)}`)
      say(notes.at(-1) ?? '')
    }
  }
  return { metrics, goals, notes, failures }
}
