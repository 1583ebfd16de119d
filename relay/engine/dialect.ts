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
}
