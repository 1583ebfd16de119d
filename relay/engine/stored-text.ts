/**
 * Values that vendors store as text, read so that their spelling survives: what a vendor takes for a number or for JSON is
 * its dialect's business, how that then stands in an answer is the same for all of them.
 */
import { parseEmbedded } from './json.ts'
import type { Spelled } from './numbers.ts'

const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** The number that a vendor reads in a text, spelled as the text where that is a number of JSON too. */
export function spelledNumber(value: number, text: string): Spelled {
  // JSON has no infinity, but readers of JSON make one of a number that is too large.
  if (!Number.isFinite(value)) return { value, valueText: value > 0 ? '1e999' : '-1e999' }
  const spelled = text.trim()
  return JSON_NUMBER.test(spelled) && spelled !== JSON.stringify(value) ? { value, valueText: spelled } : { value }
}

/** The JSON value in a text. Throws what `parseEmbedded` throws, and for a byte order mark, as vendors' parsers do. */
export function spelledJson(text: string): Spelled {
  if (text.startsWith('\ufeff')) throw new SyntaxError('begins with a byte order mark')
  const { json, spelling } = parseEmbedded(text)
  const valueText = spelling.encode({ json }, 'json')
  return valueText === JSON.stringify(json) ? { value: json } : { value: json, valueText }
}
