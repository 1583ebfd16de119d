/**
 * Queries, cut into tokens. The longest token wins, a keyword wins over an attribute of the same length, and a space is a
 * token of its own, since the language is strict about them. What no token begins with is skipped with a note, as the
 * vendor's reader skips it, together with the character it stumbled over.
 */

export type TokenType =
  | 'attribute'
  | 'not'
  | 'logical'
  | 'boolean'
  | 'null'
  | 'operator'
  | 'pr'
  | 'version'
  | 'string'
  | 'float'
  | 'integer'
  | 'exponent'
  | 'space'
  | ','
  | '('
  | ')'
  | '['
  | ']'
  | '.'
  | '-'
  | 'end'

export interface Token {
  readonly type: TokenType
  readonly text: string
  /** Where it begins in the cleaned text. */
  readonly at: number
}

/** The operators of comparisons, by every spelling. */
export type Operator = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'co' | 'sw' | 'ew' | 'in'

export const OPERATORS: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ...(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'co', 'sw', 'ew', 'in'] as const).flatMap((name): [string, Operator][] => [
    [name, name],
    [name.toUpperCase(), name],
  ]),
  ['==', 'eq'],
  ['!=', 'ne'],
  ['>', 'gt'],
  ['<', 'lt'],
  ['>=', 'ge'],
  ['<=', 'le'],
])

const WORDS: ReadonlyMap<string, TokenType> = new Map<string, TokenType>([
  ['not', 'not'],
  ['NOT', 'not'],
  ['and', 'logical'],
  ['or', 'logical'],
  ['true', 'boolean'],
  ['false', 'boolean'],
  ['null', 'null'],
  ['pr', 'pr'],
])

/** In the order of precedence among tokens of one length; each is tried where the one before ended. */
const SHAPES: readonly (readonly [TokenType, RegExp])[] = [
  ['attribute', /[A-Za-z][A-Za-z0-9_:-]*/y],
  ['version', /(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?/y],
  ['string', /"(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"/y],
  ['float', /-?(?:0|[1-9]\d*)\.\d+(?:[eE][+-]?(?:0|[1-9]\d*))?/y],
  ['integer', /0|[1-9]\d*/y],
  ['exponent', /[eE][+-]?(?:0|[1-9]\d*)/y],
  ['operator', /[=!<>]=|[<>]/y],
  [',', /, */y],
  ['space', / /y],
  ['(', /\(/y],
  [')', /\)/y],
  ['[', /\[/y],
  [']', /\]/y],
  ['.', /\./y],
  ['-', /-/y],
]

const BEGUN_STRING = /"(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*(?:\\(?:u[0-9A-Fa-f]{0,3})?)?/y
const BEGUN_OPERATOR = /[=!]/y

/** The text that the vendor parses: lines without their leading spaces, in one. */
export function clean(query: string): string {
  return query
    .split(/\r?\n/)
    .map((line) => line.replace(/^ +/, ''))
    .join('')
}

/** All tokens, closed by an `end`. `skipped` is told of text that begins no token. */
export function tokensOf(text: string, skipped: (at: number, text: string) => void): Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const token = tokenAt(text, at)
    if (token !== undefined) tokens.push(token)
    const next = at + (token === undefined ? lost(text, at) : token.text.length)
    if (token === undefined) skipped(at, text.slice(at, next))
    at = next
  }
  tokens.push({ type: 'end', text: '', at: text.length })
  return tokens
}

function tokenAt(text: string, at: number): Token | undefined {
  let best: Token | undefined
  for (const [shape, pattern] of SHAPES) {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found === undefined || found.length <= (best?.text.length ?? 0)) continue
    const type = shape === 'attribute' ? (WORDS.get(found) ?? (OPERATORS.has(found) ? 'operator' : shape)) : shape
    best = { type, text: found, at }
  }
  return best
}

/** A token that was begun goes with the character that does not continue it. */
function lost(text: string, at: number): number {
  for (const begun of [BEGUN_STRING, BEGUN_OPERATOR]) {
    begun.lastIndex = at
    const found = begun.exec(text)?.[0]
    if (found !== undefined) return Math.min(found.length + 1, text.length - at)
  }
  return 1
}
