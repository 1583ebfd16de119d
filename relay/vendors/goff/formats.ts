/**
 * Flag files at the edge. People write them in JSON, YAML or TOML, and the engine reads JSON only: a document becomes JSON
 * as it arrives, so that store, replicas and revision know one format. What JSON cannot tell must survive the way: names
 * such as `True` or `1`, unquoted texts such as a version, and the spelling of numbers.
 */
import { parse as parseToml } from 'smol-toml'
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml'
import type { Node, ParsedNode, YAMLMap } from 'yaml'
import { UpstreamError } from '../../upstream/upstream-error.ts'

export type Format = 'json' | 'yaml' | 'toml'

export const FORMATS: readonly Format[] = ['json', 'yaml', 'toml']

/** By the ending of the path, else by the content type; undefined when neither tells. */
export function formatOf(path: string, contentType?: string): Format | undefined {
  const ending = /\.(json|ya?ml|toml)$/i.exec(path)?.[1]?.toLowerCase()
  const named = ending ?? /^[^;]*[/+.-](json|ya?ml|toml)\s*(?:;|$)/i.exec(contentType ?? '')?.[1]?.toLowerCase()
  if (named === 'yml') return 'yaml'
  return FORMATS.find((format) => format === named)
}

/** JSON bytes of a document. Throws UpstreamError `body` that says where the text is wrong. */
export function toJson(bytes: Uint8Array, format: Format): Uint8Array {
  if (format === 'json') return bytes
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return new TextEncoder().encode(format === 'yaml' ? yamlToJson(text) : tomlToJson(text))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : 'unreadable'
    throw new UpstreamError('body', `the document is not valid ${format.toUpperCase()}: ${reason}`, { cause })
  }
}

function tomlToJson(text: string): string {
  // Dates print themselves as RFC 3339.
  return JSON.stringify(parseToml(text, { integersAsBigInt: 'asNeeded' }), (_, value: unknown) =>
    typeof value === 'bigint' ? spelled(value, String(value)) : value,
  )
}

function yamlToJson(text: string): string {
  const document = parseDocument(text, { uniqueKeys: true, merge: true })
  const [error] = document.errors
  if (error !== undefined) throw error
  if (isMap(document.contents)) for (const flag of document.contents.items) prepare(flag.value, flag, false)
  return JSON.stringify(document.toJS({ maxAliasCount: 100 })) ?? 'null'
}

type Pair = YAMLMap<ParsedNode, ParsedNode | null>['items'][number]

/** Members that are texts to the vendor whatever YAML takes their unquoted form for. */
const TEXTS: ReadonlySet<string> = new Set([
  'variation',
  'query',
  'name',
  'version',
  'bucketingKey',
  'date',
  'start',
  'end',
])
/** Members that hold values of any type. */
const VALUES: ReadonlySet<string> = new Set(['variations', 'metadata'])

/** Makes keys the texts they are written as, and numbers keep their spelling. `free`: inside values of any type. */
function prepare(node: Node | null | undefined, pair: Pair | undefined, free: boolean): void {
  const name = pair === undefined ? undefined : nameOf(pair)
  if (isMap<ParsedNode, ParsedNode | null>(node)) {
    for (const member of node.items) prepare(member.value, member, free || VALUES.has(String(nameOf(member))))
  } else if (isSeq<ParsedNode>(node)) {
    for (const item of node.items) prepare(item, undefined, free)
  } else if (isScalar(node) && node.source !== undefined) {
    const { value, source } = node
    if (typeof value === 'string' || value === null) return
    if (!free && name !== undefined && TEXTS.has(name)) node.value = source
    else if (typeof value === 'number') node.value = spelled(value, source)
  }
}

function nameOf({ key }: Pair): string | undefined {
  if (isAlias(key) || !isScalar(key)) return undefined
  const name = key.source ?? String(key.value)
  key.value = name
  return name
}

const RAW = JSON as { rawJSON?: (text: string) => unknown }
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** What prints as the number was written. */
function spelled(value: number | bigint, source: string): unknown {
  return JSON_NUMBER.test(source) && RAW.rawJSON !== undefined ? RAW.rawJSON(source) : Number(value)
}
