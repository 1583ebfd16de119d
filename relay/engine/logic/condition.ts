/**
 * Logic: conditions of loops without substitution. Replacing variables in a condition for every element (solve.ts) is
 * what the library does and costs a copy of the rule each time; where the values found are no containers, looking them
 * up in place gives the same, twenty times faster. Only conditions are taken for which that holds; a container that
 * turns up after all sends the element to the slow path.
 */
import { Builder } from './builder.ts'
import type { Evaluate } from './node.ts'
import type { Operator } from './operator.ts'
import { follow, segmentsOf } from './path.ts'
import type { Run } from './run.ts'
import { isList, isObject, isPrimitive } from './values.ts'

/** Which data are substituted before the condition is evaluated on the element. */
export interface Substitution {
  readonly outer: boolean
  readonly element: boolean
}

/** The condition's value, or SLOW when it must be found by substitution. */
export type Shortcut = (outer: unknown, element: unknown, run: Run) => unknown

/** No value of a rule is this one. */
export const SLOW: unique symbol = Symbol('slow')

interface Scope {
  readonly outer: unknown
  readonly element: unknown
}

/** Undefined for conditions in which a variable may stand where the library looks at the rule as it is written. */
export function shortcutOf(
  rule: unknown,
  operators: ReadonlyMap<string, Operator>,
  substitution: Substitution,
): Shortcut | undefined {
  if (!isObject(rule) || Object.hasOwn(rule, 'var') || !isSimple(rule, operators)) return undefined
  const own = new Map([...operators].filter(([, operator]) => operator.pure === true))
  own.set('var', lookUp(substitution))
  const node = new Builder(own, new WeakMap(), false).node(rule)
  return (outer, element, run) => {
    try {
      const scope: Scope = { outer, element }
      return node.evaluate(scope, run)
    } catch (error) {
      if (error === SLOW) return SLOW
      throw error
    }
  }
}

/** Operations that depend on their operands alone, on values, and on variables by plain names. */
function isSimple(rule: unknown, operators: ReadonlyMap<string, Operator>): boolean {
  if (rule === null || isPrimitive(rule)) return true
  if (isList(rule)) return rule.every((element) => isSimple(element, operators))
  if (!isObject(rule)) return false
  const [[name, operands] = ['', null], ...others] = Object.entries(rule)
  if (others.length > 0) return false
  if (name === 'var') return typeof operands === 'string'
  return operators.get(name)?.pure === true && isSimple(operands, operators)
}

function lookUp(substitution: Substitution): Operator {
  return {
    build({ raw }): Evaluate {
      const name = String(raw)
      const segments = segmentsOf(name)
      const ofElement = name === '' || name.startsWith('.')
      return (data, run) => {
        const { outer, element } = data as Scope
        const substituted = ofElement || !substitution.outer ? null : follow(segments, outer, run)
        const value = substituted ?? follow(segments, element, run)
        const written = substituted !== null || (substitution.element && !ofElement)
        if (written && typeof value === 'object' && value !== null) throw SLOW
        return value
      }
    },
  }
}
