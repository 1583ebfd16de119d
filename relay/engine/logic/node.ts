/** Logic: what a parsed rule is made of, and what an operator must provide to be part of one. */
import type { Builder } from './builder.ts'
import type { Run } from './run.ts'

/** Runs on the data in scope: those of the rule, or an element inside `map` and its like. May throw LogicError. */
export type Evaluate = (data: unknown, run: Run) => unknown

export interface Node {
  readonly evaluate: Evaluate
  /** The value, when it is known without data. */
  readonly constant?: { readonly value: unknown }
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
  /** Depends on its operands alone, so operands that are constants make it one. Default false. */
  readonly pure?: boolean
  /** May return an object taken from the data, which `if` would then run as a rule. Default false. */
  readonly passesObjects?: boolean
}
