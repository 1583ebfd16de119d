/**
 * FeatBit stores every value as text. A caller who names a type gets the text converted as the vendor's SDKs convert
 * it; a caller who names none gets what the flag's own type says, and an error rather than a guess where it lies.
 */
import { spellNumbers } from '../../numbers.ts'
import type { Spelled } from '../../numbers.ts'
import type { ErrorCode, ValueType } from '../../outcome.ts'
import { spelledJson, spelledNumber } from '../../stored-text.ts'
import type { Variation } from './document.ts'

/** What FeatBit calls a flag's type, and the type it has for callers. */
export const TYPES: ReadonlyMap<string, ValueType> = new Map([
  ['boolean', 'boolean'],
  ['string', 'string'],
  ['number', 'number'],
  ['json', 'object'],
])

/** The value for callers who name no type: a value, or why there is none. */
export type Untyped = Spelled | { readonly errorCode: ErrorCode; readonly errorDetails: string }

/** One entry for each variation, in order; numbers of one flag are spelled alike. */
export function untypedValues(variations: readonly Variation[], type: ValueType): Untyped[] {
  const values = variations.map(({ value }) => untyped(value, type))
  const spelled = values.filter((value) => 'value' in value)
  const texts = new Map(spellNumbers(spelled).map((text, index) => [spelled[index], text]))
  return values.map((entry) => {
    const valueText = texts.get(entry as Spelled)
    return valueText === undefined || !('value' in entry) ? entry : { value: entry.value, valueText }
  })
}

function untyped(text: string, type: ValueType): Untyped {
  const found = type === 'number' && /^\s*$/.test(text) ? undefined : convert(text, type)
  if (found !== undefined && (typeof found.value !== 'number' || Number.isFinite(found.value))) return found
  const errorDetails = `the stored value ${JSON.stringify(text.slice(0, 60))} is not of the flag's type, ${type}`
  return { errorCode: type === 'object' ? 'PARSE_ERROR' : 'TYPE_MISMATCH', errorDetails }
}

/** The stored text as a value of the type; undefined when it is none. */
export function convert(text: string, type: ValueType): Spelled | undefined {
  switch (type) {
    case 'string':
      return { value: text }
    case 'boolean':
      return BOOLEANS.get(text.toUpperCase())
    case 'number':
      return numberOf(text)
    case 'object':
      return jsonOf(text)
    default:
      return type satisfies never
  }
}

const BOOLEANS: ReadonlyMap<string, Spelled> = new Map([
  ['TRUE', { value: true }],
  ['FALSE', { value: false }],
])

function numberOf(text: string): Spelled | undefined {
  const value = Number(text)
  return Number.isNaN(value) ? undefined : spelledNumber(value, text)
}

function jsonOf(text: string): Spelled | undefined {
  try {
    return spelledJson(text)
  } catch {
    return undefined
  }
}
