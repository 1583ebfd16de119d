/**
 * Who may come in: keys, known only by their SHA-256, found by digest in one look-up.
 *
 * Comparing secrets character by character tells an attacker how far a guess was right, and comparing digests of
 * unequal length throws; a look-up by digest does neither. The whole set is replaced at once, so during a rotation there
 * is no moment at which neither the old nor the new key works.
 */
import { Buffer } from 'node:buffer'
import { createHmac, hash } from 'node:crypto'
import type { Key, Valueless } from './settings.ts'

export type KeyScope = 'server' | 'client' | 'admin'

/** What a valid key stands for. */
export interface Grant<Owner> {
  readonly owner: Owner
  readonly scope: KeyScope
  /** First 8 hex digits of the key's SHA-256: may be logged. */
  readonly id: string
  /** The key's whole SHA-256, hex. Never to be shown: tokens are derived from it. */
  readonly digest: string
  /** Ms since the epoch; Infinity when it never ends. */
  readonly expiresAt: number
  readonly valueless: Valueless | undefined
}

/** One environment's keys. */
export interface KeySet<Owner> {
  readonly owner: Owner
  readonly keys: Readonly<Record<KeyScope, readonly Key[]>>
}

const SCOPES: readonly KeyScope[] = ['server', 'client', 'admin']
const DIGEST = /^sha256:([0-9a-f]{64})$/

export class Credentials<Owner> {
  #byDigest: ReadonlyMap<string, Grant<Owner>>
  /** By the SHA-256 of the token. */
  #byToken: ReadonlyMap<string, Grant<Owner>>

  constructor(sets: readonly KeySet<Owner>[]) {
    this.#byDigest = index(sets)
    this.#byToken = tokensOf(this.#byDigest)
  }

  /** Takes over another set of keys in one step. Throws, and keeps the present one, when a key is listed twice. */
  replace(sets: readonly KeySet<Owner>[]): void {
    this.#byDigest = index(sets)
    this.#byToken = tokensOf(this.#byDigest)
  }

  /** The grant of a presented key; undefined when it is unknown or has expired by `now`. */
  find(secret: string, now: number): Grant<Owner> | undefined {
    const grant = this.#byDigest.get(hash('sha256', secret, 'hex'))
    return grant !== undefined && now < grant.expiresAt ? grant : undefined
  }

  /** As `find`, by the token for change notices that was derived from a key. */
  findByToken(token: string, now: number): Grant<Owner> | undefined {
    const grant = this.#byToken.get(hash('sha256', token, 'hex'))
    return grant !== undefined && now < grant.expiresAt ? grant : undefined
  }

  /** The grant of the key with this digest, as it is now. */
  findByDigest(digest: string, now: number): Grant<Owner> | undefined {
    const grant = this.#byDigest.get(digest)
    return grant !== undefined && now < grant.expiresAt ? grant : undefined
  }

  /** Every key's grant, for status pages. */
  list(): readonly Grant<Owner>[] {
    return [...this.#byDigest.values()]
  }
}

/**
 * What a browser's EventSource, which can send no headers, puts into its URL in place of the key: good for change notices
 * of the key's environment and nothing else. The key's digest is the same on every replica, and so is this.
 */
export function eventsToken({ digest }: { readonly digest: string }): string {
  return createHmac('sha256', Buffer.from(digest, 'hex')).update('halyard change notices 1').digest('base64url')
}

/** The id under which a key may be spoken of. */
export function keyId(secret: string): string {
  return digestOf(secret).slice(0, 8)
}

function digestOf(secret: string): string {
  return DIGEST.exec(secret)?.[1] ?? hash('sha256', secret, 'hex')
}

function tokensOf<Owner>(byDigest: ReadonlyMap<string, Grant<Owner>>): ReadonlyMap<string, Grant<Owner>> {
  return new Map([...byDigest.values()].map((grant) => [hash('sha256', eventsToken(grant), 'hex'), grant]))
}

function index<Owner>(sets: readonly KeySet<Owner>[]): ReadonlyMap<string, Grant<Owner>> {
  const byDigest = new Map<string, Grant<Owner>>()
  for (const { owner, keys } of sets) {
    for (const scope of SCOPES) {
      for (const { secret, expiresAt = Infinity, valueless } of keys[scope]) {
        if (secret === '') throw new Error(`an empty ${scope} key is configured`)
        const digest = digestOf(secret)
        const id = digest.slice(0, 8)
        if (byDigest.has(digest)) throw new Error(`the key with id ${id} is configured more than once`)
        byDigest.set(digest, { owner, scope, id, digest, expiresAt, valueless })
      }
    }
  }
  return byDigest
}
