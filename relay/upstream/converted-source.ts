/**
 * A source whose documents have to be turned into what the engine reads: YAML, TOML, an encrypted payload. One that cannot
 * be turned is a failed attempt like any other and stays one until other bytes arrive: a broken document that did not
 * change must not look healthy.
 */
import type { Source, SourceSink, SourceStatus, UpstreamDocument } from './source.ts'
import { UpstreamError } from './upstream-error.ts'

export class ConvertedSource implements Source {
  readonly #source: Source
  readonly #convert: (document: UpstreamDocument) => UpstreamDocument
  #broken: { readonly error: UpstreamError; readonly at: number; count: number } | undefined

  /** `convert` gives the document to deliver or throws an UpstreamError. */
  constructor(source: Source, convert: (document: UpstreamDocument) => UpstreamDocument) {
    this.#source = source
    this.#convert = convert
  }

  start(sink: SourceSink): void {
    this.#source.start({
      document: (document) => this.#deliver(document, sink),
      unchanged: (at) => {
        if (this.#broken === undefined) return sink.unchanged(at)
        this.#broken.count++
        sink.failed(this.#broken.error)
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
    const { error, at, count } = this.#broken
    const lastError = { at, message: error.message, kind: error.kind }
    return { ...status, state: 'retrying', lastError, consecutiveFailures: count }
  }

  stop(): Promise<void> {
    return this.#source.stop()
  }

  #deliver(document: UpstreamDocument, sink: SourceSink): void {
    let converted: UpstreamDocument
    try {
      converted = this.#convert(document)
    } catch (thrown) {
      if (!(thrown instanceof UpstreamError)) throw thrown
      this.#broken = { error: thrown, at: document.receivedAt, count: 1 }
      sink.failed(thrown)
      return
    }
    this.#broken = undefined
    sink.document(converted)
  }
}
