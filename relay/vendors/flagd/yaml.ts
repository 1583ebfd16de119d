/**
 * YAML at the edge. People write flagd documents in YAML, and the engine reads JSON only: a document becomes JSON as it
 * arrives, so that everything behind (store, replicas, revision) knows one format. Text that is no YAML is a failed
 * attempt and stays one until other bytes arrive; an unchanged broken document must not look healthy.
 */
import { parseDocument } from 'yaml'
import type { Source, SourceSink, SourceStatus, UpstreamDocument } from '../../upstream/source.ts'
import { UpstreamError } from '../../upstream/upstream-error.ts'

/** Whether a document is YAML: by the ending of its path, else by its content type. */
export function isYaml(path: string, contentType?: string): boolean {
  if (/\.ya?ml$/i.test(path)) return true
  if (/\.json$/i.test(path)) return false
  return contentType !== undefined && /^[^;]*[/+.-]ya?ml\s*(?:;|$)/i.test(contentType)
}

/** JSON bytes of a YAML text. Throws UpstreamError `body` that names line and column. */
export function yamlToJson(bytes: Uint8Array): Uint8Array {
  try {
    const document = parseDocument(new TextDecoder('utf-8', { fatal: true }).decode(bytes), { uniqueKeys: true })
    const [error] = document.errors
    if (error !== undefined) throw error
    return new TextEncoder().encode(JSON.stringify(document.toJS({ maxAliasCount: 100 })) ?? 'null')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : 'unreadable'
    throw new UpstreamError('body', `the document is not valid YAML: ${reason}`, { cause })
  }
}

/** A source whose YAML documents arrive as JSON. `path` of an origin is what its ending is looked for in. */
export class JsonSource implements Source {
  readonly #source: Source
  readonly #path: string
  #broken: { readonly error: UpstreamError; readonly at: number } | undefined

  constructor(source: Source, path: string) {
    this.#source = source
    this.#path = path
  }

  start(sink: SourceSink): void {
    this.#source.start({
      document: (document) => this.#convert(document, sink),
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

  #convert(document: UpstreamDocument, sink: SourceSink): void {
    this.#broken = undefined
    if (!isYaml(this.#path, document.contentType)) return sink.document(document)
    try {
      sink.document({ ...document, bytes: yamlToJson(document.bytes), contentType: 'application/json' })
    } catch (thrown) {
      if (!(thrown instanceof UpstreamError)) throw thrown
      this.#broken = { error: thrown, at: document.receivedAt }
      sink.failed(thrown)
    }
  }
}
