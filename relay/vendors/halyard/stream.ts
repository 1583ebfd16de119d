/**
 * The document stream of another relay. It tells of what its relay serves, which behind a balancer may be another replica
 * after each reconnect: one that is behind says so (`stale`), and is waited for rather than followed back in time.
 */
import { DocumentError, unwrap } from '@halyard/engine'
import type { EnvelopeHead } from '@halyard/engine'
import type { UpstreamDocument } from '../../upstream/source.ts'
import type { StreamEvent } from '../../upstream/connection.ts'
import type { StreamFeed, Verdict } from '../../upstream/streamed-source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'

/** Relays send a comment every 25 s at least and are dead after 60 s of silence. Milliseconds. */
export const HEARTBEAT = 24_000

export class HalyardFeed implements StreamFeed {
  #current = false
  #envelope = new Uint8Array(0)
  /** Of the newest envelope that was taken over, from stream or poll. */
  #known: EnvelopeHead | undefined

  get current(): boolean {
    return this.#current
  }

  opened(): Verdict {
    this.#current = false
    return 'nothing'
  }

  event({ type, data }: StreamEvent): Verdict {
    if (type === 'document') return this.#document(data)
    if (type === 'current') this.#confirmed(data)
    return 'nothing'
  }

  #document(data: string): Verdict {
    const envelope = new TextEncoder().encode(data)
    const head = headOf(envelope)
    if (head.stale === true && isOlder(head, this.#known)) return 'nothing'
    const same = sameContent(this.#known, head)
    this.#known = head
    this.#current = true
    if (same) return 'nothing'
    this.#envelope = envelope
    return 'changed'
  }

  #confirmed(data: string): void {
    const { revision, stale } = confirmationOf(data)
    if (stale === true) return
    // Resuming against another document than ours means that an event was missed.
    if (this.#known === undefined || revision !== this.#known.revision) {
      throw new UpstreamError('protocol', 'the stream resumed at a document that was not received')
    }
    this.#current = true
  }

  document(): Uint8Array {
    return this.#envelope
  }

  polled(document: UpstreamDocument): UpstreamDocument | undefined {
    let head: EnvelopeHead
    try {
      head = unwrap(document.bytes)
    } catch {
      // Reported by whoever makes something of it.
      return document
    }
    if (isOlder(head, this.#known)) return undefined
    this.#known = head
    return document
  }
}

/** By the relay's order, unless that began anew: then what it received later is newer. */
function isOlder(head: EnvelopeHead, known: EnvelopeHead | undefined): boolean {
  if (known === undefined || head.receivedAt > known.receivedAt) return false
  return head.epoch < known.epoch || (head.epoch === known.epoch && head.version < known.version)
}

function sameContent(known: EnvelopeHead | undefined, head: EnvelopeHead): boolean {
  return known?.revision === head.revision && known.sha256 === head.sha256
}

function headOf(envelope: Uint8Array): EnvelopeHead {
  try {
    return unwrap(envelope)
  } catch (cause) {
    const message = cause instanceof DocumentError ? cause.message : 'not readable'
    throw new UpstreamError('protocol', `the stream sent an unreadable envelope: ${message}`, { cause })
  }
}

function confirmationOf(data: string): { readonly revision?: unknown; readonly stale?: unknown } {
  try {
    const json: unknown = JSON.parse(data)
    if (typeof json === 'object' && json !== null) return json
  } catch {
    // Said below, without quoting what was sent.
  }
  throw new UpstreamError('protocol', 'the stream sent an unreadable confirmation')
}
