/**
 * The context as the vendor's engine sees it: the caller's attributes, overruled by those of the operator, plus `key`,
 * `targetingKey` and `anonymous`, which nobody overrules. Every read says which member of the caller's context it needs.
 */
import { own } from '../../context.ts'
import type { Context } from '../../outcome.ts'
import type { Frame, Plan, Term } from '../../plan.ts'
import { parseRfc3339 } from './dates.ts'
import { isObject } from './shape.ts'
import type { Members } from './shape.ts'

const KEYS: ReadonlySet<string> = new Set(['key', 'targetingKey'])

/** Callers may name the moment they ask about. */
export const clock: NonNullable<Plan['clock']> = {
  reads: ['gofeatureflag'],
  at(context) {
    const named = own(own(context, 'gofeatureflag'), 'currentDateTime')
    if (named instanceof Date) return Number.isNaN(named.getTime()) ? undefined : named.getTime()
    return typeof named === 'string' ? parseRfc3339(named) : undefined
  },
}

export class Subject {
  readonly #enrichment: Members

  /** `enrichment`: attributes that win over those of every caller. */
  constructor(enrichment: Members) {
    this.#enrichment = enrichment
  }

  /** A top-level attribute; undefined when absent. */
  attribute(context: Context, name: string): unknown {
    if (KEYS.has(name)) return targetingKey(context)
    const value = Object.hasOwn(this.#enrichment, name) ? this.#enrichment[name] : own(context, name)
    return name === 'anonymous' ? value === true : plain(value)
  }

  /** All attributes at once, for JSONLogic that asks for everything. */
  all(context: Context): Members {
    const key = targetingKey(context)
    const anonymous = this.attribute(context, 'anonymous')
    return { ...context, ...this.#enrichment, anonymous, key, targetingKey: key }
  }

  /** Which member of the caller's context an attribute is read from. */
  reads(name: string): readonly string[] {
    if (KEYS.has(name)) return ['targetingKey']
    return Object.hasOwn(this.#enrichment, name) ? [] : [name]
  }

  /** What is hashed: the targeting key, or a text found by a dotted path; undefined when the path leads to no text. */
  bucketingKey(path: string): Term {
    const [first = '', ...rest] = (path === '' ? 'targetingKey' : path).split('.')
    return {
      name: path === '' ? 'targeting key' : path,
      reads: this.reads(first),
      read: ({ context }: Frame): unknown => {
        let value = this.attribute(context, first)
        for (const name of rest) value = isObject(value) ? plain(own(value, name)) : undefined
        return typeof value === 'string' ? value : undefined
      },
    }
  }
}

function targetingKey(context: Context): string {
  const key = own(context, 'targetingKey')
  return typeof key === 'string' ? key : ''
}

/** A Date reaches the vendor as text. */
export function plain(value: unknown): unknown {
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : value
}
