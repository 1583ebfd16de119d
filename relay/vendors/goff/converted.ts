/**
 * A source whose documents arrive as JSON. Text that cannot be converted is a failed attempt and stays one until other
 * bytes arrive: a broken document that did not change must not look healthy.
 */
import type { Source, SourceSink, SourceStatus, UpstreamDocument } from '../../upstream/source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'

export class ConvertedSource implements Source {
  readonly #source: Source
  readonly #convert: (document: UpstreamDocument) => Uint8Array
  #broken: { readonly error: UpstreamError; readonly at: number } | undefined

  /** `convert` gives the JSON bytes of a document or throws an UpstreamError. */
  constructor(source: Source, convert: (document: UpstreamDocument) => Uint8Array) {
    this.#source = source
    this.#convert = convert
  }

  start(sink: SourceSink): void {
    this.#source.start({
      document: (document) => this.#deliver(document, sink),
      unchanged: (at) => {
        if (this.#broken === undefined) sink.unchanged(at)
        else sink.failed(this.#broken.error)
      },
      failed: (error) => sink.failed(error),
    })
  }

  refresh(): void {
    this.#source.refresh()
  }

  status(): SourceStatus {
    const status = this.#source.status()
    if (this.#broken === undefined || status.state !== 'live') return status
    const { error, at } = this.#broken
    return { ...status, state: 'retrying', lastError: { at, message: error.message, kind: error.kind } }
  }

  stop(): Promise<void> {
    return this.#source.stop()
  }

  #deliver(document: UpstreamDocument, sink: SourceSink): void {
    this.#broken = undefined
    try {
      sink.document({ ...document, bytes: this.#convert(document), contentType: 'application/json' })
    } catch (thrown) {
      if (!(thrown instanceof UpstreamError)) throw thrown
      this.#broken = { error: thrown, at: document.receivedAt }
      sink.failed(thrown)
    }
  }
}
