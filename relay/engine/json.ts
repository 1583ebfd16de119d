/**
 * Reading JSON so that the spelling of numbers survives.
 *
 * Typed clients tell `1` from `1.0`, and integers beyond 2^53 lose digits in JavaScript, so a value must reach the wire
 * as the document spelled it. `JSON.parse` forgets that; its reviver knows it (`context.source`), but slows parsing
 * several times over. Hence a cheap look first: only a document that spells some number unusually pays for the reviver.
 * Runtimes without `context.source` fall back to JavaScript's own spelling.
 */
import { DocumentError } from './problem.ts'
import type { Json } from './outcome.ts'

/** Source texts of unusually spelled numbers, kept beside the document so that the document stays plain data. */
export class Spelling {
  /** Whether parts of the document were too deep to be read: `isCut` finds them. */
  cut = false
  readonly #byHolder = new WeakMap<object, Map<string, string>>()

  note(holder: object, member: string, source: string): void {
    const members = this.#byHolder.get(holder)
    if (members === undefined) this.#byHolder.set(holder, new Map([[member, source]]))
    else members.set(member, source)
  }

  /** A later member of the same name takes the place of this one. */
  forget(holder: object, member: string): void {
    this.#byHolder.get(holder)?.delete(member)
  }

  /** The number's text in the document where it differs from JavaScript's, else undefined. */
  of(holder: object, member: string | number): string | undefined {
    return this.#byHolder.get(holder)?.get(String(member))
  }

  /** JSON text of `holder[member]`, numbers at any depth spelled as in the document. */
  encode(holder: object, member: string | number): string {
    const value: unknown = Object.getOwnPropertyDescriptor(holder, String(member))?.value
    if (Array.isArray(value)) return `[${value.map((_, index) => this.encode(value, index)).join(',')}]`
    if (typeof value === 'object' && value !== null) {
      return `{${Object.keys(value)
        .map((name) => `${JSON.stringify(name)}:${this.encode(value, name)}`)
        .join(',')}}`
    }
    return this.of(holder, member) ?? JSON.stringify(value)
  }
}

/** A number that JavaScript may print otherwise: trailing zero, exponent, -0, or 16 characters and more. */
const UNUSUAL = /[:[,]\s*(?:-?\d+\.\d*0[\s,\]}]|-?\d+(?:\.\d+)?[eE]|-?[\d.]{16}|-0[\s,\]}])/

/**
 * Deeper nesting than any vendor's editor makes; walks of documents are recursive and must not overflow the stack. What
 * is deeper is cut out, so that it costs the flag that holds it and not all the others.
 */
export const MAX_DEPTH = 200
/** The one member of an object that stands for what was cut out. */
const CUT = '\0too deep'

export interface Parsed {
  readonly json: Json
  readonly spelling: Spelling
}

/** Parses a document; parts that nest deeper than MAX_DEPTH are cut. Throws DocumentError with the parser's own words. */
export function parseDocument(text: string): Parsed {
  const source = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  return parsing(() => {
    if (!nestsTooDeep(source)) return parse(source)
    // What is cut must be JSON too. Without a reviver the parser needs no stack.
    JSON.parse(source)
    const parsed = parse(cut(source))
    parsed.spelling.cut = true
    return parsed
  })
}

/**
 * Parses JSON text that is a value of a document. Throws DocumentError, also where it nests deeper than MAX_DEPTH: a rule
 * of which a part was cut would mean something else.
 */
export function parseEmbedded(text: string): Parsed {
  return parsing(() => {
    if (nestsTooDeep(text)) throw new Error(`nests deeper than ${MAX_DEPTH} levels`)
    return parse(text)
  })
}

function parsing(parse: () => Parsed): Parsed {
  try {
    return parse()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new DocumentError('', `not valid JSON: ${message}`, { cause: error })
  }
}

function parse(text: string): Parsed {
  const spelling = new Spelling()
  if (!spellsUnusually(text)) return { json: JSON.parse(text) as Json, spelling }
  const holder: { json?: Json } = {}
  holder.json = parseNumbersAsSpelled(text, spelling, holder, 'json')
  return { json: holder.json, spelling }
}

/** Whether some number of the JSON text may be spelled in a way that JavaScript would not. */
export function spellsUnusually(text: string): boolean {
  return UNUSUAL.test(text)
}

/** Parses JSON text that will be `holder[member]`, noting how numbers are spelled. Throws as `JSON.parse` does. */
export function parseNumbersAsSpelled(text: string, spelling: Spelling, holder: object, member: string): Json {
  return JSON.parse(text, function keepSpelling(this: object, name, value, context?: { source?: string }) {
    if (typeof value === 'number' && context?.source !== undefined && context.source !== String(value)) {
      spelling.note(this, name, context.source)
      // The reviver's last call is for the text as a whole, whose real holder only the caller knows.
      if (name === '' && context.source === text) spelling.note(holder, member, context.source)
    }
    return value as unknown
  }) as Json
}

/** Whether the JSON text nests deeper than MAX_DEPTH. */
export function nestsTooDeep(text: string): boolean {
  return tooDeep(text, 0) !== undefined
}

/** Whether something of this value was cut out. */
export function isCut(value: unknown): boolean {
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next !== 'object' || next === null) continue
    if (Object.hasOwn(next, CUT)) return true
    for (const member of Object.values(next)) pending.push(member)
  }
  return false
}

function cut(text: string): string {
  const parts: string[] = []
  let kept = 0
  for (let span = tooDeep(text, 0); span !== undefined; span = tooDeep(text, kept, MAX_DEPTH)) {
    parts.push(text.slice(kept, span.start), `{${JSON.stringify(CUT)}:${MAX_DEPTH}}`)
    kept = span.end
  }
  return parts.join('') + text.slice(kept)
}

/** Where the first container deeper than MAX_DEPTH begins and ends, from a place of the given depth. */
function tooDeep(
  text: string,
  from: number,
  depthThere = 0,
): { readonly start: number; readonly end: number } | undefined {
  let depth = depthThere
  let start = -1
  for (let index = from; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit === 0x22) {
      index = endOfString(text, index)
    } else if (unit === 0x7b || unit === 0x5b) {
      if (++depth === MAX_DEPTH + 1) start = index
    } else if (unit === 0x7d || unit === 0x5d) {
      if (depth-- === MAX_DEPTH + 1) return { start, end: index + 1 }
    }
  }
  return start === -1 ? undefined : { start, end: text.length }
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++
    if (slashes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return text.length
}
