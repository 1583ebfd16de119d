/**
 * Reading a large JSON document in small pieces. An outline says where the parts of a document begin and end; finding
 * that can happen elsewhere (another thread), and whoever has it parses part by part, with pauses, and ends up with
 * what one call of `JSON.parse` would have given. One such call stops everything else for as long as it takes.
 */
import { CLOSE, CLOSE_LIST, COMMA, endOfString, endOfValue, OPEN, OPEN_LIST, skipSpace } from './json-scan.ts'
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

/**
 * The outline of the value between `start` and `end`, which must be the last one of the outlined text: to be assembled from
 * the same bytes. Undefined when the outline holds it in a larger piece.
 */
export function partOf({ marks, unusual, deep }: Outline, start: number, end: number): Outline | undefined {
  // Names and values before it end before it, so no other two numbers in a row can be these.
  for (let place = 3; place + 2 < marks.length; place++) {
    if (marks[place] === start && marks[place + 1] === end) return { marks: marks.slice(place), unusual, deep }
  }
  return undefined
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
