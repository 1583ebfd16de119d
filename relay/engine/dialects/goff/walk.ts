/**
 * A query, walked as the vendor's visitor walks it. It keeps one operand and one place in nested objects between
 * comparisons, and a dotted path that leads nowhere leaves both as they were: the next comparison then sees the operand
 * before, or looks in the wrong object. Documents in use may rest on that, so it can be had either way.
 */
import { own } from '../../context.ts'
import { comparison } from './operators.ts'
import type { Comparison } from './operators.ts'
import type { Path, Query } from './query.ts'
import { isObject } from './shape.ts'
import { plain } from './subject.ts'

/** A top-level attribute; undefined when absent. */
export type Attributes = (name: string) => unknown

/** Whether the query holds, or `fails`: an operator that its literal does not have, or a path through no object. */
export type Walk = (attributes: Attributes) => boolean | 'fails'

interface State {
  readonly attributes: Attributes
  /** Left operand, and whether it is a member of the context itself. */
  left: unknown
  top: boolean
  /** Nested objects on the way to the operand; what is left of them when a path ended early. */
  readonly way: unknown[]
  failed: boolean
}

type Step = (state: State) => boolean
/** Sets the left operand. */
type Resolve = (path: Path, state: State) => void

/** `leftovers`: what is left of a missing path counts, as it does for the vendor. */
export function walkOf(query: Query, leftovers: boolean): Walk {
  return walking(stepOf(query, leftovers ? follow : look))
}

/** Whether the vendor's relay takes the query: it tries each on an empty context. Structure it cannot read is no failure. */
export function isLoadable(query: Query): boolean {
  const none = (): boolean => false
  return walking(stepOf(query, look, none))(() => undefined) !== 'fails'
}

function walking(step: Step): Walk {
  return (attributes) => {
    const state: State = { attributes, left: undefined, top: false, way: [], failed: false }
    const holds = step(state)
    return state.failed ? 'fails' : holds
  }
}

function stepOf(query: Query, resolve: Resolve, unreadable: Step = fail): Step {
  switch (query.kind) {
    case 'not': {
      const of = stepOf(query.of, resolve, unreadable)
      return (state) => !of(state)
    }
    case 'chain': {
      const first = stepOf(query.first, resolve, unreadable)
      const rest = query.rest.map((link) => ({ by: link.by, step: stepOf(link.query, resolve, unreadable) }))
      return (state) => {
        let holds = first(state)
        for (const { by, step } of rest) if (holds === (by === 'and')) holds = step(state)
        return holds
      }
    }
    case 'present': {
      const { path } = query
      return (state) => {
        resolve(path, state)
        return state.left !== undefined && state.left !== null
      }
    }
    case 'compare':
      return comparing(query.path, comparison(query.operator, query.literal), resolve)
    case 'unreadable':
      return query.garbled ? fail : unreadable
    default:
      return query satisfies never
  }
}

function comparing(path: Path, test: Comparison | undefined, resolve: Resolve): Step {
  if (test === undefined) return fail
  return (state) => {
    resolve(path, state)
    return test(state.left, state.top)
  }
}

function fail(state: State): boolean {
  state.failed = true
  return false
}

/** The path from the top, nothing where it ends early. */
function look(path: Path, state: State): void {
  let value = state.attributes(path[0] ?? '')
  for (const name of path.slice(1)) value = inside(value, name, state)
  state.left = value
  state.top = path.length === 1
}

function follow(path: Path, state: State): void {
  const { way } = state
  for (const name of path.slice(0, -1)) {
    if (way.length > 0 && isNothing(way.at(-1))) return
    way.push(way.length === 0 ? state.attributes(name) : inside(way.at(-1), name, state))
  }
  const last = path.at(-1) ?? ''
  if (way.length === 0) {
    state.left = state.attributes(last)
    state.top = true
    return
  }
  const holder = way.pop()
  if (isNothing(holder)) return
  state.left = inside(holder, last, state)
  state.top = false
  way.length = 0
}

function inside(holder: unknown, name: string, state: State): unknown {
  if (isNothing(holder)) return undefined
  if (!isObject(holder) || holder instanceof Date) fail(state)
  return plain(own(holder, name))
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null
}
