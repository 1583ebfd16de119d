/**
 * GrowthBook's stream: the payload when it changed, or a notice that it did. It tells nothing when it opens, so each
 * connection is followed by a fetch; and a cache in front of the API may then be older than what the stream has told.
 */
import type { UpstreamDocument } from '../../upstream/source.ts'
import type { StreamEvent } from '../../upstream/connection.ts'
import type { StreamFeed, Verdict } from '../../upstream/streamed-source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'

/** The vendor's proxy sends a sign of life this often. Milliseconds. */
export const HEARTBEAT = 30_000

/** Takes `features` and `features-updated` of `GET /sub/{clientKey}`; payloads stay as they came, encrypted or not. */
export class GrowthBookFeed implements StreamFeed {
  readonly current: boolean = true
  #payload = new Uint8Array(0)
  /** When the payload that the stream told was made; ISO text, which compares as time. */
  #dateUpdated: string | undefined

  opened(): Verdict {
    return 'fetch'
  }

  event({ type, data }: StreamEvent): Verdict {
    if (type === 'features-updated') return 'fetch'
    if (type !== 'features') return 'nothing'
    const payload = parsed(data)
    if (payload === undefined || !(Object.hasOwn(payload, 'features') || Object.hasOwn(payload, 'encryptedFeatures'))) {
      throw new UpstreamError('protocol', 'the stream sent an unreadable payload')
    }
    this.#payload = new TextEncoder().encode(data)
    this.#dateUpdated = dateOf(payload)
    return 'changed'
  }

  document(): Uint8Array {
    return this.#payload
  }

  polled(document: UpstreamDocument): UpstreamDocument | undefined {
    if (this.#dateUpdated === undefined) return document
    const date = dateOf(parsed(new TextDecoder().decode(document.bytes)))
    if (date !== undefined && date < this.#dateUpdated) return undefined
    this.#dateUpdated = undefined
    return document
  }
}

function dateOf(payload: object | undefined): string | undefined {
  const date: unknown = payload !== undefined && 'dateUpdated' in payload ? payload.dateUpdated : undefined
  return typeof date === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(date) ? date : undefined
}

function parsed(text: string): object | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined
  } catch {
    return undefined
  }
}
