/**
 * A look at JSON bytes before JSON.parse: how deep, how many members, how many values.
 *
 * Parsing first and measuring afterwards is too late: a megabyte of brackets or of tiny members costs far more once it
 * is objects. The scan does not check grammar; whatever it lets through is small enough for JSON.parse to judge.
 */

export interface ScanLimits {
  readonly depth: number
  readonly keys: number
  readonly values: number
}

/** `numbers`: it fits, but a number in it may not be finite once parsed. */
export type ScanVerdict = 'fits' | 'numbers' | 'depth' | 'keys' | 'values'

const QUOTE = 0x22
const COMMA = 0x2c
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const UPPER_E = 0x45
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const LOWER_E = 0x65
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
/** Fewer digits than this cannot reach Infinity without an exponent. */
const MANY_DIGITS = 300

export function scanJson(bytes: Uint8Array, limits: ScanLimits): ScanVerdict {
  let depth = 0
  let keys = 0
  let values = 1
  let digits = 0
  let unusual = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte >= ZERO && byte <= NINE) {
      if (++digits > MANY_DIGITS) unusual = true
      continue
    }
    switch (byte) {
      case QUOTE:
        at = endOfString(bytes, at + 1)
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++depth > limits.depth) return 'depth'
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--
        break
      case COLON:
        if (++keys > limits.keys) return 'keys'
        break
      case COMMA:
        if (++values > limits.values) return 'values'
        break
      case UPPER_E:
      case LOWER_E:
        if (digits > 0) unusual = true
        break
      case DOT:
        continue
    }
    digits = 0
  }
  return unusual ? 'numbers' : 'fits'
}

function endOfString(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === QUOTE) return at
    if (byte === BACKSLASH) at++
  }
  return bytes.length
}

/** Whether every number in a parsed value is finite. Iterative; the value is bounded by a scan before. */
export function allFinite(value: unknown): boolean {
  const pending: unknown[] = [value]
  while (pending.length > 0) {
    const next = pending.pop()
    if (typeof next === 'number' && !Number.isFinite(next)) return false
    if (typeof next === 'object' && next !== null) {
      for (const member of Object.values(next)) pending.push(member)
    }
  }
  return true
}
