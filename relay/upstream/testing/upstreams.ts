/** Real HTTP and raw TCP servers that behave as badly as a test needs; each counts what it saw. */
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/** A listening server on a free loopback port. */
export interface TestUpstream {
  readonly url: string
  readonly port: number
  /** Requests (HTTP) or connections (TCP) so far. */
  readonly seen: number
  /** Sockets that are open now. */
  readonly openSockets: number
  /** The most sockets that were open at once. */
  readonly peakSockets: number
  readonly requests: readonly IncomingMessage[]
  readonly close: () => Promise<void>
}

/** An HTTP server; the handler may be exchanged while it runs. */
export async function httpUpstream(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<TestUpstream> {
  const requests: IncomingMessage[] = []
  const listener: RequestListener = (request, response) => {
    requests.push(request)
    request.resume()
    handler(request, response)
  }
  return await listen(createHttpServer(listener), requests, () => requests.length)
}

/** A TCP server that is handed each socket. */
export async function tcpUpstream(handler: (socket: Socket) => void): Promise<TestUpstream> {
  let connections = 0
  const server = createTcpServer((socket) => {
    connections += 1
    socket.on('error', () => undefined)
    handler(socket)
  })
  return await listen(server, [], () => connections)
}

async function listen(server: Server, requests: IncomingMessage[], seen: () => number): Promise<TestUpstream> {
  const sockets = new Set<Socket>()
  let peak = 0
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    peak = Math.max(peak, sockets.size)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    get seen() {
      return seen()
    },
    get openSockets() {
      return sockets.size
    },
    get peakSockets() {
      return peak
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
