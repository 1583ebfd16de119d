/**
 * A relay in memory behind a `fetch`, for what needs a clock that stands still or answers in an unlikely order. It speaks
 * `.github/PROTOCOL.md` and OFREP; a test may answer any request itself. The real relay is in `browser.test.ts`.
 */
import type { OfrepFlag } from '../../shared/ofrep.ts'

export interface ScriptedRequest {
  readonly path: string
  readonly context: Record<string, unknown>
  readonly headers: Headers
  readonly body: string
  readonly signal: AbortSignal | null
  readonly keepalive: boolean
}

export type Answer = Response | undefined | Promise<Response | undefined>

interface OpenStream {
  readonly context: Record<string, unknown>
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  sent: readonly OfrepFlag[]
}

export class ScriptedRelay {
  readonly requests: ScriptedRequest[] = []
  readonly tracked: unknown[] = []
  /** The flags of a context. */
  flagsFor: (context: Record<string, unknown>) => readonly OfrepFlag[]
  /** Asked before the relay itself answers; undefined leaves it to the relay. */
  intercept: (request: ScriptedRequest) => Answer = () => undefined
  /** Whether there is `/v1/stream`, or OFREP alone. */
  streams = true
  /** What the bulk answer advertises. */
  eventStreams: unknown
  version = 1
  /** Whether answers arrive although they were called off, as bytes in flight do. */
  deaf = false
  readonly #streams = new Set<OpenStream>()
  readonly #notices = new Set<ReadableStreamDefaultController<Uint8Array>>()

  constructor(flagsFor: (context: Record<string, unknown>) => readonly OfrepFlag[]) {
    this.flagsFor = flagsFor
  }

  get open(): number {
    return this.#streams.size
  }

  get notices(): number {
    return this.#notices.size
  }

  paths(): string[] {
    return this.requests.map(({ path }) => path)
  }

  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input)
    const body = typeof init.body === 'string' ? init.body : ''
    const { context = {} } = (body ? JSON.parse(body) : {}) as { context?: Record<string, unknown> }
    const headers = new Headers(init.headers)
    const { signal = null, keepalive = false } = init
    const request = { path: url.pathname + url.search, context, headers, body, signal, keepalive }
    this.requests.push(request)
    const aborted = new Promise<never>((_, reject) => {
      if (this.deaf) return
      const fail = (): void => reject(signal?.reason as Error)
      if (signal?.aborted) fail()
      signal?.addEventListener('abort', fail)
    })
    return Promise.race([Promise.resolve(this.intercept(request)).then((own) => own ?? this.#answer(request)), aborted])
  }

  /** The configuration changed: what differs is pushed. */
  change(flagsFor: (context: Record<string, unknown>) => readonly OfrepFlag[]): void {
    this.flagsFor = flagsFor
    this.version++
    for (const stream of this.#streams) {
      const next = flagsFor(stream.context)
      const before = new Map(stream.sent.map((flag) => [flag.key, JSON.stringify(flag)]))
      const flags = next.filter((flag) => before.get(flag.key) !== JSON.stringify(flag))
      const removed = [...before.keys()].filter((key) => !next.some((flag) => flag.key === key))
      stream.sent = next
      stream.controller.enqueue(frame('changed', this.#told({ flags, removed, metadata: {} }), this.version))
    }
    for (const controller of this.#notices) {
      const data = { type: 'refetchEvaluation', etag: `"${this.version}"` }
      controller.enqueue(frame('message', data, this.version))
    }
  }

  /** Bytes as they are, to everybody. */
  send(text: string): void {
    for (const { controller } of this.#streams) controller.enqueue(new TextEncoder().encode(text))
  }

  /** Ends what is open: cleanly, or with an error as a cut connection does. */
  drop(error?: Error): void {
    const open = [...[...this.#streams].map(({ controller }) => controller), ...this.#notices]
    this.#streams.clear()
    this.#notices.clear()
    for (const controller of open) {
      if (error) controller.error(error)
      else controller.close()
    }
  }

  #told(members: object): object {
    return { ...members, revision: `r${this.version}`, epoch: 1, version: this.version }
  }

  #answer({ path, context, headers, body, signal }: ScriptedRequest): Response {
    if (path === '/v1/stream' && this.streams) return this.#stream(context, headers, signal)
    if (path === '/v1/track' && this.streams) {
      const { events } = JSON.parse(body) as { events: unknown[] }
      this.tracked.push(...events)
      return json(202, { accepted: events.length, dropped: 0 })
    }
    if (path.startsWith('/ofrep/v1/evaluate/flags')) {
      const etag = `"${this.version}-${JSON.stringify(context).length}"`
      if (headers.get('if-none-match') === etag) return new Response(null, { status: 304, headers: { etag } })
      const { eventStreams } = this
      return json(200, { flags: this.flagsFor(context), ...(eventStreams !== undefined && { eventStreams }) }, { etag })
    }
    if (path === '/notices') return this.#notify(signal)
    return json(404, { errorDetails: 'no such route' })
  }

  #stream(context: Record<string, unknown>, headers: Headers, signal: AbortSignal | null): Response {
    const sent = this.flagsFor(context)
    let stream: OpenStream
    return eventStream({
      start: (controller) => {
        stream = { context, controller, sent }
        this.#streams.add(stream)
        controller.enqueue(new TextEncoder().encode('retry: 3000\n\n'))
        const resumed = headers.get('last-event-id') === String(this.version)
        const [type, members] = resumed ? ['current', {}] : ['whole', { flags: sent, metadata: {} }]
        controller.enqueue(frame(type, this.#told(members), this.version))
        if (!this.deaf)
          signal?.addEventListener('abort', () => {
            if (this.#streams.delete(stream)) controller.error(signal.reason)
          })
      },
      cancel: () => void this.#streams.delete(stream),
    })
  }

  #notify(signal: AbortSignal | null): Response {
    let own: ReadableStreamDefaultController<Uint8Array>
    return eventStream({
      start: (controller) => {
        own = controller
        this.#notices.add(own)
        signal?.addEventListener('abort', () => {
          if (this.#notices.delete(own)) own.error(signal.reason)
        })
      },
      cancel: () => void this.#notices.delete(own),
    })
  }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } })
}

export function flag(key: string, value: unknown, variant: string = String(value)): OfrepFlag {
  return { key, value, variant, reason: 'TARGETING_MATCH' }
}

function eventStream(source: UnderlyingDefaultSource<Uint8Array>): Response {
  return new Response(new ReadableStream(source), { headers: { 'content-type': 'text/event-stream' } })
}

function frame(type: string, data: unknown, id: number): Uint8Array {
  return new TextEncoder().encode(`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`)
}
