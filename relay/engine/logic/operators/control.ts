/** Logic: `if`, `and`, `or` and negation. Branches that are not taken are not evaluated, so their errors do not count. */
import type { Builder } from '../builder.ts'
import { AND, IF, Node, OR } from '../node.ts'
import type { Evaluate } from '../node.ts'
import type { Operator } from '../operator.ts'
import { isList, isObject, isTrue, needList } from '../values.ts'
import { failing } from './failing.ts'

/** The branches alternate: condition, result, condition, result, …, and maybe a last result. */
const conditional: Operator = {
  pure: true,
  passesObjects: true,
  build({ operator, raw, items, builder }): Node | Evaluate {
    if (items === undefined) return failing(operator)
    if (isList(raw)) noteResults(raw, builder)
    return new Node(IF, { parts: items })
  },
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

function junction(kind: typeof AND | typeof OR): Operator {
  return {
    pure: true,
    passesObjects: true,
    build({ operator, items }): Node | Evaluate {
      return items === undefined ? failing(operator) : new Node(kind, { parts: items })
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
    builder.appliesParts = true
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
  ['and', junction(AND)],
  ['or', junction(OR)],
  ['!', negation(true)],
  ['!!', negation(false)],
  ['set', set],
]
