/** Logic: `in`, `merge` and the `contains_` family. A list of texts written in the rule becomes a set once. */
import { LogicError } from '../error.ts'
import type { Evaluate, Operator } from '../node.ts'
import { AMONG, MEMBER } from '../quick.ts'
import type { Form } from '../quick.ts'
import { identical, isList, isPrimitive, needList, toNumber } from '../values.ts'
import type { List } from '../values.ts'

/** Shorter lists are searched faster than hashed. */
const SET_FROM = 8

const membership: Operator = {
  pure: true,
  build({ operator, items, whole }): Evaluate {
    const [needle, haystack] = items ?? []
    if (needle !== undefined && haystack !== undefined && items?.length === 2) {
      const texts = textsOf(haystack.constant?.value)
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
  quick({ items = [] }): Form | undefined {
    const [needle, haystack] = items
    const texts = textsOf(haystack?.constant?.value)
    if (items.length !== 2 || needle?.quick.kind !== MEMBER || texts === undefined) return undefined
    return { kind: AMONG, member: needle.quick.member, texts }
  },
}

function textsOf(haystack: unknown): readonly string[] | undefined {
  if (!isList(haystack)) return undefined
  const texts = haystack.filter((element) => typeof element === 'string')
  return texts.length === haystack.length ? texts : undefined
}

function isIn(needle: unknown, haystack: unknown): boolean {
  if (typeof haystack === 'string') {
    if (typeof needle === 'string') return haystack.includes(needle)
    throw new LogicError('"in" a text needs a text to look for')
  }
  return isList(haystack) && haystack.some((element) => matches(needle, element))
}

/** An element that is a list is a range of numbers, both ends included. */
function matches(needle: unknown, element: unknown): boolean {
  if (isList(element)) {
    if (element.length < 2) throw new LogicError('a range in "in" needs two ends')
    return toNumber(needle) >= toNumber(element[0]) && toNumber(element[1]) >= toNumber(needle)
  }
  if (typeof needle === 'number') return toNumber(element) === needle
  return identical(element, needle)
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
