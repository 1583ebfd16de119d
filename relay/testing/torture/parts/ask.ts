/** One question to a relay, for arranging and asserting: everything that is not load. */
import type { Person } from './documents.ts'
import { ENVIRONMENT } from './documents.ts'

export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
  /** Milliseconds it took. */
  readonly took: number
}

/** `path` is what follows the bulk route: empty, or `/` and a flag. Undefined when there is no answer in a second. */
export async function ask(port: number, path: string, person: Person): Promise<Answer | undefined> {
  const began = performance.now()
  try {
    const response = await fetch(`http://127.0.0.1:${port}/ofrep/v1/evaluate/flags${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-halyard-environment': ENVIRONMENT, connection: 'close' },
      body: JSON.stringify({ context: person }),
      signal: AbortSignal.timeout(1_000),
    })
    const text = await response.text()
    return { status: response.status, text, headers: response.headers, took: performance.now() - began }
  } catch {
    return undefined
  }
}
