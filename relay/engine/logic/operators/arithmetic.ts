/** Logic: arithmetic on strict numbers. Null, booleans and containers are errors here, where comparisons accept them. */
import type { Evaluate } from '../node.ts'
import type { Operator } from '../operator.ts'
import { isList, needList, toNumber } from '../values.ts'
import type { List } from '../values.ts'

/** `single`: accepts an operand that is not written as a list. */
function arithmetic(compute: (operands: List) => unknown, single?: (operand: unknown) => unknown): Operator {
  return {
    pure: true,
    build({ operator, whole }): Evaluate {
      return (data, run) => {
        const operands = whole.evaluate(data, run)
        if (single !== undefined && !isList(operands)) return single(operands)
        const list = needList(operands, operator)
        run.spend(list.length / 16)
        return compute(list)
      }
    },
  }
}

function extreme(better: (candidate: number, best: number) => boolean): Operator {
  return arithmetic((operands) => {
    if (operands.length === 0) return null
    const numbers = operands.map(toNumber)
    return numbers.reduce((best, candidate) => (better(candidate, best) ? candidate : best))
  })
}

/** Starts with the first operand and takes one after the other. */
function folding(step: (left: number, right: number) => number): (operands: List) => number {
  return (operands) => (operands.length === 0 ? 0 : operands.map(toNumber).reduce(step))
}

function sum(operands: List): number {
  return operands.reduce<number>((total, operand) => total + toNumber(operand), 0)
}

const subtract = folding((left, right) => left - right)

export const arithmeticOperators: readonly (readonly [string, Operator])[] = [
  ['+', arithmetic((operands) => (operands.length === 1 ? toNumber(operands[0]) : sum(operands)), toNumber)],
  ['-', arithmetic((operands) => (operands.length === 1 ? -toNumber(operands[0]) : subtract(operands)))],
  ['*', arithmetic((operands) => operands.reduce<number>((product, operand) => product * toNumber(operand), 1))],
  ['/', arithmetic(folding((left, right) => left / right))],
  ['%', arithmetic((operands) => toNumber(operands[0]) % toNumber(operands[1]))],
  ['max', extreme((candidate, best) => candidate > best)],
  ['min', extreme((candidate, best) => candidate < best)],
  [
    'abs',
    arithmetic(
      (operands) => Math.abs(toNumber(operands[0])),
      (operand) => Math.abs(toNumber(operand)),
    ),
  ],
]
