/**
 * A GO Feature Flag relay and a bucket with its flag files, as the vendor's documents describe them: the configuration
 * endpoint with its keys, its ETag echoed on 304 and its dates, and files by GET with an ETag of their own.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { httpUpstream } from '../../../upstream/testing/upstreams.ts'
import type { TestUpstream } from '../../../upstream/testing/upstreams.ts'

export class MockGoff {
  /** Files by path, with the content type they are served with; undefined for none. */
  readonly files: Map<string, { readonly text: string; readonly type?: string }> = new Map()
  /** What the relay has loaded. */
  flags: Readonly<Record<string, unknown>> = {}
  enrichment: Readonly<Record<string, unknown>> | undefined
  apiKey: string | undefined
  /** Bearer token that files ask for. */
  token: string | undefined
  refreshed: Date = new Date('2026-01-01T00:00:00Z')
  /** Bodies of the configuration requests so far. */
  readonly bodies: string[] = []

  listen(): Promise<TestUpstream> {
    return httpUpstream((request, response) => void this.#answer(request, response))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/v1/flag/configuration') {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      this.#configuration(request, Buffer.concat(chunks).toString(), response)
      return
    }
    const file = this.files.get(request.url ?? '')
    if (request.method !== 'GET' || file === undefined) response.writeHead(404).end()
    else if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401).end()
    } else {
      const etag = etagOf(file.text)
      const headers = { etag, ...(file.type === undefined ? {} : { 'content-type': file.type }) }
      if (request.headers['if-none-match'] === etag) response.writeHead(304, headers).end()
      else response.writeHead(200, headers).end(file.text)
    }
  }

  #configuration(request: IncomingMessage, body: string, response: ServerResponse): void {
    const refuse = (status: number, errorCode: string, errorDetails: string): void => {
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ errorCode, errorDetails }))
    }
    if (request.method !== 'POST') return void response.writeHead(405).end()
    const bearer = request.headers.authorization?.replace(/^Bearer /, '')
    if (this.apiKey !== undefined && (request.headers['x-api-key'] ?? bearer) !== this.apiKey) {
      return refuse(401, 'UNAUTHORIZED', 'invalid token')
    }
    this.bodies.push(body)
    const wanted = namesOf(body)
    if (wanted === undefined) return refuse(400, 'INVALID_REQUEST', 'the body is no list of flags')
    const flags = Object.fromEntries(
      Object.entries(this.flags).filter(([name]) => wanted.length === 0 || wanted.includes(name)),
    )
    const text = JSON.stringify({ flags, ...(this.enrichment && { evaluationContextEnrichment: this.enrichment }) })
    const headers = { etag: etagOf(text), 'last-modified': this.refreshed.toUTCString() }
    if (request.headers['if-none-match'] === headers.etag) response.writeHead(304, headers).end()
    else response.writeHead(200, { ...headers, 'content-type': 'application/json' }).end(text)
  }
}

function etagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`
}

function namesOf(body: string): readonly unknown[] | undefined {
  try {
    const { flags } = JSON.parse(body) as { readonly flags?: unknown }
    return Array.isArray(flags) ? flags : undefined
  } catch {
    return undefined
  }
}
