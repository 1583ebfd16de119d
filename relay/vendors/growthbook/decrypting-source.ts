/**
 * A source whose documents arrive encrypted. One that cannot be decrypted is a failed attempt like any other: whoever
 * listens keeps the last good document, and the status tells why.
 */
import type { Source, SourceSink, SourceStatus, UpstreamDocument } from '../../upstream/source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'
import { decryptPayload } from './decryption.ts'

export class DecryptingSource implements Source {
  readonly #inner: Source
  readonly #key: Buffer
  /** What the status must tell while the newest document is unreadable. */
  #failure: { readonly at: number; readonly error: UpstreamError; count: number } | undefined

  constructor(inner: Source, key: Buffer) {
    this.#inner = inner
    this.#key = key
  }

  start(sink: SourceSink): void {
    this.#inner.start({
      document: (document) => this.#deliver(document, sink),
      unchanged: (at) => {
        if (this.#failure === undefined) return sink.unchanged(at)
        this.#failure.count += 1
        sink.failed(this.#failure.error)
      },
      failed: (error) => sink.failed(error),
    })
  }

  #deliver(document: UpstreamDocument, sink: SourceSink): void {
    let bytes: Uint8Array
    try {
      bytes = decryptPayload(document.bytes, this.#key)
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : 'the document cannot be decrypted'
      const error = new UpstreamError('body', message, { cause })
      this.#failure = { at: document.receivedAt, error, count: 1 }
      sink.failed(error)
      return
    }
    this.#failure = undefined
    sink.document({ ...document, bytes })
  }

  refresh(): void {
    this.#inner.refresh()
  }

  status(): SourceStatus {
    const status = this.#inner.status()
    if (this.#failure === undefined || status.state !== 'live') return status
    const { at, error, count } = this.#failure
    return {
      ...status,
      state: 'retrying',
      lastError: { at, message: error.message, kind: error.kind },
      consecutiveFailures: count,
    }
  }

  async stop(): Promise<void> {
    await this.#inner.stop()
  }
}
