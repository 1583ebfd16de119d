/**
 * OFREP bulk evaluation, in the three situations that cost differently: every request another context, a few contexts
 * over and over, and clients that hold the current answer already.
 */
import { contextBodies, flagdDocument } from '../documents.ts'
import type { Shot } from '../measure/drive.ts'
import type { Mode } from '../options.ts'
import type { Goal, Result } from '../report/result.ts'
import { recordAnswer } from '../targets/target.ts'
import { compare, CPU, THROUGHPUT } from './compare.ts'
import { withContenders } from './contenders.ts'
import { BULK_PATH } from './scenario.ts'
import type { Session } from './scenario.ts'

/** Contexts in turn. `distinct` is more than any cache of answers holds, so that a second pass misses as well. */
const CONTEXTS: Readonly<Record<Mode, number>> = { distinct: 100_000, repeated: 16, unchanged: 256 }
/** Asked for 100 flags, of nginx's throughput. */
const SHARES: Readonly<Record<Mode, number>> = { distinct: 0.35, repeated: 0.7, unchanged: 0.75 }

export async function bulk(session: Session): Promise<Result> {
  const { flags, modes } = session.options
  const parts: Result[] = []
  for (const mode of modes) {
    const prefix = modes.length === 1 ? '' : `${mode}: `
    parts.push(await oneMode(session, flagdDocument(flags), mode, prefix))
  }
  return {
    metrics: parts.flatMap(({ metrics }) => metrics),
    goals: flags === 100 ? parts.flatMap(({ goals }) => goals) : [],
    notes: [...parts.flatMap(({ notes }) => notes), ...(flags === 100 ? [] : ['goals are set for --flags 100 only'])],
    failures: parts.reduce((sum, { failures }) => sum + failures, 0),
  }
}

async function oneMode(session: Session, document: string, mode: Mode, prefix: string): Promise<Result> {
  const shots = (url: string): Promise<readonly Shot[]> => shotsOf(url, mode, session.options.seed)
  return await withContenders(session, { document, path: BULK_PATH, shots }, async (contest) => {
    const { status } = contest.answer
    if (status !== (mode === 'unchanged' ? 304 : 200)) throw new Error(`${mode}: the relay answered ${status}`)
    const compared = await compare(session, contest.targets, contest.shots, { status, prefix })
    const share = SHARES[mode]
    const goal = { of: 'relay', to: 'nginx constant' }
    const throughput = {
      ...goal,
      name: `bulk ${mode}, throughput against nginx`,
      metric: prefix + THROUGHPUT,
      atLeast: share,
    }
    const cpu = {
      ...goal,
      name: `bulk ${mode}, CPU against nginx`,
      metric: prefix + CPU,
      atMost: Math.floor(100 / share) / 100,
    }
    // Either suffices; throughput says something about servers only while they are the limit.
    const goals: Goal[] = compared.saturated ? [throughput, cpu] : [cpu]
    const notes = [...contest.notes.map((note) => prefix + note), ...compared.notes]
    return { metrics: compared.metrics, failures: compared.failures, goals, notes }
  })
}

async function shotsOf(url: string, mode: Mode, seed: number): Promise<Shot[]> {
  const bodies = contextBodies(CONTEXTS[mode], seed)
  if (mode !== 'unchanged') return bodies.map((body) => ({ body }))
  const shots: Shot[] = []
  for (const body of bodies) {
    const { etag } = (await recordAnswer(url, { body })).headers
    if (etag === undefined) throw new Error('the relay gave no ETag')
    shots.push({ body, headers: { 'if-none-match': etag } })
  }
  return shots
}
