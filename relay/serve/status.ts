/**
 * `GET /status`: what an operator wants to know at three in the morning, as JSON or as a page. Keys appear by id (the
 * first digits of their SHA-256) and never in a form that could be used.
 */
import type { EnvironmentStatus } from '../environment/status.ts'
import type { Timers } from './clock.ts'
import type { Grant, KeyScope } from './credentials.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import { json } from './replies.ts'
import { statusPage } from './status-page.ts'
import type { Tenant, Tenants } from './tenants.ts'

export interface StatusParts {
  readonly tenants: Tenants
  readonly timers: Timers
  readonly draining: () => boolean
  /** On the monotonic clock, ms. */
  readonly startedAt: number
}

export interface KeyStatus {
  readonly id: string
  readonly scope: KeyScope
  /** ISO 8601; absent when the key does not expire. */
  readonly expiresAt?: string
}

export interface RelayStatus {
  readonly draining: boolean
  readonly uptimeSeconds: number
  readonly node: string
  readonly now: string
  readonly environments: readonly (EnvironmentStatus & { readonly keys: readonly KeyStatus[] })[]
}

export function status(request: HttpRequest, parts: StatusParts): HttpReply {
  const present = read(parts)
  if (!prefersHtml(request.header('accept') ?? '')) return json(200, present, ['Vary', 'Accept'])
  return {
    status: 200,
    headers: [
      'Content-Type',
      'text/html; charset=utf-8',
      'Cache-Control',
      'no-store',
      'Vary',
      'Accept',
      'Content-Security-Policy',
      "default-src 'none'; style-src 'unsafe-inline'",
      'X-Content-Type-Options',
      'nosniff',
    ],
    body: statusPage(present),
  }
}

function read({ tenants, timers, draining, startedAt }: StatusParts): RelayStatus {
  const grants = tenants.grants()
  return {
    draining: draining(),
    uptimeSeconds: Math.floor((timers.monotonic() - startedAt) / 1_000),
    node: process.version,
    now: new Date(timers.now()).toISOString(),
    environments: tenants.list().map((tenant) => statusOf(tenant, grants)),
  }
}

function statusOf(tenant: Tenant, grants: readonly Grant<Tenant>[]): RelayStatus['environments'][number] {
  const keys = grants.filter((grant) => grant.owner === tenant).map(keyStatus)
  return { ...tenant.environment.status(), keys }
}

function keyStatus({ id, scope, expiresAt }: Grant<Tenant>): KeyStatus {
  return { id, scope, ...(expiresAt === Infinity ? undefined : { expiresAt: new Date(expiresAt).toISOString() }) }
}

/** Whether HTML is named, and not behind JSON by its quality. */
function prefersHtml(accept: string): boolean {
  const html = quality(accept, 'text/html')
  return html > 0 && html >= quality(accept, 'application/json')
}

function quality(accept: string, type: string): number {
  for (const range of accept.split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    if (name !== type) continue
    const given = parameters.find((parameter) => parameter.startsWith('q='))
    return given === undefined ? 1 : Number(given.slice(2)) || 0
  }
  return 0
}
