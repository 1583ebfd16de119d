/**
 * Requests and replies as handlers see them: no sockets, no streams, no node:http objects.
 *
 * Every door (node:http, and any that reads sockets itself) turns bytes into an HttpRequest and an HttpReply into bytes.
 * A handler that touched a socket would answer differently behind different doors.
 */
import type { Buffer } from 'node:buffer'
import type { Failure } from './failure.ts'

export interface HttpRequest {
  /** Upper case as sent. */
  readonly method: string
  /** As sent, still percent-encoded, without the query. Starts with `/`. */
  readonly path: string
  /** What follows the first `?`, undecoded; empty when there is none. */
  readonly query: string
  /** A header by its lower-case name; values of repeated headers joined by `, `. */
  header(name: string): string | undefined
  /** The whole body, with any Content-Encoding already undone. */
  readonly body: Buffer
  /** Whether it came over TLS. */
  readonly secure: boolean
  /** Whether the peer is this machine and no proxy says that it speaks for somebody else. */
  readonly local: boolean
  /** Why the body could not be read (too large, unknown encoding); handlers must not answer from `body` then. */
  readonly fault: Failure | undefined
  /** When its head was read, on the monotonic clock, ms. */
  readonly arrivedAt: number
}

export interface HttpReply {
  readonly status: number
  /** Names and values alternating. Never Content-Length, Connection or Date: those are the door's. */
  readonly headers: readonly string[]
  /** Further ones, of this reply alone. Doors spell `headers` once for all replies that share the same list. */
  readonly extra?: readonly string[]
  /** Absent on 204 and 304. */
  readonly body?: string | Buffer
  /**
   * Makes this an answer that stays open, in place of `body`: called once, when the head is on its way, and not at all
   * when nobody is there any more or only the head was asked for, so nothing may be taken up before. Must not throw. Such
   * an answer has no length; it ends with its connection, or with its stream on HTTP/2.
   */
  readonly stream?: (outlet: Outlet) => OutletListener
}

/** The door's end of an answer that stays open. One buffer may be written to many outlets; nothing copies it. */
export interface Outlet {
  /** Bytes that were written and that the peer has not taken yet: what a slow reader costs. */
  readonly pending: number
  /** Takes the bytes at once, whatever is pending: how much a peer may cost is the writer's to decide. */
  write(bytes: Buffer): void
  /** Ends the answer when everything pending was taken. */
  end(): void
  /** Ends the answer now; what is pending is lost. */
  destroy(): void
}

/** What an answer that stays open is told. */
export interface OutletListener {
  /** Everything pending was taken. */
  drained(): void
  /** Nothing can be written any more, for whatever reason. Called exactly once, and last. */
  closed(): void
}

/** Answers a request; must not throw for anything a client can send. */
export type HttpHandler = (request: HttpRequest) => HttpReply | Promise<HttpReply>

/** Reads one parameter of an undecoded query; undefined when absent. The first one counts. */
export function queryParameter(query: string, name: string): string | undefined {
  return query === '' ? undefined : (new URLSearchParams(query).get(name) ?? undefined)
}
