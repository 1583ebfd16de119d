/**
 * Reading a large JSON document in small pieces. An outline says where the parts of a document begin and end; finding
 * that can happen elsewhere (another thread), and whoever has it parses part by part, with pauses, and ends up with
 * what one call of `JSON.parse` would have given. One such call stops everything else for as long as it takes.
 */
import type { Json } from './outcome.ts'
import { nestsTooDeep, parseDocument, parseNumbersAsSpelled, Spelling, spellsUnusually } from './json.ts'

/** Plain data that can be handed from thread to thread. */
export interface Outline {
  /**
   * One record per value, containers before their members: where it starts, where it ends, and how many members follow
   * (`WHOLE` when it is parsed in one go). A member of an object is preceded by the start and end of its name.
   */
  readonly marks: Uint32Array<ArrayBuffer>
  /** Whether some number is spelled in a way that JavaScript would not. */
  readonly unusual: boolean
  /** Whether parts nest too deep to be read: then it is parsed in one go. */
  readonly deep: boolean
}

const WHOLE = 0xffff_ffff
/** Parsing this much takes a fraction of a millisecond. */
const PIECE_BYTES = 32_768
/** Containers nested deeper than this are parsed in one go: each level reads the text once more. */
const LEVELS = 6

const [TAB, LINE_FEED, RETURN, SPACE, QUOTE, COMMA, COLON] = [0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x3a]
const [OPEN_LIST, BACKSLASH, CLOSE_LIST, OPEN, CLOSE] = [0x5b, 0x5c, 0x5d, 0x7b, 0x7d]

/**
 * Outlines a document. The bytes must be valid JSON (`parseDocument` took `text`), else the outline is of no use.
 * Values up to `pieceBytes` are to be parsed in one go.
 */
export function outline(bytes: Uint8Array, text: string, pieceBytes: number = PIECE_BYTES): Outline {
  const marks: number[] = []
  const deep = nestsTooDeep(text)
  let start = 0
  while (bytes[start] === 0xef) start += 3
  start = skipSpace(bytes, start)
  mark(bytes, start, endOfValue(bytes, start), 0, { marks, pieceBytes: deep ? Infinity : pieceBytes })
  return { marks: Uint32Array.from(marks), unusual: spellsUnusually(text), deep }
}

interface Sheet {
  readonly marks: number[]
  readonly pieceBytes: number
}

function mark(bytes: Uint8Array, start: number, end: number, level: number, sheet: Sheet): void {
  const { marks, pieceBytes } = sheet
  const first = bytes[start]
  const place = marks.push(start, end, WHOLE) - 1
  if (end - start <= pieceBytes || level === LEVELS || (first !== OPEN && first !== OPEN_LIST)) return
  let members = 0
  let at = skipSpace(bytes, start + 1)
  while (bytes[at] !== CLOSE && bytes[at] !== CLOSE_LIST) {
    if (first === OPEN) {
      const endOfName = endOfString(bytes, at)
      marks.push(at, endOfName)
      at = skipSpace(bytes, skipSpace(bytes, endOfName) + 1)
    }
    const endOfMember = endOfValue(bytes, at)
    mark(bytes, at, endOfMember, level + 1, sheet)
    members++
    at = skipSpace(bytes, endOfMember)
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1)
  }
  marks[place] = members
}

function isSpace(byte: number | undefined): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === RETURN || byte === TAB
}

function skipSpace(bytes: Uint8Array, start: number): number {
  let at = start
  while (isSpace(bytes[at])) at++
  return at
}

function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1
  return at + 1
}

function endOfValue(bytes: Uint8Array, start: number): number {
  let depth = 0
  let at = start
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte === QUOTE) {
      at = endOfString(bytes, at)
      if (depth === 0) return at
      continue
    }
    if (byte === OPEN || byte === OPEN_LIST) depth++
    else if (byte === CLOSE || byte === CLOSE_LIST) {
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (depth === 0 && (byte === COMMA || byte === COLON || isSpace(byte))) return at
    at++
  }
  return at
}

/** Parses an outlined document, pausing after each piece. The bytes are those that were outlined. */
export function* assemble(
  bytes: Uint8Array,
  { marks, unusual, deep }: Outline,
): Generator<void, { readonly json: Json; readonly spelling: Spelling }> {
  const decoder = new TextDecoder()
  if (deep) {
    yield
    return parseDocument(decoder.decode(bytes))
  }
  const spelling = new Spelling()
  const top: Record<string, Json> = {}
  let place = 0
  const text = (): string => decoder.decode(bytes.subarray(marks[place++] ?? 0, marks[place++] ?? 0))
  yield* value(top, '')
  return { json: top[''] ?? null, spelling }

  function* value(holder: object, name: string | number): Generator<void, void> {
    const members = marks[place + 2] ?? WHOLE
    if (members === WHOLE) {
      const source = text()
      place++
      if (unusual) spelling.forget(holder, String(name))
      put(holder, name, unusual ? parseNumbersAsSpelled(source, spelling, holder, String(name)) : JSON.parse(source))
      yield
      return
    }
    const list = bytes[marks[place] ?? 0] === OPEN_LIST
    place += 3
    const container: object = list ? [] : {}
    for (let index = 0; index < members; index++) {
      yield* value(container, list ? index : (JSON.parse(text()) as string))
    }
    if (unusual) spelling.forget(holder, String(name))
    put(holder, name, container)
  }
}

/** As `JSON.parse` does it: `__proto__` is a name like any other. */
function put(holder: object, name: string | number, value: unknown): void {
  if (name === '__proto__') {
    Object.defineProperty(holder, name, { value, writable: true, enumerable: true, configurable: true })
  } else (holder as Record<string | number, unknown>)[name] = value
}
