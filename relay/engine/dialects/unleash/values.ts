/**
 * Payloads are stored as text with a type beside it. A caller who names a type gets what the vendor's OpenFeature
 * provider makes of the text; one who names none gets the payload's own type, and an error rather than a guess.
 */
import { parseEmbedded } from '../../json.ts'
import { spellNumbers } from '../../numbers.ts'
import type { Spelled } from '../../numbers.ts'
import type { ErrorCode, ValueType } from '../../outcome.ts'

export interface Payload {
  /** `string`, `csv`, `number` or `json`; others have no type for callers. */
  readonly type: string
  readonly value: string
}

/** A value, or why there is none. */
export type Converted = Spelled | { readonly errorCode: ErrorCode; readonly errorDetails: string }

/** The type that callers know a payload by. */
export const TYPES: ReadonlyMap<string, Exclude<ValueType, 'boolean'>> = new Map([
  ['string', 'string'],
  ['csv', 'string'],
  ['number', 'number'],
  ['json', 'object'],
])

/** Each payload in its own type; the numbers of one flag are spelled alike. */
export function convertAll(payloads: readonly Payload[]): ReadonlyMap<Payload, Converted> {
  const converted = payloads.map((payload) => convert(payload, TYPES.get(payload.type)))
  const spelled = converted.map((each) => ('value' in each ? each : { value: null }))
  const spellings = spellNumbers(spelled)
  return new Map(
    payloads.map((payload, index): [Payload, Converted] => {
      const each = converted[index] ?? mismatch(payload, undefined)
      const valueText = spellings[index]
      return [payload, valueText === undefined || !('value' in each) ? each : { value: each.value, valueText }]
    }),
  )
}

/** The error of a caller who asks for another type than the payload has. */
export function mismatch(payload: Payload, type: ValueType | undefined): Converted {
  const asked = type === undefined ? 'one that callers know' : JSON.stringify(type)
  const errorDetails = `the payload's type is ${JSON.stringify(payload.type)}, which is not ${asked}`
  return { errorCode: 'TYPE_MISMATCH', errorDetails }
}

function convert(payload: Payload, type: ValueType | undefined): Converted {
  const { value: text } = payload
  switch (type) {
    case 'string':
      return { value: text }
    case 'number':
      return numberOf(text)
    case 'object':
      return jsonOf(text)
    default:
      return mismatch(payload, type)
  }
}

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function numberOf(text: string): Converted {
  const value = Number(text)
  if (Number.isNaN(value)) {
    const errorDetails = `the payload ${JSON.stringify(text.slice(0, 60))} is not a number`
    return { errorCode: 'TYPE_MISMATCH', errorDetails }
  }
  // JSON has no infinity, but readers of JSON make one of a number that is too large.
  if (!Number.isFinite(value)) return { value, valueText: value > 0 ? '1e999' : '-1e999' }
  const spelled = text.trim()
  return JSON_NUMBER.test(spelled) && spelled !== JSON.stringify(value) ? { value, valueText: spelled } : { value }
}

function jsonOf(text: string): Converted {
  try {
    // The document reader forgives a byte order mark; the vendor's parser does not.
    if (text.startsWith('\ufeff')) throw new SyntaxError('begins with a byte order mark')
    const { json, spelling } = parseEmbedded(text)
    const valueText = spelling.encode({ json }, 'json')
    return valueText === JSON.stringify(json) ? { value: json } : { value: json, valueText }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { errorCode: 'PARSE_ERROR', errorDetails: `the payload cannot be read: ${message}` }
  }
}
