/**
 * Logic: the library's substitution of variables, which `filter`, `some`, `none` and `all` apply to their condition
 * before they run it. A variable that is found is replaced by its value, and the value is then part of the rule: an
 * outer name hides the element's, and a condition that is nothing but a found variable is no rule any more.
 */
import { variable } from './path.ts'
import type { Run } from './run.ts'
import { isFlat } from './builder.ts'
import { isList, isObject } from './values.ts'

/** The rule with every variable replaced that the data know; the same object when there was none. */
export function solve(rule: unknown, data: unknown, run: Run): unknown {
  if (isList(rule)) {
    if (isFlat(rule)) return rule
    run.spend(1)
    const solved = rule.map((element) => solve(element, data, run))
    return solved.every((element, index) => element === rule[index]) ? rule : solved
  }
  if (!isObject(rule)) return rule
  run.spend(1)
  if (Object.hasOwn(rule, 'var')) {
    const { var: name } = rule
    const ofElement = typeof name === 'string' && (name === '' || name.startsWith('.'))
    const value = ofElement ? null : variable(run.apply(name, data), data, run)
    if (value !== null) return value
  }
  const entries = Object.entries(rule)
  const solved = entries.map(([name, part]): [string, unknown] => [
    name,
    name === 'var' ? part : solve(part, data, run),
  ])
  return solved.every(([, part], index) => part === entries[index]?.[1]) ? rule : Object.fromEntries(solved)
}
