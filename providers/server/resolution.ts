/**
 * Answers of the engine as the SDK wants them. An answer is one shared, frozen object for as long as its document lives,
 * and so is what it becomes here: after the first time, resolving a flag allocates nothing.
 */
import type { Evaluation, Metadata } from '@halyard/engine'
import { ErrorCode } from '@openfeature/server-sdk'
import type { ResolutionDetails } from '@openfeature/server-sdk'

/** What becomes of each answer; answers that are gone take it with them. */
const known = new WeakMap<Evaluation, ResolutionDetails<unknown>>()

/** `metadata` is the flag set's, which lives as long as its answers do. Never throws: errors are returned. */
export function resolutionOf<T>(evaluation: Evaluation, fallback: T, metadata: Metadata): ResolutionDetails<T> {
  // Without a value the answer is the caller's own, and callers differ.
  if (evaluation.value === undefined) return Object.freeze({ value: fallback, ...detailsOf(evaluation, metadata) })
  let details = known.get(evaluation)
  if (details === undefined) {
    details = Object.freeze({ value: evaluation.value, ...detailsOf(evaluation, metadata) })
    known.set(evaluation, details)
  }
  return details as ResolutionDetails<T>
}

function detailsOf(evaluation: Evaluation, metadata: Metadata): Omit<ResolutionDetails<unknown>, 'value'> {
  const { variant, reason, errorCode, errorDetails, metadata: own } = evaluation
  return {
    reason,
    flagMetadata: Object.freeze({ ...metadata, ...own }),
    ...(variant === undefined ? undefined : { variant }),
    ...(errorCode === undefined ? undefined : { errorCode: ErrorCode[errorCode] }),
    ...(errorDetails === undefined ? undefined : { errorMessage: errorDetails }),
  }
}
