/**
 * For servers that render pages: the flags of one context, as the browser's provider takes them over at its first
 * moment. The payload carries the context's hash, so that a page from a cache or of another user is noticed, not shown.
 */
import type { EvaluationContext } from '@openfeature/web-sdk'
import type { FlagMetadata, OfrepFlag } from '../shared/ofrep.ts'
import { contextHash } from './context.ts'
import type { SavedState } from './state.ts'

/** What a server knows of all flags: an OFREP bulk answer, or what the server provider's `evaluateAll` gives. */
export interface AllFlags {
  readonly flags: Iterable<OfrepFlag>
  readonly metadata?: FlagMetadata
  readonly revision?: string
}

/** The option `bootstrap` of the browser's provider. `now`: milliseconds since the epoch. */
export function bootstrapFor(
  context: EvaluationContext,
  all: AllFlags | Iterable<OfrepFlag>,
  now: number = Date.now(),
): SavedState {
  const { flags, metadata = {}, revision } = Symbol.iterator in all ? { flags: all } : all
  return {
    hash: contextHash(context),
    flags: [...flags],
    metadata,
    ...(revision !== undefined && { revision }),
    at: now,
  }
}

/** As a JavaScript expression that is safe inside a `<script>` element. */
export function bootstrapScript(state: SavedState): string {
  return JSON.stringify(state).replace(
    /[<\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
