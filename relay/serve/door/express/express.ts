/**
 * The express lane in front of a node:http server: it takes each connection first, answers the requests it recognises
 * and hands the connection to node:http at the first one it does not. node:http still owns the listener, so limits on
 * connections, closing and everything unusual stay where they were.
 */
import { Buffer } from 'node:buffer'
import type { Server } from 'node:http'
import type { Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Timers } from '../../clock.ts'
import type { HttpHandler } from '../../http-message.ts'
import { failure } from '../../replies.ts'
import type { Limits } from '../../settings.ts'
import type { Http2Lane } from '../http2/http2.ts'
import type { ConnectionEvent } from '../listener.ts'
import { isLoopback } from '../node-request.ts'
import type { OpenAnswers } from '../open-answer.ts'
import { closingReply } from '../wire.ts'
import { Gather } from './gather.ts'
import { Heads } from './head.ts'
import { Lane } from './lane.ts'
import type { LaneTools } from './lane.ts'
import { ReplyWriter } from './reply-writer.ts'

export interface ExpressParts {
  readonly limits: Limits
  readonly timers: Timers
  readonly handle: HttpHandler
  readonly openAnswers: OpenAnswers
  /** Whether answers should ask their client to open no further request. */
  readonly retired: () => boolean
  /** Told of requests that the lane itself refuses. */
  readonly refused: (status: number) => void
  /** Told of each request answered here, and of each connection given to node:http. */
  readonly counted: (what: 'served' | 'handed-over') => void
  /** Whether requests are answered here at all; without, connections are only told apart. */
  readonly answers: boolean
  /** Takes connections that begin with its preface, or that agreed on it when they were encrypted. */
  readonly http2: Http2Lane | undefined
}

/** How a connection of HTTP/2 begins, as far as it is needed to know it from any request. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\n')

export class Express {
  readonly #parts: ExpressParts
  readonly #lanes = new Set<Lane>()
  readonly #tools: LaneTools
  #sweep: object | undefined

  /** Takes the place of the server's own connection listener. Call before it listens. */
  constructor(server: Server | SecureServer, event: ConnectionEvent, parts: ExpressParts) {
    this.#parts = parts
    const { limits, timers, handle, openAnswers, retired, counted } = parts
    const listeners = connectionListeners(server, event)
    for (const listener of listeners) server.off(event, listener)
    this.#tools = {
      heads: parts.answers ? new Heads(limits) : { read: () => undefined },
      writer: new ReplyWriter(() => timers.now(), limits.keepAliveTimeoutMs),
      gather: new Gather(event === 'connection'),
      headerBytes: limits.headerBytes,
      monotonic: () => timers.monotonic(),
      retired,
      handle,
      openAnswers,
      served: () => counted('served'),
      cutShort: (socket) => this.#refuse(socket, 400, 'the request is malformed'),
      gone: (lane) => void this.#lanes.delete(lane),
      handOver: (socket, bytes, fresh) => {
        counted('handed-over')
        socket.pause()
        if (bytes.length > 0) socket.unshift(bytes)
        if (fresh && parts.http2 !== undefined && PREFACE.equals(bytes.subarray(0, PREFACE.length))) {
          // It reads what was put back by itself, and the rest past the socket.
          parts.http2.adopt(socket)
          return
        }
        for (const listener of listeners) listener.call(server, socket)
        socket.resume()
      },
    }
    server.on(event, (socket: Socket) => this.#accept(socket))
    this.#scheduleSweep()
  }

  /** Closes connections with nothing under way; the others close with their next answer. */
  closeIdle(): void {
    for (const lane of this.#lanes) if (lane.idle) lane.socket.destroy()
  }

  /** Ends the sweep; to be called when every connection is gone. */
  close(): void {
    this.#parts.timers.clearTimeout(this.#sweep)
  }

  #accept(socket: Socket): void {
    if (this.#parts.http2 !== undefined && socket instanceof TLSSocket && socket.alpnProtocol === 'h2') {
      this.#parts.http2.adopt(socket)
      return
    }
    const peer = { loopback: isLoopback(socket.remoteAddress ?? ''), secure: socket instanceof TLSSocket }
    this.#lanes.add(new Lane(socket, peer, this.#tools))
  }

  #scheduleSweep(): void {
    const { timers, limits } = this.#parts
    this.#sweep = timers.setTimeout(() => {
      for (const lane of this.#lanes) this.#check(lane, timers.monotonic())
      this.#scheduleSweep()
    }, limits.checkIntervalMs)
  }

  #check(lane: Lane, now: number): void {
    const { limits } = this.#parts
    const { waitingSince, idleSince, socket, headComplete } = lane
    if (waitingSince !== undefined) {
      const allowed = headComplete ? limits.requestTimeoutMs : limits.headersTimeoutMs
      if (now - waitingSince >= allowed) this.#refuse(socket, 408, 'the request did not arrive in time')
    } else if (now - idleSince >= (lane.idle ? limits.keepAliveTimeoutMs : limits.socketTimeoutMs)) {
      socket.destroy()
    }
  }

  #refuse(socket: Socket, status: number, errorDetails: string): void {
    this.#parts.refused(status)
    const reply = failure({ status, errorCode: 'PARSE_ERROR', errorDetails })
    socket.end(closingReply(reply, this.#parts.timers.now()), () => socket.destroy())
  }
}

/** The listeners by which node:http takes connections of a server. On TLS, `connection` is before the handshake. */
function connectionListeners(
  server: Server | SecureServer,
  event: ConnectionEvent,
): ((this: Server | SecureServer, socket: Socket) => void)[] {
  return server.listeners(event) as ((this: Server | SecureServer, socket: Socket) => void)[]
}
