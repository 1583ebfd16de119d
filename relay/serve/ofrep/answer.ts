/** What single and bulk evaluation have in common: headers of data, the encoders of a tenant, the answer before data. */
import { Buffer } from 'node:buffer'
import type { Failure } from '../failure.ts'
import { failure, JSON_TYPE } from '../replies.ts'
import type { HttpReply } from '../http-message.ts'
import type { Caller, Tenant } from '../tenants.ts'
import { Encoder } from './encoder.ts'
import type { Valueless } from '../settings.ts'

/** Answers depend on the caller, and may be kept only if asked about again each time. */
export const DATA_HEADERS: readonly string[] = [
  'Content-Type',
  JSON_TYPE,
  'Cache-Control',
  'private, no-cache',
  'Vary',
  'Authorization, X-API-Key, X-Halyard-Environment, Accept-Encoding',
]

/** Seconds until a client without data may ask again. */
const STARTING_RETRY = 2

const encoders = new WeakMap<Tenant, Map<Valueless, Encoder>>()

/** The encoder that spells answers as this caller needs them. */
export function encoderOf({ tenant, valueless }: Caller): Encoder {
  let byMode = encoders.get(tenant)
  if (byMode === undefined) encoders.set(tenant, (byMode = new Map()))
  let encoder = byMode.get(valueless)
  if (encoder === undefined) {
    encoder = new Encoder(valueless, tenant.settings.snakeCaseErrors === true)
    byMode.set(valueless, encoder)
  }
  return encoder
}

/** 503 until the first document was found anywhere. */
export function notReady(caller: Caller, key?: string): HttpReply {
  return refusal(caller, key, {
    status: 503,
    errorCode: 'PROVIDER_NOT_READY',
    errorDetails: 'no flag document has been loaded yet',
    retryAfter: STARTING_RETRY,
  })
}

export function refusal(caller: Caller, key: string | undefined, what: Failure): HttpReply {
  return failure(key === undefined ? what : { ...what, key }, caller.tenant.settings.snakeCaseErrors === true)
}

/** `extra` as names and values alternating; a 304 has no body. */
export function data(
  status: number,
  freshness: readonly string[],
  body: Buffer | string | undefined,
  extra?: readonly string[],
): HttpReply {
  const headers = headersWith(freshness, status === 304)
  return {
    status,
    headers,
    ...(body === undefined ? undefined : { body }),
    ...(extra === undefined ? undefined : { extra }),
  }
}

const full = new WeakMap<readonly string[], readonly string[]>()
const unchanged = new WeakMap<readonly string[], readonly string[]>()

/** The same list for the same freshness, since doors know what they have spelled by the list. */
function headersWith(freshness: readonly string[], isUnchanged: boolean): readonly string[] {
  const known = isUnchanged ? unchanged : full
  let headers = known.get(freshness)
  if (headers === undefined) {
    headers = [...(isUnchanged ? DATA_HEADERS.slice(2) : DATA_HEADERS), ...freshness]
    known.set(freshness, headers)
  }
  return headers
}
