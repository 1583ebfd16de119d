/**
 * Flagsmith's real-time service tells that an environment changed, and nothing else: each notice brings the next fetch
 * forward. It stays silent about identity overrides, so polls go on beside it.
 */
import { own } from '../../engine/context.ts'
import type { UpstreamDocument } from '../../upstream/source.ts'
import type { StreamEvent } from '../../upstream/connection.ts'
import type { StreamFeed, Verdict } from '../../upstream/streamed-source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'

const VENDOR_API = 'edge.api.flagsmith.com'
const VENDOR_STREAM = 'https://realtime.flagsmith.com'
/** Times in notices and documents differ by rounding. Milliseconds. */
const ROUNDING = 2

/** Takes the notices of `GET /sse/environments/{client-side key}/stream`. */
export class FlagsmithFeed implements StreamFeed {
  readonly current: boolean = true
  /** Of the document that is held, in milliseconds since the epoch. */
  #updatedAt = 0
  #noticedAt = 0
  #clientKey: string | undefined

  /** The stream's address, which a document must have told first: it is named by the client-side key. */
  address(base: string): string | undefined {
    if (this.#clientKey === undefined) return undefined
    const { hostname, origin } = new URL(base)
    const host = hostname === VENDOR_API ? VENDOR_STREAM : origin
    return `${host}/sse/environments/${encodeURIComponent(this.#clientKey)}/stream`
  }

  /** HTTP dates have whole seconds: of two changes in one second, a conditional request cannot see the second. */
  get mustFetchWhole(): boolean {
    return (
      this.#noticedAt > this.#updatedAt + ROUNDING &&
      Math.floor(this.#noticedAt / 1_000) === Math.floor(this.#updatedAt / 1_000)
    )
  }

  opened(): Verdict {
    return 'fetch'
  }

  event({ type, data }: StreamEvent): Verdict {
    if ((type !== 'environment_updated' && type !== 'message') || data === '') return 'nothing'
    const updatedAt = own(parsed(data), 'updated_at')
    // Whatever it said, something happened.
    if (typeof updatedAt !== 'number') return 'fetch'
    // Seconds, though documentation also shows milliseconds.
    this.#noticedAt = updatedAt > 1e11 ? updatedAt : updatedAt * 1_000
    return this.#noticedAt > this.#updatedAt + ROUNDING ? 'fetch' : 'nothing'
  }

  document(): Uint8Array {
    throw new UpstreamError('internal', 'the stream brings no documents')
  }

  polled(document: UpstreamDocument): UpstreamDocument {
    const json = parsed(new TextDecoder().decode(document.bytes))
    const first: unknown = Array.isArray(json) ? json[0] : json
    const updatedAt = own(first, 'updated_at')
    const time = typeof updatedAt === 'string' ? Date.parse(updatedAt) : NaN
    if (!Number.isNaN(time)) this.#updatedAt = time
    const key = own(first, 'api_key')
    if (typeof key === 'string' && key !== '') this.#clientKey = key
    return document
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
