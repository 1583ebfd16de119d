/**
 * One connection per browser. Tabs that want the same flags for the same context with the same credentials queue for a
 * Web Lock; who holds it (the leader) talks to the relay and repeats what it hears on a BroadcastChannel. When it closes,
 * the browser hands the lock on. A leader that does not answer, since its page is frozen, has the lock taken away.
 */
import { digest } from './context.ts'
import { Link } from './link.ts'
import type { Sink, Subject } from './link.ts'
import { load, save } from './state.ts'
import type { FlagState, SavedState } from './state.ts'
import type { Refusal, Wire } from './wire.ts'

/** `ask`: what is it? `ping`: are you there? `here`: yes. The rest is what a `Sink` is told. */
type Message =
  | 'ask'
  | 'ping'
  | 'here'
  | { readonly state: SavedState; readonly behind: boolean }
  | { readonly down: string }

/** Milliseconds that a leader has for an answer. */
const PATIENCE = 2_000
/** Milliseconds between two questions whether it is still there. */
const EVERY = 30_000

export class Tabs {
  readonly #wire: Wire
  readonly #subject: Subject
  readonly #sink: Sink
  #state: FlagState | undefined
  #link: Link | undefined
  #channel: BroadcastChannel | undefined
  #name = ''
  /** The leader's last words: a state, and whether it lost touch since. */
  #word: Message | undefined
  #lost: Message | undefined
  readonly #stop = new AbortController()
  #timer: unknown
  #release: () => void = () => undefined

  constructor(wire: Wire, subject: Subject, state: FlagState | undefined, sink: Sink, share: boolean) {
    this.#wire = wire
    this.#subject = subject
    this.#state = state
    this.#sink = sink
    if (share && wire.around.locks && wire.around.channel) void this.#join()
    else this.#connect()
  }

  /** Whether this tab talks to the relay itself. */
  get leads(): boolean {
    return this.#link !== undefined
  }

  /** Idempotent. Another tab takes over. */
  stop(): void {
    this.#stop.abort()
    this.#wire.around.clearTimeout(this.#timer)
    this.#link?.stop()
    this.#channel?.close()
    this.#release()
  }

  /** See `Link`. */
  reset(): void {
    this.#link?.reset()
  }

  get #stopped(): boolean {
    return this.#stop.signal.aborted
  }

  async #join(): Promise<void> {
    try {
      const who = digest(this.#wire.identity + JSON.stringify(await this.#wire.headers()))
      if (this.#stopped) return
      this.#name = `halyard:${who}:${this.#subject.hash}`
      this.#channel = this.#wire.around.channel?.(this.#name)
      if (this.#channel) this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#hear(data)
      this.#queue()
      this.#ask('ask')
    } catch {
      // An opaque origin has no channels, and its locks reject.
      this.#connect()
    }
  }

  #queue(options: LockOptions = { signal: this.#stop.signal }): void {
    this.#wire.around.locks
      ?.request(this.#name, options, () => {
        if (this.#stopped || this.#link) return undefined
        this.#connect()
        return new Promise<void>((resolve) => (this.#release = resolve))
      })
      .catch((error: Error) => {
        if (this.#stopped) return
        if (error.name !== 'AbortError') return this.#connect()
        // Another tab took the lock from us. Where we had taken it, too, the first request still waits in the queue.
        this.#link?.stop()
        this.#link = undefined
        if (!options.steal) this.#queue()
        this.#ask('ask')
      })
  }

  #ask(question: 'ask' | 'ping'): void {
    if (this.#link) return
    this.#say(question)
    this.#again(PATIENCE, () => {
      if (!this.#link) this.#queue({ steal: true })
    })
  }

  #again(milliseconds: number, run: () => void): void {
    const { around } = this.#wire
    around.clearTimeout(this.#timer)
    this.#timer = around.setTimeout(run, milliseconds)
  }

  #hear(message: Message): void {
    if (this.#stopped) return
    const question = message === 'ask' || message === 'ping'
    if (this.#link) {
      if (message === 'ask') for (const word of [this.#word, this.#lost]) if (word) this.#say(word)
      if (question) this.#say('here')
    } else if (!question) {
      this.#again(EVERY, () => this.#ask('ping'))
      if (message === 'here') return
      if ('down' in message) return this.#sink.down(new Error(message.down))
      this.#state = load(message.state)
      this.#sink.state(this.#state, message.behind)
    }
  }

  #connect(): void {
    if (this.#stopped || this.#link) return
    this.#wire.around.clearTimeout(this.#timer)
    this.#link = new Link(this.#wire, this.#subject, this.#state, {
      state: (state, behind) => {
        this.#state = state
        this.#lost = undefined
        this.#say((this.#word = { state: save(state), behind }))
        this.#sink.state(state, behind)
      },
      down: (reason) => {
        // Without values we go, and the others will find out for themselves when they have our place.
        if (this.#state || !(reason as Refusal).fatal) this.#say((this.#lost = { down: reason.message }))
        this.#sink.down(reason)
      },
    })
  }

  #say(message: Message): void {
    if (!this.#stopped) this.#channel?.postMessage(message)
  }
}
