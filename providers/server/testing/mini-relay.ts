/**
 * The smallest server that speaks a relay's routes, for what a real relay cannot be asked to do on command: cut an event
 * in two, answer garbage, be slow, refuse a key. Everything else is tested against the real one.
 */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { compile } from '@halyard/engine'
import type { Context, Ruleset } from '@halyard/engine'
import { wrap } from '../../../relay/engine/envelope.ts'

export type Script = (request: IncomingMessage, response: ServerResponse) => void

export interface Seen {
  readonly route: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

const ROUTES = ['/v1/document/stream', '/v1/document', '/v1/track', '/ofrep/v1/evaluate/flags']

/** An envelope as a relay writes it, around a flagd document. */
export function envelopeOf(document: object, version: number, receivedAt: number = 1_790_000_000_000): Uint8Array {
  const bytes = new TextEncoder().encode(JSON.stringify(document))
  const { ruleset } = compile({ dialect: 'flagd', document: bytes })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return wrap({
    dialect: 'flagd',
    options: {},
    revision: ruleset.revision,
    sha256,
    epoch: 1,
    version,
    receivedAt,
    document: bytes,
  })
}

export class MiniRelay {
  readonly seen: Seen[] = []
  /** For each request of a route one script; requests without one are answered as a relay would. */
  readonly scripts: Map<string, Script[]> = new Map<string, Script[]>()
  /** Written as the stream's `retry:`. Milliseconds. */
  retry = 10
  #server: Server | undefined
  #port = 0
  #envelope: Uint8Array | undefined
  #ruleset: Ruleset | undefined
  #version = 0
  readonly #streams = new Set<ServerResponse>()

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get envelope(): Uint8Array {
    if (this.#envelope === undefined) throw new Error('no document yet')
    return this.#envelope
  }

  get streams(): number {
    return this.#streams.size
  }

  requests(route: string): Seen[] {
    return this.seen.filter((request) => request.route === route)
  }

  script(route: string, ...scripts: Script[]): void {
    this.scripts.set(route, [...(this.scripts.get(route) ?? []), ...scripts])
  }

  async listen(): Promise<this> {
    const server = createServer((request, response) => void this.#handle(request, response))
    await new Promise<void>((done) => server.listen(this.#port, '127.0.0.1', done))
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
    return this
  }

  /** Cuts everything; `listen` comes back on the same port. */
  async kill(): Promise<void> {
    this.#streams.clear()
    const server = this.#server
    this.#server = undefined
    if (server === undefined) return
    server.closeAllConnections()
    await new Promise<void>((done) => void server.close(() => done()))
  }

  /** Serves it from now on and pushes it to every stream. */
  publish(document: object): void {
    this.#version++
    this.#envelope = envelopeOf(document, this.#version)
    this.#ruleset = compile({ dialect: 'halyard', document: this.#envelope }).ruleset
    for (const stream of this.#streams) stream.write(this.frame())
  }

  frame(): string {
    return `id: v${this.#version}\nevent: document\ndata: ${new TextDecoder().decode(this.envelope)}\n\n`
  }

  /** Written to every stream as it is. */
  push(text: string): void {
    for (const stream of this.#streams) stream.write(text)
  }

  /** Ends every stream in order. */
  end(): void {
    for (const stream of this.#streams) stream.end()
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?')
    const route = ROUTES.find((known) => path === known || path.startsWith(`${known}/`)) ?? path
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    this.seen.push({ route, headers: request.headers, body })
    const script = this.scripts.get(route)?.shift()
    if (script !== undefined) return script(request, response)
    if (route === '/v1/document/stream') return this.#stream(request, response)
    if (route === '/v1/document') return this.#document(request, response)
    if (route === '/v1/track') {
      const { events } = JSON.parse(body) as { events: unknown[] }
      return json(response, 202, { accepted: events.length, dropped: 0 })
    }
    return this.#evaluate(path, body, response)
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    if (this.#envelope === undefined) return busy(response)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`retry: ${this.retry}\n\n`)
    const current = request.headers['last-event-id'] === `v${this.#version}`
    response.write(current ? `id: v${this.#version}\nevent: current\ndata: {}\n\n` : this.frame())
    this.#streams.add(response)
    response.once('close', () => this.#streams.delete(response))
  }

  #document(request: IncomingMessage, response: ServerResponse): void {
    if (this.#envelope === undefined) return busy(response)
    const etag = `"${this.#ruleset?.revision}"`
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304, { etag }).end()
    response.writeHead(200, { 'content-type': 'application/json', etag }).end(this.#envelope)
  }

  #evaluate(path: string, body: string, response: ServerResponse): void {
    if (this.#ruleset === undefined) return busy(response)
    const { context = {} } = JSON.parse(body) as { context?: Context }
    const key = decodeURIComponent(path.slice('/ofrep/v1/evaluate/flags'.length + 1))
    if (key === '') return json(response, 200, { flags: this.#ruleset.evaluateAll(context) })
    const answer = this.#ruleset.evaluate(key, context)
    json(response, answer.errorCode === undefined ? 200 : answer.errorCode === 'FLAG_NOT_FOUND' ? 404 : 400, answer)
  }
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

function busy(response: ServerResponse): void {
  json(response, 503, { errorCode: 'PROVIDER_NOT_READY' }, { 'retry-after': '1' })
}
