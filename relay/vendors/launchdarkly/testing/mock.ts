/**
 * LaunchDarkly's service as server-side SDKs meet it: the stream of an environment, polling with ETags, and the routes
 * that take events. The vendor's own SDK accepts it as its server, which a test proves.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { httpUpstream } from '../../../upstream/testing/upstreams.ts'
import type { TestUpstream } from '../../../upstream/testing/upstreams.ts'

export interface Versioned {
  readonly version: number
  readonly [member: string]: unknown
}
export type Kind = 'flags' | 'segments'

export class MockLaunchDarkly {
  readonly #server: TestUpstream
  readonly #content: Record<Kind, Map<string, Versioned>> = { flags: new Map(), segments: new Map() }
  readonly #streams = new Set<ServerResponse>()
  key: string
  /** Answers the stream route with this status instead. */
  streamFailing: number | undefined
  /** Answers the polling route with this status instead. */
  pollFailing: number | undefined
  /** Streams open but stay silent, as a server does that has no data yet. */
  silent: boolean = false
  streamsOpened: number = 0
  polls: number = 0
  eventsTaken: number = 0

  private constructor(server: TestUpstream, key: string) {
    this.#server = server
    this.key = key
  }

  static async start(key: string): Promise<MockLaunchDarkly> {
    let mock: MockLaunchDarkly | undefined
    const server = await httpUpstream((request, response) => mock?.answer(request, response))
    mock = new MockLaunchDarkly(server, key)
    return mock
  }

  get url(): string {
    return this.#server.url
  }

  get requests(): readonly IncomingMessage[] {
    return this.#server.requests
  }

  get streams(): number {
    return this.#streams.size
  }

  close(): Promise<void> {
    return this.#server.close()
  }

  /** Stores an object and tells every stream, unless `quietly`. */
  put(kind: Kind, key: string, object: Versioned, quietly: boolean = false): void {
    this.#content[kind].set(key, { key, ...object })
    if (!quietly) this.send('patch', { path: `/${kind}/${key}`, data: { key, ...object } })
  }

  delete(kind: Kind, key: string, version: number, quietly: boolean = false): void {
    this.#content[kind].delete(key)
    if (!quietly) this.send('delete', { path: `/${kind}/${key}`, version })
  }

  /** An event to every open stream; text is sent as it is. */
  send(event: string, data: object | string): void {
    const text = typeof data === 'string' ? data : JSON.stringify(data)
    for (const stream of this.#streams) stream.write(`event: ${event}\ndata: ${text}\n\n`)
  }

  comment(): void {
    for (const stream of this.#streams) stream.write(':\n')
  }

  drop(): void {
    for (const stream of this.#streams) stream.destroy()
  }

  document(): { readonly flags: object; readonly segments: object } {
    return { flags: Object.fromEntries(this.#content.flags), segments: Object.fromEntries(this.#content.segments) }
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? '/', 'http://service')
    if (request.headers.authorization !== this.key) return void response.writeHead(401).end()
    if (request.method === 'POST' && (pathname === '/bulk' || pathname === '/diagnostic')) {
      this.eventsTaken += 1
      return void response.writeHead(202, { date: new Date().toUTCString() }).end()
    }
    if (pathname === '/all') return this.#stream(response)
    if (pathname === '/sdk/latest-all') return this.#latest(request, response)
    response.writeHead(404).end()
  }

  #stream(response: ServerResponse): void {
    if (this.streamFailing !== undefined) return void response.writeHead(this.streamFailing).end()
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
    response.flushHeaders()
    this.streamsOpened += 1
    this.#streams.add(response)
    response.once('close', () => this.#streams.delete(response))
    if (this.silent) return
    response.write(`event: put\ndata: ${JSON.stringify({ path: '/', data: this.document() })}\n\n`)
  }

  #latest(request: IncomingMessage, response: ServerResponse): void {
    this.polls += 1
    if (this.pollFailing !== undefined) return void response.writeHead(this.pollFailing).end()
    const body = JSON.stringify(this.document())
    const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 16)}"`
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304, { etag }).end()
    response.writeHead(200, { 'content-type': 'application/json', etag }).end(body)
  }
}
