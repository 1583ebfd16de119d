/**
 * YAML at the edge. People write flagd documents in YAML, and the engine reads JSON only: a document becomes JSON as it
 * arrives, so that everything behind (store, replicas, revision) knows one format.
 */
import { parseDocument } from 'yaml'
import type { UpstreamDocument } from '../../upstream/source.ts'
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

/** The document as JSON, whichever of the two it came as. `path` is what its ending is looked for in. */
export function toJson(document: UpstreamDocument, path: string): UpstreamDocument {
  if (!isYaml(path, document.contentType)) return document
  return { ...document, bytes: yamlToJson(document.bytes), contentType: 'application/json' }
}
