/** Logic: `if`, `and`, `or` and negation. Branches that are not taken are not evaluated, so their errors do not count. */
import type { Builder } from '../builder.ts'
import type { Evaluate, Node, Operator } from '../node.ts'
import { isList, isObject, isTrue, needList } from '../values.ts'
import { failing } from './failing.ts'

/** The branches alternate: condition, result, condition, result, …, and maybe a last result. */
const conditional: Operator = {
  pure: true,
  passesObjects: true,
  build({ operator, raw, items, builder }): Evaluate {
    if (items === undefined) return failing(operator)
    if (isList(raw)) noteResults(raw, builder)
    const clauses = items
    const last = clauses.length - 1
    return (data, run) => {
      for (let index = 0; index < last; index += 2) {
        const condition = clauses[index]
        if (condition !== undefined && isTrue(condition.evaluate(data, run))) {
          return again(clauses[index + 1]?.evaluate(data, run), data, run)
        }
      }
      return clauses.length % 2 === 1 ? again(clauses[last]?.evaluate(data, run), data, run) : null
    }
  },
}

/** An object that a branch gives is a rule once more: the library applies results that are objects. */
function again(value: unknown, data: unknown, run: Parameters<Evaluate>[1]): unknown {
  if (typeof value !== 'object' || value === null) return value
  return isObject(value) ? run.apply(value, data) : value
}

/** A result that comes from the data may be a rule that reads anything. */
function noteResults(clauses: readonly unknown[], builder: Builder): void {
  if (builder.scope !== 'data') return
  const results = clauses.filter((_, index) => index % 2 === 1 || index === clauses.length - 1)
  if (results.some((result) => mayPassObject(result, builder))) builder.reads.everything = true
}

function mayPassObject(rule: unknown, builder: Builder): boolean {
  if (!isObject(rule)) return false
  const [[name, operands] = ['', null], ...others] = Object.entries(rule)
  if (others.length > 0 || builder.operators.get(name)?.passesObjects !== true) return false
  if (name === 'var' || !isList(operands)) return true
  return operands.some((operand) => mayPassObject(operand, builder))
}

function junction(decisive: boolean): Operator {
  return {
    pure: true,
    passesObjects: true,
    build({ operator, items }): Evaluate {
      if (items === undefined) return failing(operator)
      const parts: readonly Node[] = items
      return (data, run) => {
        let value: unknown = null
        for (const part of parts) {
          value = part.evaluate(data, run)
          if (isTrue(value) === decisive) return value
        }
        return value
      }
    },
  }
}

/** Looks at the first element when the operand turns out to be a list, written as one or not. */
function negation(negated: boolean): Operator {
  return {
    pure: true,
    build({ items, whole }): Evaluate {
      const [only] = items ?? []
      if (only !== undefined && items?.length === 1) return (data, run) => isTrue(only.evaluate(data, run)) !== negated
      return (data, run) => {
        const value = whole.evaluate(data, run)
        return isTrue(isList(value) && value.length > 0 ? value[0] : value) !== negated
      }
    },
  }
}

/** A copy of an object with one member replaced; the new value is applied as a rule. */
const set: Operator = {
  passesObjects: true,
  build({ operator, items, whole, builder }): Evaluate {
    const value = items?.[2]?.constant?.value
    if (builder.scope === 'data' && (value === undefined || typeof value === 'object')) builder.reads.everything = true
    return (data, run) => {
      const operands = needList(whole.evaluate(data, run), operator)
      const [object, member, value] = operands
      if (operands.length < 3) return object ?? null
      if (!isObject(object)) return object
      if (typeof member !== 'string') return failing(operator)(data, run)
      const entries = Object.entries(object)
      run.spend(entries.length)
      return Object.fromEntries([...entries, [member, run.apply(value, data)]])
    }
  },
}

export const control: readonly (readonly [string, Operator])[] = [
  ['if', conditional],
  ['?:', conditional],
  ['and', junction(false)],
  ['or', junction(true)],
  ['!', negation(true)],
  ['!!', negation(false)],
  ['set', set],
]
