/** The engine against each vendor's npm SDK: typical rules, same answers, taking turns in one process per vendor. */
import { join } from 'node:path'
import { contenders } from '../engines/contenders.ts'
import type { DuelOptions, DuelResult } from '../engines/duel.ts'
import { summaryOf } from '../measure/statistics.ts'
import type { Goal, Metric, Result } from '../report/result.ts'
import { figure } from '../report/table.ts'
import { forked } from '../targets/forked.ts'
import type { Session } from './scenario.ts'

const DUEL = join(import.meta.dirname, '../engines/duel.ts')
/** A round this long is hundreds of thousands of evaluations; longer ones would only be more of the same. */
const LONGEST_ROUND_S = 2

export async function engine({ options, say, pinning }: Session): Promise<Result> {
  const vendors = options.vendors.length === 0 ? [...contenders.keys()] : options.vendors
  const metrics: Metric[] = []
  const goals: Goal[] = []
  const notes = ['each SDK agreed with the engine on every flag and user before it was timed']
  let failures = 0
  const seconds = Math.min(options.seconds, LONGEST_ROUND_S)
  for (const vendor of vendors) {
    say(`${vendor}: comparing answers, then ${options.runs} rounds of ${seconds} s each`)
    const question: DuelOptions = { vendor, rounds: options.runs, seconds, seed: options.seed }
    const result = await forked(DUEL, question, (command) => pinning.server(command)).then(
      (answer) => answer as DuelResult,
      (error: unknown) => String(error),
    )
    if (typeof result === 'string') {
      failures++
      notes.push(`${vendor} did not take part: ${result}`)
      say(notes.at(-1) ?? '')
      continue
    }
    const { ours, theirs, asynchronous } = result
    const name = `${vendor}: time per evaluation`
    const sdk = result.package
    metrics.push({ name, unit: 'ns', better: 'less', samples: { engine: ours, [sdk]: theirs } })
    goals.push({ name: `${vendor}: SDK time to engine time`, metric: name, of: sdk, to: 'engine', atLeast: 3 })
    if (asynchronous) notes.push(`${vendor}: the SDK answers with promises, which are awaited one after the other`)
    say(`${vendor}: engine ${figure(summaryOf(ours).median)} ns, ${sdk} ${figure(summaryOf(theirs).median)} ns`)
  }
  if (vendors.includes('flagsmith')) notes.push('flagsmith: the SDK can only evaluate all flags of an identity at once')
  return { metrics, goals, notes, failures }
}
