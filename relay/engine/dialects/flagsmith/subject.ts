/**
 * From an evaluation context to Flagsmith's identity. The targeting key is its identifier and `traits` holds its
 * traits; without a targeting key there is no identity. Every term declares the context members it reads.
 */
import { own } from '../../context.ts'
import type { Context } from '../../outcome.ts'
import type { Frame, Term } from '../../plan.ts'
import { follow, parsePath } from './path.ts'

export interface SubjectOptions {
  /** Context members other than the targeting key count as traits too; those in `traits` go first. */
  readonly attributesAsTraits: boolean
  /** The context member that holds the key to hash identities by, for those that have one. */
  readonly identityKey: string | undefined
}

/** A term whose reads are always listed. */
export interface SubjectTerm extends Term {
  readonly reads: readonly string[]
}

/** Stands for the objects of the evaluation context, of which conditions only see that they are objects. */
const SOME_OBJECT: object = Object.freeze({})

export class Subject {
  readonly #environment: { readonly key: string; readonly name: string }
  readonly #options: SubjectOptions
  readonly #keyReads: readonly string[]

  constructor(environment: { readonly key: string; readonly name: string }, options: SubjectOptions) {
    this.#environment = environment
    this.#options = options
    const { identityKey } = options
    this.#keyReads = identityKey === undefined ? ['targetingKey'] : [identityKey, 'targetingKey']
  }

  /** The identifier; undefined when there is no identity. */
  get identifier(): SubjectTerm {
    return { name: 'identifier', reads: ['targetingKey'], read: ({ context }): unknown => identifierOf(context) }
  }

  /** The text that identities are hashed by; undefined when there is no identity. */
  get key(): SubjectTerm {
    return { name: 'identity key', reads: this.#keyReads, read: ({ context }): unknown => this.#keyOf(context) }
  }

  /** A trait; undefined where there is none or no identity. */
  trait(name: string): SubjectTerm {
    return {
      name: name === '' ? 'trait without a name' : name,
      reads: this.#traitReads(name),
      read: ({ context }): unknown => this.#traitOf(context, name),
    }
  }

  /** What a path selects; undefined for nothing, and some object for any of the context's own. */
  path(text: string, steps: readonly string[]): SubjectTerm {
    const [root, name, ...rest] = steps
    const term = (reads: readonly string[], read: (frame: Frame) => unknown): SubjectTerm => ({
      name: text,
      reads,
      read,
    })
    if (root === 'environment') {
      const value = name === undefined ? SOME_OBJECT : rest.length > 0 ? undefined : own(this.#environment, name)
      return term([], () => value)
    }
    if (root !== 'identity') return term([], () => undefined)
    const whole = (): SubjectTerm =>
      term(['targetingKey'], ({ context }) => (identifierOf(context) === undefined ? undefined : SOME_OBJECT))
    if (name === undefined) return whole()
    if (name !== 'traits') {
      const known = name === 'identifier' ? this.identifier : name === 'key' ? this.key : undefined
      return known === undefined || rest.length > 0 ? term([], () => undefined) : { ...known, name: text }
    }
    const [trait, ...inside] = rest
    if (trait === undefined) return whole()
    return term(this.#traitReads(trait), ({ context }) => follow(this.#traitOf(context, trait), inside))
  }

  #traitReads(name: string): readonly string[] {
    return this.#isAttribute(name) ? ['targetingKey', 'traits', name] : ['targetingKey', 'traits']
  }

  #isAttribute(name: string): boolean {
    const { attributesAsTraits, identityKey } = this.#options
    return attributesAsTraits && name !== 'targetingKey' && name !== 'traits' && name !== identityKey
  }

  #traitOf(context: Context, name: string): unknown {
    if (identifierOf(context) === undefined) return undefined
    const traits = own(context, 'traits')
    const value = Array.isArray(traits) ? undefined : plain(own(traits, name))
    return value === undefined && this.#isAttribute(name) ? plain(own(context, name)) : value
  }

  #keyOf(context: Context): string | undefined {
    const identifier = identifierOf(context)
    if (identifier === undefined) return undefined
    const { identityKey } = this.#options
    const key = identityKey === undefined ? undefined : own(context, identityKey)
    return typeof key === 'string' && key !== '' ? key : `${this.#environment.key}_${identifier}`
  }
}

function identifierOf(context: Context): string | undefined {
  const key = own(context, 'targetingKey')
  return typeof key === 'string' && key !== '' ? key : undefined
}

/** A trait may come with settings, as `{ value, transient }`. */
function plain(trait: unknown): unknown {
  if (typeof trait !== 'object' || trait === null || Array.isArray(trait)) return trait
  const value = own(trait, 'value')
  return value === undefined ? trait : value
}

/** A condition's property as the Python engine finds it: a trait of exactly that name goes before a path. */
export function pythonProperty(property: string, subject: Subject): Term {
  const trait = subject.trait(property)
  const steps = parsePath(property, 'strict')
  if (steps === undefined) return trait
  const path = subject.path(property, steps)
  return {
    name: property,
    reads: both(trait, path),
    read: (frame): unknown => trait.read(frame) ?? path.read(frame),
  }
}

function both(one: SubjectTerm, other: SubjectTerm): string[] {
  return [...new Set([...one.reads, ...other.reads])]
}

const TRAIT_PATH = /^\$\.identity\.traits(?:\.(.+)|\['(.+)'\])$/

/** A condition's property as the npm SDK finds it: paths go before traits, and all after `traits.` is one name. */
export function nodeProperty(property: string, subject: Subject): Term {
  const trait = TRAIT_PATH.exec(property)
  if (trait !== null) return { ...subject.trait(trait[1] ?? trait[2] ?? ''), name: property }
  const named = subject.trait(property)
  const steps = parsePath(property, 'loose')
  if (steps === undefined) return named
  const path = subject.path(property, steps)
  return {
    name: property,
    reads: both(named, path),
    read: (frame): unknown => {
      const value = path.read(frame)
      return value === undefined || (typeof value === 'object' && value !== null) ? named.read(frame) : value
    },
  }
}
