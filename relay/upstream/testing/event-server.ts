/** A real HTTP server that speaks event streams, for the tests of those who read them. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { until } from './recorder.ts'
import { httpUpstream } from './upstreams.ts'
import type { TestUpstream } from './upstreams.ts'

export interface EventServer extends TestUpstream {
  /** Streams that are open now, oldest first. */
  readonly streams: readonly ServerResponse[]
  /** Sends to every open stream. */
  send(text: string): void
  /** Waits for the n-th stream ever opened (from 1). */
  opened(count: number): Promise<ServerResponse>
  /** Answers new requests in another way; undefined: with a stream again. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  /** What a new stream begins with. */
  greeting: (request: IncomingMessage) => string
}

/** Listens on a free port; every path is a stream. */
export async function eventServer(): Promise<EventServer> {
  const streams: ServerResponse[] = []
  const ever: ServerResponse[] = []
  const extra = {
    streams,
    instead: undefined,
    greeting: () => '',
    send: (text: string) => {
      for (const stream of streams) stream.write(text)
    },
    opened: async (count: number) => {
      await until(() => ever.length >= count, `stream ${count}`)
      const stream = ever[count - 1]
      if (stream === undefined) throw new Error('unreachable: the count was awaited')
      return stream
    },
  }
  const server: TestUpstream = await httpUpstream((request, response) => {
    if (all.instead !== undefined) return all.instead(request, response)
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
    response.flushHeaders()
    const greeting = all.greeting(request)
    if (greeting !== '') response.write(greeting)
    streams.push(response)
    ever.push(response)
    response.once('close', () => streams.splice(streams.indexOf(response), 1))
  })
  // Its counters are getters, which a copy would freeze.
  const all = Object.defineProperties(extra, Object.getOwnPropertyDescriptors(server)) as unknown as EventServer
  return all
}
