/**
 * `GET /status`: what an operator wants to know at three in the morning, as JSON or as a page. Keys appear by id (the
 * first digits of their SHA-256) and never in a form that could be used.
 */
import type { EnvironmentStatus } from '../environment/status.ts'
import type { Timers } from './clock.ts'
import type { Grant, KeyScope } from './credentials.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import type { MetricFamily, MetricsSource } from './metrics.ts'
import { json } from './replies.ts'
import { statusPage } from './status-page.ts'
import { streamStatus } from './stream-status.ts'
import type { StreamStatus } from './stream-status.ts'
import type { Tenant, Tenants } from './tenants.ts'

export interface StatusParts {
  readonly tenants: Tenants
  readonly metrics: MetricsSource
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
  /** Streams whose client has to take something before it can be told the newest. */
  readonly streamsBehind: number
  readonly environments: readonly (EnvironmentStatus & {
    readonly keys: readonly KeyStatus[]
    readonly streams: StreamStatus
  })[]
}

export async function status(request: HttpRequest, parts: StatusParts): Promise<HttpReply> {
  const present = read(parts, await parts.metrics.values())
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

function read({ tenants, timers, draining, startedAt }: StatusParts, families: readonly MetricFamily[]): RelayStatus {
  const grants = tenants.grants()
  return {
    draining: draining(),
    uptimeSeconds: Math.floor((timers.monotonic() - startedAt) / 1_000),
    node: process.version,
    now: new Date(timers.now()).toISOString(),
    streamsBehind: families.find(({ name }) => name === 'halyard_streams_behind')?.values[0]?.value ?? 0,
    environments: tenants.list().map((tenant) => statusOf(tenant, grants, families)),
  }
}

function statusOf(
  tenant: Tenant,
  grants: readonly Grant<Tenant>[],
  families: readonly MetricFamily[],
): RelayStatus['environments'][number] {
  const keys = grants.filter((grant) => grant.owner === tenant).map(keyStatus)
  return { ...tenant.environment.status(), keys, streams: streamStatus(families, tenant.name) }
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
