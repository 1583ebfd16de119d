/**
 * Flagsmith stores texts, integers, booleans and nothing; floats and objects are texts. A caller who names a type gets
 * the value converted as the vendor's OpenFeature provider converts it; a caller who names none gets it as stored.
 */
import type { Spelled } from '../../numbers.ts'
import type { ValueType } from '../../outcome.ts'
import { spelledJson, spelledNumber } from '../../stored-text.ts'
import type { Stored } from './model.ts'

/** A stored value as the type; undefined when it is none of that type. */
export function convert({ value, valueText }: Stored, type: ValueType): Spelled | undefined {
  if (value === null) return undefined
  switch (type) {
    case 'string':
      return { value: typeof value === 'string' ? value : (valueText ?? String(value)) }
    case 'boolean':
      return booleanOf(value)
    case 'number':
      return typeof value === 'number' ? { value, ...(valueText === undefined ? {} : { valueText }) } : numberOf(value)
    case 'object':
      return typeof value === 'string' ? objectOf(value) : undefined
    default:
      return type satisfies never
  }
}

/** An object or a list written as JSON; undefined for every other text. */
export function objectOf(text: string): Spelled | undefined {
  if (!/^[\t\n\r ]*[[{]/.test(text)) return undefined
  try {
    return spelledJson(text)
  } catch {
    return undefined
  }
}

const BOOLEANS: ReadonlyMap<unknown, Spelled> = new Map<unknown, Spelled>([
  ['true', { value: true }],
  ['false', { value: false }],
  [1, { value: true }],
  [0, { value: false }],
])

function booleanOf(value: boolean | number | string): Spelled | undefined {
  if (typeof value === 'boolean') return { value }
  return BOOLEANS.get(typeof value === 'string' ? value.toLowerCase() : value)
}

/** The number that a text begins with. */
function numberOf(value: boolean | string): Spelled | undefined {
  const number = typeof value === 'string' ? Number.parseFloat(value) : NaN
  return Number.isFinite(number) ? spelledNumber(number, String(value)) : undefined
}
