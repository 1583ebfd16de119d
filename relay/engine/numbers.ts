/**
 * Spelling of a flag's numbers. Typed clients read `1` as an integer and `1.0` as a float; a flag with the variants
 * 0.5 and 1 would change its type with the variant served, and break the client that gets the rarer one.
 */
import type { Json } from './outcome.ts'

/** A value and its JSON text where that differs from JavaScript's, as in `OutcomeSpec`. */
export interface Spelled {
  readonly value: Json
  readonly valueText?: string
}

/**
 * The `valueText` of each value, in order; undefined where JavaScript's own spelling is right. `float`: whether
 * integral numbers get a `.0`, by default when any of the values is a number that is not integral.
 */
export function spellNumbers(
  values: readonly Spelled[],
  float: boolean = values.some(({ value }) => typeof value === 'number' && !Number.isInteger(value)),
): (string | undefined)[] {
  return values.map(({ value, valueText }) => {
    if (!float || typeof value !== 'number') return valueText
    const text = valueText ?? JSON.stringify(value)
    return /^-?\d+$/.test(text) ? `${text}.0` : valueText
  })
}
