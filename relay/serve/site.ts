/**
 * The public door's one handler: target, route, admission, answer, cross-origin headers, count. Pure of sockets, so
 * every door serves exactly the same.
 */
import type { Timers } from './clock.ts'
import type { CorsPolicy } from './cors.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import type { Observer } from './observer.ts'
import type { RateLimit } from './rate-limit.ts'
import { failure, withHeaders } from './replies.ts'
import type { Route } from './route.ts'
import { Router } from './router.ts'
import type { Match } from './router.ts'
import { normalisePrefix, targets } from './target.ts'
import type { Tenants } from './tenants.ts'

export interface SiteParts {
  readonly routes: readonly Route[]
  readonly tenants: Tenants
  readonly prefix?: string
  readonly timers: Timers
  readonly observer: Observer
  readonly rateLimit: RateLimit
}

interface Found {
  readonly match: Match<Route>
  readonly environment: string | undefined
}

export class Site {
  readonly #router: Router<Route>
  readonly #tenants: Tenants
  readonly #prefix: string
  readonly #timers: Timers
  readonly #observer: Observer
  readonly #rateLimit: RateLimit

  constructor({ routes, tenants, prefix, timers, observer, rateLimit }: SiteParts) {
    this.#router = new Router(routes)
    this.#tenants = tenants
    this.#prefix = normalisePrefix(prefix)
    this.#timers = timers
    this.#observer = observer
    this.#rateLimit = rateLimit
  }

  /** Answers any request; never throws or rejects. */
  handle(request: HttpRequest): HttpReply | Promise<HttpReply> {
    const found = this.#find(request)
    let reply: HttpReply | Promise<HttpReply>
    try {
      reply = this.#answer(request, found)
    } catch (error) {
      reply = this.#failed(error, found)
    }
    if (!(reply instanceof Promise)) return this.#finish(request, found, reply)
    return reply.then(
      (settled) => this.#finish(request, found, settled),
      (error: unknown) => this.#finish(request, found, this.#failed(error, found)),
    )
  }

  #find(request: HttpRequest): Found {
    if (!request.path.startsWith('//')) {
      const match = this.#router.match(request.method, request.path)
      if (match.kind !== 'none') return { match, environment: undefined }
    }
    let found: Found = { match: { kind: 'none' }, environment: undefined }
    for (const { path, environment } of targets(request.path, this.#prefix)) {
      const match = this.#router.match(request.method, path)
      if (match.kind !== 'none') return { match, environment }
      if (environment !== undefined) found = { match, environment }
    }
    return found
  }

  #answer(request: HttpRequest, { match, environment }: Found): HttpReply | Promise<HttpReply> {
    if (match.kind === 'none') return failure({ status: 404, errorCode: 'GENERAL', errorDetails: 'no such resource' })
    const { kind } = match
    const allow = kind === 'method' ? match.allow : match.route.method
    if (kind === 'method')
      return this.#preflight(request, environment, allow) ?? methodNotAllowed(request.method, allow)
    const { route, rest } = match
    const named = askedKey(match)
    if (request.fault !== undefined) return failure({ ...request.fault, ...named })
    const admission = this.#tenants.admit(request, environment, route.tokens)
    if ('refused' in admission) return failure({ ...admission.refused, ...named })
    const { caller } = admission
    const verdict = this.#rateLimit.ask(caller)
    if (verdict !== 'within') {
      this.#observer.limited(caller.tenant.name, verdict !== 'warned')
      if (verdict !== 'warned') return failure({ ...verdict.refused, ...named })
    }
    if (!route.scopes.includes(caller.scope)) {
      const errorDetails = `a key of scope ${caller.scope} may not use this resource`
      return failure({ status: 403, errorCode: 'GENERAL', errorDetails, ...named })
    }
    return route.handle({ request, rest, caller })
  }

  #preflight(request: HttpRequest, environment: string | undefined, allow: string): HttpReply | undefined {
    const origin = request.header('origin')
    if (request.method !== 'OPTIONS' || origin === undefined) return undefined
    if (request.header('access-control-request-method') === undefined) return undefined
    const policy = this.#tenants.cors(request, environment)
    return policy.allows(origin) ? { status: 204, headers: policy.preflight(origin, allow) } : undefined
  }

  #finish(request: HttpRequest, { match, environment }: Found, reply: HttpReply): HttpReply {
    const seconds = (this.#timers.monotonic() - request.arrivedAt) / 1_000
    const route = match.kind === 'none' ? 'other' : match.kind === 'method' ? match.template : match.route.template
    this.#observer.answered(route, request.method, reply.status, seconds)
    if (reply.status === 204) return reply
    const policy: CorsPolicy = this.#tenants.cors(request, environment)
    return withHeaders(reply, policy.answer(request.header('origin')))
  }

  #failed(error: unknown, { match }: Found): HttpReply {
    this.#observer.failed(error)
    const named = match.kind === 'route' ? askedKey(match) : undefined
    return failure({ status: 500, errorCode: 'GENERAL', errorDetails: 'the request could not be handled', ...named })
  }
}

function askedKey({ route, rest }: { readonly route: Route; readonly rest: string }): { key: string } | undefined {
  return route.keyOf === undefined ? undefined : { key: route.keyOf(rest) }
}

export function methodNotAllowed(method: string, allow: string): HttpReply {
  const errorDetails = `${method} is not allowed here, use ${allow}`
  return failure({ status: 405, errorCode: 'GENERAL', errorDetails, headers: ['Allow', allow] })
}
