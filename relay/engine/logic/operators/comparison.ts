/** Logic: equality and order. Two operands are by far the most common, so they are compared without building a list. */
import type { Evaluate, Operator } from '../node.ts'
import { EQUALS, MEMBER } from '../quick.ts'
import type { Form } from '../quick.ts'
import { equals, isList, less, needList, strictEquals } from '../values.ts'

type Compare = (left: unknown, right: unknown) => boolean

/** `fewer`: the answer to less than two operands. */
function equality(compare: Compare, negated: boolean, strict: boolean): Operator {
  const test = (left: unknown, right: unknown): boolean => compare(left, right) !== negated
  return {
    pure: true,
    build({ operator, items, whole }): Evaluate {
      const [left, right] = items ?? []
      if (left !== undefined && right !== undefined && items?.length === 2) {
        return (data, run) => test(left.evaluate(data, run), right.evaluate(data, run))
      }
      return (data, run) => {
        const operands = whole.evaluate(data, run)
        const list = strict && !isList(operands) ? [] : needList(operands, operator)
        return list.length < 2 ? negated : test(list[0], list[1])
      }
    },
    quick({ items = [] }): Form | undefined {
      const [left, right] = items
      const text = right?.constant?.value
      if (items.length !== 2 || left?.quick.kind !== MEMBER || typeof text !== 'string') return undefined
      return { kind: EQUALS, member: left.quick.member, text, negated }
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
