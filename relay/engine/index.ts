/**
 * @halyard/engine: compiles a vendor's flag document and answers from it, exactly as the vendor's own engine does.
 *
 * Three tiers: what applications use, what hosts of the engine (the relay, providers) use, and what tools use.
 */
import { compileWith } from './compile.ts'
import type { Compiled, CompileInput } from './compile.ts'
import { compileStepsWith } from './compile-in-steps.ts'
import type { StepsInput } from './compile-in-steps.ts'
import { dialects, wrappers } from './dialects/index.ts'
import { innermost, innermostInSteps } from './wrapped.ts'

// Applications
export interface CompileRequest extends CompileInput {
  /** A name from `dialectNames`. */
  readonly dialect: string
}

/** Names that `compile` takes. */
export const dialectNames: readonly string[] = [...dialects.keys(), ...wrappers.keys()]

/**
 * Compiles a document. One bad flag is quarantined and listed in `problems`; a document of which nothing can be used
 * throws DocumentError, and whoever holds an older Ruleset should keep it.
 */
export function compile(request: CompileRequest): Compiled {
  const { dialect, input } = innermost(request)
  return compileWith(dialect, input)
}

/** As `compile`, in steps between which the caller may pause; `survey` prepares it, in another thread if need be. */
export function* compileInSteps(request: StepsInput & { readonly dialect: string }): Generator<void, Compiled> {
  const { dialect, input } = innermostInSteps(request)
  return 'outline' in input ? yield* compileStepsWith(dialect, input) : compileWith(dialect, input)
}
export type { Compiled } from './compile.ts'
export type { Ruleset, EvaluateOptions, Scope } from './ruleset.ts'
export type { Context, ErrorCode, Evaluation, Json, Metadata, Reason, ValueType } from './outcome.ts'
export type { Explanation, Step } from './explain.ts'

// Hosts of the engine
export { survey } from './compile-in-steps.ts'
export type { StepsInput } from './compile-in-steps.ts'
export type { Outline } from './outline.ts'
export { changes, changesInSteps } from './changes.ts'
export type { Changes } from './changes.ts'
export type { Outcome } from './outcome.ts'
export { DocumentError } from './problem.ts'
export { unwrap } from './envelope.ts'
export type { Envelope, EnvelopeHead } from './envelope.ts'
export { rewrap as wrap } from './wrapped.ts'
export type { Problem } from './problem.ts'

// Tools
export type { Dialect } from './dialect.ts'
export type { Facts } from './inspect.ts'
export type { Plan } from './plan.ts'
