/** Resident memory with 1000 and 20 000 flags: settled after the start, and again after load. */
import { contextBodies, flagdDocument } from '../documents.ts'
import { drive } from '../measure/drive.ts'
import { interleave } from '../measure/interleave.ts'
import { usageOf } from '../measure/proc.ts'
import type { Result } from '../report/result.ts'
import { figure } from '../report/table.ts'
import { pause } from '../targets/process.ts'
import { startRelay } from '../targets/relay.ts'
import { withRuntimes } from './runtimes.ts'
import type { Runtime } from './runtimes.ts'
import { SINGLE_PATH } from './scenario.ts'
import type { Session } from './scenario.ts'

const SIZES = [1000, 20_000] as const
const GOALS: Readonly<Record<number, number>> = { 1000: 80, 20_000: 250 }
const SETTLE_MS = 3000
const CONTEXTS = 1024
const AFTER = 'RSS after load'

interface Sizes {
  readonly settled: number
  readonly after: number
  readonly failures: number
}

export async function memory(session: Session): Promise<Result> {
  const { options, say } = session
  return await withRuntimes(session, async (runtimes, notes) => {
    const cases = SIZES.flatMap((flags) =>
      runtimes.map((runtime) => ({ runtime, name: `${runtime.name}, ${flags} flags`, document: flagdDocument(flags) })),
    )
    const results = await interleave(cases, options.runs, async ({ name, document, runtime }, round) => {
      const sizes = await measure(session, document, runtime)
      say(
        `round ${round + 1} of ${options.runs}: ${name} ${figure(sizes.settled)} MB, after load ${figure(sizes.after)} MB`,
      )
      return sizes
    })
    const samples = (read: (sizes: Sizes) => number): Record<string, number[]> =>
      Object.fromEntries([...results].map(([name, runs]) => [name, runs.map(read)]))
    return {
      metrics: [
        { name: 'RSS settled', unit: 'MB', better: 'less', samples: samples((sizes) => sizes.settled) },
        { name: AFTER, unit: 'MB', better: 'less', samples: samples((sizes) => sizes.after) },
      ],
      goals: SIZES.map((flags) => ({
        name: `RSS at ${flags} flags, compiled, after load`,
        metric: AFTER,
        of: `compiled, ${flags} flags`,
        atMost: GOALS[flags] ?? 0,
      })),
      notes: [
        ...notes,
        `settled: ${SETTLE_MS} ms after ready; load: single evaluations for ${options.seconds} s; MB are 10⁶ bytes`,
      ],
      failures: [...results.values()].flat().reduce((sum, { failures }) => sum + failures, 0),
    }
  })
}

async function measure({ options, pinning }: Session, document: string, { main, flags }: Runtime): Promise<Sizes> {
  const relay = await startRelay({ pinning, document, main, flags, path: SINGLE_PATH })
  try {
    await pause(SETTLE_MS)
    const settled = usageOf(relay.pid).rssBytes / 1e6
    const shots = contextBodies(CONTEXTS, options.seed).map((body) => ({ body }))
    const { url, path, pid } = relay
    const { connections, pipelining, seconds } = options
    const driven = await drive({ url, path, pid, shots, connections, pipelining, seconds, expect: 200 })
    return { settled, after: driven.rssBytes / 1e6, failures: driven.failures }
  } finally {
    await relay.stop()
  }
}
