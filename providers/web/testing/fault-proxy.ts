/** Stands between a page and the relay and misbehaves on order, as load balancers, proxies and networks do. */
import { createServer, request as ask } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/**
 * `pass`; `slow`: every answer begins late; `cut`: connections are reset in the middle of the answer; `refuse`: before any;
 * `garbage`: 200 and bytes that mean nothing; or an answer of the proxy's own.
 */
export type Fault =
  | 'pass'
  | 'slow'
  | 'cut'
  | 'refuse'
  | 'garbage'
  | { readonly status: number; readonly headers?: Record<string, string> }

export class FaultProxy {
  fault: Fault = 'pass'
  /** Paths that begin so do not exist here. */
  hidden: string | undefined
  /** POST requests that arrived, preflights not counted, with the fault in force. */
  readonly requests: string[] = []
  readonly #target: () => string
  readonly #origin: string
  readonly #server = createServer((request, response) => this.#take(request, response))
  readonly #sockets = new Set<Socket>()

  /** Pages without an origin are let in as `origin`, which the relay knows. */
  constructor(target: () => string, origin: string) {
    this.#target = target
    this.#origin = origin
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Resets everything that is open. */
  drop(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((done) => void this.#server.close(() => done()))
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { hidden } = this
    const fault = hidden !== undefined && request.url?.startsWith(hidden) ? { status: 404 } : this.fault
    if (request.method !== 'OPTIONS') this.requests.push(`${request.method} ${request.url}`)
    if (request.method === 'OPTIONS' || fault === 'pass') return this.#pass(request, response)
    if (fault === 'refuse') return void request.socket.resetAndDestroy()
    const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Retry-After' }
    if (typeof fault === 'object') response.writeHead(fault.status, { ...cors, ...fault.headers }).end('{}')
    else if (fault === 'garbage') {
      response.writeHead(200, { ...cors, 'content-type': 'text/event-stream' })
      response.end('id: 1\nevent: whole\ndata: {"flags": [{"k\n\nevent: \u0000\n\ndata\n\n')
    } else if (fault === 'cut') {
      response.writeHead(200, { ...cors, 'content-type': 'text/event-stream' })
      response.write('id: 1\nevent: whole\ndata: {"flags": [', () => request.socket.resetAndDestroy())
    } else setTimeout(() => this.#pass(request, response), 1_500)
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method, url, headers } = request
    const opaque = headers.origin === 'null'
    const sent = { ...headers, ...(opaque && { origin: this.#origin }) }
    const onward = ask(this.#target() + url, { method, headers: sent }, (answer) => {
      const cors = opaque ? { 'access-control-allow-origin': '*' } : {}
      response.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...cors })
      answer.pipe(response)
      answer.once('error', () => response.destroy())
    })
    onward.once('error', () => request.socket.destroy())
    response.once('close', () => onward.destroy())
    request.pipe(onward)
  }
}
