/**
 * What operators do through the management door: list the generations that are kept, go back to one, believe a document
 * that waits. Whoever may do this decides what every client sees, so a page in an operator's browser must not be able to,
 * and neither may a key that is only for asking.
 */
import { Refusal } from '../environment/operations.ts'
import type { Operations } from '../environment/operations.ts'
import type { Failure } from './failure.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import { meansThisMachine } from './local-name.ts'
import { failure, json } from './replies.ts'
import type { RoutePattern } from './router.ts'
import type { Tenant, Tenants } from './tenants.ts'

export interface OperationRoute extends RoutePattern {
  handle(request: HttpRequest, environment: string): Promise<HttpReply>
}

type Wishes = ReadonlyMap<string, unknown>

/** `GET /generations/{environment}`, `POST /rollback/{environment}`, `POST /confirm/{environment}`. */
export function operationRoutes(tenants: Tenants): readonly OperationRoute[] {
  const route = (
    method: 'GET' | 'POST',
    name: string,
    members: readonly string[],
    operate: (operations: Operations, wishes: Wishes) => Promise<unknown>,
  ): OperationRoute => ({
    method,
    template: `/${name}/{environment}`,
    handle: async (request, environment) => {
      const admitted = admit(tenants, request, environment)
      if ('refused' in admitted) return failure(admitted.refused)
      const wishes = method === 'GET' ? new Map() : readWishes(request, members)
      if (wishes === undefined) return failure(refusal(400, `the body must be a JSON object of: ${members.join(', ')}`))
      try {
        return json(200, await operate(admitted.operations, wishes))
      } catch (error) {
        if (error instanceof Refusal) return failure(refusal(409, error.message))
        throw error
      }
    },
  })
  return [
    route('GET', 'generations', [], async (operations) => ({ generations: await operations.generations() })),
    route('POST', 'rollback', ['to', 'unpin'], (operations, wishes) =>
      wishes.get('unpin') === true ? operations.unpin() : operations.rollBack(textOf(wishes.get('to'))),
    ),
    route('POST', 'confirm', ['sha256'], async (operations, wishes) =>
      operations.confirm(textOf(wishes.get('sha256'))),
    ),
  ]
}

type Admission = { readonly operations: Operations } | { readonly refused: Failure }

function admit(tenants: Tenants, request: HttpRequest, name: string): Admission {
  // Browsers name the page that asks; no operator's tool does.
  if (request.header('origin') !== undefined || request.header('sec-fetch-site') !== undefined) {
    return { refused: refusal(403, 'not for web pages') }
  }
  const refused = withoutRights(tenants, request, name)
  if (refused !== undefined) return { refused }
  const operations = tenants.get(name)?.environment.operations
  if (operations === undefined) return { refused: refusal(404, `there is no environment ${JSON.stringify(name)}`) }
  return { operations }
}

/** Undefined when the caller has an admin key of the environment, or needs none. */
function withoutRights(tenants: Tenants, request: HttpRequest, name: string): Failure | undefined {
  const keyed = request.header('authorization') !== undefined || request.header('x-api-key') !== undefined
  if (keyed) {
    const admission = tenants.admit(request, name)
    if ('refused' in admission) return admission.refused
    return admission.caller.scope === 'admin' ? undefined : refusal(403, 'this takes an admin key of the environment')
  }
  if (hasAdminKey(tenants.get(name))) {
    return refusal(401, 'present an admin key of the environment as Authorization: Bearer or X-API-Key')
  }
  return request.local && meansThisMachine(request.header('host'))
    ? undefined
    : refusal(401, 'without a configured admin key only callers on the same machine may do this')
}

function hasAdminKey(tenant: Tenant | undefined): boolean {
  return (tenant?.settings.keys?.admin.length ?? 0) > 0
}

/** Undefined when the body is not an object with some of these members. */
function readWishes({ body }: HttpRequest, members: readonly string[]): Wishes | undefined {
  if (body.length === 0) return new Map()
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString())
  } catch {
    return undefined
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined
  const wishes = new Map(Object.entries(parsed))
  const known = [...wishes].every(([name, value]) => {
    return members.includes(name) && (name === 'unpin' ? typeof value === 'boolean' : typeof value === 'string')
  })
  return known ? wishes : undefined
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function refusal(status: number, errorDetails: string): Failure {
  return { status, errorCode: 'GENERAL', errorDetails }
}
