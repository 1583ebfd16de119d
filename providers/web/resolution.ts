/**
 * One answer as the SDK wants it. Errors are returned, not thrown: a thrown one loses the flag's metadata, and costs more
 * than the evaluation. Types are checked here because the SDK does not.
 */
import { ErrorCode } from '@openfeature/web-sdk'
import type { JsonValue, ResolutionDetails } from '@openfeature/web-sdk'
import { mistyped } from '../shared/ofrep.ts'
import type { FlagState } from './state.ts'

export type FlagType = 'boolean' | 'string' | 'number' | 'object'

/** `problem`: why there is no state. `reason`: instead of the flag's own. */
export function resolve<T extends JsonValue>(
  state: FlagState | undefined,
  key: string,
  fallback: T,
  type: FlagType,
  reason?: string,
  problem?: string,
): ResolutionDetails<T> {
  const flag = state?.flags.get(key)
  const flagMetadata = { ...state?.metadata, ...flag?.metadata }
  const fail = (errorCode: ErrorCode, errorMessage = ''): ResolutionDetails<T> => ({
    value: fallback,
    reason: 'ERROR',
    errorCode,
    errorMessage,
    flagMetadata,
  })
  if (!state) return fail(ErrorCode.PROVIDER_NOT_READY, problem ?? 'no values for this context yet')
  if (!flag) return fail(ErrorCode.FLAG_NOT_FOUND, `no flag "${key}"`)
  const { value, variant, errorCode } = flag
  if (errorCode) {
    const known = Object.values(ErrorCode).find((code: string) => code === errorCode)
    return fail(known ?? ErrorCode.GENERAL, flag.errorDetails)
  }
  const wrong = value === undefined ? undefined : mistyped(value, type)
  if (wrong) return fail(ErrorCode.TYPE_MISMATCH, wrong)
  return {
    // Without a value the caller's is meant.
    value: value === undefined ? fallback : (value as T),
    // OFREP servers spell "none" as an empty text for clients that insist on a variant.
    ...(variant && { variant }),
    reason: reason ?? flag.reason ?? 'UNKNOWN',
    flagMetadata,
  }
}
