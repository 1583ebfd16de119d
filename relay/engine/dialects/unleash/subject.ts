/**
 * From an evaluation context to Unleash's: a few fields of its own, every other member a property. The mapping is that
 * of the vendor's OpenFeature provider, so a service that moves from it to the relay keeps its answers. Each field
 * declares the context members it comes from.
 */
import { own } from '../../context.ts'
import type { Context } from '../../outcome.ts'
import type { Term } from '../../plan.ts'

/** One field of the vendor's context: its text, or undefined when there is none. */
export interface Field {
  readonly name: string
  readonly reads: readonly string[]
  readonly of: (context: Context) => string | undefined
}

/** What the relay says of itself where the caller says nothing. */
export interface StaticContext {
  readonly environment: string
  readonly appName: string | undefined
}

export class Subject {
  readonly userId: Field = { name: 'userId', reads: ['targetingKey', 'userId'], of: userIdOf }
  readonly sessionId: Field = fieldOf('sessionId', undefined)
  readonly remoteAddress: Field = fieldOf('remoteAddress', undefined)
  readonly #known: Map<string, Field>

  constructor({ environment, appName }: StaticContext) {
    const currentTime: Field = { name: 'currentTime', reads: ['currentTime'], of: currentTimeText }
    const fields = [
      this.userId,
      this.sessionId,
      this.remoteAddress,
      fieldOf('environment', environment),
      fieldOf('appName', appName),
      currentTime,
      { name: 'targetingKey', reads: [], of: (): undefined => undefined },
    ]
    this.#known = new Map(fields.map((field) => [field.name, field]))
  }

  /** The field of that name, or else the property. The same object every time. */
  field(name: string): Field {
    let field = this.#known.get(name)
    if (field === undefined) {
      field = { name, reads: [name], of: (context) => textOf(own(context, name)) }
      this.#known.set(name, field)
    }
    return field
  }
}

/** A field as the leaf of a plan. */
export function termOf({ name, reads, of }: Field): Term {
  return { name, reads, read: ({ context }): unknown => of(context) }
}

/** The caller's own idea of now, in ms since the epoch; undefined when there is none that is a date. */
export function currentTimeOf(context: Context): number | undefined {
  const value = own(context, 'currentTime')
  if (!(value instanceof Date) && typeof value !== 'string' && typeof value !== 'number') return undefined
  const time = new Date(value).getTime()
  return Number.isNaN(time) ? undefined : time
}

/** A targeting key goes before an explicit user id, unless it is empty and there is one. */
function userIdOf(context: Context): string | undefined {
  const key = textOf(own(context, 'targetingKey'))
  return key === undefined || key === '' ? (textOf(own(context, 'userId')) ?? key) : key
}

function fieldOf(name: string, fallback: string | undefined): Field {
  return { name, reads: [name], of: (context) => textOf(own(context, name)) ?? fallback }
}

function currentTimeText(context: Context): string | undefined {
  const time = currentTimeOf(context)
  return time === undefined ? undefined : String(new Date(time))
}

/** The text of a value, which is all that anything reads of it; undefined for what the provider leaves out. */
function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'boolean':
      return String(value)
    default:
      return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString() : undefined
  }
}
