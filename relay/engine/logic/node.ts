/**
 * Logic: what a parsed rule is made of. The operations that most rules consist of are data for one function instead of a
 * function each: a call whose target differs from rule to rule costs about as much as the comparison behind it, and every
 * function made anew for an operation takes memory, twenty thousand rules long. All others are called.
 */
import { followOne } from './path.ts'
import type { Run } from './run.ts'
import { equals, isIn, isObject, isTrue, strictEquals } from './values.ts'

/** Runs on the data in scope: those of the rule, or an element inside `map` and its like. May throw LogicError. */
export type Evaluate = (data: unknown, run: Run) => unknown

/** Numbers, since a switch on them is a table. */
export const VALUE = 0
export const CALL = 1
/** A member of the data. */
export const MEMBER = 2
/** Whether a member equals the first of the texts, or does not. */
export const EQUALS = 3
export const DIFFERS = 8
/** The same, strictly. */
export const IS = 9
export const IS_NOT = 10
/** Whether a member is one of the texts. */
export const AMONG = 4
/** The first part that is not true, else the last part. */
export const AND = 5
/** The first part that is true, else the last part. */
export const OR = 6
/** Conditions and results in turn, and maybe a last result. */
export const IF = 7

export type Comparing = typeof EQUALS | typeof DIFFERS | typeof IS | typeof IS_NOT
type Kind = typeof VALUE | typeof CALL | typeof MEMBER | Comparing | typeof AMONG | typeof AND | typeof OR | typeof IF

interface Form {
  readonly value?: unknown
  readonly member?: string
  readonly texts?: readonly string[]
  readonly parts?: readonly Node[]
  readonly call?: Evaluate
  readonly joins?: readonly Node[]
}

const NO_TEXTS: readonly string[] = []
const NO_PARTS: readonly Node[] = []

/** A list longer than this is searched by a set. */
const FEW = 8

/** One class with all members, so that every access finds them at the same place. */
export class Node {
  readonly kind: Kind
  /** Of VALUE, and the set of many texts. */
  readonly value: unknown
  readonly member: string
  readonly texts: readonly string[]
  readonly parts: readonly Node[]
  readonly call: Evaluate | undefined
  /** The operands, when the value is their texts joined and blanks cut off at both ends. */
  readonly joins: readonly Node[] | undefined

  constructor(kind: Kind, form: Form) {
    const { texts = NO_TEXTS } = form
    this.kind = kind
    this.value = texts.length > FEW ? new Set(texts) : form.value
    this.member = form.member ?? ''
    this.texts = texts
    this.parts = form.parts ?? NO_PARTS
    this.call = form.call
    this.joins = form.joins
  }

  /** The value, when it is known without data. */
  get constant(): { readonly value: unknown } | undefined {
    return this.kind === VALUE ? { value: this.value } : undefined
  }

  evaluate(data: unknown, run: Run): unknown {
    return evaluate(this, data, run)
  }
}

/** The node as a function. */
export function evaluationOf(node: Node): Evaluate {
  return (data, run) => node.evaluate(data, run)
}

/** The value of the operation. May throw LogicError. */
export function evaluate(node: Node, data: unknown, run: Run): unknown {
  switch (node.kind) {
    case VALUE:
      return node.value
    case CALL:
      return node.call?.(data, run)
    case MEMBER:
      return followOne(node.member, data, run)
    case EQUALS:
      return equals(followOne(node.member, data, run), node.texts[0])
    case DIFFERS:
      return !equals(followOne(node.member, data, run), node.texts[0])
    case IS:
      return strictEquals(followOne(node.member, data, run), node.texts[0])
    case IS_NOT:
      return !strictEquals(followOne(node.member, data, run), node.texts[0])
    case AMONG:
      return isAmong(followOne(node.member, data, run), node, run)
    case AND:
      return first(node.parts, false, data, run)
    case OR:
      return first(node.parts, true, data, run)
    case IF:
      return choose(node.parts, data, run)
    default:
      return node.kind satisfies never
  }
}

function isAmong(value: unknown, { texts, value: many }: Node, run: Run): boolean {
  if (typeof value !== 'string') {
    run.spend(texts.length / 16)
    return isIn(value, texts)
  }
  if (many instanceof Set) return many.has(value)
  for (let index = 0; index < texts.length; index++) if (texts[index] === value) return true
  return false
}

function first(parts: readonly Node[], decisive: boolean, data: unknown, run: Run): unknown {
  let value: unknown = null
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]
    if (part !== undefined) value = evaluate(part, data, run)
    if (isTrue(value) === decisive) return value
  }
  return value
}

function choose(parts: readonly Node[], data: unknown, run: Run): unknown {
  const last = parts.length - 1
  for (let index = 0; index < last; index += 2) {
    const condition = parts[index]
    if (condition !== undefined && isTrue(evaluate(condition, data, run))) {
      return again(parts[index + 1], data, run)
    }
  }
  return parts.length % 2 === 1 ? again(parts[last], data, run) : null
}

/** An object that a branch gives is a rule once more: the library applies results that are objects. */
function again(branch: Node | undefined, data: unknown, run: Run): unknown {
  const value = branch === undefined ? null : evaluate(branch, data, run)
  if (typeof value !== 'object' || value === null) return value
  return isObject(value) ? run.apply(value, data) : value
}
