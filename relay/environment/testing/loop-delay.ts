/**
 * Measures how long a process that applies large documents does nothing else: `node loop-delay.ts sliced|whole FLAGS
 * DOCUMENTS`. Prints one line of JSON. Besides what the clock says it tells the thread's own processor time of the longest
 * turn of the event loop, which other programs on the machine cannot spoil.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Compiler } from '../../compiler/compiler.ts'
import { systemTimers } from '../../upstream/clock.ts'
import { RefreshedEnvironment } from '../refresh.ts'
import { ScriptedSource } from './scripted.ts'

/** A flag of 320 bytes as they are common: a list, a comparison, a rollout. */
function flag(index: number): object {
  const rollout = {
    fractional: [
      ['on', 10],
      ['off', 90],
    ],
  }
  const older = { if: [{ '>=': [{ var: 'age' }, index % 90] }, 'on', rollout] }
  return {
    state: 'ENABLED',
    variants: { on: true, off: false },
    defaultVariant: 'off',
    targeting: { if: [{ in: [{ var: 'country' }, ['NL', 'BE', 'DE', `c${index}`]] }, 'on', older] },
    metadata: { owner: `team-${index % 40}`, description: 'a flag of the checkout' },
  }
}

const [mode = 'sliced', flagCount = '20000', documents = '4'] = process.argv.slice(2)
const flags = Object.fromEntries(
  Array.from({ length: Number(flagCount) }, (_, index) => [`flag-${index}`, flag(index)]),
)
/** The metadata of the whole counts for each flag: all of them change. */
const document = (number: number): string => JSON.stringify({ flags, metadata: { number } })

let swaps = 0
let changed = 0
const nothing = (): void => undefined
const source = new ScriptedSource()
const environment = new RefreshedEnvironment({
  name: 'shop',
  vendor: 'flagd',
  dialect: 'flagd',
  options: {},
  connect: () => source,
  stores: [],
  plausibility: { maxShrink: 0.5, maxGrowth: 4, confirmations: 3, confirmAfterMs: 60_000 },
  staleAfterMs: 30_000,
  timers: systemTimers,
  ...(mode === 'whole' ? undefined : { compiler: new Compiler(systemTimers) }),
  events: {
    // As open streams do: they need to know what has changed, and when a clock will change something.
    swapped: ({ changes, after }) => {
      changed += changes().changed.length
      after.ruleset.nextTransition(Date.now())
      swaps++
    },
    quarantined: nothing,
    rejected: (_, message) => {
      throw new Error(message)
    },
    upstreamFailed: nothing,
    storeFailed: nothing,
    listenerFailed: nothing,
  },
})

/** Delivers a document and waits until it is served. */
async function apply(text: string): Promise<void> {
  const wanted = swaps + 1
  source.deliver(text, Date.now())
  for (;;) {
    if (swaps === wanted) return
    await sleep(2)
  }
}

let answers = 0
const requests = setInterval(() => {
  for (let each = 0; each < 4; each++) {
    environment.snapshot()?.ruleset.outcome(`flag-${(answers * 7919) % Number(flagCount)}`, { targetingKey: 'ada' })
    answers++
  }
}, 2)

await environment.start()
await apply(document(0))
await apply(document(1))
const texts = Array.from({ length: Number(documents) }, (_, index) => document(index + 2))

const delay = monitorEventLoopDelay({ resolution: 1 })
let last = process.threadCpuUsage()
let longest = 0
let watching = true
function turn(): void {
  const { user, system } = process.threadCpuUsage(last)
  last = process.threadCpuUsage()
  longest = Math.max(longest, (user + system) / 1000)
  if (watching) setImmediate(turn)
}
delay.enable()
setImmediate(turn)
for (const text of texts) {
  await apply(text)
  await sleep(Number(flagCount) / 10)
}
watching = false
delay.disable()
clearInterval(requests)
const wall = { maximum: delay.max / 1e6, p999: delay.percentile(99.9) / 1e6 }
process.stdout.write(
  `${JSON.stringify({ mode, swaps, changed, answers, longestTurnCpuMs: longest, loopDelayMs: wall })}\n`,
)
process.exit(0)
