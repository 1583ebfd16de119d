/**
 * The way to the relay for one context: its stream, else OFREP's bulk answer with the server's event stream, else
 * polling; again and again until stopped. Every attempt has a deadline, every connection a watchdog, every repetition a
 * random pause, so that neither a silent proxy nor a relay that comes back finds us waiting for ever or all at once.
 */
import type { EvaluationContext } from '@openfeature/web-sdk'
import { fullJitter } from '../shared/backoff.ts'
import { readEvents } from '../shared/event-stream.ts'
import type { StreamSink } from '../shared/event-stream.ts'
import { deepFreeze, readBulk } from '../shared/ofrep.ts'
import type { OfrepBulk } from '../shared/ofrep.ts'
import { eventStream, noticeQuery } from './notices.ts'
import { byKey } from './state.ts'
import type { FlagState } from './state.ts'
import { Refusal } from './wire.ts'
import type { Wire } from './wire.ts'

/** Who is told. */
export interface Sink {
  /** The relay's newest word. `behind`: older than what this client has seen already. */
  state(state: FlagState, behind: boolean): void
  /** Not, or no longer, in touch with the relay. */
  down(reason: Error): void
}

/** Whose flags. */
export interface Subject {
  readonly context: EvaluationContext
  readonly hash: string
}

/** Data of a stream's event, or a bulk answer. */
interface Told extends Partial<OfrepBulk> {
  readonly removed?: readonly string[]
  readonly revision?: string
  readonly stale?: boolean
}

/** Milliseconds without a byte after which a connection is dead. */
const SILENCE = 60_000
/** Milliseconds in which change notices count as one. */
const BURST = 50

export class Link {
  readonly #wire: Wire
  readonly #subject: Subject
  readonly #sink: Sink
  #state: FlagState | undefined
  #etag = ''
  /** The last bulk answer, which names the server's change notices. */
  #answer: unknown
  /** Attempts in vain since the relay last answered. */
  #attempt = 0
  /** What the server asks to wait before coming back. Milliseconds. */
  #retry = 0
  #stopped = false
  #atOnce = false
  #connection = new AbortController()
  #deadline: unknown
  #wake: () => void = () => undefined

  constructor(wire: Wire, subject: Subject, state: FlagState | undefined, sink: Sink) {
    this.#wire = wire
    this.#subject = subject
    this.#state = state
    this.#sink = sink
    void this.#run()
  }

  stop(): void {
    this.#stopped = true
    this.reset()
  }

  /** The network changed: give up what is open, and try again at once. */
  reset(): void {
    this.#atOnce = true
    this.#attempt = 0
    this.#connection.abort()
    this.#wake()
  }

  async #run(): Promise<void> {
    const wire = this.#wire
    while (!this.#stopped) {
      this.#atOnce = false
      this.#connection = new AbortController()
      let wait
      try {
        wait = await (wire.streams ? this.#stream() : this.#ofrep())
      } catch (error) {
        if (!this.#stopped) this.#sink.down(error as Error)
        wire.streams = wire.streaming
        // Nothing but a person can help, which takes its time.
        wait = (error as Refusal).fatal ? fullJitter(9, wire.around.random, 1_000, 600_000) : this.#backoff()
      }
      this.#expect(0)
      this.#connection.abort()
      await this.#pause(Math.max(wait, wire.pausedUntil - wire.around.now()))
    }
  }

  /** Until the connection ends, which is never a success; resolves where there is no stream to be had. */
  async #stream(): Promise<number> {
    const id = this.#state?.id
    let answered = false
    const late = this.#expect(this.#wire.requestTimeoutMs)
    try {
      await this.#listen(
        this.#wire.post('/v1/stream', { context: this.#subject.context }, this.#init(id && { 'last-event-id': id })),
        ({ type, data, id }) => {
          if (!['whole', 'changed', 'current'].includes(type)) return
          answered = true
          this.#take(data, type === 'whole', id)
        },
        () => answered,
      )
    } catch (error) {
      // No such route, or something on the way that holds streams back while plain requests get through.
      if (!(error instanceof Refusal && [404, 405, 501].includes(error.status))) {
        if (answered || !late() || this.#stopped) throw error
        this.#connection = new AbortController()
        await this.#bulk()
      }
      this.#wire.streams = false
    }
    return 0
  }

  /** One bulk answer, then the server's change notices for as long as they come. */
  async #ofrep(): Promise<number> {
    const { pollMs, around, requestTimeoutMs, address, streaming } = this.#wire
    const poll = pollMs || Infinity
    await this.#bulk()
    const stream = streaming ? eventStream(this.#answer, address) : undefined
    if (!stream) return poll
    let notice: unknown
    let open = false
    this.#expect(requestTimeoutMs)
    try {
      const headers = stream.ours ? await this.#wire.headers() : {}
      await this.#listen(
        this.#wire.request(stream.url, this.#init(headers)).then((response) => {
          open = true
          return response
        }),
        ({ data }) => {
          const query = noticeQuery(data)
          if (query === undefined) return
          around.clearTimeout(notice)
          const { signal } = this.#connection
          notice = around.setTimeout(() => {
            if (!signal.aborted) this.#bulk(query).catch((error: unknown) => this.#connection.abort(error))
          }, BURST)
        },
        () => true,
        // What changed between the answer above and the stream would be told to nobody.
        () => this.#bulk(),
      )
    } catch (error) {
      if (open) throw error
    } finally {
      around.clearTimeout(notice)
    }
    return Math.min(poll, this.#backoff())
  }

  async #listen(
    request: Promise<Response>,
    event: StreamSink['event'],
    established: () => boolean,
    opened?: () => Promise<unknown>,
  ): Promise<void> {
    const response = await request
    if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
      throw new Refusal(404, 'no event stream')
    }
    await opened?.()
    await readEvents(response.body, {
      event,
      retry: (milliseconds) => void (this.#retry = milliseconds),
      alive: () => void (established() && this.#expect(SILENCE)),
    })
    throw new Error('the stream ended')
  }

  /** Asks for all flags, and tells. */
  async #bulk(query = ''): Promise<void> {
    const wire = this.#wire
    this.#expect(wire.requestTimeoutMs)
    const body = { context: this.#subject.context }
    const init = this.#init(this.#etag && { 'if-none-match': this.#etag })
    const response = await wire.post(`/ofrep/v1/evaluate/flags${query}`, body, init)
    if (response.status === 304) this.#take({}, false, '')
    else {
      const answer = (await response.json()) as Told
      this.#etag = response.headers.get('etag') ?? ''
      const revision = response.headers.get('x-halyard-revision')
      this.#take({ ...answer, ...(revision && { revision }) }, true, '')
      this.#answer = answer
    }
  }

  #take(answer: string | Told, whole: boolean, id: string): void {
    const base = whole ? undefined : this.#state
    try {
      if (!base && !whole) throw new Error('a change of nothing')
      const told = typeof answer === 'string' ? (JSON.parse(answer) as Told) : answer
      const { flags } = readBulk(whole ? told : { flags: [], ...told })
      this.#state = {
        hash: this.#subject.hash,
        flags: byKey(flags, base?.flags, told.removed),
        metadata: deepFreeze(told.metadata ?? base?.metadata ?? {}),
        revision: told.revision ?? base?.revision,
        id,
        at: this.#wire.around.now(),
      }
      this.#attempt = 0
      this.#expect(SILENCE)
      this.#sink.state(this.#state, told.stale === true)
    } catch (error) {
      // What follows would build upon what was not understood.
      this.#state = undefined
      this.#etag = ''
      throw error
    }
  }

  #init(headers: Record<string, string> | string | undefined): RequestInit {
    return {
      headers: { accept: 'text/event-stream, application/json', ...(headers as object) },
      signal: this.#connection.signal,
    }
  }

  /** Gives the connection up unless called again in time; 0: never. The returned function tells whether it came to that. */
  #expect(milliseconds: number): () => boolean {
    const { clearTimeout, setTimeout } = this.#wire.around
    let late = false
    clearTimeout(this.#deadline)
    if (milliseconds) {
      this.#deadline = setTimeout(() => {
        late = true
        this.#connection.abort(new Error(`no answer within ${milliseconds} ms`))
      }, milliseconds)
    }
    return () => late
  }

  #backoff(): number {
    const attempt = this.#attempt++
    return Math.max(attempt ? 0 : this.#retry, fullJitter(attempt, this.#wire.around.random))
  }

  #pause(milliseconds: number): Promise<void> {
    const { clearTimeout, setTimeout } = this.#wire.around
    return new Promise((resolve) => {
      if (this.#stopped || milliseconds <= 0 || (this.#atOnce && this.#wire.pausedUntil <= this.#wire.around.now()))
        return resolve()
      const timer = milliseconds < 0x7fffffff ? setTimeout(resolve, milliseconds) : undefined
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
