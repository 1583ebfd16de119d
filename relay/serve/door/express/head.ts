/**
 * Recognising the common request: a POST or GET with a plain head, whole and unambiguous.
 *
 * The lane never guesses. Whatever a strict reading of RFC 9112 does not settle at a glance (a header twice, a body of
 * unannounced length, an upgrade, an unusual byte) is left to node:http, bytes and all, so a mistake here can only cost
 * speed. Clients that evaluate repeat their headers whatever they ask for, so those of a POST are found again by their
 * text; with the request line in it, thousands of flags would be thousands of heads.
 */
import { LRUCache } from 'lru-cache'
import { HOST } from '../framing.ts'

export interface Head {
  readonly method: string
  readonly path: string
  readonly query: string
  /** By lower-case name; each occurs once. */
  readonly headers: ReadonlyMap<string, string>
  /** Bytes of the body that follows. */
  readonly length: number
}

export interface HeadLimits {
  readonly bodyBytes: number
  readonly headerCount: number
}

const REQUEST_LINE = /^(POST|GET) (\/[!"$-~]*) HTTP\/1\.1$/
const FIELD = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([!-~](?:[ \t!-~]*[!-~])?)?[ \t]*$/
const LENGTH = /^(?:0|[1-9]\d{0,8})$/

/** Headers that change what a message is or where it ends; node:http knows them all. */
const FRAMING: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'content-encoding',
  'expect',
  'upgrade',
  'http2-settings',
  'te',
  'trailer',
  'proxy-connection',
  'keep-alive',
])

/** Heads longer than this are read each time, so that strangers cannot fill the memory with them. */
const REMEMBERED_LENGTH = 1_024
const REMEMBERED = 4_096

interface Fields {
  readonly headers: ReadonlyMap<string, string>
  /** Content-Length in bytes; undefined when it is not there. */
  readonly length: number | undefined
}

export class Heads {
  readonly #known = new LRUCache<string, Fields>({ max: REMEMBERED })
  readonly #limits: HeadLimits

  constructor(limits: HeadLimits) {
    this.#limits = limits
  }

  /** `text` is everything before the empty line, as Latin-1. Undefined: not for the lane. */
  read(text: string): Head | undefined {
    const end = text.indexOf('\r\n')
    if (end < 0) return undefined
    const [, method, target] = REQUEST_LINE.exec(text.slice(0, end)) ?? []
    if (method === undefined || target === undefined) return undefined
    const lines = text.slice(end + 2)
    let fields = this.#known.get(lines)
    if (fields === undefined) {
      fields = readFields(lines, this.#limits)
      if (fields === undefined) return undefined
      if (method === 'POST' && text.length <= REMEMBERED_LENGTH) this.#known.set(lines, fields)
    }
    const { headers, length = method === 'GET' ? 0 : undefined } = fields
    if (length === undefined || (method === 'GET' && length !== 0)) return undefined
    const question = target.indexOf('?')
    return {
      method,
      path: question < 0 ? target : target.slice(0, question),
      query: question < 0 ? '' : target.slice(question + 1),
      headers,
      length,
    }
  }
}

function readFields(text: string, { bodyBytes, headerCount }: HeadLimits): Fields | undefined {
  const lines = text.split('\r\n')
  if (lines.length > headerCount) return undefined
  const headers = new Map<string, string>()
  for (const line of lines) {
    const field = FIELD.exec(line)
    const name = field?.[1]?.toLowerCase()
    if (name === undefined || headers.has(name) || FRAMING.has(name)) return undefined
    headers.set(name, field?.[2] ?? '')
  }
  const length = headers.get('content-length')
  if (length !== undefined && (!LENGTH.test(length) || Number(length) > bodyBytes)) return undefined
  const host = headers.get('host')
  if (host === undefined || !HOST.test(host)) return undefined
  const connection = headers.get('connection')
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined
  return { headers, length: length === undefined ? undefined : Number(length) }
}
