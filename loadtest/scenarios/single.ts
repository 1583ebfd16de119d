/** OFREP single evaluation: one flag per request, contexts vary. */
import { contextBodies, flagdDocument } from '../documents.ts'
import type { Result } from '../report/result.ts'
import { compare, CPU, THROUGHPUT } from './compare.ts'
import { withContenders } from './contenders.ts'
import { SINGLE_PATH } from './scenario.ts'
import type { Session } from './scenario.ts'

const CONTEXTS = 1024

export async function single(session: Session): Promise<Result> {
  const { flags, seed } = session.options
  const bodies = contextBodies(CONTEXTS, seed).map((body) => ({ body }))
  const field = { document: flagdDocument(Math.max(2, flags)), path: SINGLE_PATH, shots: async () => bodies }
  return await withContenders(session, field, async ({ targets, shots, answer, notes }) => {
    const { metrics, failures, saturated, notes: more } = await compare(session, targets, shots, answer)
    const nginx = { of: 'relay', to: 'nginx constant' }
    return {
      metrics,
      failures,
      notes: [...notes, ...more, ...(saturated ? ['of the two goals against nginx either suffices'] : [])],
      goals: [
        ...(saturated
          ? [{ ...nginx, name: 'single, throughput against nginx', metric: THROUGHPUT, atLeast: 0.75 }]
          : []),
        { ...nginx, name: 'single, CPU per request against nginx', metric: CPU, atMost: 1.33 },
      ],
    }
  })
}
