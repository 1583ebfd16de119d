/** A relay as far as its document routes go, written from the protocol alone: keys, ETags, events, resuming. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { compile, wrap } from '@halyard/engine'
import { httpUpstream } from '../../../upstream/testing/upstreams.ts'
import type { TestUpstream } from '../../../upstream/testing/upstreams.ts'

export interface Order {
  readonly epoch?: number
  readonly version?: number
  readonly receivedAt?: number
}

export class MockRelay {
  readonly streams: Set<ServerResponse> = new Set<ServerResponse>()
  /** Answers the stream route in another way. */
  instead: ((response: ServerResponse) => void) | undefined
  #server: TestUpstream | undefined
  readonly #key: string
  #current: { readonly document: string; readonly order: Required<Order> } | undefined

  private constructor(key: string) {
    this.#key = key
  }

  static async start(key: string): Promise<MockRelay> {
    const mock = new MockRelay(key)
    mock.#server = await httpUpstream((request, response) => mock.#answer(request, response))
    return mock
  }

  get server(): TestUpstream {
    if (this.#server === undefined) throw new Error('unreachable: it was started')
    return this.#server
  }

  /** Serves a flagd document from now on and tells every open stream. */
  serve(document: string, { epoch = 1, version = 1, receivedAt = 1 }: Order = {}): void {
    this.#current = { document, order: { epoch, version, receivedAt } }
    for (const stream of this.streams) stream.write(this.#event())
  }

  envelope({ stale = false }: { stale?: boolean } = {}): string {
    if (this.#current === undefined) throw new Error('there is no document yet')
    const { document, order } = this.#current
    const sha256 = createHash('sha256').update(document).digest('hex')
    const head = { dialect: 'flagd', options: {}, sha256, revision: this.revision, ...order }
    const bytes = wrap({ ...head, document: new TextEncoder().encode(document), ...(stale ? { stale } : {}) })
    return new TextDecoder().decode(bytes)
  }

  get revision(): string {
    return compile({ dialect: 'flagd', document: this.#current?.document ?? '{}' }).ruleset.revision
  }

  get #id(): string {
    return `${this.#current?.order.epoch}.${this.#current?.order.version}.${this.revision}`
  }

  #event(): string {
    return `id: ${this.#id}\nevent: document\ndata: ${this.envelope()}\n\n`
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { authorization } = request.headers
    if (authorization !== `Bearer ${this.#key}`) return error(response, 401)
    if (request.url !== '/env/shop/v1/document' && request.url !== '/env/shop/v1/document/stream') {
      return error(response, 404)
    }
    const streaming = request.url.endsWith('/stream')
    if (streaming && this.instead !== undefined) return this.instead(response)
    if (this.#current === undefined) return error(response.setHeader('retry-after', '1'), 503)
    if (streaming) return this.#stream(request, response)
    const etag = `"${this.revision}"`
    response.setHeader('etag', etag)
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
    else response.writeHead(200, { 'content-type': 'application/json' }).end(this.envelope())
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const order = JSON.stringify({ revision: this.revision, epoch: 1, version: 1 })
    const resumed = request.headers['last-event-id'] === this.#id
    response.write('retry: 50\n\n')
    response.write(resumed ? `id: ${this.#id}\nevent: current\ndata: ${order}\n\n` : this.#event())
    this.streams.add(response)
    response.once('close', () => this.streams.delete(response))
  }

  close(): Promise<void> {
    return this.server.close()
  }
}

function error(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end('{"errorCode":"GENERAL"}')
}
