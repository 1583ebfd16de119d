/**
 * What is hashed and how. A rollout or split without a field to hash takes chance instead, in the vendor's SDK and so
 * here; such a bucket is volatile for exactly the contexts that leave it nothing, so that all others keep being cached.
 */
import type { Context } from '../../outcome.ts'
import type { Bucket } from '../../plan.ts'
import { Murmur3Ascii } from '../../splits/murmur3.ts'
import type { Profile } from './profile.ts'
import type { Field, Subject } from './subject.ts'

const ROLLOUT_SEED = 0
const VARIANT_SEED = 86_028_157

/** What is hashed: the first field that has a text, else a random text, if there is one. */
interface Unit {
  readonly name: string
  readonly reads: readonly string[]
  readonly of: (context: Context) => string | undefined
  readonly random?: (chance: number) => string
  /** The contexts that leave it to chance. One object for each unit, so that facts stay small. */
  readonly byChance?: (context: Context) => boolean
}

const rolloutChance = (chance: number): string => String(Math.round(chance * 10_000) + 1)
const variantChance = (chance: number): string => String(Math.round(chance * 100_000))

export class Units {
  readonly #subject: Subject
  readonly #profile: Profile
  readonly #known = new Map<string, Unit>()

  constructor(subject: Subject, profile: Profile) {
    this.#subject = subject
    this.#profile = profile
  }

  /** Of a gradual rollout: from 1 to 100, NaN without anything to hash. */
  rollout(group: string, stickiness: string): Bucket {
    return this.#bucket(
      group,
      ROLLOUT_SEED,
      100,
      this.#once(`rollout ${stickiness}`, () => this.#rollout(stickiness)),
    )
  }

  /** Of a rollout by one field that never takes chance. */
  field(group: string, field: Field): Bucket {
    return this.#bucket(
      group,
      ROLLOUT_SEED,
      100,
      this.#once(`field ${field.name}`, () => first([field], isNonEmpty)),
    )
  }

  /** Of a choice among variants: from 1 to the sum of their weights. */
  variant(group: string, stickiness: string | undefined, total: number): Bucket {
    const unit = this.#once(`variant ${stickiness ?? 'default'}`, () => this.#variant(stickiness ?? 'default'))
    return this.#bucket(group, VARIANT_SEED, total, unit)
  }

  #rollout(stickiness: string): Unit {
    if (stickiness === 'random') return first([], isNonEmpty, rolloutChance)
    if (stickiness !== 'default') return first([this.#subject.field(stickiness)], isNonEmpty)
    const { userId, sessionId } = this.#subject
    return first([userId, sessionId], this.#counts, rolloutChance)
  }

  #variant(stickiness: string): Unit {
    if (stickiness !== 'default') return first([this.#subject.field(stickiness)], isNonEmpty, variantChance)
    const fields = this.#profile.variantUnits.map((name) => this.#subject[name])
    return first(fields, this.#counts, variantChance)
  }

  get #counts(): (text: string) => boolean {
    return this.#profile.emptyUnits ? (): boolean => true : isNonEmpty
  }

  #once(name: string, make: () => Unit): Unit {
    let unit = this.#known.get(name)
    if (unit === undefined) this.#known.set(name, (unit = make()))
    return unit
  }

  #bucket(group: string, seed: number, modulus: number, unit: Unit): Bucket {
    const { hash } = this.#profile
    const { name, reads, of, random, byChance } = unit
    const prefix = `${group}:`
    const known = new Murmur3Ascii(seed)
    const hashing = known.add(prefix) ? new Murmur3Ascii(seed) : undefined
    return {
      name: `murmur3(${JSON.stringify(group)} : ${name}) mod ${modulus}`,
      reads,
      ...(byChance === undefined ? {} : { volatile: 'random', volatileFor: byChance }),
      of: (frame): number => {
        const text = of(frame.context) ?? random?.(frame.random())
        if (text === undefined) return Number.NaN
        if (hashing !== undefined) {
          hashing.from(known)
          // All hashes of texts agree on ASCII.
          if (hashing.add(text)) return (hashing.value % modulus) + 1
        }
        return (hash(prefix + text, seed) % modulus) + 1
      },
    }
  }
}

function isNonEmpty(text: string): boolean {
  return text !== ''
}

function first(fields: readonly Field[], counts: (text: string) => boolean, random?: (chance: number) => string): Unit {
  const of = (context: Context): string | undefined => {
    for (const field of fields) {
      const text = field.of(context)
      if (text !== undefined && counts(text)) return text
    }
    return undefined
  }
  const names = fields.map(({ name }) => name)
  return {
    name: [...names, ...(random === undefined ? [] : ['chance'])].join(', else '),
    reads: [...new Set(fields.flatMap(({ reads }) => reads))],
    of,
    ...(random === undefined ? {} : { random, byChance: (context: Context): boolean => of(context) === undefined }),
  }
}
