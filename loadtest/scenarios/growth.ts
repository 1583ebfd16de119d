/** Whether one flag costs more when it lives among many: relays of four sizes, asked for flags all over the document. */
import { contextBodies, flagdDocument, randomFrom } from '../documents.ts'
import { summaryOf } from '../measure/statistics.ts'
import type { Result } from '../report/result.ts'
import { startRelay } from '../targets/relay.ts'
import type { Target } from '../targets/target.ts'
import { compare, CPU } from './compare.ts'
import { BULK_PATH } from './scenario.ts'
import type { Session } from './scenario.ts'

const SIZES = [100, 1000, 5000, 20_000] as const
const SHOTS = 16_384
const nameOf = (flags: number): string => `${flags} flags`

export async function growth(session: Session): Promise<Result> {
  const { options, pinning, say } = session
  const bodies = contextBodies(SHOTS, options.seed)
  const targets: Target[] = []
  try {
    for (const flags of SIZES) {
      say(`starting relay with ${flags} flags`)
      const relay = await startRelay({ pinning, name: nameOf(flags), document: flagdDocument(flags), path: BULK_PATH })
      const random = randomFrom(options.seed)
      const shots = bodies.map((body) => ({ body, path: `${BULK_PATH}/flag-${Math.floor(random() * flags)}` }))
      targets.push({ ...relay, shots })
    }
    const { metrics, notes, failures } = await compare(session, targets, [], { status: 200 })
    const cpu = metrics.find(({ name }) => name === CPU)?.samples ?? {}
    const medians = SIZES.map((flags) => summaryOf(cpu[nameOf(flags)] ?? []).median)
    const [few, many] = [nameOf(100), nameOf(20_000)]
    return {
      metrics,
      notes: [...notes, `each relay is asked for ${SHOTS} pairs of a random flag and a context`],
      failures,
      goals: [{ name: 'single flag, 20 000 against 100 flags', metric: CPU, of: many, to: few, atMost: 1.1 }],
      curves: [{ title: CPU, xTitle: 'flags', yTitle: 'µs', labels: SIZES.map(String), series: { relay: medians } }],
    }
  } finally {
    for (const target of targets) await target.stop()
  }
}
