/**
 * One gRPC call over HTTP/2 with one request and any number of answers, for servers that stream. Written out because it
 * is little: what makes it safe is not the framing but the bounds, a watch on silence that HTTP/2's own pings prove
 * wrong, and one socket that is gone when the call is.
 */
import { connect, constants } from 'node:http2'
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2'
import { guardedLookup, isForbiddenAddress } from './address.ts'
import type { Timers } from './clock.ts'
import { framed, FrameReader } from './grpc-frames.ts'
import { statusError } from './http-exchange.ts'
import { Watch } from './watch.ts'
import { causeCode, redactUrl, UpstreamError } from './upstream-error.ts'

/** Times in milliseconds. */
export interface GrpcOptions {
  /** `grpc://host:port`, or `grpcs://host:port` for TLS. */
  readonly url: string
  /** `/package.Service/Method` */
  readonly method: string
  readonly request: Uint8Array
  /** Metadata. */
  readonly headers?: Readonly<Record<string, string>>
  /** How often an open call is proven alive by a ping; 2.5 times this of silence ends it. Default 40,000. */
  readonly beat?: number
  /** Until the server's first word. Default 15,000. */
  readonly headersTimeout?: number
  /** Longest time from a message's first byte to its last. Default 60,000. */
  readonly messageDeadline?: number
  /** Largest message. Default 64 MiB. */
  readonly maxBytes?: number
  /** PEM certificates to trust instead of the built-in ones. */
  readonly ca?: string
  readonly timers: Timers
  readonly lookup?: Parameters<typeof guardedLookup>[0]
}

export interface GrpcReceiver {
  /** The server accepted the call. */
  opened?(): void
  /** An exception ends the call. */
  message(message: Uint8Array): void
  /** Bytes or the answer to a ping arrived. */
  alive?(): void
}

/** What a server may send before it has to hear from us: else large documents take a round trip for every 64 KiB. Bytes. */
const WINDOW = 1_048_576

/** Resolves when the server ended the call with status OK; rejects with `UpstreamError` only. */
export async function grpcCall(options: GrpcOptions, receiver: GrpcReceiver, stopped: AbortSignal): Promise<void> {
  const address = new URL(options.url.replace(/^grpc/, 'http'))
  const origin = redactUrl(options.url)
  if (isForbiddenAddress(address.hostname)) {
    throw new UpstreamError('network', 'the address is link-local and never contacted')
  }
  const session = connect(address.origin, {
    lookup: guardedLookup(options.lookup),
    settings: { enablePush: false, initialWindowSize: WINDOW },
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  })
  // The call's window is of no use within the 64 KiB that a connection has by default.
  session.once('connect', () => session.setLocalWindowSize(WINDOW))
  const call = new Call(options, receiver, session, origin)
  try {
    await call.run(stopped)
  } finally {
    call.end()
  }
}

class Call {
  readonly #options: GrpcOptions
  readonly #receiver: GrpcReceiver
  readonly #session: ClientHttp2Session
  readonly #origin: string
  #watch: Watch
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined

  constructor(options: GrpcOptions, receiver: GrpcReceiver, session: ClientHttp2Session, origin: string) {
    this.#options = options
    this.#receiver = receiver
    this.#session = session
    this.#origin = origin
    this.#watch = new Watch(options.timers, options.headersTimeout ?? 15_000, Infinity)
  }

  run(stopped: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#expire()
      const stop = (): void => reject(new UpstreamError('timeout', `${this.#origin} was left`))
      stopped.addEventListener('abort', stop, { once: true })
      if (stopped.aborted) stop()
      const broken = (cause: unknown): void => {
        // A stream says only that its session was lost; why is in the cause.
        const root = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
        reject(new UpstreamError('network', `${this.#origin} failed: ${causeCode(root)}`, { cause }))
      }
      this.#session.on('error', broken)
      this.#session.on('close', () => broken(new Error('closed')))
      // Whoever says so lets open calls go on; a stream without an end would keep the server from going.
      this.#session.on('goaway', (code) => {
        if (code === constants.NGHTTP2_NO_ERROR) resolve()
      })
      this.#request(broken)
    })
  }

  end(): void {
    this.#watch.stop()
    this.#session.destroy()
  }

  #request(broken: (cause: unknown) => void): void {
    const { method, request, headers = {}, maxBytes = 64 * 1024 * 1024 } = this.#options
    const stream = this.#session.request({
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      ':method': 'POST',
      ':path': method,
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'halyard',
    })
    const reader = new FrameReader(maxBytes, (message) => this.#receiver.message(message))
    stream.on('error', broken)
    stream.on('response', (head) => this.#attempt(() => this.#opened(head)))
    stream.on('data', (chunk: Buffer) =>
      this.#attempt(() => {
        reader.push(chunk)
        this.#heard(reader.pending)
      }),
    )
    stream.on('trailers', (trailers) => this.#attempt(() => this.#ended(trailers)))
    stream.on('end', () => broken(new Error('ended')))
    stream.end(framed(request))
  }

  #attempt(act: () => void): void {
    try {
      act()
    } catch (error) {
      const known = error instanceof UpstreamError
      const unknown = new UpstreamError('internal', 'the receiver of a stream threw', { cause: error })
      this.#settle?.reject(known ? error : unknown)
    }
  }

  #opened(head: IncomingHttpHeaders): void {
    const status = Number(head[':status'])
    if (status !== 200) {
      const wait = head['retry-after']
      throw statusError(status, new URL(this.#options.url), wait, this.#options.timers.now())
    }
    if (!/^application\/grpc(?:$|[+;])/.test(String(head['content-type']))) {
      throw new UpstreamError('protocol', `${this.#origin} does not speak gRPC`)
    }
    // An answer without a body has its verdict in the head.
    if (head['grpc-status'] !== undefined) return this.#ended(head)
    const { timers, beat = 40_000, messageDeadline = 60_000 } = this.#options
    const act = (): void => {
      if (!this.#session.destroyed) this.#session.ping((error) => void (error ?? this.#heard()))
    }
    this.#watch.stop()
    this.#watch = new Watch(timers, 2.5 * beat, messageDeadline, { every: beat, act })
    this.#expire()
    this.#receiver.opened?.()
  }

  #ended(trailers: IncomingHttpHeaders): void {
    const status = Number(trailers['grpc-status'])
    if (status === 0) this.#settle?.resolve()
    else throw verdict(status, this.#origin)
  }

  #expire(): void {
    const watch = this.#watch
    const late = (): void =>
      this.#settle?.reject(new UpstreamError('timeout', `${this.#origin} ${watch.expired ?? 'was silent'}`))
    watch.signal.addEventListener('abort', late, { once: true })
  }

  /** Without an argument by the answer to a ping, which says nothing of a message on its way. */
  #heard(pending?: boolean): void {
    if (pending !== undefined) this.#watch.heard(pending)
    else this.#watch.stillThere()
    this.#receiver.alive?.()
  }
}

const NAMES: Readonly<Record<number, string>> = {
  1: 'CANCELLED',
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  5: 'NOT_FOUND',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  12: 'UNIMPLEMENTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
}

/** Never quotes the server's own words. */
function verdict(status: number, origin: string): UpstreamError {
  const message = `${origin} answered with ${NAMES[status] ?? `gRPC status ${Number.isNaN(status) ? 'missing' : status}`}`
  if (status === 7 || status === 16) return new UpstreamError('unauthorized', message)
  if (status === 5 || status === 12) return new UpstreamError('not-found', message)
  return new UpstreamError(status === 14 ? 'network' : status === 4 ? 'timeout' : 'status', message)
}
