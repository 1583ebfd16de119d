/**
 * From a rule's query to a condition. Queries on plain attributes become conditions that explain themselves comparison by
 * comparison; nested paths carry something over from one comparison to the next, so such a query is one test.
 */
import type { Json } from '../../outcome.ts'
import type { Condition, Term } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { FlagError } from '../../problem.ts'
import { parseQuery } from './grammar.ts'
import type { Note } from './grammar.ts'
import { isLogic, lowerLogic } from './logic.ts'
import { comparison } from './operators.ts'
import type { GoffOptions } from './options.ts'
import { leavesOf } from './query.ts'
import type { Literal, Path, Query } from './query.ts'
import type { Subject } from './subject.ts'
import { clean } from './tokens.ts'
import { isLoadable, walkOf } from './walk.ts'

/** What lowering a query needs to know besides the query. */
export interface Reading {
  readonly subject: Subject
  readonly options: GoffOptions
  /** Whether the vendor's relay checks this query when it loads the flag. */
  readonly checked: boolean
  readonly warn: (path: string, message: string) => void
}

/** `path` is the query's, inside the flag. Throws FlagError where the vendor's relay would drop the flag. */
export function lowerQuery(query: string, path: string, reading: Reading): Condition {
  const text = clean(query)
  if (text === '') return { kind: 'always' }
  const unusable = (message: string): Condition => {
    if (reading.checked) throw new FlagError(path, message)
    reading.warn(path, `never matches: ${message}`)
    return { kind: 'never' }
  }
  if (isLogic(text)) return lowerLogic(text, reading.subject, unusable)
  return lowerText(text, path, reading, unusable)
}

function lowerText(text: string, path: string, reading: Reading, unusable: (message: string) => Condition): Condition {
  let parsed: { readonly query: Query; readonly notes: readonly Note[] }
  try {
    parsed = parseQuery(text)
  } catch (error) {
    return unusable(error instanceof Error ? error.message : String(error))
  }
  const { query, notes } = parsed
  const [first] = notes
  if (reading.checked && !isLoadable(query)) {
    return unusable(`cannot be evaluated: ${first === undefined ? WRONG_OPERATOR : described(first)}`)
  }
  for (const note of notes) reading.warn(path, described(note))
  const nested = [...leavesOf(query)].filter((leaf) => leaf.path.length > 1)
  if (nested.length === 0) return lowered(query, reading.subject)
  const leftovers = reading.options.nestedPaths === 'vendor'
  if (leftovers && query.kind === 'chain') {
    const names = [...new Set(nested.map((leaf) => leaf.path.join('.')))].join(', ')
    const message = `where ${names} is missing, the vendor compares what it had before; set nestedPaths to avoid that`
    reading.warn(path, message)
  }
  return { kind: 'test', term: walking(query, text, leftovers, reading.subject), predicate: HOLDS }
}

const WRONG_OPERATOR = 'an operator that its value does not have'
const HOLDS = predicate('holds', undefined, (value) => value === true)

function described({ at, message }: Note): string {
  return `at character ${at + 1} ${message}`
}

function walking(query: Query, name: string, leftovers: boolean, subject: Subject): Term {
  const walk = walkOf(query, leftovers)
  const names = [...leavesOf(query)].flatMap(({ path }) => subject.reads(path[0] ?? ''))
  // After a missing path the vendor may look any name up in the wrong object, which then came from a path as well.
  return { name, reads: [...new Set(names)], read: ({ context }) => walk((each) => subject.attribute(context, each)) }
}

/** The query as conditions; a comparison that fails makes the whole query false, wherever it stands. */
function lowered(query: Query, subject: Subject): Condition {
  const parts = new Parts(subject)
  const of = parts.of(query)
  return parts.fails ? { kind: 'recover', of, instead: { kind: 'never' } } : of
}

const FAIL: Condition = {
  kind: 'fail',
  outcome: { reason: 'ERROR', errorCode: 'GENERAL', errorDetails: 'the query cannot be evaluated' },
}

class Parts {
  readonly #subject: Subject
  fails = false

  constructor(subject: Subject) {
    this.#subject = subject
  }

  of(query: Query): Condition {
    switch (query.kind) {
      case 'not':
        return { kind: 'not', of: this.of(query.of) }
      case 'chain': {
        let condition = this.of(query.first)
        for (const link of query.rest) condition = joined(condition, link.by, this.of(link.query))
        return condition
      }
      case 'present':
        return { kind: 'test', term: this.#term(query.path), predicate: PRESENT }
      case 'compare': {
        const test = comparison(query.operator, query.literal)
        if (test === undefined) return this.#fail()
        const compare = predicate(query.operator, operandOf(query.literal), (value) => test(value, true))
        return { kind: 'test', term: this.#term(query.path), predicate: compare }
      }
      case 'unreadable':
        return this.#fail()
      default:
        return query satisfies never
    }
  }

  #fail(): Condition {
    this.fails = true
    return FAIL
  }

  #term([name = '']: Path): Term {
    const subject = this.#subject
    return { name, reads: subject.reads(name), read: ({ context }): unknown => subject.attribute(context, name) }
  }
}

const PRESENT = predicate('pr', undefined, (value) => value !== undefined && value !== null)

/** Left to right; a row of the same word becomes one list. */
function joined(left: Condition, by: 'and' | 'or', right: Condition): Condition {
  const kind = by === 'and' ? 'all' : 'any'
  return { kind, of: left.kind === kind ? [...left.of, right] : [left, right] }
}

function operandOf(literal: Literal): Json {
  if (literal.type === 'null' || literal.type === 'unreadable') return null
  return typeof literal.value === 'bigint' ? String(literal.value) : literal.value
}
