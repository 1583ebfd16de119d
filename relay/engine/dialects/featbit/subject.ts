/**
 * From an evaluation context to FeatBit's user: a key, a name and custom properties.
 *
 * The evaluation server knows texts only, so there everything else becomes its text form; the npm SDK sees values as
 * they are, and its defects start from that. Each term declares the context members it reads: `custom` may hold any
 * attribute, either as a list of `{ name, value }` or as an object, and goes before members of the context itself.
 */
import { own } from '../../context.ts'
import type { Context } from '../../outcome.ts'
import type { Frame, Term } from '../../plan.ts'

/** Context members that are never custom properties. */
const RESERVED: ReadonlySet<string> = new Set(['key', 'name', 'custom', 'targetingKey'])

/** White space as .NET's Char.IsWhiteSpace has it. */
const BLANK = /^[\t-\r\u0085\p{Zs}\u2028\u2029]*$/u

/** Null, empty or white space as .NET sees it. */
export function isBlank(value: unknown): boolean {
  return typeof value !== 'string' || BLANK.test(value)
}

/** As `isBlank`, with the white space of ECMAScript. */
export function nodeIsBlank(value: unknown): boolean {
  return typeof value !== 'string' || value.trim() === ''
}

/** The targeting key; empty when there is none. */
export const elsUserKey: Term = {
  name: 'user key',
  reads: ['targetingKey'],
  read: ({ context }: Frame): unknown => {
    const key = own(context, 'targetingKey')
    return typeof key === 'string' ? key : ''
  },
}

/** As the vendor's OpenFeature provider for Node finds it; empty when there is none. */
export const nodeUserKey: Term = {
  name: 'user key',
  reads: ['key', 'targetingKey'],
  read: ({ context }: Frame): unknown => {
    const key = own(context, 'targetingKey') ?? own(context, 'key')
    return typeof key === 'string' ? key : ''
  },
}

/** A property as the evaluation server reads it: a text, empty when absent; null only for an absent name. */
export function elsAttribute(property: string): Term {
  if (property === 'keyId') return elsUserKey
  if (property === 'name') {
    return { name: 'name', reads: ['name'], read: ({ context }): unknown => textOf(own(context, 'name')) ?? null }
  }
  if (isBlank(property)) return { name: 'no property', reads: [], read: (): unknown => '' }
  const reads = RESERVED.has(property) ? ['custom'] : ['custom', property]
  const { length } = reads
  return {
    name: property,
    reads,
    read: ({ context }): unknown =>
      textOf(fromCustom(context, property, isPresent)) ?? (length === 1 ? '' : (textOf(own(context, property)) ?? '')),
  }
}

/** A property as the npm SDK reads it: any value, undefined when absent. */
export function nodeAttribute(property: string): Term {
  if (property === 'keyId') return nodeUserKey
  if (property === 'name') {
    return { name: 'name', reads: ['name'], read: ({ context }): unknown => own(context, 'name') }
  }
  const reserved = RESERVED.has(property)
  return {
    name: property,
    reads: reserved ? ['custom'] : ['custom', property],
    read: ({ context }): unknown => {
      if (Object.hasOwn(context, 'custom') && holdsCustom(context, property))
        return fromCustom(context, property, isAny)
      return reserved ? undefined : own(context, property)
    },
  }
}

const isAny = (): boolean => true
const isPresent = (value: unknown): boolean => textOf(value) !== undefined

/** The first custom entry of that name whose value is accepted. */
function fromCustom(context: Context, property: string, accepts: (value: unknown) => boolean): unknown {
  const custom = own(context, 'custom')
  if (!Array.isArray(custom)) return own(custom, property)
  for (const entry of custom) {
    if (own(entry, 'name') === property && accepts(own(entry, 'value'))) return own(entry, 'value')
  }
  return undefined
}

function holdsCustom(context: Context, property: string): boolean {
  const custom = own(context, 'custom')
  if (Array.isArray(custom)) return custom.some((entry) => own(entry, 'name') === property)
  return typeof custom === 'object' && custom !== null && Object.hasOwn(custom, property)
}

/** The text form of an attribute; undefined when there is nothing to send, and the attribute is left out. */
function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'boolean':
    case 'bigint':
      return String(value)
    case 'number':
      return Number.isFinite(value) ? String(value) : undefined
    case 'object':
      if (value === null) return undefined
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
      return JSON.stringify(value)
    default:
      return undefined
  }
}
