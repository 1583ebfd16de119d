/** Opens streams over real sockets and reads their events as they come. */
import { SseParser } from '../../upstream/sse-parser.ts'
import type { StreamEvent } from '../../upstream/connection.ts'

export interface EventClient {
  readonly status: number
  readonly headers: Headers
  /** Waits for the event at this place. Rejects after `ms` (default 3,000), naming what came instead. */
  at(index: number, ms?: number): Promise<StreamEvent>
  readonly events: readonly StreamEvent[]
  /** What the server has asked to wait, ms. */
  readonly retries: readonly number[]
  /** The bytes so far, comments included. */
  text(): string
  /** Resolves when the server has ended the stream; rejects after `ms`. */
  ended(ms?: number): Promise<void>
  close(): void
}

const WAIT_MS = 3_000

export async function openEvents(url: string, init: RequestInit = {}): Promise<EventClient> {
  const abort = new AbortController()
  const response = await fetch(url, { ...init, signal: abort.signal })
  const events: StreamEvent[] = []
  const retries: number[] = []
  let text = ''
  const waiting = new Set<() => void>()
  let over = false
  const wake = (): void => {
    for (const resolve of waiting) resolve()
  }
  const parser = new SseParser(
    { event: (event) => events.push(event), retry: (ms) => retries.push(ms) },
    Number.MAX_SAFE_INTEGER,
  )
  const read = async (): Promise<void> => {
    try {
      for await (const chunk of response.body ?? []) {
        text += Buffer.from(chunk).toString()
        parser.push(chunk)
        wake()
      }
    } catch {
      // Cut, by either end.
    }
    over = true
    wake()
  }
  const reading = response.headers.get('content-type')?.startsWith('text/event-stream') === true ? read() : undefined
  void reading
  const until = async (met: () => boolean, ms: number, what: () => string): Promise<void> => {
    const deadline = performance.now() + ms
    while (!met()) {
      const left = deadline - performance.now()
      if (left <= 0) throw new Error(`${what()}; so far: ${text.slice(0, 2_000)}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        waiting.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
      waiting.clear()
    }
  }
  return {
    status: response.status,
    headers: response.headers,
    events,
    retries,
    text: () => text,
    at: async (index, ms = WAIT_MS) => {
      await until(
        () => events.length > index,
        ms,
        () => `no event ${index}`,
      )
      const event = events[index]
      if (event === undefined) throw new Error('unreachable')
      return event
    },
    ended: (ms = WAIT_MS) =>
      until(
        () => over,
        ms,
        () => 'the stream goes on',
      ),
    close: () => abort.abort(),
  }
}
