/**
 * From an evaluation context to LaunchDarkly's: one context of a kind (`user` by default) or a bundle of several kinds.
 *
 * Two forms are understood: OpenFeature's, mapped as the vendor's provider does, and LaunchDarkly's own, in which its SDKs
 * send contexts and legacy users. Nothing is translated ahead: each term reads the members it needs and declares them.
 * Of a bundle every member counts, because one invalid member makes the whole of it invalid.
 */
import { own } from '../../context.ts'
import type { Context } from '../../outcome.ts'
import type { Frame, Term } from '../../plan.ts'
import { isObject } from './shape.ts'

/** How one form of contexts is read. A holder is the object that has one kind's attributes. */
interface Form {
  /** Members that decide about validity, kind and key of a context that is no bundle. */
  readonly basis: readonly string[]
  /** Members that an attribute of this name may come from, besides the basis. */
  from(name: string): readonly string[]
  /** The kind of a context that is no bundle, undefined when it has none; `multi` for bundles. */
  kind(context: Context): string | undefined
  /** The holders of a bundle by kind; undefined when some member cannot be one. */
  parts(context: Context): readonly (readonly [kind: string, holder: object])[] | undefined
  /** Undefined where it is none that the SDKs accept. */
  key(holder: object, context: Context): string | undefined
  member(holder: object, context: Context, name: string): unknown
}

const KIND = /^[\w.-]+$/

export class Subject {
  readonly #form: Form
  /** What is wrong with the context; undefined when nothing is. */
  readonly flaw: Term
  readonly #kinds: Term

  constructor(form: Form) {
    this.#form = form
    const { basis: reads } = form
    this.flaw = { name: 'context', reads, read: ({ context }): unknown => flaw(form, context) }
    this.#kinds = { name: 'kind', reads, read: ({ context }): unknown => kinds(form, context) }
  }

  /** A bundle of contexts. */
  readsAll(context: Context): boolean {
    return this.#form.kind(context) === 'multi'
  }

  /** Whether the context has that kind. */
  has(kind: string): Term {
    const form = this.#form
    const read = ({ context }: Frame): unknown => holderOf(form, context, kind) !== undefined
    return { name: `has kind ${kind}`, reads: form.basis, read }
  }

  /** The key of the context of that kind; undefined without such a context. */
  key(kind: string): Term {
    return this.attribute(kind, ['key'])
  }

  /** The value at a path of names, read from the context of that kind. Lists cannot be walked into. */
  attribute(kind: string, path: readonly string[]): Term {
    const [first = '', ...rest] = path
    if (rest.length === 0 && first === 'kind') return this.#kinds
    const form = this.#form
    const reads = [...new Set([...form.basis, ...form.from(first)])]
    const name = `${kind === 'user' ? '' : `${kind} `}${path.join('/')}`
    const anonymous = rest.length === 0 && first === 'anonymous'
    const read = ({ context }: Frame): unknown => {
      const holder = holderOf(form, context, kind)
      if (holder === undefined) return undefined
      let value = first === 'key' ? form.key(holder, context) : form.member(holder, context, first)
      if (anonymous) return Boolean(value)
      for (const step of rest) value = Array.isArray(value) ? undefined : own(value, step)
      return value instanceof Date ? value.toISOString() : value
    }
    return { name, reads, read }
  }
}

function holderOf(form: Form, context: Context, kind: string): object | undefined {
  const actual = form.kind(context)
  if (actual !== 'multi') return actual === kind ? context : undefined
  if (kind === 'kind') return undefined
  const holder = own(context, kind)
  return isObject(holder) ? holder : undefined
}

function kinds(form: Form, context: Context): unknown {
  const kind = form.kind(context)
  return kind === 'multi' ? form.parts(context)?.map(([each]) => each) : [kind]
}

function flaw(form: Form, context: Context): string | undefined {
  const kind = form.kind(context)
  if (kind === undefined) return 'has a kind that is no text'
  if (kind !== 'multi') return flawOf(form, kind, context, context)
  const parts = form.parts(context)
  if (parts === undefined) return 'has a member that is no context'
  if (parts.length === 0) return 'has no kind'
  for (const [each, holder] of parts) {
    const found = flawOf(form, each, holder, context)
    if (found !== undefined) return found
  }
  return undefined
}

function flawOf(form: Form, kind: string, holder: object, context: Context): string | undefined {
  if (kind !== 'user' && (kind === 'kind' || !KIND.test(kind))) return `has the invalid kind ${JSON.stringify(kind)}`
  return form.key(holder, context) === undefined ? `has no key for the kind ${kind}` : undefined
}

const openfeatureForm: Form = {
  basis: ['key', 'kind', 'targetingKey'],
  from: (name) => (name === '_meta' ? [name, 'privateAttributes'] : [name]),
  kind: (context) => {
    const kind = own(context, 'kind')
    return typeof kind === 'string' ? kind : 'user'
  },
  parts: (context) =>
    Object.entries(context).filter((entry): entry is [string, object] => entry[0] !== 'kind' && isObject(entry[1])),
  key: (holder) => filled(own(holder, 'targetingKey') ?? own(holder, 'key')),
  member: (holder, context, name) => {
    if (name === 'targetingKey' || name === 'privateAttributes' || (name === 'kind' && holder === context)) {
      return undefined
    }
    const value = own(holder, name)
    if (name === '_meta' && Object.hasOwn(holder, 'privateAttributes')) {
      return { privateAttributes: own(holder, 'privateAttributes') }
    }
    if (name === 'name') return typeof value === 'string' ? value : undefined
    if (name === 'anonymous') return typeof value === 'boolean' ? value : undefined
    return value
  },
}

/** Attributes of legacy users that stand beside the key; all others are in `custom`. */
const BUILT_IN: ReadonlySet<string> = new Set(['name', 'ip', 'firstName', 'lastName', 'email', 'avatar', 'country'])

const launchdarklyForm: Form = {
  basis: ['key', 'kind'],
  from: (name) => ['custom', name],
  kind: (context) => {
    const kind = own(context, 'kind') ?? 'user'
    return typeof kind === 'string' ? kind : undefined
  },
  parts: (context) => {
    const parts = Object.entries(context).filter(([kind]) => kind !== 'kind')
    return parts.every((entry): entry is [string, object] => isObject(entry[1])) ? parts : undefined
  },
  key: (holder, context) => {
    const key = own(holder, 'key')
    if (!isLegacy(holder, context)) return filled(key)
    return typeof key === 'string' || typeof key === 'number' || typeof key === 'boolean' ? String(key) : undefined
  },
  member: (holder, context, name) => {
    if (name === 'kind' && holder === context) return undefined
    if (!isLegacy(holder, context)) return own(holder, name)
    const direct = name === 'anonymous' || BUILT_IN.has(name) ? own(holder, name) : undefined
    return direct ?? own(own(holder, 'custom'), name)
  },
}

function isLegacy(holder: object, context: Context): boolean {
  return holder === context && (own(context, 'kind') ?? undefined) === undefined
}

function filled(key: unknown): string | undefined {
  return typeof key === 'string' && key !== '' ? key : undefined
}

/** Evaluation contexts of OpenFeature, mapped as the vendor's provider for Node does. */
export const openfeature: Subject = new Subject(openfeatureForm)
/** Contexts and legacy users as LaunchDarkly's own SDKs have them. */
export const launchdarkly: Subject = new Subject(launchdarklyForm)
