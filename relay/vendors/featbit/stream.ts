/**
 * FeatBit's WebSocket as its server SDKs use it: the whole environment when asked for, then each changed flag or segment
 * with its time. Deletions are never announced, so the whole is asked for again with every connection and every half an
 * hour; a change that arrives while the whole is on its way may be missing from it, so it is applied once more after it.
 */
import { own } from '../../engine/context.ts'
import { PatchedDocument } from '../../upstream/patched-document.ts'
import type { VersionedObject } from '../../upstream/patched-document.ts'
import type { StreamEvent } from '../../upstream/connection.ts'
import type { StreamFeed, Verdict } from '../../upstream/streamed-source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'

export const STREAM = '/streaming'

/** As often as the vendor's Node SDK. Milliseconds. */
export const PING = 18_000
/** About half an hour of pings. */
const WHOLE_EVERY = 100

const EVERYTHING = JSON.stringify({ messageType: 'data-sync', data: { timestamp: 0 } })
const ALIVE = JSON.stringify({ messageType: 'ping', data: null })

/** The collections, and the member that names an object of each. */
const NAMES: Readonly<Record<string, string>> = { featureFlags: 'key', segments: 'id' }
const COLLECTIONS = Object.keys(NAMES)

/** More than this while a whole document is on its way means that it does not come: changes, and UTF-16 units of them. */
const MOST_WAITING = 10_000
const MOST_TEXT = 64 * 1024 * 1024

type Changes = readonly (readonly [collection: string, object: VersionedObject])[]

/** What a close code says, where it is no ordinary end. */
export function refusal(code: number): UpstreamError | undefined {
  if (code === 4003) {
    const message =
      'the server refused the connection (4003): the secret is not that of a server SDK of an environment, or the ' +
      'clocks of this machine and the server are more than 30 s apart'
    return new UpstreamError('unauthorized', message)
  }
  if (code === 1011) return new UpstreamError('status', 'the server cannot look up the secret at the moment (1011)')
  return undefined
}

export class FeatBitFeed implements StreamFeed {
  readonly #document: PatchedDocument
  #current = false
  #beats = 0
  /** Changes since the whole document was last asked for; undefined once it came. */
  #waiting: Changes[] | undefined
  #waitingText = 0
  readonly #mostText: number

  constructor(maxBytes: number = MOST_TEXT) {
    this.#mostText = maxBytes
    this.#document = new PatchedDocument(COLLECTIONS, maxBytes)
  }

  get current(): boolean {
    return this.#current
  }

  /** What is said first on a connection. */
  hello(): string {
    this.#waiting = []
    this.#waitingText = 0
    return EVERYTHING
  }

  /** What is said every `PING` ms. */
  ping(): string {
    this.#beats++
    return this.#beats % WHOLE_EVERY === 0 ? this.hello() : ALIVE
  }

  opened(): Verdict {
    this.#current = false
    this.#beats = 0
    return 'nothing'
  }

  event({ data: text }: StreamEvent): Verdict {
    const message = parsed(text)
    if (String(own(message, 'messageType')).toLowerCase() !== 'data-sync') return 'nothing'
    const data = own(message, 'data')
    const kind = own(data, 'eventType')
    if (kind !== 'full' && kind !== 'patch') return 'nothing'
    const changes = COLLECTIONS.flatMap((name) => objectsOf(data, name, kind))
    return kind === 'full' ? this.#whole(changes) : this.#patch(changes, text.length)
  }

  #whole(objects: Changes): Verdict {
    const collections = COLLECTIONS.map((name) => {
      const members = objects.flatMap(([collection, object]) => (collection === name ? [object] : []))
      return [name, members] as const
    })
    this.#document.replace(new Map(collections))
    for (const changes of this.#waiting ?? []) this.#apply(changes)
    this.#waiting = undefined
    this.#current = true
    return 'changed'
  }

  #patch(changes: Changes, length: number): Verdict {
    if (this.#waiting !== undefined) {
      this.#waitingText += length
      if (this.#waiting.push(changes) > MOST_WAITING || this.#waitingText > this.#mostText) {
        throw new UpstreamError('protocol', 'the server does not send the whole document')
      }
    }
    return this.#current && this.#apply(changes) ? 'changed' : 'nothing'
  }

  #apply(changes: Changes): boolean {
    let applied = false
    for (const [collection, object] of changes) applied = this.#document.put(collection, object) || applied
    return applied
  }

  /** As polled documents are. */
  document(): Uint8Array {
    const data = new TextDecoder().decode(this.#document.toBytes('list', [['eventType', 'full']]))
    return new TextEncoder().encode(`{"messageType":"data-sync","data":${data}}`)
  }
}

/** Both lists must be there, empty or not. */
function objectsOf(data: unknown, collection: string, kind: 'full' | 'patch'): Changes {
  const list = own(data, collection)
  if (!Array.isArray(list)) throw unreadable()
  return list.map((value: unknown) => {
    const key = own(value, NAMES[collection] ?? '')
    const updatedAt = own(value, 'updatedAt')
    const version = typeof updatedAt === 'string' ? Date.parse(updatedAt) : Number.NaN
    // What a whole document holds is served as it came; one without a time yields to any change.
    if (typeof key !== 'string' || (kind === 'patch' && Number.isNaN(version))) throw unreadable()
    return [collection, { key, version: Number.isNaN(version) ? -1 : version, value }] as const
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UpstreamError('protocol', 'the server sent a message that cannot be read', { cause })
  }
}

/** Never quotes what was sent. */
function unreadable(): UpstreamError {
  return new UpstreamError('protocol', 'the server sent a message that cannot be read')
}
