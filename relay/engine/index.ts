/**
 * @halyard/engine: compiles a vendor's flag document and answers from it, exactly as the vendor's own engine does.
 *
 * Three tiers: what applications use, what hosts of the engine (the relay, providers) use, and what tools use.
 */
import { compileWith } from './compile.ts'
import type { Compiled, CompileInput } from './compile.ts'
import { dialects } from './dialects/index.ts'
import { DocumentError } from './problem.ts'

// Applications
export interface CompileRequest extends CompileInput {
  /** A name from `dialectNames`. */
  readonly dialect: string
}

/** Names that `compile` takes. */
export const dialectNames: readonly string[] = [...dialects.keys()]

/**
 * Compiles a document. One bad flag is quarantined and listed in `problems`; a document of which nothing can be used
 * throws DocumentError, and whoever holds an older Ruleset should keep it.
 */
export function compile(request: CompileRequest): Compiled {
  const dialect = dialects.get(request.dialect)
  if (dialect === undefined) {
    throw new DocumentError('', `unknown dialect ${JSON.stringify(request.dialect)}; known: ${dialectNames.join(', ')}`)
  }
  return compileWith(dialect, request)
}
export type { Compiled } from './compile.ts'
export type { Ruleset, EvaluateOptions, Scope } from './ruleset.ts'
export type { Context, ErrorCode, Evaluation, Json, Metadata, Reason, ValueType } from './outcome.ts'
export type { Explanation, Step } from './explain.ts'

// Hosts of the engine
export { changes } from './changes.ts'
export type { Changes } from './changes.ts'
export type { Outcome } from './outcome.ts'
export { DocumentError } from './problem.ts'
export type { Problem } from './problem.ts'

// Tools
export type { Dialect } from './dialect.ts'
export type { Facts } from './inspect.ts'
export type { Plan } from './plan.ts'
