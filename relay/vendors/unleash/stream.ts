/**
 * Unleash's stream: everything at first, or what was missed since the last connection, then every change as it happens.
 * A change that cannot be read is asked for again with everything else, as the vendor's SDK does.
 */
import { own } from '../../engine/context.ts'
import { PatchedDocument } from '../../upstream/patched-document.ts'
import type { VersionedObject } from '../../upstream/patched-document.ts'
import type { StreamEvent } from '../../upstream/connection.ts'
import type { StreamFeed, Verdict } from '../../upstream/streamed-source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'

export const STREAM = '/client/streaming'

/** Half of what the vendor's SDK waits for a sign of life. Milliseconds. */
export const HEARTBEAT = 30_000

/** Applies the delta documents of `GET /api/client/streaming`. */
export class UnleashFeed implements StreamFeed {
  readonly #document: PatchedDocument
  readonly #environment: string | undefined
  #whole = false
  #current = false
  #revision = 0

  /** `token`: its environment becomes part of the document, as in polled ones. */
  constructor(token: string, maxBytes: number | undefined) {
    // One revision may change an object more than once.
    this.#document = new PatchedDocument(['features', 'segments'], maxBytes, 'later')
    this.#environment = /^[^:]*:([^.]*)\./.exec(token)?.[1]
  }

  get current(): boolean {
    return this.#current
  }

  opened(resumed: boolean): Verdict {
    this.#current = false
    if (!resumed) this.#whole = false
    return 'nothing'
  }

  event({ type, data }: StreamEvent): Verdict {
    // A hint that must be followed soon, and may be withdrawn later: like a stream that is not there.
    if (type === 'fetch-mode' && data === 'polling') {
      throw new UpstreamError('not-found', 'the server asks to be polled instead of streamed')
    }
    if (type !== 'unleash-connected' && type !== 'unleash-updated') return 'nothing'
    let changed = false
    for (const event of eventsOf(data)) changed = this.#apply(event) || changed
    if (!this.#whole) throw new UpstreamError('protocol', 'the stream began without the whole document')
    this.#current = true
    return changed ? 'changed' : 'nothing'
  }

  #apply(event: unknown): boolean {
    const revision = own(event, 'eventId')
    if (typeof revision !== 'number' || !Number.isFinite(revision)) throw unreadable()
    const took = this.#change(event, revision)
    if (took) this.#revision = Math.max(this.#revision, revision)
    return took
  }

  #change(event: unknown, version: number): boolean {
    const type = own(event, 'type')
    if (type === 'hydration') return this.#replace(event, version)
    // Changes before the whole have nothing to apply to; `event` refuses a stream that begins so.
    if (!this.#whole) return false
    if (type === 'feature-updated') return this.#document.put('features', feature(own(event, 'feature'), version))
    if (type === 'segment-updated') return this.#document.put('segments', segment(own(event, 'segment'), version))
    if (type === 'feature-removed') {
      return this.#document.remove('features', feature({ name: own(event, 'featureName') }, version).key, version)
    }
    if (type === 'segment-removed') {
      return this.#document.remove('segments', segment({ id: own(event, 'segmentId') }, version).key, version)
    }
    return false
  }

  #replace(event: unknown, version: number): boolean {
    const features = own(event, 'features')
    const segments = own(event, 'segments') ?? []
    if (!Array.isArray(features) || !Array.isArray(segments)) throw unreadable()
    this.#document.replace(
      new Map([
        ['features', features.map((each: unknown) => feature(each, version))],
        ['segments', segments.map((each: unknown) => segment(each, version))],
      ]),
    )
    this.#whole = true
    this.#revision = version
    return true
  }

  /** In the form of the polled document. */
  document(): Uint8Array {
    const head = [
      ['version', 2],
      ...(this.#environment === undefined ? [] : [['query', { environment: this.#environment }] as const]),
      ['meta', { revisionId: this.#revision }],
    ] as const
    return this.#document.toBytes('list', head)
  }
}

function feature(value: unknown, version: number): VersionedObject {
  const name = own(value, 'name')
  if (typeof name !== 'string') throw unreadable()
  return { key: name, version, value }
}

/** The number 1 and the text "1" are two segments. */
function segment(value: unknown, version: number): VersionedObject {
  const id = own(value, 'id')
  if (typeof id !== 'string' && typeof id !== 'number') throw unreadable()
  return { key: JSON.stringify(id), version, value }
}

function eventsOf(data: string): readonly unknown[] {
  let json: unknown
  try {
    json = JSON.parse(data)
  } catch (cause) {
    throw new UpstreamError('protocol', 'the stream sent an unreadable delta', { cause })
  }
  const events = own(json, 'events')
  if (!Array.isArray(events)) throw unreadable()
  return events
}

/** Never quotes what was sent. */
function unreadable(): UpstreamError {
  return new UpstreamError('protocol', 'the stream sent an unreadable delta')
}
