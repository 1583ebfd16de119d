/**
 * Answers of an OFREP server, read into those of the engine, so that callers cannot tell who evaluated. What a server
 * sends is checked member by member: one odd answer must be an error of one flag, not an exception in an application.
 */
import type { ErrorCode, Evaluation, Json, Metadata, Reason, ValueType } from '@halyard/engine'
import { mistyped } from '../shared/ofrep.ts'

const REASONS: ReadonlySet<string> = new Set<Reason>([
  'STATIC',
  'DEFAULT',
  'TARGETING_MATCH',
  'SPLIT',
  'CACHED',
  'DISABLED',
  'UNKNOWN',
  'STALE',
  'ERROR',
])

const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'PROVIDER_NOT_READY',
  'FLAG_NOT_FOUND',
  'PARSE_ERROR',
  'TYPE_MISMATCH',
  'TARGETING_KEY_MISSING',
  'INVALID_CONTEXT',
  'GENERAL',
])

/** An error as an answer. */
export function failed(key: string, errorCode: ErrorCode, errorDetails: string, metadata?: Metadata): Evaluation {
  return Object.freeze({
    key,
    reason: 'ERROR' as const,
    errorCode,
    errorDetails,
    ...(metadata === undefined ? undefined : { metadata }),
  })
}

/** One flag's answer as parsed from JSON, success or failure. */
export function answerOf(key: string, body: unknown, type: ValueType | undefined): Evaluation {
  const member = (name: string): unknown => (isObject(body) && Object.hasOwn(body, name) ? body[name] : undefined)
  const metadata = metadataOf(member('metadata'))
  const code = member('errorCode')
  if (code !== undefined) {
    const details = member('errorDetails')
    const known = typeof code === 'string' && CODES.has(code) ? (code as ErrorCode) : 'GENERAL'
    return failed(key, known, typeof details === 'string' ? details : known, metadata)
  }
  if (member('key') !== key) return failed(key, 'PARSE_ERROR', 'the answer is not about this flag')
  const [value, variant, reason] = [member('value'), member('variant'), member('reason')]
  const wrong = value === undefined || type === undefined ? undefined : mistyped(value, type)
  if (wrong !== undefined) return failed(key, 'TYPE_MISMATCH', wrong, metadata)
  return Object.freeze({
    key,
    ...(value === undefined ? undefined : { value: value as Json }),
    ...(typeof variant === 'string' && variant !== '' ? { variant } : undefined),
    reason: typeof reason === 'string' && REASONS.has(reason) ? (reason as Reason) : 'UNKNOWN',
    ...(metadata === undefined ? undefined : { metadata }),
  })
}

/** The flat part; undefined when there is none. */
function metadataOf(value: unknown): Metadata | undefined {
  if (!isObject(value) || Array.isArray(value)) return undefined
  const kept = Object.entries(value).filter(([, member]) => ['string', 'number', 'boolean'].includes(typeof member))
  return kept.length === 0 ? undefined : (Object.freeze(Object.fromEntries(kept)) as Metadata)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
