/**
 * Numbers that are the ones that the document spells. JSON has integers beyond 2^53; as a JavaScript number such a one
 * becomes its neighbour, and an identifier that is almost right is worse than an error.
 */
import type { Evaluation, Outcome } from '@halyard/engine'
import { failed } from './answers.ts'

/** The answer, or an error where its number is not the one that was meant. */
export function exactly({ evaluation, spec }: Outcome): Evaluation {
  const { key, value } = evaluation
  if (typeof value !== 'number' || isExact(value, spec.valueText)) return evaluation
  return failed(key, 'TYPE_MISMATCH', `${spec.valueText} is beyond what a number can hold`)
}

/** `text` is the document's spelling, where it differs from JavaScript's. */
function isExact(value: number, text: string | undefined): boolean {
  if (text === undefined || Number.isSafeInteger(value) || !/^-?\d+$/.test(text)) return true
  return Number.isFinite(value) && BigInt(text) === BigInt(value)
}
