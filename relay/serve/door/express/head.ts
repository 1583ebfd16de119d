/**
 * Recognising the common request: a POST or GET with a plain head, whole and unambiguous.
 *
 * The lane never guesses. Whatever a strict reading of RFC 9112 does not settle at a glance (a header twice, a body of
 * unannounced length, an upgrade, an unusual byte) is left to node:http, bytes and all, so a mistake here can only cost
 * speed. Clients that evaluate repeat themselves, so a POST's head that was read once is found again by its text.
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

export class Heads {
  readonly #known = new LRUCache<string, Head>({ max: REMEMBERED })
  readonly #limits: HeadLimits

  constructor(limits: HeadLimits) {
    this.#limits = limits
  }

  /** `text` is everything before the empty line, as Latin-1. Undefined: not for the lane. */
  read(text: string): Head | undefined {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const head = parse(text, this.#limits)
    if (head?.method === 'POST' && text.length <= REMEMBERED_LENGTH) this.#known.set(text, head)
    return head
  }
}

function parse(text: string, { bodyBytes, headerCount }: HeadLimits): Head | undefined {
  const lines = text.split('\r\n')
  const [, method, target] = REQUEST_LINE.exec(lines[0] ?? '') ?? []
  if (method === undefined || target === undefined || lines.length - 1 > headerCount) return undefined
  const headers = new Map<string, string>()
  for (let index = 1; index < lines.length; index++) {
    const field = FIELD.exec(lines[index] ?? '')
    const name = field?.[1]?.toLowerCase()
    if (name === undefined || headers.has(name) || FRAMING.has(name)) return undefined
    headers.set(name, field?.[2] ?? '')
  }
  const length = headers.get('content-length') ?? (method === 'GET' ? '0' : '')
  if (method === 'GET' && length !== '0') return undefined
  const host = headers.get('host')
  if (host === undefined || !HOST.test(host) || !LENGTH.test(length) || Number(length) > bodyBytes) return undefined
  const connection = headers.get('connection')
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined
  const question = target.indexOf('?')
  return {
    method,
    path: question < 0 ? target : target.slice(0, question),
    query: question < 0 ? '' : target.slice(question + 1),
    headers,
    length: Number(length),
  }
}
