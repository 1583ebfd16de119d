/**
 * HTTP/2 on connections that others accepted. Its attacks cost the sender little: streams opened and reset at once,
 * settings and pings without end, headers that never finish. So the bounds are node's own, set tighter than its defaults,
 * and a session that makes no progress is cut like any other connection.
 */
import { createServer } from 'node:http2'
import type {
  Http2Server,
  IncomingHttpHeaders,
  OutgoingHttpHeaders,
  ServerHttp2Session,
  ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Timers } from '../../clock.ts'
import type { Failure } from '../../failure.ts'
import type { HttpHandler, HttpReply } from '../../http-message.ts'
import { failure } from '../../replies.ts'
import type { Limits } from '../../settings.ts'
import { readBody } from '../body.ts'
import { HOST } from '../framing.ts'
import { isLoopback } from '../node-request.ts'
import { allHeaders } from '../wire.ts'
import type { OpenAnswers } from '../open-answer.ts'
import { Http2Request } from './http2-request.ts'

export interface Http2Tools {
  readonly limits: Limits
  readonly timers: Timers
  readonly handle: HttpHandler
  readonly openAnswers: OpenAnswers
  /** Whether sessions should be given up by their clients. */
  readonly retired: () => boolean
  /** Told of requests that are refused here. */
  readonly refused: (status: number) => void
}

/** What keeps a silent session from being cut. */
interface Load {
  openAnswers: number
}

/** As many requests as a client may have under way on one connection. */
const STREAMS = 128
/** Pseudo headers come on top of what a client may send. */
const PSEUDO_HEADERS = 4

export class Http2Lane {
  readonly #tools: Http2Tools
  readonly #server: Http2Server
  readonly #sessions = new Map<ServerHttp2Session, Load>()

  constructor(tools: Http2Tools) {
    this.#tools = tools
    const { headerBytes, headerCount } = tools.limits
    this.#server = createServer({
      settings: { maxConcurrentStreams: STREAMS, maxHeaderListSize: headerBytes, enablePush: false },
      maxHeaderListPairs: headerCount + PSEUDO_HEADERS,
      maxSessionMemory: 4,
      maxSessionInvalidFrames: 100,
      maxSessionRejectedStreams: 100,
      maxOutstandingPings: 4,
      streamResetBurst: 200,
      streamResetRate: 33,
    })
    this.#server.on('session', (session) => this.#begin(session))
    // What a peer does wrong ends its session, and concerns nobody else.
    this.#server.on('sessionError', (_error, session) => session.destroy())
  }

  /** Takes a connection whose next bytes are the preface, whether they are still in the socket or put back into it. */
  adopt(socket: Socket): void {
    this.#server.emit('connection', socket)
  }

  /** Tells all clients to go elsewhere; what is under way is finished. */
  close(): void {
    for (const session of this.#sessions.keys()) session.close()
  }

  #begin(session: ServerHttp2Session): void {
    const { limits } = this.#tools
    const load = { openAnswers: 0 }
    this.#sessions.set(session, load)
    session.on('close', () => this.#sessions.delete(session))
    session.on('stream', (stream, headers) => this.#receive(stream, headers, session, load))
    session.setTimeout(limits.keepAliveTimeoutMs, () => {
      if (load.openAnswers === 0) session.destroy()
    })
  }

  #receive(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, session: ServerHttp2Session, load: Load): void {
    stream.on('error', () => undefined)
    const { limits, timers, refused } = this.#tools
    const arrivedAt = timers.monotonic()
    const fault = faultOf(headers)
    if (fault !== undefined) {
      refused(fault.status)
      this.#send(stream, headers, failure(fault), load)
      return
    }
    if (headers.expect !== undefined) stream.additionalHeaders({ ':status': 100 })
    const late = timers.setTimeout(() => {
      refused(408)
      const what = { status: 408, errorCode: 'PARSE_ERROR', errorDetails: 'the request did not arrive in time' }
      this.#send(stream, headers, failure(what), load)
      stream.close()
    }, limits.requestTimeoutMs)
    stream.on('close', () => timers.clearTimeout(late))
    readBody(stream, headers, limits.bodyBytes, ({ body, fault: bodyFault }) => {
      timers.clearTimeout(late)
      const secure = session.encrypted === true
      const loopback = isLoopback(session.socket.remoteAddress ?? '')
      const request = new Http2Request({ headers, body, fault: bodyFault, arrivedAt, secure, loopback })
      const reply = this.#tools.handle(request)
      if (reply instanceof Promise) void reply.then((settled) => this.#send(stream, headers, settled, load))
      else this.#send(stream, headers, reply, load)
    })
  }

  #send(stream: ServerHttp2Stream, { ':method': method }: IncomingHttpHeaders, reply: HttpReply, load: Load): void {
    if (stream.destroyed || stream.closed || stream.headersSent) return
    const { status, body, stream: open } = reply
    const headers = headersOf(reply)
    if (open !== undefined && method !== 'HEAD') {
      stream.respond(headers)
      load.openAnswers++
      const answer = this.#tools.openAnswers.open(stream, open)
      stream.on('close', () => {
        load.openAnswers--
        answer.onClose()
      })
    } else {
      if (status !== 204 && status !== 304 && open === undefined)
        headers['content-length'] = body === undefined ? 0 : Buffer.byteLength(body)
      const bare = method === 'HEAD' || body === undefined
      stream.respond(headers, { endStream: bare })
      if (!bare) stream.end(body)
    }
    if (this.#tools.retired()) stream.session?.close()
  }
}

/** Names that come several times become lists. */
function headersOf(reply: HttpReply): OutgoingHttpHeaders {
  const { status } = reply
  const headers = allHeaders(reply)
  const all: OutgoingHttpHeaders = Object.assign(Object.create(null), { ':status': status })
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase()
    const value = headers[index + 1] ?? ''
    const known = all[name]
    all[name] = known === undefined ? value : [...(Array.isArray(known) ? known : [String(known)]), value]
  }
  return all
}

function faultOf(headers: IncomingHttpHeaders): Failure | undefined {
  const { ':method': method, ':path': path, ':authority': authority, host, expect } = headers
  if (method === 'CONNECT') return { status: 405, errorCode: 'GENERAL', errorDetails: 'CONNECT is not allowed here' }
  if (path?.startsWith('/') !== true) return refused('the request target must be a path')
  if (authority !== undefined && host !== undefined && authority !== host) return refused('exactly one Host is needed')
  if (!HOST.test(authority ?? host ?? '')) return refused('the Host is malformed')
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') {
    return { status: 417, errorCode: 'GENERAL', errorDetails: 'the only expectation that can be met is 100-continue' }
  }
  const length = headers['content-length']
  if ((method === 'GET' || method === 'HEAD') && length !== undefined && Number(length) !== 0) {
    return refused(`${method} takes no body`)
  }
  return undefined
}

function refused(errorDetails: string): Failure {
  return { status: 400, errorCode: 'PARSE_ERROR', errorDetails }
}
