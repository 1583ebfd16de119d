/**
 * Evaluation contexts as a relay would see them. Applications put dates into contexts, which JSON has no word for: in
 * process they must mean the text that they would have become on the wire, or the two modes would answer differently.
 */
import type { Context } from '@halyard/engine'

const EMPTY: Context = Object.freeze({})

/** The context itself when there is no date in it, which costs no more than a look at each member. */
export function asSent(context: Context | null): Context {
  if (typeof context !== 'object' || context === null) return EMPTY
  try {
    for (const name in context) {
      if (typeof context[name] === 'object' && holdsDate(context[name], 0)) return dated(context, 0) as Context
    }
  } catch {
    // A getter of the caller's that throws: the engine takes that member for absent.
  }
  return context
}

/** No context that is not a circle nests deeper. */
const DEEPEST = 64

function holdsDate(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return false
  return value instanceof Date || Object.values(value).some((member) => holdsDate(member, depth + 1))
}

function dated(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return value
  if (value instanceof Date) return value.toJSON()
  if (Array.isArray(value)) return value.map((member) => dated(member, depth + 1))
  // As own members whatever they are called: assigning `__proto__` would set something else.
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, dated(member, depth + 1)]))
}
