/** Logic: equality and order. Two operands are by far the most common, so they are compared without building a list. */
import { DIFFERS, EQUALS, IS, IS_NOT, MEMBER, Node } from '../node.ts'
import type { Comparing, Evaluate } from '../node.ts'
import type { Operator } from '../operator.ts'
import { equals, isList, less, needList, strictEquals } from '../values.ts'

type Compare = (left: unknown, right: unknown) => boolean

/** `fewer`: the answer to less than two operands. */
function equality(compare: Compare, negated: boolean, strict: boolean): Operator {
  const kind: Comparing = strict ? (negated ? IS_NOT : IS) : negated ? DIFFERS : EQUALS
  const test = (left: unknown, right: unknown): boolean => compare(left, right) !== negated
  return {
    pure: true,
    build({ operator, items, whole }): Node | Evaluate {
      const [left, right] = items ?? []
      if (left !== undefined && right !== undefined && items?.length === 2) {
        const text = right.constant?.value
        if (left.kind === MEMBER && typeof text === 'string') {
          return new Node(kind, { member: left.member, texts: [text] })
        }
        return (data, run) => test(left.evaluate(data, run), right.evaluate(data, run))
      }
      return (data, run) => {
        const operands = whole.evaluate(data, run)
        const list = strict && !isList(operands) ? [] : needList(operands, operator)
        return list.length < 2 ? negated : test(list[0], list[1])
      }
    },
  }
}

/** With exactly three operands the middle one must lie between the others. */
function order(test: Compare): Operator {
  return {
    pure: true,
    build({ operator, items, whole }): Evaluate {
      const [left, right] = items ?? []
      if (left !== undefined && right !== undefined && items?.length === 2) {
        return (data, run) => test(left.evaluate(data, run), right.evaluate(data, run))
      }
      return (data, run) => {
        const list = needList(whole.evaluate(data, run), operator)
        if (list.length < 2) return false
        return test(list[0], list[1]) && (list.length !== 3 || test(list[1], list[2]))
      }
    },
  }
}

export const comparison: readonly (readonly [string, Operator])[] = [
  ['==', equality(equals, false, false)],
  ['!=', equality(equals, true, false)],
  ['===', equality(strictEquals, false, true)],
  ['!==', equality(strictEquals, true, true)],
  ['<', order(less)],
  ['<=', order((left, right) => less(left, right) || equals(left, right))],
  ['>', order((left, right) => less(right, left))],
  ['>=', order((left, right) => less(right, left) || equals(left, right))],
]
