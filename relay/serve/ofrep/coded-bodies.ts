/**
 * Compressed bulk answers, kept beside the plain ones in the same bounded cache. When a document changes, all clients ask
 * for the same few answers at once, so what is being compressed for one is waited for by the others.
 */
import { Buffer } from 'node:buffer'
import { Compressor } from '../compression.ts'
import type { Coding } from '../compression.ts'
import type { BodyCache, BulkBody } from './body-cache.ts'

export class CodedBodies {
  readonly #bodies: BodyCache
  readonly #compressor = new Compressor()
  readonly #underWay = new Map<string, Promise<BulkBody | undefined>>()

  constructor(bodies: BodyCache) {
    this.#bodies = bodies
  }

  /** The answer with this tag in this coding, if it is kept. */
  get(tag: string, coding: Coding): BulkBody | undefined {
    return this.#bodies.get(keyOf(tag, coding))
  }

  /** Codes an answer, and keeps it when the plain one is worth keeping. Undefined: send it plain. */
  code(tag: string | undefined, coding: Coding, body: BulkBody): Promise<BulkBody | undefined> {
    if (tag === undefined) return this.#code(coding, body)
    const key = keyOf(tag, coding)
    let coded = this.#underWay.get(key)
    if (coded === undefined) {
      coded = this.#code(coding, body).then((made) => {
        this.#underWay.delete(key)
        if (made !== undefined && this.#bodies.get(tag) !== undefined) this.#bodies.keep(key, made)
        return made
      })
      this.#underWay.set(key, coded)
    }
    return coded
  }

  async #code(coding: Coding, { bytes, reasons }: BulkBody): Promise<BulkBody | undefined> {
    const coded = await this.#compressor.compress(typeof bytes === 'string' ? Buffer.from(bytes) : bytes, coding)
    return coded === undefined || coded.length >= bytes.length ? undefined : { bytes: coded, reasons }
  }
}

/** Tags hold no space. */
function keyOf(tag: string, coding: Coding): string {
  return `${tag} ${coding}`
}
