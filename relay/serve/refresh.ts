/**
 * `POST /v1/refresh`: somebody knows that the vendor has something new, an operator or the vendor's webhook, so the
 * vendor is asked at once. However often this is called, the vendor is asked once a second at most, and always once more
 * after the last call: the answer under way may be older than the change that was told of.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { Timers } from './clock.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import { queryParameter } from './http-message.ts'
import { failure, json } from './replies.ts'
import type { Tenant, Tenants } from './tenants.ts'

export interface RefreshParts {
  readonly tenants: Tenants
  readonly timers: Timers
}

/** Least time between two questions to a vendor, ms. */
const APART_MS = 1_000

interface Pace {
  askedAt: number
  later: object | undefined
}

/** The handler of `POST /v1/refresh`; the environment is named by the query, a header, or the key alone. */
export class RefreshRoute {
  readonly #tenants: Tenants
  readonly #timers: Timers
  readonly #paces = new WeakMap<Tenant['environment'], Pace>()

  constructor({ tenants, timers }: RefreshParts) {
    this.#tenants = tenants
    this.#timers = timers
  }

  handle(request: HttpRequest): HttpReply {
    const named = queryParameter(request.query, 'environment') ?? request.header('x-halyard-environment')
    const tenant = this.#byWebhook(request, named) ?? this.#byKey(request, named)
    if ('status' in tenant) return tenant
    if (tenant.environment.refresh === undefined) {
      return failure({ status: 501, errorCode: 'GENERAL', errorDetails: 'this process does not ask the vendor' })
    }
    this.#ask(tenant.environment)
    return json(202, { environment: tenant.name })
  }

  #byKey(request: HttpRequest, named: string | undefined): Tenant | HttpReply {
    const admission = this.#tenants.admit(request, named)
    if ('refused' in admission) return failure(admission.refused)
    const { tenant, scope } = admission.caller
    if (scope === 'admin') return tenant
    const errorDetails = 'only admin keys and webhook secrets may have the vendor asked'
    return failure({ status: 403, errorCode: 'GENERAL', errorDetails })
  }

  /** Secrets and signatures are compared in constant time, with those of every environment that may be meant. */
  #byWebhook(request: HttpRequest, named: string | undefined): Tenant | undefined {
    let found: Tenant | undefined
    for (const tenant of this.#tenants.list()) {
      if (named !== undefined && named !== tenant.name) continue
      for (const secret of tenant.settings.webhookSecrets ?? []) {
        if (shows(request, secret)) found ??= tenant
      }
    }
    return found
  }

  #ask(environment: Tenant['environment']): void {
    const pace = this.#paces.get(environment) ?? { askedAt: -Infinity, later: undefined }
    this.#paces.set(environment, pace)
    if (pace.later !== undefined) return
    const ask = (): void => {
      pace.later = undefined
      pace.askedAt = this.#timers.monotonic()
      environment.refresh?.()
    }
    const wait = pace.askedAt + APART_MS - this.#timers.monotonic()
    if (wait <= 0) ask()
    else pace.later = this.#timers.setTimeout(ask, wait)
  }
}

/** As a bearer's token, in the headers that vendors can fill, or as an HMAC over the body that repositories send. */
function shows(request: HttpRequest, secret: string): boolean {
  const bearer = /^bearer (.+)$/i.exec(request.header('authorization') ?? '')?.[1]
  const presented = [bearer, request.header('x-api-key'), request.header('x-gitlab-token')]
  const signature = request.header('x-hub-signature-256')
  let shown = false
  for (const one of presented) if (one !== undefined) shown = same(one.trim(), secret) || shown
  if (signature !== undefined) {
    const expected = `sha256=${createHmac('sha256', secret).update(request.body).digest('hex')}`
    shown = same(signature.trim().toLowerCase(), expected) || shown
  }
  return shown
}

/** Digests have one length, which `timingSafeEqual` wants and which tells nothing. */
function same(one: string, other: string): boolean {
  return timingSafeEqual(hash('sha256', one, 'buffer'), hash('sha256', other, 'buffer'))
}
