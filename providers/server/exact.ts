/**
 * Whether a number is the one that the document spells. JSON has integers beyond 2^53; as a JavaScript number such a one
 * becomes its neighbour, and an identifier that is almost right is worse than an error.
 */

/** `text` is the document's spelling, where it differs from JavaScript's. */
export function isExact(value: number, text: string | undefined): boolean {
  if (text === undefined || Number.isSafeInteger(value) || !/^-?\d+$/.test(text)) return true
  return Number.isFinite(value) && BigInt(text) === BigInt(value)
}
