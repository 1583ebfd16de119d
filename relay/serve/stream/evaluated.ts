/** One client of `/v1/stream`: the answers of one context, whole at first and then as they change. */
import type { Context } from '@halyard/engine'
import type { Outlet } from '../http-message.ts'
import type { Caller } from '../tenants.ts'
import type { Answers } from './answers.ts'
import { PromptAudience } from './audience.ts'
import { Channel } from './channel.ts'
import { isAhead } from './event-id.ts'
import type { EventId } from './event-id.ts'
import { Groups } from './groups.ts'
import type { Group } from './groups.ts'
import type { Hub } from './hub.ts'

/** What the evaluated streams of an environment share. */
export class EvaluatedStreams {
  readonly hub: Hub
  readonly groups: Groups = new Groups()
  readonly answers: Answers
  readonly audience: PromptAudience<EvaluatedChannel>

  constructor(hub: Hub, answers: Answers) {
    this.hub = hub
    this.answers = answers
    this.audience = hub.audience('evaluated', () => new PromptAudience<EvaluatedChannel>(hub.timers))
  }
}

export interface EvaluatedParts {
  readonly streams: EvaluatedStreams
  readonly outlet: Outlet
  readonly caller: Caller
  readonly context: Context
  /** The last event the client has seen. */
  readonly last: EventId | undefined
}

export class EvaluatedChannel extends Channel {
  readonly #streams: EvaluatedStreams
  readonly #context: Context
  /** What the client has been told. */
  #group: Group | undefined
  /** What the client has seen before this connection; of no use once it has begun. */
  #last: EventId | undefined
  /** What the client has seen elsewhere, while it is newer than what is served here. */
  #ahead: EventId | undefined

  constructor({ streams, outlet, caller, context, last }: EvaluatedParts) {
    super('evaluated', streams.hub.streams, outlet, caller)
    this.#streams = streams
    this.#context = context
    this.#last = last
    this.#ahead = last
    // First, so that the news that this may bring is what the stream begins with.
    streams.hub.watch()
    streams.audience.join(this)
  }

  override closed(): void {
    this.#streams.audience.leave(this)
    this.#enter(undefined)
    super.closed()
  }

  protected catchUp(): void {
    const { hub, groups, answers } = this.#streams
    const { point } = hub
    const before = this.#group
    if (point === undefined) return
    const scope = groups.scopeOf(this.caller)
    if (before?.point === point && before.scope.identity === scope.identity) return
    const after = groups.at(point, scope, this.#context)
    this.#enter(after)
    const stale = this.#isStale()
    const frame =
      before === undefined
        ? answers.whole(after, this.#context, stale)
        : answers.step(before, after, this.#context, stale)
    if (frame !== undefined) this.write(frame)
  }

  protected begin(): void {
    const last = this.#last
    this.#last = undefined
    const { hub, groups, answers } = this.#streams
    const { point } = hub
    const retry = hub.streams.retry()
    if (point === undefined) {
      this.write(retry)
      return
    }
    const scope = groups.scopeOf(this.caller)
    const after = groups.at(point, scope, this.#context)
    this.#enter(after)
    const stale = this.#isStale()
    const before = last === undefined ? undefined : this.#resumed(last, after)
    const frame =
      before === undefined
        ? answers.whole(after, this.#context, stale)
        : before === after
          ? answers.current(after, stale)
          : (answers.step(before, after, this.#context, stale) ?? answers.current(after, stale))
    if (typeof frame === 'string') {
      this.write(retry + frame)
      return
    }
    this.write(retry)
    this.write(frame)
  }

  #enter(group: Group | undefined): void {
    this.#streams.groups.move(this.#group, group)
    this.#group = group
  }

  /** What the client was told elsewhere or before, if that is still known and was about these answers. */
  #resumed(last: EventId, after: Group): Group | undefined {
    if (last.answers === '-') return undefined
    if (last.revision === after.point.revision) return last.answers === after.answers ? after : undefined
    const { hub, groups } = this.#streams
    const past = hub.history.find(last.revision)
    if (past?.snapshot === undefined) return undefined
    const group = groups.past(past, hub.timers.now(), after.scope, this.#context)
    return group.answers === last.answers ? group : undefined
  }

  #isStale(): boolean {
    const { point } = this.#streams.hub
    const { history } = this.#streams.hub
    if (this.#ahead === undefined || point === undefined) return false
    const stale = isAhead(this.#ahead, point) && !history.knows(this.#ahead.revision)
    if (!stale) this.#ahead = undefined
    return stale
  }
}
