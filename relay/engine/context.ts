/**
 * Reading and projecting evaluation contexts.
 *
 * A context comes from strangers: members are read as own properties only, so that an attribute called `constructor`
 * is absent unless it was sent. The projection is the part of a context a Ruleset can tell apart, written so that two
 * different projections can never give one text: every part carries its type and length.
 */
import type { Context } from './outcome.ts'
import type { Reads } from './plan.ts'

/** An own member of a context or of any object in it; undefined for everything else. */
export function own(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name)
    ? (holder as Record<string, unknown>)[name]
    : undefined
}

/** Canonical text of the context members in `reads`: equal for two contexts only if no leaf can tell them apart. */
export function project(context: Context, reads: Reads): string {
  if (reads === '*') return canonical(context)
  let text = ''
  for (const name of reads) text += canonical(own(context, name))
  return text
}

function canonical(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `s${value.length}:${value}`
    case 'number':
      return Object.is(value, -0) ? 'd-0;' : `d${value};`
    case 'boolean':
      return value ? 't' : 'f'
    case 'object':
      return value === null ? 'n' : canonicalObject(value)
    case 'bigint':
      return `i${value};`
    default:
      return 'u'
  }
}

function canonicalObject(value: object): string {
  if (value instanceof Date) return `D${value.getTime()};`
  if (Array.isArray(value)) return `a${value.length}:${value.map(canonical).join('')}`
  const names = Object.keys(value).sort()
  return `o${names.length}:${names.map((name) => `${name.length}:${name}${canonical(own(value, name))}`).join('')}`
}
