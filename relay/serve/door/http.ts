/**
 * The node:http door. Limits, timeouts and refusals are all here, so that handlers only ever see whole, unambiguous
 * requests; node's own defaults let a dripping client hold a socket for 90 seconds and answer faults without a body.
 *
 * Offers to upgrade are never taken: Java's client offers h2c on every request, and node would hand its socket over
 * instead of answering, or lose what the client sent behind the offer.
 */
import { Buffer } from 'node:buffer'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Timers } from '../clock.ts'
import type { Failure } from '../failure.ts'
import type { HttpHandler, HttpReply, Outlet, OutletListener } from '../http-message.ts'
import { failure } from '../replies.ts'
import type { Limits, Listen } from '../settings.ts'
import { readBody } from './body.ts'
import { Certificate } from './certificate.ts'
import { Connections } from './connections.ts'
import { tooLarge } from './content-encoding.ts'
import type { Address, Door } from './door.ts'
import { Express } from './express/express.ts'
import { framingFault } from './framing.ts'
import { Http2Lane } from './http2/http2.ts'
import { createListener } from './listener.ts'
import { Neighbours, turnAwayCrowds } from './neighbours.ts'
import { NodeRequest } from './node-request.ts'
import { OpenAnswers } from './open-answer.ts'
import { clientFault } from './client-fault.ts'
import { allHeaders, closingReply } from './wire.ts'

/** Requests that may follow one whose answer stays open. */
const IGNORED = 16

export interface HttpDoorParts {
  readonly listen: Listen
  readonly limits: Limits
  readonly timers: Timers
  readonly handle: HttpHandler
  /** Told of every request that was refused before it reached `handle`. */
  readonly refused: (status: number) => void
  /** Told of each connection that was closed at once: there are too many in `total`, or from its `address`. */
  readonly turnedAway?: (why: 'total' | 'address') => void
  /** Told when a changed certificate cannot be used; the one before stays. */
  readonly failed?: (error: unknown) => void
  /** Answer common requests straight from the socket; told which way requests took. Default: node:http answers all. */
  readonly express?: { readonly counted: (what: 'served' | 'handed-over') => void }
}

export class HttpDoor implements Door {
  readonly #parts: HttpDoorParts
  readonly #server: Server | SecureServer
  readonly #certificate: Certificate | undefined
  readonly #http2: Http2Lane | undefined
  readonly #connections = new Connections()
  readonly #express: Express | undefined
  readonly #openAnswers: OpenAnswers
  /** Connections with an answer that stays open, and how many requests were ignored behind it. */
  readonly #streaming = new WeakMap<Duplex, number>()
  /** Node's own list misses connections that its parser has given up. */
  readonly #sockets = new Set<Socket>()
  #retired = false
  #closing: Promise<void> | undefined

  constructor(parts: HttpDoorParts) {
    this.#parts = parts
    const { limits, timers } = parts
    this.#openAnswers = new OpenAnswers(timers, limits.socketTimeoutMs)
    const { tls, http2 = false } = parts.listen
    this.#certificate = tls && new Certificate(tls)
    const { server, event } = createListener(limits, this.#certificate, http2)
    this.#server = server
    this.#http2 = http2
      ? new Http2Lane({ ...parts, openAnswers: this.#openAnswers, retired: () => this.#retired })
      : undefined
    if (parts.express !== undefined || http2) {
      this.#express = new Express(server, event, {
        ...parts,
        openAnswers: this.#openAnswers,
        retired: () => this.#retired,
        answers: parts.express !== undefined,
        counted: parts.express?.counted ?? (() => undefined),
        http2: this.#http2,
      })
    }
    const sockets = this.#sockets
    const forget = function (this: Socket): void {
      sockets.delete(this)
    }
    const { turnedAway = () => undefined } = parts
    server.on('drop', () => turnedAway('total'))
    const keep = (socket: Socket): void => {
      sockets.add(socket)
      socket.on('close', forget)
    }
    server.prependListener('connection', keep)
    if (event !== 'connection') server.prependListener(event, keep)
    if (limits.connectionsPerAddress > 0) {
      turnAwayCrowds(server, new Neighbours(limits.connectionsPerAddress, parts.listen.proxies), () =>
        turnedAway('address'),
      )
    }
    // Who cannot agree on a key speaks to nobody here.
    server.on('tlsClientError', (_error, socket: Socket) => void socket.destroy())
    this.#server.on('request', (request, response) => this.#receive(request, response))
    this.#server.on('checkContinue', (request, response) => this.#receive(request, response, 'continue'))
    this.#server.on('checkExpectation', (request, response) => this.#receive(request, response, 'unknown'))
    this.#server.on('connect', (_request, socket) => {
      this.#refuse(socket, { status: 405, errorCode: 'GENERAL', errorDetails: 'CONNECT is not allowed here' })
    })
    this.#server.on('clientError', (error, socket) => {
      const fault = clientFault(error)
      // Behind a request whose answer is open anything is ignored, but for the peer's end.
      const streaming = this.#streaming.has(socket)
      if (streaming && !socket.readableEnded && fault !== undefined) return
      if (streaming || fault === undefined || !socket.writable) socket.destroy()
      else this.#refuse(socket, fault)
    })
  }

  listen(): Promise<Address> {
    const { host, port } = this.#parts.listen
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port, ...(host === undefined ? undefined : { host }) }, () => {
        this.#server.off('error', reject)
        this.#keepCertificate()
        const address = this.#server.address()
        if (address === null || typeof address === 'string') reject(new Error('the listener has no port'))
        else resolve({ host: address.address, port: address.port })
      })
    })
  }

  retire(): void {
    this.#retired = true
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#retired = true
      const { timers } = this.#parts
      const cut = timers.setTimeout(() => {
        for (const socket of this.#sockets) socket.destroy()
      }, graceMs)
      this.#server.close(() => {
        timers.clearTimeout(cut)
        this.#express?.close()
        this.#certificate?.close(timers)
        resolve()
      })
      this.#openAnswers.endAll(graceMs / 2)
      this.#server.closeIdleConnections()
      this.#express?.closeIdle()
      this.#http2?.close()
    })
    return this.#closing
  }

  #keepCertificate(): void {
    const { timers, failed = () => undefined } = this.#parts
    const server = this.#server
    if (!('setSecureContext' in server)) return
    this.#certificate?.watch(
      timers,
      (options) => server.setSecureContext(options),
      (cause) => failed(new Error('the changed certificate cannot be used, the one before stays', { cause })),
    )
  }

  #receive(request: IncomingMessage, response: ServerResponse, expectation?: 'continue' | 'unknown'): void {
    const { limits, timers, handle } = this.#parts
    const { socket } = request
    if (!this.#connections.opened(socket, request)) {
      this.#ignore(socket)
      return
    }
    const arrivedAt = timers.monotonic()
    response.on('close', () => this.#connections.closed(socket))
    const fault = framingFault(request, limits.headerCount) ?? expectationFault(request, expectation, limits)
    if (fault !== undefined) {
      this.#connections.condemn(socket)
      this.#parts.refused(fault.status)
      this.#send(request, response, failure(fault), true)
      return
    }
    if (expectation === 'continue') response.writeContinue()
    readBody(request, request.headers, limits.bodyBytes, ({ body, fault, unread }) => {
      if (unread) this.#connections.condemn(socket)
      const reply = handle(new NodeRequest(request, body, fault, arrivedAt))
      if (reply instanceof Promise) void reply.then((settled) => this.#send(request, response, settled, unread))
      else this.#send(request, response, reply, unread)
    })
  }

  #send(request: IncomingMessage, response: ServerResponse, reply: HttpReply, close: boolean): void {
    if (response.destroyed) return
    const { status, body, stream } = reply
    const headers = allHeaders(reply)
    if (stream !== undefined && request.method !== 'HEAD') {
      response.removeHeader('Transfer-Encoding')
      response.writeHead(status, [...headers, 'Connection', 'close'])
      this.#open(request.socket, response, stream)
      return
    }
    if (status !== 204 && status !== 304) {
      const length = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length
      headers.push('Content-Length', String(length))
    }
    if (close || this.#retired) headers.push('Connection', 'close')
    response.writeHead(status, headers)
    if (body === undefined || request.method === 'HEAD') response.end()
    else response.end(body)
  }

  #open(socket: Socket, response: ServerResponse, stream: (outlet: Outlet) => OutletListener): void {
    this.#connections.condemn(socket)
    this.#streaming.set(socket, 0)
    socket.setTimeout(0)
    response.flushHeaders()
    const answer = this.#openAnswers.open(response, stream)
    socket.once('close', () => answer.onClose())
  }

  /** Node keeps every request that is not answered, so a peer that goes on asking is cut. */
  #ignore(socket: Socket): void {
    const ignored = this.#streaming.get(socket)
    if (ignored === undefined) return
    this.#streaming.set(socket, ignored + 1)
    if (ignored >= IGNORED) socket.destroy()
  }

  #refuse(socket: Duplex, fault: Failure): void {
    this.#connections.condemnAndWait(socket, () => {
      this.#parts.refused(fault.status)
      if (!socket.writable) return void socket.destroy()
      socket.end(closingReply(failure(fault), this.#parts.timers.now()), () => socket.destroy())
    })
  }
}

function expectationFault(
  request: IncomingMessage,
  expectation: 'continue' | 'unknown' | undefined,
  { bodyBytes }: Limits,
): Failure | undefined {
  const expected = request.headers.expect?.toLowerCase()
  if (expectation === 'unknown' || (expectation === 'continue' && expected !== '100-continue')) {
    return { status: 417, errorCode: 'GENERAL', errorDetails: 'the only expectation that can be met is 100-continue' }
  }
  const announced = Number(request.headers['content-length'] ?? 0)
  return expectation === 'continue' && announced > bodyBytes ? tooLarge(bodyBytes) : undefined
}
