/**
 * Liveness and readiness. Liveness depends on nothing outside the process, since restarting it cannot heal an upstream;
 * readiness is withdrawn first thing when the process is about to go, so that balancers look elsewhere in time.
 */
import type { EnvironmentState } from '../environment/status.ts'
import type { Timers } from './clock.ts'
import { ageSeconds } from './freshness.ts'
import type { HttpReply } from './http-message.ts'
import { json } from './replies.ts'
import type { Tenant, Tenants } from './tenants.ts'

export interface HealthParts {
  readonly tenants: Tenants
  readonly timers: Timers
  readonly readiness: 'all' | 'any'
  readonly draining: () => boolean
}

export interface EnvironmentHealth {
  readonly name: string
  readonly state: EnvironmentState
  /** Since the upstream last confirmed the served document; absent while starting. */
  readonly ageSeconds?: number
}

export function live(): HttpReply {
  return json(200, { status: 'live' })
}

/**
 * 503 while draining, while documents are missing and while there is no environment at all. Stale environments are
 * ready: they answer.
 */
export function ready({ tenants, timers, readiness, draining }: HealthParts): HttpReply {
  const now = timers.now()
  const environments = tenants.list().map((tenant) => healthOf(tenant, now))
  const serving = environments.filter(({ state }) => state !== 'starting').length
  const enough = serving > 0 && (readiness === 'any' || serving === environments.length)
  const status = draining() ? 'draining' : enough ? 'ready' : 'starting'
  return json(status === 'ready' ? 200 : 503, { status, environments }, status === 'ready' ? [] : ['Retry-After', '1'])
}

function healthOf({ name, environment }: Tenant, now: number): EnvironmentHealth {
  const { state, confirmedAt, receivedAt } = environment.status()
  const since = confirmedAt ?? receivedAt
  return { name, state, ...(since === undefined ? undefined : { ageSeconds: ageSeconds(since, now) }) }
}
