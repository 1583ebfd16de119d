/**
 * What a vendor's folder under dialects/ must provide: how to read its document and what that document means.
 *
 * A dialect is two steps so that each can be tested alone: `read` (document.ts) checks the shape, `lower` (lower.ts)
 * gives it meaning. A flag that fails either step is quarantined through `Tools.flag`, never the whole document.
 */
import type { FlagPlan, Plan } from './plan.ts'
import type { Spelling } from './json.ts'

export interface Tools {
  /** Notes a finding that does not stop a flag from answering. */
  warn(problem: { readonly flag?: string; readonly path: string; readonly message: string }): void
  /**
   * Runs `build` for one flag. Whatever it throws (a FlagError with a path, or anything else) becomes a Problem and a
   * flag that answers PARSE_ERROR, so one bad flag never costs another its update.
   */
  flag(key: string, path: string, definition: unknown, build: () => FlagPlan): FlagPlan
  /** How the document spelled its numbers. */
  readonly spelling: Spelling
}

export interface Dialect<Document = unknown> {
  readonly name: string
  /** Checks the parsed JSON and the options. Throws DocumentError when nothing of it can be used. */
  read(json: unknown, options: Readonly<Record<string, unknown>>, tools: Tools): Document
  lower(document: Document, options: Readonly<Record<string, unknown>>, tools: Tools): Plan
  /** As `read` and `lower`, with pauses, where these take long over tens of thousands of flags. */
  readInSteps?(json: unknown, options: Readonly<Record<string, unknown>>, tools: Tools): Generator<void, Document>
  lowerInSteps?(document: Document, options: Readonly<Record<string, unknown>>, tools: Tools): Generator<void, Plan>
  /** Whether `lowerInSteps` looks at the flags that `tools.flag` gives, which are then built in it. Default false. */
  readonly looksAtFlags?: boolean
}

/** A document of another dialect, and all that compiling it needs. */
export interface Wrapped {
  readonly dialect: string
  readonly options: Readonly<Record<string, unknown>>
  /** SHA-256 of the document as its vendor sent it, hex. */
  readonly sha256: string
  /** As in `compile`; of bytes, a part of them. */
  readonly document: string | Uint8Array | object
}

/** A dialect whose documents hold another dialect's document and say how to read it. It gives them no meaning itself. */
export interface Wrapper {
  readonly name: string
  /** What is inside. Throws DocumentError. The inner document is judged by whoever compiles it. */
  unwrap(document: string | Uint8Array | object): Wrapped
}
