/**
 * Logic: numbers and texts as the Go library reads and writes them. The rules were written for that library, so `"1_0"`
 * is ten, NEL is a blank and texts are ordered by their UTF-8 bytes; JavaScript's own conversions differ in all three.
 */

const DIGITS = '\\d+(?:_\\d+)*'
const HEX = '[\\da-f]+(?:_[\\da-f]+)*'
const DECIMAL = new RegExp(`^[+-]?(?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:e[+-]?${DIGITS})?$`, 'i')
const HEXADECIMAL = new RegExp(`^([+-]?)0x(_?${HEX})?(?:\\.(${HEX})?)?p([+-]?${DIGITS})$`, 'i')
const INFINITE = /^[+-]?inf(?:inity)?$/i
const NOT_A_NUMBER = /^nan$/i

const BLANK = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'
const OUTER_BLANKS = new RegExp(`^[${BLANK}]+|[${BLANK}]+$`, 'g')

/** The number a text spells, `undefined` when it spells none. A number too large to hold gives an infinity. */
export function parseNumber(text: string): number | undefined {
  if (DECIMAL.test(text)) return Number(text.includes('_') ? text.replaceAll('_', '') : text)
  if (INFINITE.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (NOT_A_NUMBER.test(text)) return NaN
  return parseHexadecimal(text)
}

/** Whether the text is one of the spellings of infinity, as opposed to a number too large to hold. */
export function spellsInfinity(text: string): boolean {
  return INFINITE.test(text)
}

function parseHexadecimal(text: string): number | undefined {
  const found = HEXADECIMAL.exec(text)
  if (found === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = found.map((part) => part?.replaceAll('_', ''))
  const digits = `${whole}${fraction}`
  if (digits === '') return undefined
  const size = Number(BigInt(`0x${digits}`)) * 2 ** (Number(exponent) - 4 * fraction.length)
  return sign === '-' ? -size : size
}

/** Plain decimal digits without an exponent, the fewest that keep the value. */
export function printNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return Object.is(value, -0) ? '-0' : String(value)
  if (value === Infinity) return '+Inf'
  const text = String(value)
  const found = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (found === null) return value === -Infinity ? '-Inf' : text
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found
  const digits = `${whole}${fraction}`
  const point = whole.length + Number(exponent)
  return point > 0 ? `${sign}${digits.padEnd(point, '0')}` : `${sign}0.${'0'.repeat(-point)}${digits}`
}

/** Without the white space at both ends, by Go's idea of white space. */
export function trimSpace(text: string): string {
  if (isInk(text.charCodeAt(0)) && isInk(text.charCodeAt(text.length - 1))) return text
  return text.replace(OUTER_BLANKS, '')
}

/** Whether the unit is certainly no white space; NaN, as the units of an empty text are, is not. */
export function isInk(unit: number): boolean {
  return unit > 0x20 && unit < 0x80
}

/** Whether `left` comes before `right` by UTF-8 bytes, which is the order of code points and not of UTF-16 units. */
export function textLess(left: string, right: string): boolean {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) return rank(a) < rank(b)
  }
  return left.length < right.length
}

/** Surrogates stand for points above every unit behind them. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
