/**
 * The environments that are served, and who may speak to which.
 *
 * A key leads to exactly one environment; without a key only an open environment answers. All of it is built aside and
 * taken over by one pointer, so a reload is never half visible and one that is wrong leaves the old in place.
 */
import type { Environment } from '../environment/environment.ts'
import type { Timers } from './clock.ts'
import { CorsPolicy } from './cors.ts'
import { Credentials } from './credentials.ts'
import type { Grant, KeyScope } from './credentials.ts'
import { FreshnessGauge } from './freshness.ts'
import { queryParameter } from './http-message.ts'
import type { HttpRequest } from './http-message.ts'
import { meansThisMachine } from './local-name.ts'
import { FlagView } from './ofrep/view.ts'

import type { Failure } from './failure.ts'
import type { EnvironmentSettings, Valueless } from './settings.ts'

export interface Tenant {
  readonly name: string
  readonly environment: Environment
  readonly settings: EnvironmentSettings
  readonly cors: CorsPolicy
  readonly freshness: FreshnessGauge
  readonly clientView: FlagView
  readonly serverView: FlagView
}

/** An admitted request's rights. */
export interface Caller {
  readonly tenant: Tenant
  readonly scope: KeyScope
  readonly view: FlagView
  readonly valueless: Valueless
  /** Of the key that was presented; absent for callers that needed none. */
  readonly grant?: Grant<Tenant>
}

export type Admission = { readonly caller: Caller } | { readonly refused: Failure }

interface Directory {
  readonly byName: ReadonlyMap<string, Tenant>
  readonly credentials: Credentials<Tenant>
  /** The one environment that needs no key, when there is exactly one. */
  readonly open: Tenant | undefined
  readonly anyCors: CorsPolicy
}

/** Not 401, which tells web clients to give up for good: environments come a moment after the doors open. */
const NOTHING_YET: Failure = {
  status: 503,
  errorCode: 'PROVIDER_NOT_READY',
  errorDetails: 'no environment is served yet',
  retryAfter: 1,
}

export class Tenants {
  readonly #timers: Timers
  #directory: Directory

  constructor(environments: readonly EnvironmentSettings[], timers: Timers) {
    this.#timers = timers
    this.#directory = build(environments, timers)
  }

  /** Takes over other environments and keys in one step; throws and keeps the present ones when they contradict. */
  replace(environments: readonly EnvironmentSettings[]): void {
    this.#directory = build(environments, this.#timers)
  }

  list(): readonly Tenant[] {
    return [...this.#directory.byName.values()]
  }

  grants(): readonly Grant<Tenant>[] {
    return this.#directory.credentials.list()
  }

  /**
   * Who is asking, or why they may not. `named` is the environment that the path names; `token` says that a token for
   * change notices will do in place of a key.
   */
  admit(request: HttpRequest, named: string | undefined, token = false): Admission {
    const { byName, credentials, open } = this.#directory
    if (byName.size === 0) return { refused: NOTHING_YET }
    const wanted = named ?? request.header('x-halyard-environment')
    const presented = presentedKey(request)
    const secret = presented ?? (token ? queryParameter(request.query, 'token') : undefined)
    const now = this.#timers.now()
    const byKey = presented === undefined ? undefined : credentials.find(presented, now)
    const grant = byKey ?? (token && secret !== undefined ? credentials.findByToken(secret, now) : undefined)
    if (grant !== undefined) {
      if (wanted !== undefined && wanted !== grant.owner.name) {
        return refuse(403, 'the key does not belong to the environment that was asked for')
      }
      return { caller: callerOf(grant.owner, grant.scope, request, grant) }
    }
    const tenant = wanted === undefined ? open : byName.get(wanted)
    if (tenant !== undefined && (secret === undefined || !hasKeys(tenant.settings))) {
      if (tenant.settings.anonymous === true) {
        return { caller: callerOf(tenant, anonymousScope(tenant), request) }
      }
      if (!hasKeys(tenant.settings)) {
        return request.local && meansThisMachine(request.header('host'))
          ? { caller: callerOf(tenant, 'server', request) }
          : refuse(401, 'without configured keys this environment answers callers on its own machine only')
      }
    }
    if (secret !== undefined) return refuse(401, 'the key is unknown or has expired')
    return refuse(401, 'present a key as Authorization: Bearer or X-API-Key')
  }

  /**
   * The rights that somebody who was admitted before has now; undefined when they would not be admitted again. Streams
   * outlive the settings under which they were opened.
   */
  renew({ tenant: before, scope, valueless, grant }: Caller): Caller | undefined {
    const { byName, credentials } = this.#directory
    const tenant = byName.get(before.name)
    if (tenant === undefined) return undefined
    if (grant !== undefined) {
      const now = credentials.findByDigest(grant.digest, this.#timers.now())
      if (now === undefined || now.owner !== tenant || now.scope !== scope) return undefined
      return rights(tenant, scope, now.valueless ?? valueless, now)
    }
    if (tenant.settings.anonymous === true) return rights(tenant, anonymousScope(tenant), valueless, undefined)
    // Without keys, and not for anybody: only callers on this machine were let in, and would be again.
    const local = before.settings.anonymous !== true && !hasKeys(tenant.settings)
    return local ? rights(tenant, scope, valueless, undefined) : undefined
  }

  get(name: string): Tenant | undefined {
    return this.#directory.byName.get(name)
  }

  /** The policy that applies to a request: its environment's, or every environment's where that is not known. */
  cors(request: HttpRequest, named: string | undefined): CorsPolicy {
    const { anyCors, byName } = this.#directory
    if (!anyCors.active) return anyCors
    const wanted = named ?? request.header('x-halyard-environment')
    if (wanted !== undefined) return byName.get(wanted)?.cors ?? anyCors
    const { credentials } = this.#directory
    const secret = presentedKey(request)
    const now = this.#timers.now()
    if (secret !== undefined) return credentials.find(secret, now)?.owner.cors ?? anyCors
    const token = queryParameter(request.query, 'token')
    return (token === undefined ? undefined : credentials.findByToken(token, now)?.owner.cors) ?? anyCors
  }
}

/** The key a request carries. A proxy may need Authorization for itself, so the header of our own goes first. */
function presentedKey(request: HttpRequest): string | undefined {
  const apiKey = request.header('x-api-key')?.trim()
  if (apiKey !== undefined && apiKey !== '') return apiKey
  const authorization = request.header('authorization')
  return authorization === undefined ? undefined : /^bearer +(\S+)\s*$/i.exec(authorization)?.[1]
}

function callerOf(tenant: Tenant, scope: KeyScope, request: HttpRequest, grant?: Grant<Tenant>): Caller {
  const { valuelessByAgent = [], valueless = 'omit' } = tenant.settings
  const agent = valuelessByAgent.length === 0 ? '' : (request.header('user-agent') ?? '')
  const byAgent = valuelessByAgent.find((one) => agent.startsWith(one.agent))?.valueless
  return rights(tenant, scope, grant?.valueless ?? byAgent ?? valueless, grant)
}

function rights(tenant: Tenant, scope: KeyScope, valueless: Valueless, grant: Grant<Tenant> | undefined): Caller {
  const view = scope === 'client' ? tenant.clientView : tenant.serverView
  return { tenant, scope, view, valueless, ...(grant === undefined ? undefined : { grant }) }
}

/** What callers without a key may do where anybody is let in. */
function anonymousScope({ settings }: Tenant): KeyScope {
  return hasKeys(settings) ? 'client' : 'server'
}

function refuse(status: 401 | 403, errorDetails: string): Admission {
  const headers = status === 401 ? ['WWW-Authenticate', 'Bearer realm="halyard"'] : []
  return { refused: { status, errorCode: 'GENERAL', errorDetails, headers } }
}

function hasKeys({ keys }: EnvironmentSettings): boolean {
  return keys.server.length + keys.client.length + keys.admin.length > 0
}

function build(environments: readonly EnvironmentSettings[], timers: Timers): Directory {
  const tenants = environments.map((settings): Tenant => {
    const { name, environment, cors, clientFlags } = settings
    return {
      name,
      environment,
      settings,
      cors: new CorsPolicy(cors === undefined ? [] : [cors]),
      freshness: new FreshnessGauge(environment, timers),
      clientView: new FlagView('client', clientFlags),
      serverView: new FlagView('all', undefined),
    }
  })
  const byName = new Map(tenants.map((tenant) => [tenant.name, tenant]))
  if (byName.size < tenants.length) throw new Error('two environments have the same name')
  const open = tenants.filter(({ settings }) => settings.anonymous === true || !hasKeys(settings))
  return {
    byName,
    credentials: new Credentials(tenants.map((tenant) => ({ owner: tenant, keys: tenant.settings.keys }))),
    open: open.length === 1 ? open[0] : undefined,
    anyCors: new CorsPolicy(environments.flatMap(({ cors }) => (cors === undefined ? [] : [cors]))),
  }
}
