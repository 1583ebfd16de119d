/** Logic: what an operator must provide to be part of a rule, and what it is given. */
import type { Builder } from './builder.ts'
import type { Evaluate, Node } from './node.ts'

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
  /** A node where these operands have a form of their own, else a function. */
  build(operands: Operands): Node | Evaluate
  /** Depends on its operands alone, so operands that are constants make it one. Default false. */
  readonly pure?: boolean
  /** Joins the texts of its operands, two at least. Default false. */
  readonly joins?: boolean
  /** May return an object taken from the data, which `if` would then run as a rule. Default false. */
  readonly passesObjects?: boolean
}
