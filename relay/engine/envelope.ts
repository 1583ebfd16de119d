/**
 * The envelope in which a relay hands on a document: what it is, how it is read, and the document itself as its vendor
 * spelled it. Parsing the document to take it out would cost as much as compiling it and lose the spelling of numbers,
 * so it stays a slice of the bytes.
 */
import { CLOSE, COLON, COMMA, LINE_FEED, OPEN, QUOTE, RETURN, SPACE } from './json-scan.ts'
import { endOfString, endOfValue, isSpace, skipSpace } from './json-scan.ts'
import { parseEmbedded } from './json.ts'
import { DocumentError } from './problem.ts'

export interface EnvelopeHead {
  /** Of the document inside. */
  readonly dialect: string
  /** The dialect's options. */
  readonly options: Readonly<Record<string, unknown>>
  /** The revision of the Ruleset that the relay serves from. */
  readonly revision: string
  /** SHA-256 of the document as its vendor sent it, hex. */
  readonly sha256: string
  /** With `version` the order of what one relay serves. */
  readonly epoch: number
  readonly version: number
  /** When the vendor delivered it, ms since the epoch. */
  readonly receivedAt: number
  /** True when the relay is behind what it was told that its reader has seen elsewhere. */
  readonly stale?: boolean
}

export interface Envelope extends EnvelopeHead {
  /** UTF-8 JSON text; not judged, as whoever compiles it does that. */
  readonly document: Uint8Array
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/**
 * The envelope as one line of JSON. The document must be valid JSON: its line breaks become spaces, which is the same
 * JSON, as it cannot have any inside its strings.
 */
export function wrap(envelope: Envelope): Uint8Array<ArrayBuffer> {
  const { dialect, options, revision, sha256, epoch, version, receivedAt, stale, document } = envelope
  const head = JSON.stringify({ dialect, options, revision, sha256, epoch, version, receivedAt, stale })
  const opening = new TextEncoder().encode(`${head.slice(0, -1)},"document":`)
  const content = BYTE_ORDER_MARK.every((byte, index) => document[index] === byte)
    ? document.subarray(BYTE_ORDER_MARK.length)
    : document
  const bytes = new Uint8Array(opening.length + content.length + 1)
  bytes.set(opening)
  bytes.set(content, opening.length)
  for (const lineBreak of [LINE_FEED, RETURN]) {
    for (let at = bytes.indexOf(lineBreak, opening.length); at !== -1; at = bytes.indexOf(lineBreak, at)) {
      bytes[at] = SPACE
    }
  }
  bytes[bytes.length - 1] = CLOSE
  return bytes
}

/**
 * Takes an envelope apart. In the order in which relays write its members nothing of the document is looked at; in any
 * other its end is searched. Members it does not know are left alone. Throws DocumentError that names the member.
 */
export function unwrap(envelope: string | Uint8Array): Envelope {
  const bytes = typeof envelope === 'string' ? new TextEncoder().encode(envelope) : envelope
  const members = new Map<string, { readonly start: number; readonly end: number }>()
  let at = expect(bytes, skipSpace(bytes, 0), OPEN, 'must be a JSON object')
  do {
    at = skipSpace(bytes, at)
    if (bytes[at] !== QUOTE) throw new DocumentError('', 'not an envelope: a member without a name')
    const endOfName = endOfString(bytes, at)
    const name = text(bytes, { start: at, end: endOfName }, '')
    const start = skipSpace(bytes, expect(bytes, skipSpace(bytes, endOfName), COLON, 'a name without a value'))
    if (members.has(name)) throw new DocumentError(name.slice(0, 64), 'is there twice')
    const end =
      name === 'document' && HEAD.every((one) => members.has(one)) ? endOfLast(bytes) : endOfValue(bytes, start)
    members.set(name, { start, end })
    at = skipSpace(bytes, end)
  } while (bytes[at++] === COMMA)
  expect(bytes, at - 1, CLOSE, 'it does not end where its members do')
  if (skipSpace(bytes, at) !== bytes.length) throw new DocumentError('', 'not an envelope: something comes after it')
  const document = members.get('document')
  if (document === undefined || document.start >= document.end) throw new DocumentError('document', 'is missing')
  const member = (name: string): unknown => {
    const span = members.get(name)
    return span === undefined ? undefined : parsed(bytes, span, name)
  }
  return { ...headOf(member), document: bytes.subarray(document.start, document.end) }
}

/** As `unwrap`, for an envelope that was parsed already; the document is what its parser made of it. */
export function unwrapParsed(envelope: object): EnvelopeHead & { readonly document: object } {
  const member = (name: string): unknown => Object.getOwnPropertyDescriptor(envelope, name)?.value
  const document = member('document')
  if (typeof document !== 'object' || document === null) throw new DocumentError('document', 'must be an object')
  return { ...headOf(member), document }
}

const HEAD = ['dialect', 'options', 'revision', 'sha256', 'epoch', 'version', 'receivedAt']

function headOf(member: (name: string) => unknown): EnvelopeHead {
  const name = (member: string, value: unknown, form: RegExp, what: string): string => {
    if (typeof value !== 'string' || !form.test(value)) throw new DocumentError(member, wanted(value, what))
    return value
  }
  const count = (member: string, value: unknown): number => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    throw new DocumentError(member, wanted(value, 'a whole number that is not negative'))
  }
  const options = member('options')
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new DocumentError('options', wanted(options, 'an object'))
  }
  const stale = member('stale') ?? false
  if (typeof stale !== 'boolean') throw new DocumentError('stale', wanted(stale, 'true or false'))
  return {
    dialect: name('dialect', member('dialect'), /^[a-z][a-z0-9-]{0,63}$/, 'the name of a dialect'),
    options: options as Readonly<Record<string, unknown>>,
    revision: name('revision', member('revision'), /^[\w.:+-]{1,128}$/, 'a revision'),
    sha256: name('sha256', member('sha256'), /^[0-9a-f]{64}$/, '64 lower-case hex digits'),
    epoch: count('epoch', member('epoch')),
    version: count('version', member('version')),
    receivedAt: count('receivedAt', member('receivedAt')),
    ...(stale ? { stale } : {}),
  }
}

function wanted(value: unknown, what: string): string {
  return value === undefined ? 'is missing' : `must be ${what}`
}

interface Span {
  readonly start: number
  readonly end: number
}

/** Where the last member ends when everything else is known: before the brace that ends the envelope. */
function endOfLast(bytes: Uint8Array): number {
  let end = bytes.lastIndexOf(CLOSE)
  while (end > 0 && isSpace(bytes[end - 1])) end--
  return Math.max(end, 0)
}

function expect(bytes: Uint8Array, at: number, byte: number, message: string): number {
  if (bytes[at] !== byte) throw new DocumentError('', `not an envelope: ${message}`)
  return at + 1
}

function parsed(bytes: Uint8Array, span: Span, member: string): unknown {
  const source = decode(bytes, span, member)
  try {
    return parseEmbedded(source).json
  } catch (error) {
    throw new DocumentError(member, error instanceof Error ? error.message : String(error), { cause: error })
  }
}

function text(bytes: Uint8Array, span: Span, member: string): string {
  const value = parsed(bytes, span, member)
  if (typeof value !== 'string') throw new DocumentError(member, 'not an envelope: a member without a name')
  return value
}

function decode(bytes: Uint8Array, { start, end }: Span, member: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end))
  } catch (error) {
    throw new DocumentError(member, 'not valid UTF-8', { cause: error })
  }
}
