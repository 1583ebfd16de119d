/** What a load can be aimed at: our relay, a constant served by others, or a peer. */
import type { Shot } from '../measure/drive.ts'

export interface Target {
  readonly name: string
  /** On 127.0.0.1. */
  readonly url: string
  readonly path: string
  readonly pid: number
  /** Shots of its own, where it does not understand the scenario's. */
  readonly shots?: readonly Shot[]
  readonly stop: () => Promise<void>
}

/** A whole answer, recorded from the relay, for the baselines to repeat byte for byte. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Fields that every server writes by itself. */
const OWN: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'date',
  'server',
  'content-length',
  'transfer-encoding',
])

export async function recordAnswer(url: string, { body, headers }: Shot): Promise<Answer> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    signal: AbortSignal.timeout(10_000),
  })
  const kept = [...answer.headers].filter(([name]) => !OWN.has(name))
  return { status: answer.status, headers: Object.fromEntries(kept), body: await answer.text() }
}
