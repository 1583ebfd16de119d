/**
 * From outcomes to bytes. Each outcome is encoded once per way of encoding and then only handed out; outcomes belong to
 * their Ruleset, so the encoded forms go when it goes.
 */
import { Buffer } from 'node:buffer'
import type { Outcome } from '@halyard/engine'
import type { Valueless } from '../settings.ts'

/** What is sent for a text: ASCII is the same bytes either way, and cheapest as text. */
export function bodyOf(text: string): string | Buffer {
  return Buffer.byteLength(text) === text.length ? text : Buffer.from(text)
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

  constructor(valueless: Valueless, snakeCase: boolean) {
    this.#valueless = valueless
    this.#snakeCase = snakeCase
  }

  /** As `encode(outcome).members`. Answers that need no spelling of ours, and most do not, are found without a search. */
  members(outcome: Outcome): string {
    const { value, errorCode } = outcome.evaluation
    const isPlain = errorCode === undefined && (value !== undefined || this.#valueless === 'omit')
    return isPlain ? outcome.json : this.encode(outcome).members
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
