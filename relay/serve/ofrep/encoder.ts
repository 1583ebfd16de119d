/**
 * From outcomes to bytes. Each outcome is encoded once per way of encoding and then only handed out; outcomes belong to
 * their Ruleset, so the encoded forms go when it goes.
 */
import { Buffer } from 'node:buffer'
import type { Outcome, Reason } from '@halyard/engine'
import type { Valueless } from '../settings.ts'

/** What is sent for a text: ASCII is the same bytes either way, and cheapest as text. */
export function bodyOf(text: string): string | Buffer {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text)
}

/** All reasons, in the order by which lists of answers are counted. */
export const REASONS: readonly Reason[] = [
  'STATIC',
  'DEFAULT',
  'TARGETING_MATCH',
  'SPLIT',
  'CACHED',
  'DISABLED',
  'UNKNOWN',
  'STALE',
  'ERROR',
]

/** One outcome as part of a list. */
export interface Item {
  /** With a comma in front. */
  readonly text: string
  /** Its index in REASONS. */
  readonly reason: number
}

/** One outcome, ready to be sent alone or among others. */
export class Encoded {
  readonly status: number
  /** Members of the JSON object, without the braces. */
  readonly members: string
  #body: string | Buffer | undefined

  constructor(status: number, members: string) {
    this.status = status
    this.members = members
  }

  /** The whole answer for this one flag. */
  get body(): string | Buffer {
    this.#body ??= bodyOf(`{${this.members}}`)
    return this.#body
  }
}

export class Encoder {
  readonly #valueless: Valueless
  readonly #snakeCase: boolean
  readonly #known = new WeakMap<Outcome, Encoded>()
  readonly #items = new WeakMap<Outcome, Item>()

  constructor(valueless: Valueless, snakeCase: boolean) {
    this.#valueless = valueless
    this.#snakeCase = snakeCase
  }

  /** The answer as one of a list, with a comma in front: lists are joined of ready pieces. */
  item(outcome: Outcome): Item {
    let item = this.#items.get(outcome)
    if (item === undefined) {
      item = { text: `,{${this.encode(outcome).members}}`, reason: REASONS.indexOf(outcome.evaluation.reason) }
      this.#items.set(outcome, item)
    }
    return item
  }

  encode(outcome: Outcome): Encoded {
    let encoded = this.#known.get(outcome)
    if (encoded === undefined) {
      encoded = this.#encode(outcome)
      this.#known.set(outcome, encoded)
    }
    return encoded
  }

  /** The answer for a key that does not exist or may not be known of. */
  notFound(key: string): Encoded {
    return this.#missing(key, `flag ${JSON.stringify(key)} was not found`)
  }

  #encode(outcome: Outcome): Encoded {
    const { key, value, errorCode, errorDetails = 'the flag could not be evaluated' } = outcome.evaluation
    if (errorCode === undefined) {
      if (value !== undefined || this.#valueless === 'omit') return new Encoded(200, outcome.json)
      return this.#missing(key, `flag ${JSON.stringify(key)} has no value here: use the default of the call`)
    }
    const details =
      outcome.evaluation.errorDetails === undefined ? `,"errorDetails":${JSON.stringify(errorDetails)}` : ''
    const members = `${outcome.json}${details}${this.#aliases(errorCode, errorDetails)}`
    return new Encoded(errorCode === 'FLAG_NOT_FOUND' ? 404 : 400, members)
  }

  #missing(key: string, details: string): Encoded {
    const members = `"key":${JSON.stringify(key)},"errorCode":"FLAG_NOT_FOUND","errorDetails":${JSON.stringify(details)}`
    return new Encoded(404, members + this.#aliases('FLAG_NOT_FOUND', details))
  }

  #aliases(errorCode: string, errorDetails: string): string {
    return this.#snakeCase ? `,"error_code":"${errorCode}","error_details":${JSON.stringify(errorDetails)}` : ''
  }
}
