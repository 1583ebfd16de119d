/** Readers of what both documents have, spelled the same or nearly so: rules, stored values, weights, priorities. */
import { own } from '../../context.ts'
import type { Tools } from '../../dialect.ts'
import type { Json } from '../../outcome.ts'
import { FlagError } from '../../problem.ts'
import type { Condition, FlagsmithDocument, Item, Priority, Rule, Stored } from './model.ts'
import { bool, isObject, list, member, number, show, wrong } from './shape.ts'

/** The named items of a list, the last of each name; what has no name is left out with a warning. */
export function unique<T extends Item>(items: readonly (T | undefined)[], tools: Tools, by: keyof T = 'name'): T[] {
  const found = new Map<unknown, T>()
  for (const item of items) {
    if (item === undefined) continue
    const before = found.get(item[by])
    if (before !== undefined) {
      tools.warn({ path: before.path, message: `is replaced by ${item.path}, which has the same ${String(by)}` })
    }
    found.set(item[by], item)
  }
  return [...found.values()]
}

/** Reads the rules of a segment. Throws FlagError with a path inside it. */
export function readRules(
  segment: object,
  propertyMember: FlagsmithDocument['propertyMember'],
  at: string,
  tools: Tools,
): Rule[] {
  return list(segment, 'rules', at, (rule, path): Rule => {
    const type = own(rule, 'type')
    if (!isObject(rule) || typeof type !== 'string') throw wrong(path, 'an object with a text as its type', type)
    return {
      type,
      conditions: list(rule, 'conditions', path, (condition, place) => {
        if (!isObject(condition)) throw wrong(place, 'an object', condition)
        return readCondition(condition, propertyMember, place, tools)
      }),
      rules: readRules(rule, propertyMember, path, tools),
    }
  })
}

function readCondition(
  condition: object,
  propertyMember: FlagsmithDocument['propertyMember'],
  at: string,
  tools: Tools,
): Condition {
  const property = own(condition, propertyMember) ?? ''
  if (typeof property !== 'string') throw wrong(member(at, propertyMember), 'a text', property)
  const operator = own(condition, 'operator')
  if (typeof operator !== 'string') throw wrong(member(at, 'operator'), 'a text', operator)
  const value = own(condition, 'value') ?? null
  if (value === null || typeof value === 'string') return { property, operator, value }
  const spelled = tools.spelling.encode(condition, 'value')
  if (Array.isArray(value)) return { property, operator, value: { list: spelled } }
  if (typeof value === 'object') throw wrong(member(at, 'value'), 'a text or a list of texts', value)
  return { property, operator, value: spelled }
}

/** Reads a stored value: `holder[name]`, where absent is null. */
export function readStored(holder: object, name: string, at: string, tools: Tools): Stored {
  const value = (own(holder, name) ?? null) as Json
  if (typeof value === 'object' && value !== null)
    throw wrong(member(at, name), 'a text, number, boolean or null', value)
  const valueText = typeof value === 'number' ? tools.spelling.of(holder, name) : undefined
  return valueText === undefined ? { value } : { value, valueText }
}

export function readEnabled(holder: object): boolean {
  return bool(holder, 'enabled', '')
}

export function readWeight(holder: object, name: string, at: string): number {
  const weight = number(holder, name, at)
  if (Number.isFinite(weight)) return weight
  throw new FlagError(member(at, name), `must be a finite number, not ${show(weight)}`)
}

/** Reads a priority; absent or null is the weakest. Integers beyond 2^53 keep their digits. */
export function readPriority(holder: unknown, name: string, at: string, tools: Tools): Priority {
  const value = own(holder, name) ?? null
  if (value === null || typeof holder !== 'object' || holder === null) return Infinity
  if (typeof value !== 'number') throw wrong(member(at, name), 'a number', value)
  const source = tools.spelling.of(holder, name)
  return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value
}
