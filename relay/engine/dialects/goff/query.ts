/** Queries as they were understood: what grammar.ts makes of a text, and what evaluating it needs to know. */
import type { Operator } from './tokens.ts'

/** The right side of a comparison; its type decides how the attribute is compared. */
export type Literal =
  | { readonly type: 'string' | 'version'; readonly value: string }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'integer'; readonly value: number | bigint }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'null' }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'integers' | 'floats'; readonly value: readonly number[] }
  /** Nothing that is a value: whoever reaches it fails. */
  | { readonly type: 'unreadable' }

export type Path = readonly string[]

export type Query =
  | { readonly kind: 'not'; readonly of: Query }
  /** From left to right, without precedence. */
  | { readonly kind: 'chain'; readonly first: Query; readonly rest: readonly Link[] }
  | { readonly kind: 'present'; readonly path: Path }
  | { readonly kind: 'compare'; readonly path: Path; readonly operator: Operator; readonly literal: Literal }
  /** Whoever reaches it fails. `garbled`: for characters that mean nothing, which no relay loads. */
  | { readonly kind: 'unreadable'; readonly garbled: boolean }

export interface Link {
  readonly by: 'and' | 'or'
  readonly query: Query
}

/** Every comparison and presence test, in the order of the text. */
export function* leavesOf(query: Query): Generator<Extract<Query, { kind: 'present' | 'compare' }>> {
  if (query.kind === 'not') yield* leavesOf(query.of)
  else if (query.kind === 'chain') {
    yield* leavesOf(query.first)
    for (const link of query.rest) yield* leavesOf(link.query)
  } else if (query.kind !== 'unreadable') yield query
}
