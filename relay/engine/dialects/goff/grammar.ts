/**
 * The query language's grammar, mistakes included. The vendor's parser is generated and forgives: it drops or imagines
 * single tokens and reads no further than the longest beginning it understands. Queries in the field rest on that
 * (`not x eq 1` is no query by the book), so the same repairs happen here, and each leaves a note for a warning.
 *
 *     query   = [not] [space] "(" [space] query [space] ")" | path space "pr" | path space operator space value
 *             | query space ("and" | "or") space query
 */
import { OPERATORS, tokensOf } from './tokens.ts'
import type { Token, TokenType } from './tokens.ts'
import type { Link, Literal, Path, Query } from './query.ts'

/** Parentheses inside parentheses, and comparisons in one query; the vendor's own guards. */
const MAX_NESTING = 64
const MAX_CONDITIONS = 1_000

/** What was repaired or left unread. `at` counts characters from 0. */
export interface Note {
  readonly at: number
  readonly message: string
}

type Types = ReadonlySet<TokenType>
const QUERY: Types = new Set(['not', 'space', '(', 'attribute'])
const VALUE: Types = new Set(['boolean', 'null', 'version', 'string', 'float', '-', 'integer', '['])
const IN_PARENTHESES: Types = new Set(['space', ')'])
const SPACE: Types = new Set(['space'])

/** Ends the rule that is being read; what it has so far remains. */
class Mismatch extends Error {}
/** Ends everything. */
class TooLarge extends Error {}

/** Parses a cleaned text that is not empty. Throws when it is too large. */
export function parseQuery(text: string): { readonly query: Query; readonly notes: readonly Note[] } {
  const notes: Note[] = []
  const tokens = tokensOf(text, (at, lost) => notes.push({ at, message: `${JSON.stringify(lost)} means nothing` }))
  const parser = new Parser(tokens, notes)
  const query = parser.query(true, new Set(['end']), new Set())
  parser.finish(text)
  return { query, notes: notes.sort((a, b) => a.at - b.at) }
}

class Parser {
  readonly #tokens: readonly Token[]
  readonly #notes: Note[]
  readonly #unreadable: Query
  #index = 0
  /** After a mistake, until the next token that fits; meanwhile nothing more is dropped. */
  #recovering = false
  #nesting = 0
  #conditions = 0

  /** `notes`: what the reader of tokens found, to be continued. */
  constructor(tokens: readonly Token[], notes: Note[]) {
    this.#tokens = tokens
    this.#notes = notes
    this.#unreadable = { kind: 'unreadable', garbled: notes.length > 0 }
  }

  /** `after`: what may follow here; `resume`: where reading goes on after a mistake. */
  query(chained: boolean, after: Types, resume: Types): Query {
    let query: Query = this.#unreadable
    try {
      this.#sync(QUERY)
      if (this.#next().type === 'attribute') query = this.#condition(resume)
      else this.#parentheses(after, resume, (read) => (query = read))
      if (chained) this.#chain(query, after, resume, (read) => (query = read))
    } catch (thrown) {
      this.#recover(thrown, resume)
    }
    return query
  }

  finish(text: string): void {
    const { type, at } = this.#next()
    const rest = text.slice(at)
    if (type === 'end' || rest.trim() === '') return
    this.#note(`${JSON.stringify(rest)} is ignored`)
  }

  #parentheses(after: Types, resume: Types, read: (query: Query) => void): void {
    if (!QUERY.has(this.#next().type)) throw new Mismatch()
    if (++this.#nesting > MAX_NESTING) throw new TooLarge(`nests deeper than ${MAX_NESTING} parentheses`)
    const negated = this.#next().type === 'not'
    if (negated) this.#match('not', QUERY)
    this.#sync(new Set(['space', '(']))
    if (this.#next().type === 'space') this.#match('space', QUERY)
    this.#match('(', QUERY)
    this.#sync(QUERY)
    if (this.#next().type === 'space') this.#match('space', QUERY)
    const inner = this.query(true, IN_PARENTHESES, new Set([...resume, ...IN_PARENTHESES]))
    this.#nesting--
    read(negated ? { kind: 'not', of: inner } : inner)
    this.#sync(IN_PARENTHESES)
    if (this.#next().type === 'space') this.#match('space', IN_PARENTHESES)
    this.#match(')', new Set([...after, 'space']))
  }

  #chain(first: Query, after: Types, resume: Types, read: (query: Query) => void): void {
    const rest: Link[] = []
    while (this.#next().type === 'space' && this.#next(1).type === 'logical') {
      this.#match('space', SPACE)
      const by = this.#next().text === 'or' ? 'or' : 'and'
      this.#match('logical', SPACE)
      rest.push({ by, query: this.#unreadable })
      read({ kind: 'chain', first, rest })
      this.#match('space', QUERY)
      const query = this.query(false, new Set([...after, 'space']), new Set([...resume, 'space']))
      rest[rest.length - 1] = { by, query }
    }
  }

  #condition(resume: Types): Query {
    if (++this.#conditions > MAX_CONDITIONS) throw new TooLarge(`has more than ${MAX_CONDITIONS} conditions`)
    const path = this.#path()
    const operator = OPERATORS.get(this.#next().text)
    this.#index++
    if (operator === undefined) return { kind: 'present', path }
    this.#match('space', VALUE)
    return { kind: 'compare', path, operator, literal: this.#literal(new Set([...resume, 'space'])) }
  }

  /** A path and its space; whether a condition begins here is decided up to its operator. */
  #path(): Path {
    const path = [this.#next().text]
    let ahead = 1
    while (this.#next(ahead).type === '.' && this.#next(ahead + 1).type === 'attribute') {
      path.push(this.#next(ahead + 1).text)
      ahead += 2
    }
    const operator = this.#next(ahead + 1).type
    if (this.#next(ahead).type !== 'space' || (operator !== 'operator' && operator !== 'pr')) throw new Mismatch()
    this.#index += ahead + 1
    this.#recovering = false
    return path
  }

  #literal(resume: Types): Literal {
    let literal: Literal = { type: 'unreadable' }
    try {
      this.#sync(VALUE)
      if (this.#next().type === '[') this.#items(resume, (read) => (literal = read))
      else literal = this.#scalar()
    } catch (thrown) {
      this.#recover(thrown, resume)
    }
    return literal
  }

  #scalar(): Literal {
    const { type, text } = this.#next()
    if (!VALUE.has(type)) throw new Mismatch()
    if (type === '-') this.#match('-', new Set(['integer']))
    const token = this.#next()
    if (type === '-' && token.type !== 'integer') throw new Mismatch()
    this.#match(token.type, SPACE)
    switch (token.type) {
      case 'boolean':
        return { type: 'boolean', value: text === 'true' }
      case 'null':
        return { type: 'null' }
      case 'version':
        return { type: 'version', value: text }
      case 'string':
        // Escapes stay as they are written.
        return { type: 'string', value: text.slice(1, -1) }
      case 'float':
        return { type: 'float', value: Number(text) }
      default:
        return this.#integer(type === '-' ? `-${token.text}` : token.text)
    }
  }

  #integer(text: string): Literal {
    if (this.#next().type === 'exponent') {
      this.#match('exponent', SPACE)
      return { type: 'unreadable' }
    }
    const value = BigInt(text)
    if (BigInt.asIntN(64, value) !== value) return { type: 'unreadable' }
    return { type: 'integer', value: Number.isSafeInteger(Number(text)) ? Number(text) : value }
  }

  /** The first item tells the type; a list that ends wrongly holds nothing, one with a wrong item cannot be read. */
  #items(resume: Types, read: (literal: Literal) => void): void {
    const { type } = this.#next(1)
    if (type !== 'string' && type !== 'integer' && type !== 'float') throw new Mismatch()
    this.#match('[', VALUE)
    const items: string[] = []
    for (;;) {
      if (this.#next().type !== type) throw new Mismatch()
      const separator = this.#next(1).type
      if (separator !== ',' && separator !== ']') {
        this.#note('the list has no end; a comma follows its item without a space')
        read(listOf(type, []))
        this.#skip(resume)
        return
      }
      items.push(this.#next().text)
      this.#index += 2
      if (separator === ']') return read(listOf(type, items))
    }
  }

  #next(ahead: number = 0): Token {
    const last = this.#tokens.length - 1
    return this.#tokens[Math.min(this.#index + ahead, last)] ?? { type: 'end', text: '', at: 0 }
  }

  /** Takes the token, drops one before it, or imagines it where what follows fits. */
  #match(type: TokenType, after: Types): void {
    if (this.#next().type === type) {
      this.#recovering = false
      this.#index++
    } else if (this.#next(1).type === type) {
      this.#drop()
      this.#index++
    } else if (after.has(this.#next().type)) {
      if (type !== ')') this.#note(`a ${type} is missing`)
      this.#recovering = true
    } else throw new Mismatch()
  }

  /** Drops one token where that makes a choice possible. */
  #sync(expected: Types): void {
    if (this.#recovering || expected.has(this.#next().type)) return
    if (!expected.has(this.#next(1).type)) throw new Mismatch()
    this.#drop()
  }

  #drop(): void {
    this.#note(`${JSON.stringify(this.#next().text)} is dropped`)
    this.#index++
    this.#recovering = false
  }

  #recover(thrown: unknown, resume: Types): void {
    if (!(thrown instanceof Mismatch)) throw thrown
    if (this.#next().type !== 'end') this.#note('cannot be read from here')
    this.#recovering = true
    this.#skip(resume)
  }

  #skip(until: Types): void {
    while (this.#next().type !== 'end' && !until.has(this.#next().type)) this.#index++
  }

  #note(message: string): void {
    this.#notes.push({ at: this.#next().at, message })
  }
}

function listOf(type: 'string' | 'integer' | 'float', items: readonly string[]): Literal {
  if (type === 'string') return { type: 'strings', value: items.map((item) => item.slice(1, -1)) }
  return { type: type === 'integer' ? 'integers' : 'floats', value: items.map(Number) }
}
