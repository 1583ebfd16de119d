/**
 * OFREP change notices: one client of `/ofrep/v1/events` is told that something has changed and asks again by itself. The
 * notice carries the revision as `etag`, which the client hands back, so that a replica that has not got it yet can wait.
 */
import { Buffer } from 'node:buffer'
import type { Outlet } from '../http-message.ts'
import { PacedAudience } from '../stream/audience.ts'
import { Channel } from '../stream/channel.ts'
import type { Point } from '../stream/history.ts'
import type { Hub } from '../stream/hub.ts'
import { eventText } from '../stream/sse.ts'
import type { Caller } from '../tenants.ts'

/** A client without an id that connects so soon after a change may have asked before and connected after it, ms. */
const RECENT_MS = 10_000

interface Notice {
  /** Equal on every replica that is in the same state. */
  readonly id: string
  readonly frame: Buffer
}

const notices = new WeakMap<Point, Notice>()

function noticeOf(point: Point): Notice {
  const known = notices.get(point)
  if (known !== undefined) return known
  const boundaries = point.snapshot?.ruleset.facts().boundaries ?? []
  const passed = boundaries.findLast((moment) => moment <= point.at) ?? 0
  const id = `${point.revision}.${passed}`
  const lastModified = new Date(point.snapshot?.receivedAt ?? point.at).toUTCString()
  const data = JSON.stringify({ type: 'refetchEvaluation', etag: `"${point.revision}"`, lastModified })
  const notice = { id, frame: Buffer.from(eventText(undefined, id, data)) }
  notices.set(point, notice)
  return notice
}

export function noticeAudience(hub: Hub): PacedAudience<NoticeChannel> {
  const { timers, streams } = hub
  return hub.audience('events', () => new PacedAudience<NoticeChannel>(timers, streams.settings.paceMs))
}

export class NoticeChannel extends Channel {
  readonly #hub: Hub
  /** Id of the state the client knows: at first, as it says itself. */
  #told: string

  constructor(hub: Hub, outlet: Outlet, caller: Caller, lastEventId: string | undefined) {
    super('events', hub.streams, outlet, caller)
    this.#hub = hub
    this.#told = lastEventId?.trim() ?? ''
    // First, so that the news that this may bring is what the stream begins with.
    hub.watch()
    noticeAudience(hub).join(this)
  }

  override closed(): void {
    noticeAudience(this.#hub).leave(this)
    super.closed()
  }

  protected catchUp(): void {
    const { point } = this.#hub
    if (point === undefined) return
    const { id, frame } = noticeOf(point)
    if (id === this.#told) return
    this.#told = id
    this.write(frame)
  }

  /**
   * A comment, a `retry:`, and an event of a type that clients ignore, whose id they will send when they come back. Then
   * a notice if they have missed something.
   */
  protected begin(): void {
    const { point, streams, timers } = this.#hub
    let opening = `:\n\n${streams.retry()}`
    if (point !== undefined) {
      const { id, frame } = noticeOf(point)
      opening += eventText('connected', id, '{}')
      const isNew = timers.now() - point.at < RECENT_MS
      if (this.#told === '' ? isNew : this.#told !== id) opening += frame.toString()
      this.#told = id
    }
    this.write(opening)
  }
}
