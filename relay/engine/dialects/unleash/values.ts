/**
 * Payloads are stored as text with a type beside it. A caller who names a type gets what the vendor's OpenFeature
 * provider makes of the text; one who names none gets the payload's own type, and an error rather than a guess.
 */
import { spellNumbers } from '../../numbers.ts'
import type { Spelled } from '../../numbers.ts'
import type { ErrorCode, ValueType } from '../../outcome.ts'
import { spelledJson, spelledNumber } from '../../stored-text.ts'

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

function numberOf(text: string): Converted {
  const value = Number(text)
  if (Number.isNaN(value)) {
    const errorDetails = `the payload ${JSON.stringify(text.slice(0, 60))} is not a number`
    return { errorCode: 'TYPE_MISMATCH', errorDetails }
  }
  return spelledNumber(value, text)
}

function jsonOf(text: string): Converted {
  try {
    return spelledJson(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { errorCode: 'PARSE_ERROR', errorDetails: `the payload cannot be read: ${message}` }
  }
}
