/**
 * Python's numbers as far as Flagsmith's conditions show them: which texts are numbers, how numbers print and compare.
 * Python keeps 5 and 5.0 apart where JSON in JavaScript does not, so a number that was read from JSON and is integral
 * may be either; one that was read from a text is what its text says.
 */

/** A float, where JavaScript's number could also be meant as an integer. */
export class Float {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

/** A property's value as the engine sees it. A number is one from JSON; a bigint is an integer read from a text. */
export type Property = boolean | string | number | bigint | Float

const BLANKS = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*'
const DIGITS = '\\d(?:_?\\d)*'
const INTEGER = new RegExp(`^${BLANKS}([+-]?)(${DIGITS})${BLANKS}$`)
const FLOAT = new RegExp(
  `^${BLANKS}([+-]?)((?:(?:${DIGITS})?\\.${DIGITS}|${DIGITS}\\.?)(?:e[+-]?${DIGITS})?|inf(?:inity)?|nan)${BLANKS}$`,
  'i',
)
const NUMERIC = /^-?[0-9]+(\.[0-9]+)?$/

/** Python refuses to read longer integers. */
const MOST_DIGITS = 4_300

/** `int(text)`; undefined where that raises. */
export function integerOf(text: string): bigint | undefined {
  const found = INTEGER.exec(text)
  const digits = found?.[2]?.replaceAll('_', '')
  if (digits === undefined || digits.length > MOST_DIGITS) return undefined
  return found?.[1] === '-' ? -BigInt(digits) : BigInt(digits)
}

/** `float(text)`; undefined where that raises. */
export function floatOf(text: string): number | undefined {
  const found = FLOAT.exec(text)
  const digits = found?.[2]?.replaceAll('_', '').toLowerCase()
  if (digits === undefined) return undefined
  const size = digits.startsWith('inf') ? Infinity : Number(digits)
  return found?.[1] === '-' ? -size : size
}

/** A trait or path as a property: texts that look numeric become numbers; undefined for what counts as unset. */
export function propertyOf(value: unknown): Property | undefined {
  switch (typeof value) {
    case 'string':
      return numeric(value)
    case 'boolean':
    case 'number':
    case 'bigint':
      return value
    default:
      return undefined
  }
}

function numeric(text: string): Property {
  const last = text.charCodeAt(text.length - 1)
  if (!(last >= 0x30 && last <= 0x39)) return text
  const found = NUMERIC.exec(text)
  if (found === null) return text
  return found[1] === undefined ? (integerOf(text) ?? text) : new Float(Number(text))
}

/** `str(value)`. */
export function printed(value: Property): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (value instanceof Float) return printedFloat(value.value)
  if (typeof value === 'bigint') return String(value)
  return Number.isInteger(value) ? String(BigInt(value)) : printedFloat(value)
}

/** `repr(float)`: as JavaScript, except for `.0` and for when and how an exponent is written. */
export function printedFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Object.is(value, -0)) return '-0.0'
  const [digits = '', exponent = '0'] = value.toExponential().split('e')
  const power = Number(exponent)
  if (value !== 0 && (power < -4 || power >= 16)) {
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  }
  if (Number.isInteger(value)) return `${value}.0`
  // JavaScript writes an exponent from 1e-7 on, which is below what is left here.
  return String(value)
}

/** Negative, zero, positive, or NaN where one is not a number; exact between numbers and bigints. */
export function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1
  if (a > b) return 1
  return Number.isNaN(a) || Number.isNaN(b) ? NaN : 0
}

/** Order by code points, which is not JavaScript's beyond the basic plane. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index)
    const right = b.charCodeAt(index)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** Surrogates stand for points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
