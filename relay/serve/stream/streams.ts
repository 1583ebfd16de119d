/**
 * All open streams of a process: admission, one sweep a second for all of them (heartbeats, slow clients, age, keys that
 * have expired), and the goodbye. A timer for each of ten thousand idle clients would cost more than the clients.
 */
import type { Timers } from '../clock.ts'
import type { HttpReply, Outlet } from '../http-message.ts'
import type { Observer } from '../observer.ts'
import { failure } from '../replies.ts'
import type { Caller } from '../tenants.ts'
import type { Channel, Keeper, StreamKind } from './channel.ts'
import { Scratch } from './scratch.ts'
import type { StreamSettings } from './settings.ts'
import { HEARTBEAT, retryText, STREAM_HEADERS } from './sse.ts'

const SWEEP_MS = 1_000
/** In how many portions streams are ended. */
const PORTIONS = 50
/** Seconds; drawn between this and twice this. */
const BUSY_RETRY = 5

export interface StreamsParts {
  readonly settings: StreamSettings
  readonly timers: Timers
  readonly observer: Observer
}

export class Streams implements Keeper {
  readonly settings: StreamSettings
  readonly timers: Timers
  readonly observer: Observer
  readonly scratch: Scratch = new Scratch()
  readonly #channels = new Set<Channel>()
  readonly #byKey = new Map<string, number>()
  readonly #startedAt: number
  readonly #beats: number
  #sweeping: object | undefined
  /** The second of the last sweep. */
  #sweptAt = 0
  #draining: Promise<void> | undefined

  constructor({ settings, timers, observer }: StreamsParts) {
    this.settings = settings
    this.timers = timers
    this.observer = observer
    this.#startedAt = timers.monotonic()
    observer.streams.streamsBehind(() => this.behind)
    this.#beats = Math.max(1, Math.floor(settings.heartbeatMs / SWEEP_MS))
  }

  get pendingBytes(): number {
    return this.settings.pendingBytes
  }

  get size(): number {
    return this.#channels.size
  }

  /** Channels whose client has yet to take something before it can be told the newest. */
  get behind(): number {
    let count = 0
    for (const channel of this.#channels) if (channel.behind) count++
    return count
  }

  /** Every open stream of an environment. */
  *of(environment: string): Iterable<Channel> {
    for (const channel of this.#channels) if (channel.caller.tenant.name === environment) yield channel
  }

  /** A reply that stays open; 429 when the caller's key has enough of them. */
  open(caller: Caller, kind: StreamKind, make: (outlet: Outlet) => Channel): HttpReply {
    if ((this.#byKey.get(keyOf(caller)) ?? 0) >= this.settings.perKey) {
      this.observer.streams.streamRefused(caller.tenant.name, kind)
      const retryAfter = BUSY_RETRY * (1 + this.timers.random())
      const errorDetails = `this key has ${this.settings.perKey} open streams, which is as many as it may have`
      return failure({ status: 429, errorCode: 'GENERAL', errorDetails, retryAfter })
    }
    return {
      status: 200,
      headers: STREAM_HEADERS,
      stream: (outlet) => {
        const channel = make(outlet)
        this.#joined(channel)
        channel.open()
        return channel
      },
    }
  }

  /** A `retry:` for one connection, so that clients that were cut off together do not come back together. */
  retry(): string {
    const [least, most] = this.settings.retryMs
    return retryText(least + (most - least) * this.timers.random())
  }

  left(channel: Channel): void {
    if (!this.#channels.delete(channel)) return
    const key = keyOf(channel.caller)
    const count = (this.#byKey.get(key) ?? 1) - 1
    if (count > 0) this.#byKey.set(key, count)
    else this.#byKey.delete(key)
    this.observer.streams.streamClosed(channel.caller.tenant.name, channel.kind, channel.end)
    if (this.#channels.size > 0) return
    this.timers.clearTimeout(this.#sweeping)
    this.#sweeping = undefined
  }

  failed(channel: Channel, error: unknown): void {
    this.observer.failed(error)
    channel.cut('failed')
  }

  /** Ends all streams spread over the window, with a last `retry:`, and those that are opened meanwhile by its end. */
  drain(windowMs: number): Promise<void> {
    this.#draining ??= new Promise((resolve) => {
      const startedAt = this.timers.monotonic()
      const total = (): number => this.#channels.size
      const turn = (): void => {
        const left = windowMs - (this.timers.monotonic() - startedAt)
        const turns = Math.max(1, Math.ceil((left / windowMs) * PORTIONS))
        let due = left <= 0 || windowMs === 0 ? total() : Math.ceil(total() / turns)
        for (const channel of this.#channels) {
          if (channel.end !== 'client') continue
          if (due-- <= 0) break
          channel.finish('drained', this.retry())
        }
        if (left <= 0 || windowMs === 0) resolve()
        else this.timers.setTimeout(turn, Math.min(left, windowMs / PORTIONS))
      }
      turn()
    })
    return this.#draining
  }

  #joined(channel: Channel): void {
    const { maxAgeMs } = this.settings
    const age = maxAgeMs * (0.5 + 0.5 * this.timers.random())
    // Browsers' clients of change notices tell their application of every reconnect, some of them never to take it back.
    channel.endsAt = channel.kind === 'events' ? Infinity : this.#second() + Math.max(1, Math.round(age / 1_000))
    channel.beat = Math.floor(this.timers.random() * this.#beats)
    this.#channels.add(channel)
    const key = keyOf(channel.caller)
    this.#byKey.set(key, (this.#byKey.get(key) ?? 0) + 1)
    this.observer.streams.streamOpened(channel.caller.tenant.name, channel.kind)
    if (this.#sweeping !== undefined) return
    this.#sweptAt = this.#second()
    this.#sweeping = this.timers.setTimeout(() => this.#sweep(), SWEEP_MS)
  }

  #sweep(): void {
    const second = this.#second()
    // A busy process is late, and every timer a little: seconds that were left out are made up for.
    const passed = second - this.#sweptAt
    this.#sweptAt = second
    const now = this.timers.now()
    for (const channel of this.#channels) {
      if (this.#stuck(channel, second)) channel.cut('slow')
      else if (channel.end !== 'client') continue
      else if (now >= (channel.caller.grant?.expiresAt ?? Infinity)) channel.finish('revoked')
      else if (second >= channel.endsAt) channel.finish('aged', this.retry())
      else if ((second + this.#beats - channel.beat) % this.#beats < passed) channel.heartbeat(HEARTBEAT)
    }
    this.#sweeping = this.#channels.size === 0 ? undefined : this.timers.setTimeout(() => this.#sweep(), SWEEP_MS)
  }

  /** Whether its client has taken nothing of what is pending for too long. */
  #stuck(channel: Channel, second: number): boolean {
    const { pending } = channel.outlet
    if (pending === 0) {
      channel.stuckSince = 0
      return false
    }
    if (channel.stuckSince === 0 || pending !== channel.seen) {
      channel.seen = pending
      channel.stuckSince = second
      return false
    }
    return (second - channel.stuckSince) * 1_000 >= this.settings.slowAfterMs
  }

  /** At least 1, as 0 stands for never. */
  #second(): number {
    return 1 + Math.floor((this.timers.monotonic() - this.#startedAt) / SWEEP_MS)
  }
}

/** What a caller's streams are counted under: its key, or its environment's openness. */
function keyOf({ grant, tenant }: Caller): string {
  return grant === undefined ? `open ${tenant.name}` : grant.digest
}
