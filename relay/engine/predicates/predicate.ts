/** Making named leaf tests. Which types an operator accepts is the vendor's business; how to say it is shared. */
import type { Json } from '../outcome.ts'
import type { Predicate } from '../plan.ts'

type Test = (value: unknown) => boolean

/** `name` is the vendor's own name of the operator; `operand` is what `explain` shows beside it. */
export function predicate(name: string, operand: Json | undefined, test: Test): Predicate {
  return operand === undefined ? { name, test } : { name, operand, test }
}

/** Holds for texts that pass; false for every other type. */
export function onText(test: (text: string) => boolean): Test {
  return (value) => typeof value === 'string' && test(value)
}

/** Holds for numbers that pass; false for every other type. */
export function onNumber(test: (number: number) => boolean): Test {
  return (value) => typeof value === 'number' && test(value)
}
