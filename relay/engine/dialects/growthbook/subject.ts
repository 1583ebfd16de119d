/**
 * From an evaluation context to GrowthBook's attributes: its members, and the targeting key as `id` unless the context
 * has one; static attributes of the options below or above them. Only own members count: the vendor's SDK also finds
 * inherited ones such as `constructor`, which would let everybody match conditions nobody wrote.
 *
 * What is absent is null everywhere, as the vendor's paths have it; an `undefined` member counts as absent.
 */
import { own } from '../../context.ts'
import type { Context } from '../../outcome.ts'
import type { Frame, Term } from '../../plan.ts'
import type { Options } from './options.ts'

/** The context member that carries sticky bucketing documents; not an attribute where sticky bucketing is on. */
export const DOCUMENTS = 'stickyBucketAssignmentDocs'

/** One top-level attribute. */
export interface Attribute {
  readonly reads: readonly string[]
  /** Null when it is absent. */
  readonly of: (context: Context) => unknown
}

/** The attribute that is hashed and what it holds; an empty value means that there is nobody to hash. */
export interface Unit {
  readonly name: string
  readonly value: unknown
}

export class Subject {
  readonly #options: Options

  constructor(options: Options) {
    this.#options = options
  }

  /** A top-level attribute. */
  attribute(name: string): Attribute {
    const { targetingKeyAttribute, globalAttributes, attributeOverrides, stickyBucketing } = this.#options
    if (attributeOverrides.has(name)) return constant(attributeOverrides.get(name))
    const fallback = globalAttributes.get(name) ?? null
    if (name === targetingKeyAttribute) {
      return {
        reads: name === 'targetingKey' ? [name] : [name, 'targetingKey'],
        of: (context) => {
          const value = present(own(context, name))
          return value === undefined ? or(present(own(context, 'targetingKey')), fallback) : value
        },
      }
    }
    if (name === 'targetingKey' || (stickyBucketing && name === DOCUMENTS)) return constant(fallback)
    return { reads: [name], of: (context) => or(present(own(context, name)), fallback) }
  }

  /** The value at a dotted path: own members of objects and lists, part by part; null where it ends early. */
  path(path: string): Term {
    const [first = '', ...rest] = path.split('.')
    const { reads, of } = this.attribute(first)
    if (rest.length === 0) return { name: path, reads, read: ({ context }: Frame): unknown => of(context) }
    return { name: path, reads, read: ({ context }: Frame): unknown => walk(of(context), rest) }
  }

  /** An object of the named attributes, for conditions that are tested as a whole. */
  object(names: readonly string[], name: string): Term {
    const attributes = names.map((each) => ({ each, ...this.attribute(each) }))
    return {
      name,
      reads: [...new Set(attributes.flatMap(({ reads }) => reads))],
      read: ({ context }: Frame): unknown => {
        const object = Object.create(null) as Record<string, unknown>
        for (const { each, of } of attributes) object[each] = of(context)
        return object
      },
    }
  }

  /** What a rule hashes. 0, false, null and the empty text count as absent; then the fallback's value is taken. */
  unit(name: string, fallback: string | undefined): { reads: readonly string[]; of: (context: Context) => Unit } {
    const first = this.attribute(name)
    if (fallback === undefined)
      return { reads: first.reads, of: (context) => ({ name, value: first.of(context) || '' }) }
    const second = this.attribute(fallback)
    return {
      reads: [...new Set([...first.reads, ...second.reads])],
      of: (context) => {
        const value = first.of(context)
        if (value) return { name, value }
        const other = second.of(context)
        return other ? { name: fallback, value: other } : { name, value: '' }
      },
    }
  }
}

/** Not `??`: a null in the context goes before an attribute that everybody has. */
function or(value: unknown, fallback: unknown): unknown {
  return value === undefined ? fallback : value
}

function constant(value: unknown): Attribute {
  return { reads: [], of: () => value }
}

/** The value at the parts of a path inside another value, as the vendor walks it. */
export function walk(value: unknown, parts: readonly string[]): unknown {
  let current = value
  for (const part of parts) current = present(own(current, part)) ?? null
  return current
}

/** Dates as ISO text; undefined for everything that JSON cannot say. */
function present(value: unknown): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  return typeof value === 'function' || typeof value === 'symbol' ? undefined : value
}
