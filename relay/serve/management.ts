/**
 * The management door's handler: health, metrics, status, what operators may do, and nothing else. It is a listener of its own, on loopback
 * unless told otherwise, so that none of this can be reached from where flags are served.
 */
import type { Timers } from './clock.ts'
import { live, ready } from './health.ts'
import type { HealthParts } from './health.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import { metrics } from './metrics.ts'
import type { Observer } from './observer.ts'
import { operationRoutes } from './operations.ts'
import { RefreshRoute } from './refresh.ts'
import { failure } from './replies.ts'
import { Router } from './router.ts'
import type { RoutePattern } from './router.ts'
import { methodNotAllowed } from './site.ts'
import { status } from './status.ts'
import type { StatusParts } from './status.ts'

export interface ManagementParts extends HealthParts, StatusParts {
  readonly observer: Observer
  readonly timers: Timers
}

interface ManagementRoute extends RoutePattern {
  /** `rest`: what the path has in place of the template's last part. */
  handle(request: HttpRequest, rest: string): HttpReply | Promise<HttpReply>
}

export class ManagementSite {
  readonly #router: Router<ManagementRoute>
  readonly #observer: Observer

  constructor(parts: ManagementParts) {
    this.#observer = parts.observer
    const refresh = new RefreshRoute(parts)
    this.#router = new Router<ManagementRoute>([
      { method: 'GET', template: '/healthz', handle: live },
      { method: 'GET', template: '/readyz', handle: () => ready(parts) },
      { method: 'GET', template: '/metrics', handle: () => metrics(parts.metrics) },
      { method: 'GET', template: '/status', handle: (request) => status(request, parts) },
      { method: 'POST', template: '/v1/refresh', handle: (request) => refresh.handle(request) },
      ...operationRoutes(parts.tenants),
    ])
  }

  /** Answers any request; never rejects. */
  async handle(request: HttpRequest): Promise<HttpReply> {
    const match = this.#router.match(request.method, request.path)
    if (match.kind === 'none') return failure({ status: 404, errorCode: 'GENERAL', errorDetails: 'no such resource' })
    if (match.kind === 'method') return methodNotAllowed(request.method, match.allow)
    if (request.fault !== undefined) return failure(request.fault)
    try {
      return await match.route.handle(request, match.rest)
    } catch (error) {
      this.#observer.failed(error)
      return failure({ status: 500, errorCode: 'GENERAL', errorDetails: 'the request could not be handled' })
    }
  }
}
