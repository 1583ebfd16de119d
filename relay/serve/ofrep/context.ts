/**
 * The evaluation context in a request body, read as tolerantly as the clients in the field need and no further: no body
 * at all is an empty context, but bytes that are too deep, too many or no JSON end here, before they become objects.
 */
import { isUtf8 } from 'node:buffer'
import type { Buffer } from 'node:buffer'
import type { Context } from '@halyard/engine'
import { allFinite, scanJson } from '../json-scan.ts'
import type { Failure } from '../failure.ts'
import type { Limits } from '../settings.ts'

export type ContextReading = { readonly context: Context } | { readonly failure: Failure }

const EMPTY: ContextReading = { context: Object.freeze({}) }
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)/i
const READABLE_CHARSETS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii'])

/** Reads `{"context": {…}}`. */
export function readContext(body: Buffer, contentType: string | undefined, limits: Limits): ContextReading {
  const charset = contentType === undefined ? undefined : CHARSET.exec(contentType)?.[1]
  if (charset !== undefined && !READABLE_CHARSETS.has(charset.toLowerCase())) {
    return wrong(415, 'PARSE_ERROR', 'the body must be UTF-8')
  }
  const bytes = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body
  if (isBlank(bytes)) return EMPTY
  if (!isUtf8(bytes)) return wrong(400, 'PARSE_ERROR', 'the body is not valid UTF-8')
  const { contextDepth, contextKeys, contextValues } = limits
  const verdict = scanJson(bytes, { depth: contextDepth + 1, keys: contextKeys + 1, values: contextValues + 1 })
  switch (verdict) {
    case 'depth':
      return wrong(400, 'INVALID_CONTEXT', `the context is nested more than ${contextDepth} deep`)
    case 'keys':
      return wrong(400, 'INVALID_CONTEXT', `the context has more than ${contextKeys} members`)
    case 'values':
      return wrong(400, 'INVALID_CONTEXT', `the context has more than ${contextValues} values`)
    default:
      return parse(bytes, verdict === 'numbers')
  }
}

function parse(bytes: Buffer, checkNumbers: boolean): ContextReading {
  let parsed: unknown
  try {
    parsed = JSON.parse(bytes.toString('utf8'))
  } catch {
    return wrong(400, 'PARSE_ERROR', 'the body is not valid JSON')
  }
  if (!isObject(parsed)) return wrong(400, 'PARSE_ERROR', 'the body must be a JSON object')
  const context = Object.hasOwn(parsed, 'context') ? parsed['context'] : undefined
  if (context === undefined || context === null) return EMPTY
  if (!isObject(context)) return wrong(400, 'INVALID_CONTEXT', 'the context must be a JSON object')
  if (checkNumbers && !allFinite(context)) {
    return wrong(400, 'INVALID_CONTEXT', 'the context contains a number beyond the range of a double')
  }
  return { context }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Indexed, since iterating a megabyte of spaces takes ten times as long. */
function isBlank(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return false
  }
  return true
}

function wrong(status: number, errorCode: string, errorDetails: string): ContextReading {
  return { failure: { status, errorCode, errorDetails } }
}
