/** Logic: `in`, `merge` and the `contains_` family. A list of texts written in the rule becomes a set once. */
import { LogicError } from '../error.ts'
import { AMONG, MEMBER, Node } from '../node.ts'
import type { Evaluate } from '../node.ts'
import type { Operator } from '../operator.ts'
import { identical, isIn, isList, isPrimitive, needList } from '../values.ts'
import type { List } from '../values.ts'

/** Shorter lists are searched faster than hashed. */
const SET_FROM = 8

const membership: Operator = {
  pure: true,
  build({ operator, items, whole }): Node | Evaluate {
    const [needle, haystack] = items ?? []
    if (needle !== undefined && haystack !== undefined && items?.length === 2) {
      const texts = textsOf(haystack.constant?.value)
      if (needle.kind === MEMBER && texts !== undefined) return new Node(AMONG, { member: needle.member, texts })
      const many = texts !== undefined && texts.length >= SET_FROM ? new Set(texts) : undefined
      return (data, run) => {
        const wanted = needle.evaluate(data, run)
        if (many !== undefined && typeof wanted === 'string') return many.has(wanted)
        const place = haystack.evaluate(data, run)
        if (isList(place)) run.spend(place.length / 16)
        return isIn(wanted, place)
      }
    }
    return (data, run) => {
      const operands = needList(whole.evaluate(data, run), operator)
      if (operands.length === 0) throw new LogicError('"in" needs operands')
      return isIn(operands[0], operands[1] ?? null)
    }
  },
}

function textsOf(haystack: unknown): readonly string[] | undefined {
  if (!isList(haystack)) return undefined
  const texts = haystack.filter((element) => typeof element === 'string')
  return texts.length === haystack.length ? texts : undefined
}

const merge: Operator = {
  pure: true,
  build({ operator, whole }): Evaluate {
    return (data, run) => {
      const operands = whole.evaluate(data, run)
      if (isPrimitive(operands)) return [operands]
      const list = needList(operands, operator)
      for (const operand of list) run.spend(1 + (isList(operand) ? operand.length / 4 : 0))
      return list.flat()
    }
  },
}

/** `otherwise`: the answer when there are no two lists to compare. */
function containing(test: (list: List, wanted: List) => boolean, otherwise: boolean): Operator {
  return {
    pure: true,
    build({ whole }): Evaluate {
      return (data, run) => {
        const operands = whole.evaluate(data, run)
        if (!isList(operands) || operands.length !== 2) return otherwise
        const [list, wanted] = operands
        if (!isList(list) || !isList(wanted)) return otherwise
        run.spend((list.length * wanted.length) / 16)
        return test(list, wanted)
      }
    },
  }
}

function contains(list: List, wanted: unknown): boolean {
  return list.some((element) => identical(element, wanted))
}

export const memberships: readonly (readonly [string, Operator])[] = [
  ['in', membership],
  ['merge', merge],
  ['contains_all', containing((list, wanted) => wanted.every((one) => contains(list, one)), false)],
  ['contains_any', containing((list, wanted) => wanted.some((one) => contains(list, one)), false)],
  ['contains_none', containing((list, wanted) => !wanted.some((one) => contains(list, one)), true)],
]
