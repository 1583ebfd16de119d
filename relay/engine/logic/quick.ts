/**
 * Logic: the operations that most rules are made of, as data for one function instead of a function each. A call whose
 * target differs from rule to rule costs about as much as the comparison behind it; here calls are left only where an
 * operation is a rare one. Whatever these forms cannot answer they hand to the operation's own evaluation.
 */
import type { Evaluate } from './node.ts'
import { followOne } from './path.ts'
import type { Run } from './run.ts'
import { isObject, isTrue } from './values.ts'

/** Numbers, since a switch on them is a table. */
export const VALUE = 0
export const CALL = 1
/** A member of the data. */
export const MEMBER = 2
/** Whether a member is the text, or is not when `negated`. */
export const EQUALS = 3
/** Whether a member is one of the texts. */
export const AMONG = 4
/** The first part that is not true, else the last part. */
export const AND = 5
/** The first part that is true, else the last part. */
export const OR = 6
/** Conditions and results in turn, and maybe a last result. */
export const IF = 7

type Kind =
  | typeof VALUE
  | typeof CALL
  | typeof MEMBER
  | typeof EQUALS
  | typeof AMONG
  | typeof AND
  | typeof OR
  | typeof IF

export interface Form {
  readonly kind: Kind
  readonly value?: unknown
  readonly member?: string
  readonly text?: string
  readonly negated?: boolean
  readonly texts?: readonly string[]
  readonly parts?: readonly Quick[]
}

const NO_TEXTS: readonly string[] = []
const NO_PARTS: readonly Quick[] = []

/** A list longer than this is searched by a set. */
const FEW = 8

/** One class with all members, so that every access finds them at the same place. */
export class Quick {
  readonly kind: Kind
  readonly value: unknown
  readonly member: string
  readonly text: string
  readonly negated: boolean
  readonly texts: readonly string[]
  readonly many: ReadonlySet<string> | undefined
  readonly parts: readonly Quick[]
  /** The operation without shortcuts. */
  readonly evaluate: Evaluate

  constructor(form: Form, evaluate: Evaluate) {
    this.kind = form.kind
    this.value = form.value
    this.member = form.member ?? ''
    this.text = form.text ?? ''
    this.negated = form.negated ?? false
    this.texts = form.texts ?? NO_TEXTS
    this.many = this.texts.length > FEW ? new Set(this.texts) : undefined
    this.parts = form.parts ?? NO_PARTS
    this.evaluate = evaluate
  }
}

/** The value of the operation. May throw LogicError. */
export function evaluateQuick(quick: Quick, data: unknown, run: Run): unknown {
  switch (quick.kind) {
    case VALUE:
      return quick.value
    case CALL:
      return quick.evaluate(data, run)
    case MEMBER:
      return followOne(quick.member, data, run)
    case EQUALS: {
      const value = followOne(quick.member, data, run)
      return typeof value === 'string' ? (value === quick.text) !== quick.negated : quick.evaluate(data, run)
    }
    case AMONG: {
      const value = followOne(quick.member, data, run)
      return typeof value === 'string' ? isAmong(value, quick) : quick.evaluate(data, run)
    }
    case AND:
      return first(quick.parts, false, data, run)
    case OR:
      return first(quick.parts, true, data, run)
    case IF:
      return choose(quick.parts, data, run)
    default:
      return quick.kind satisfies never
  }
}

function isAmong(value: string, { texts, many }: Quick): boolean {
  if (many !== undefined) return many.has(value)
  for (let index = 0; index < texts.length; index++) if (texts[index] === value) return true
  return false
}

function first(parts: readonly Quick[], decisive: boolean, data: unknown, run: Run): unknown {
  let value: unknown = null
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index]
    if (part !== undefined) value = evaluateQuick(part, data, run)
    if (isTrue(value) === decisive) return value
  }
  return value
}

function choose(parts: readonly Quick[], data: unknown, run: Run): unknown {
  const last = parts.length - 1
  for (let index = 0; index < last; index += 2) {
    const condition = parts[index]
    if (condition !== undefined && isTrue(evaluateQuick(condition, data, run))) {
      return again(parts[index + 1], data, run)
    }
  }
  return parts.length % 2 === 1 ? again(parts[last], data, run) : null
}

/** An object that a branch gives is a rule once more: the library applies results that are objects. */
function again(branch: Quick | undefined, data: unknown, run: Run): unknown {
  const value = branch === undefined ? null : evaluateQuick(branch, data, run)
  if (typeof value !== 'object' || value === null) return value
  return isObject(value) ? run.apply(value, data) : value
}
