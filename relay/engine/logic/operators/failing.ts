/** Logic: what an operator does whose operands are written in a shape it can never use. */
import { LogicError } from '../error.ts'
import type { Evaluate } from '../node.ts'

/** Fails when it is reached, not when the rule is read: the branch may never be taken. */
export function failing(operator: string): Evaluate {
  return () => {
    throw new LogicError(`${JSON.stringify(operator)} cannot be applied to these operands`)
  }
}
