/** One client of `/v1/document/stream`: the document, whole, whenever there is another one. */
import type { Snapshot } from '../../environment/snapshot.ts'
import type { Outlet } from '../http-message.ts'
import { PromptAudience } from '../stream/audience.ts'
import { Channel } from '../stream/channel.ts'
import { idText, isAhead } from '../stream/event-id.ts'
import type { EventId } from '../stream/event-id.ts'
import type { Point } from '../stream/history.ts'
import type { Hub } from '../stream/hub.ts'
import { eventText } from '../stream/sse.ts'
import type { Caller } from '../tenants.ts'
import { PublishedDocument } from './published.ts'

/** What everybody who asks an environment for its document shares. */
export class Documents {
  readonly hub: Hub
  readonly audience: PromptAudience<DocumentChannel>
  #latest: PublishedDocument | undefined

  constructor(hub: Hub) {
    this.hub = hub
    this.audience = hub.audience('document', () => new PromptAudience<DocumentChannel>(hub.timers))
  }

  of(snapshot: Snapshot): PublishedDocument {
    if (this.#latest?.snapshot !== snapshot) {
      this.#latest = new PublishedDocument(snapshot, this.hub.tenant.environment.status().dialect)
    }
    return this.#latest
  }
}

export interface DocumentParts {
  readonly documents: Documents
  readonly outlet: Outlet
  readonly caller: Caller
  readonly last: EventId | undefined
}

export class DocumentChannel extends Channel {
  readonly #documents: Documents
  /** Revision the client has. */
  #told: string | undefined
  #ahead: EventId | undefined

  constructor({ documents, outlet, caller, last }: DocumentParts) {
    super('document', documents.hub.streams, outlet, caller)
    this.#documents = documents
    this.#ahead = last
    documents.audience.join(this)
  }

  override closed(): void {
    this.#documents.audience.leave(this)
    super.closed()
  }

  protected begin(): void {
    const { hub } = this.#documents
    this.write(hub.streams.retry())
    if (hub.point !== undefined && this.#ahead?.revision === hub.point.revision) {
      this.#told = hub.point.revision
      this.write(currentFrame(hub.point))
    } else this.catchUp()
  }

  protected catchUp(): void {
    const { point, history } = this.#documents.hub
    if (point?.snapshot === undefined || point.revision === this.#told) return
    this.#told = point.revision
    const stale = this.#ahead !== undefined && isAhead(this.#ahead, point) && !history.knows(this.#ahead.revision)
    if (!stale) this.#ahead = undefined
    this.write(this.#documents.of(point.snapshot).frame(stale))
  }
}

function currentFrame(point: Point): string {
  const { revision, epoch, version } = point
  return eventText('current', idText(point), JSON.stringify({ revision, epoch, version }))
}
