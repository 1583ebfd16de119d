/** Logic: what a parsed rule is made of, and what an operator must provide to be part of one. */
import type { Builder } from './builder.ts'
import type { Form, Quick } from './quick.ts'
import type { Run } from './run.ts'

/** Runs on the data in scope: those of the rule, or an element inside `map` and its like. May throw LogicError. */
export type Evaluate = (data: unknown, run: Run) => unknown

export interface Node {
  readonly evaluate: Evaluate
  /** The value, when it is known without data. */
  readonly constant?: { readonly value: unknown }
  /** The same as `evaluate`, in the form that is run fastest. */
  readonly quick: Quick
  /** The operands, when the value is their texts joined and blanks cut off at both ends. */
  readonly joins?: readonly Node[]
}

/** The operands of one operation. */
export interface Operands {
  readonly operator: string
  /** As the rule has them. */
  readonly raw: unknown
  readonly builder: Builder
  /** One node per element when the operands are written as a list, else undefined. */
  readonly items: readonly Node[] | undefined
  /** All operands evaluated: a list when they are written as one, else whatever the single operand gives. */
  readonly whole: Node
}

/** Builds the evaluation of one operation, once per rule. */
export interface Operator {
  build(operands: Operands): Evaluate
  /** A form that gives the same, or leaves it to what `build` gave; undefined when these operands have none. */
  readonly quick?: (operands: Operands) => Form | undefined
  /** Depends on its operands alone, so operands that are constants make it one. Default false. */
  readonly pure?: boolean
  /** Joins the texts of its operands, two at least. Default false. */
  readonly joins?: boolean
  /** May return an object taken from the data, which `if` would then run as a rule. Default false. */
  readonly passesObjects?: boolean
}
