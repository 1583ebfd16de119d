/**
 * Flagsmith's API as far as server-side SDKs use it for local evaluation, over real sockets: keys, conditional requests,
 * the header with the time of the last change, and identity overrides in pages.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { httpUpstream } from '../../../upstream/testing/upstreams.ts'
import type { TestUpstream } from '../../../upstream/testing/upstreams.ts'

/** An environment document as far as the API itself looks into it. */
export interface EnvironmentDocument {
  readonly updated_at?: string
  /** The client-side key. */
  readonly api_key?: string
  readonly identity_overrides?: readonly object[]
}

const PATH = '/api/v1/environment-document/'

export class FlagsmithApi {
  /** The server-side environment key. */
  key: string = 'ser.flagsmith-server-side-key'
  document: EnvironmentDocument
  /** Identity overrides on one page. */
  pageSize: number = 100
  /** Status of every answer instead, to test outages. */
  failing: number | undefined
  /** Streams that are open now; undefined: there is no real-time service. */
  streams: Set<ServerResponse> | undefined

  constructor(document: EnvironmentDocument) {
    this.document = document
  }

  /** Listens on a free loopback port; the API's base address is `url` with `/api/v1/`. */
  async listen(): Promise<TestUpstream> {
    return await httpUpstream((request, response) => this.#answer(request, response))
  }

  /** Tells every stream when the environment changed, in seconds as the service does. */
  announce(): void {
    const seconds = Date.parse(this.document.updated_at ?? '') / 1_000
    for (const stream of this.streams ?? []) {
      stream.write(`event: environment_updated\ndata: ${JSON.stringify({ updated_at: seconds })}\n\n`)
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '', 'http://api')
    const { streams } = this
    if (streams !== undefined && url.pathname === `/sse/environments/${this.document.api_key ?? ''}/stream`) {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': ping\n\n')
      streams.add(response)
      return void response.once('close', () => streams.delete(response))
    }
    if (this.failing !== undefined) return send(response, this.failing, { detail: 'failing' })
    if (url.pathname !== PATH) return send(response, 404, { detail: 'Not found.' })
    if (request.method !== 'GET') return send(response, 405, { detail: 'Method not allowed.' })
    const key = request.headers['x-environment-key']
    if (key === undefined) return send(response, 401, { detail: 'Authentication credentials were not provided.' })
    if (key !== this.key) return send(response, 401, { detail: 'Invalid or missing Environment key' })
    const updatedAt = Date.parse(this.document.updated_at ?? '1970-01-01T00:00:00Z')
    const since = Date.parse(request.headers['if-modified-since'] ?? '')
    // HTTP dates have whole seconds.
    response.setHeader('last-modified', new Date(updatedAt).toUTCString())
    response.setHeader('x-flagsmith-document-updated-at', String(updatedAt / 1000))
    if (Math.floor(updatedAt / 1000) * 1000 <= since) return void response.writeHead(304).end()
    return this.#page(Number(url.searchParams.get('page_id')?.replace('identity_override:', '') ?? 0), response)
  }

  #page(from: number, response: ServerResponse): void {
    const overrides = this.document.identity_overrides ?? []
    const to = from + this.pageSize
    if (to < overrides.length) {
      const next = encodeURIComponent(`${PATH}?page_id=identity_override:${to}`)
      response.setHeader('link', `<${next}>; rel="next"`)
    }
    send(response, 200, { ...this.document, identity_overrides: overrides.slice(from, to) })
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
