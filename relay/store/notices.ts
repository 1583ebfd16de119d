/**
 * Notices between replicas: that one has saved something newer, or given up its lease. A notice is a hint to look at once
 * and carries no document: Redis may lose any of them, so whoever listens also looks by itself now and then, and after
 * every reconnect. Listening needs a connection of its own, which can do nothing else.
 */
import type { Cluster, Redis } from 'ioredis'
import { connectRedis } from './redis-connection.ts'
import type { RedisLink } from './redis-link.ts'
import type { TimerHandle } from '../upstream/clock.ts'

/** What replicas tell each other about one environment. */
export type Notice =
  /** A generation was saved. */
  | { readonly kind: 'saved'; readonly epoch: number; readonly version: number; readonly sha256: string }
  /** The lease is free. */
  | { readonly kind: 'released' }
  /** A replica serves something that Redis has nothing as new as; its leader should see to it. */
  | { readonly kind: 'floor' }
  /** An operator asks the leader to take over the document that waits there. */
  | { readonly kind: 'confirm'; readonly sha256: string }
  /** Somebody knows that the vendor has news. */
  | { readonly kind: 'refresh' }

export interface NoticeCounts {
  readonly sent: number
  readonly received: number
  /** Received, and nothing to do: our own, unreadable ones, and those of documents already served. */
  readonly ignored: number
}

export interface NoticeListener {
  /** Returns whether there was something to do. */
  noticed(notice: Notice): boolean
  /** Notices may have been missed until now. */
  resumed(): void
}

export interface NoticesOptions {
  readonly link: RedisLink
  /** Tells our own notices from others'. */
  readonly replica: string
  /** How often to look whether the subscription still stands, ms. */
  readonly checkEvery: number
}

interface Channel {
  readonly name: string
  readonly listeners: Set<NoticeListener>
  subscribed: boolean
  counts: NoticeCounts
}

/** How soon a subscription that failed is tried again while Redis is there, ms. */
const RETRY_MS = 1_000
/** Longer than any notice of ours. */
const LONGEST = 1_024

/** One process's subscriptions, one channel per environment. */
export class Notices {
  readonly #options: NoticesOptions
  readonly #channels = new Map<string, Channel>()
  #subscriber: Redis | Cluster | undefined
  #sharded: boolean | undefined
  #timer: TimerHandle | undefined
  #closed = false

  constructor(options: NoticesOptions) {
    this.#options = options
  }

  /** Until the returned function is called. `resumed` is called as soon as the channel is listened to. */
  listen(environment: string, listener: NoticeListener): () => void {
    const channel = this.#channel(environment)
    channel.listeners.add(listener)
    if (channel.subscribed) listener.resumed()
    else void this.#subscribe()
    this.#schedule()
    return () => {
      channel.listeners.delete(listener)
      if (channel.listeners.size > 0) return
      this.#channels.delete(environment)
      const command = this.#sharded === true ? 'sunsubscribe' : 'unsubscribe'
      this.#subscriber?.[command](channel.name).catch(() => undefined)
    }
  }

  /** Best effort: who does not hear it looks by itself soon. Never rejects. */
  async publish(environment: string, notice: Notice): Promise<void> {
    const { link, replica } = this.#options
    const text = JSON.stringify({ replica, ...notice })
    try {
      const command = (await this.#isSharded()) ? 'SPUBLISH' : 'PUBLISH'
      await link.send(0, command, this.#nameOf(environment), text)
      const channel = this.#channels.get(environment)
      if (channel !== undefined) channel.counts = { ...channel.counts, sent: channel.counts.sent + 1 }
    } catch {
      // The link's books have it.
    }
  }

  counts(environment: string): NoticeCounts {
    return this.#channels.get(environment)?.counts ?? { sent: 0, received: 0, ignored: 0 }
  }

  close(): void {
    this.#closed = true
    this.#options.link.timers.clearTimeout(this.#timer)
    this.#subscriber?.disconnect()
  }

  #channel(environment: string): Channel {
    const known = this.#channels.get(environment)
    if (known !== undefined) return known
    const counts = { sent: 0, received: 0, ignored: 0 }
    const name = this.#nameOf(environment)
    const channel = { name, listeners: new Set<NoticeListener>(), subscribed: false, counts }
    this.#channels.set(environment, channel)
    return channel
  }

  /** A channel belongs to the whole server, whatever database its documents are in. */
  #nameOf(environment: string): string {
    const { link } = this.#options
    return link.key(environment, `notices:${link.address.database}`)
  }

  /** Whether channels belong to shards: in clusters since Redis 7; a message then goes to one node and not to all. */
  async #isSharded(): Promise<boolean> {
    const { link } = this.#options
    if (link.address.topology !== 'cluster') return false
    if (this.#sharded === undefined) {
      const reply = await link.send(0, 'COMMAND', 'INFO', 'SPUBLISH')
      this.#sharded = Array.isArray(reply) && Array.isArray(reply[0])
    }
    return this.#sharded
  }

  async #connect(): Promise<Redis | Cluster> {
    const { link } = this.#options
    const subscriber = (await this.#isSharded()) ? 'sharded' : 'plain'
    if (this.#subscriber !== undefined) return this.#subscriber
    const { address, connectTimeout, timers } = link
    const closed = (): boolean => this.#closed
    const client = connectRedis({ address, connectTimeout, random: () => timers.random(), subscriber, closed })
    this.#subscriber = client
    client.on('error', () => undefined)
    client.on('close', () => this.#lost())
    client.on('ready', () => void this.#subscribe())
    for (const event of ['message', 'smessage']) {
      client.on(event, (name: string, text: string) => this.#received(name, text))
    }
    client.connect().catch(() => undefined)
    return client
  }

  #lost(): void {
    for (const channel of this.#channels.values()) channel.subscribed = false
  }

  /** Subscribes to what is not yet subscribed to. What fails is tried again by the next check or connection. */
  async #subscribe(): Promise<void> {
    if (this.#closed) return
    try {
      const client = await this.#connect()
      if (client.status !== 'ready') return
      for (const channel of this.#channels.values()) {
        if (channel.subscribed) continue
        channel.subscribed = true
        try {
          await (this.#sharded === true ? client.ssubscribe(channel.name) : client.subscribe(channel.name))
        } catch (error) {
          channel.subscribed = false
          throw error
        }
        for (const listener of channel.listeners) listener.resumed()
      }
    } catch {
      // Redis is away, and everybody who listens finds that out by looking.
    }
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#closed) return
    const { link, checkEvery } = this.#options
    const deaf = [...this.#channels.values()].some(({ subscribed }) => !subscribed)
    const delay = deaf ? Math.min(checkEvery, RETRY_MS) : checkEvery
    this.#timer = link.timers.setTimeout(() => {
      this.#timer = undefined
      if (this.#channels.size > 0) this.#schedule()
      void this.#subscribe()
      // A connection that nobody answers on looks like one on which nobody speaks; a question tells them apart.
      const client = this.#subscriber
      if (client?.status === 'ready' && !this.#sharded) client.ping().catch(() => undefined)
    }, delay)
  }

  #received(name: string, text: string): void {
    const channel = [...this.#channels.values()].find((each) => each.name === name)
    if (channel === undefined) return
    const notice = parseNotice(text, this.#options.replica)
    let useful = false
    if (notice !== undefined) for (const listener of channel.listeners) useful = listener.noticed(notice) || useful
    const { sent, received, ignored } = channel.counts
    channel.counts = { sent, received: received + 1, ignored: ignored + (useful ? 0 : 1) }
  }
}

/** Undefined for our own and for what is no notice. */
function parseNotice(text: string, replica: string): Notice | undefined {
  if (text.length > LONGEST) return undefined
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || !('replica' in parsed) || !('kind' in parsed)) return undefined
  if (parsed.replica === replica) return undefined
  const { kind } = parsed
  if (kind === 'released' || kind === 'floor' || kind === 'refresh') return { kind }
  const sha256 = 'sha256' in parsed && typeof parsed.sha256 === 'string' ? parsed.sha256 : undefined
  if (sha256 === undefined) return undefined
  if (kind === 'confirm') return { kind, sha256 }
  const { epoch, version } = { epoch: undefined, version: undefined, ...parsed }
  if (kind !== 'saved' || typeof epoch !== 'number' || typeof version !== 'number') return undefined
  return { kind, epoch, version, sha256 }
}
