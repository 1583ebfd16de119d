/**
 * gRPC as two ways for documents to arrive: a call that stays open and answers with each change, and one that is made again
 * and again. Both are the same call, so whatever bounds one bounds the other.
 */
import type { BackoffOptions } from './backoff.ts'
import { Connection } from './connection.ts'
import type { Life } from './connection.ts'
import { grpcCall } from './grpc-call.ts'
import type { GrpcOptions } from './grpc-call.ts'
import type { Source, SourceSink, SourceStatus } from './source.ts'
import { Supervisor } from './supervisor.ts'
import type { AttemptResult } from './supervisor.ts'
import { redactUrl, UpstreamError } from './upstream-error.ts'

export interface GrpcSourceOptions extends GrpcOptions {
  /** The text in a message. Throws `UpstreamError` when there is none. */
  readonly read: (message: Uint8Array) => string
  readonly backoff?: BackoffOptions
}

/** Messages are events of type `message` without an id. */
export class GrpcStream extends Connection {
  readonly #options: GrpcSourceOptions

  constructor(options: GrpcSourceOptions & { readonly healthyAfter?: number }) {
    super(options)
    this.#options = options
  }

  protected override origin(): string {
    return redactUrl(this.#options.url)
  }

  protected override live(stopped: AbortSignal, life: Life): Promise<void> {
    const { read } = this.#options
    const message = (bytes: Uint8Array): void => life.event({ type: 'message', data: read(bytes), id: '' })
    const receiver = { opened: () => life.opened(false), message, alive: () => life.alive() }
    return grpcCall(this.#options, receiver, stopped)
  }
}

/** Asks every `every` ms; delivers the text whenever it is another one. */
export class GrpcPollSource implements Source {
  readonly #options: GrpcSourceOptions
  readonly #supervisor: Supervisor
  #known: string | undefined

  constructor(options: GrpcSourceOptions & { readonly every: number }) {
    const { timers, every, backoff } = options
    this.#options = options
    this.#supervisor = new Supervisor({
      timers,
      attempt: (stopped) => this.#ask(stopped),
      interval: every,
      jitter: 0.1,
      floor: 1_000,
      ...(backoff === undefined ? {} : { backoff }),
    })
  }

  start(sink: SourceSink): void {
    this.#supervisor.start(sink)
  }

  refresh(): void {
    this.#supervisor.refresh()
  }

  status(): SourceStatus {
    return this.#supervisor.status()
  }

  stop(): Promise<void> {
    return this.#supervisor.stop()
  }

  async #ask(stopped: AbortSignal): Promise<AttemptResult> {
    const { read, url, timers } = this.#options
    let text: string | undefined
    const message = (bytes: Uint8Array): void => {
      text ??= read(bytes)
    }
    await grpcCall(this.#options, { message }, stopped)
    if (text === undefined) throw new UpstreamError('protocol', `${redactUrl(url)} answered without a message`)
    if (text === this.#known) return 'unchanged'
    this.#known = text
    const bytes = new TextEncoder().encode(text)
    return { document: { bytes, receivedAt: timers.now(), origin: redactUrl(url), contentType: 'application/json' } }
  }
}
