/**
 * FeatBit stores every value as text. A caller who names a type gets the text converted as the vendor's SDKs convert
 * it; a caller who names none gets what the flag's own type says, and an error rather than a guess where it lies.
 */
import { parseEmbedded } from '../../json.ts'
import { spellNumbers } from '../../numbers.ts'
import type { Spelled } from '../../numbers.ts'
import type { ErrorCode, ValueType } from '../../outcome.ts'
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

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function numberOf(text: string): Spelled | undefined {
  const value = Number(text)
  if (Number.isNaN(value)) return undefined
  // JSON has no infinity, but readers of JSON make one of a number that is too large.
  if (!Number.isFinite(value)) return { value, valueText: value > 0 ? '1e999' : '-1e999' }
  const spelled = text.trim()
  return JSON_NUMBER.test(spelled) && spelled !== JSON.stringify(value) ? { value, valueText: spelled } : { value }
}

function jsonOf(text: string): Spelled | undefined {
  // The document reader forgives a byte order mark; the vendor's does not.
  if (text.startsWith('\ufeff')) return undefined
  try {
    const { json, spelling } = parseEmbedded(text)
    const valueText = spelling.encode({ json }, 'json')
    return valueText === JSON.stringify(json) ? { value: json } : { value: json, valueText }
  } catch {
    return undefined
  }
}
