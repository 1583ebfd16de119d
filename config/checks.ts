/**
 * What no single setting can know: keys that collide, doors left open, addresses that clash, settings the vendor cannot
 * work with. Runs on whatever part of the configuration could be read, so that its findings do not wait for other fixes.
 */
import { isIP } from 'node:net'
import type { Vendor } from '../relay/vendors/vendor.ts'
import type { EnvironmentSettings } from './environment.ts'
import type { ListenSettings } from './listen.ts'
import { suggestion } from './nearest.ts'
import type { Finding } from './problems.ts'
import type { Path } from './tree.ts'

export interface Readable {
  readonly listen: ListenSettings | undefined
  readonly environments: ReadonlyMap<string, EnvironmentSettings>
}

export interface CheckTools {
  /** By name. Absent: vendors are not checked. */
  readonly vendors: ReadonlyMap<string, Vendor> | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}

export function check({ listen, environments }: Readable, { vendors, now }: CheckTools): Finding[] {
  return [
    ...(listen === undefined ? [] : [...checkListen(listen), ...checkOpen(listen, environments)]),
    ...checkKeys(environments, now),
    ...(vendors === undefined ? [] : checkVendors(environments, vendors)),
  ]
}

/** Loopback addresses are reachable from the same machine only. */
function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

function checkListen({ host, port, management }: ListenSettings): Finding[] {
  if (port === 0 || port !== management.port || host !== management.host) return []
  return [{ path: ['listen', 'management', 'port'], message: 'is the same as listen.port: choose another' }]
}

/** A warning, since serving itself lets only callers on the same machine into such an environment. */
function checkOpen(listen: ListenSettings, environments: ReadonlyMap<string, EnvironmentSettings>): Finding[] {
  if (isLoopback(listen.host)) return []
  return [...environments].flatMap(([name, { keys, anonymous }]): Finding[] => {
    if (anonymous || keys.server.length + keys.client.length + keys.admin.length > 0) return []
    const message =
      'has no keys, and listen.host is not loopback: callers from elsewhere are refused. Add keys, or `anonymous: true`'
    return [{ path: ['environments', name], message, severity: 'warning' }]
  })
}

function checkKeys(environments: ReadonlyMap<string, EnvironmentSettings>, now: number): Finding[] {
  const findings: Finding[] = []
  const seen = new Map<string, string>()
  for (const [name, { keys }] of environments) {
    for (const role of ['server', 'client', 'admin'] as const) {
      for (const [index, { secret, expiresAt }] of keys[role].entries()) {
        const path: Path = ['environments', name, 'keys', role, index]
        const other = seen.get(secret)
        if (other === undefined) seen.set(secret, `environments.${name}.keys.${role}[${index}]`)
        else
          findings.push({
            path,
            message: `is the same key as ${other}: the key alone tells the environment and the role`,
          })
        if (expiresAt !== undefined && expiresAt <= now) {
          findings.push({ path, message: 'has expired and opens nothing: remove it', severity: 'warning' })
        }
      }
    }
  }
  return findings
}

function checkVendors(
  environments: ReadonlyMap<string, EnvironmentSettings>,
  vendors: ReadonlyMap<string, Vendor>,
): Finding[] {
  return [...environments].flatMap(([name, { upstream }]): Finding[] => {
    const base = ['environments', name, 'upstream']
    const vendor = vendors.get(upstream.vendor)
    if (vendor === undefined) {
      return [
        { path: [...base, 'vendor'], message: `is no known vendor${suggestion(upstream.vendor, vendors.keys())}` },
      ]
    }
    return vendor.check(upstream).map(({ path, message }) => {
      const inside = path === '' ? [] : path.split('.').map((part) => (part === 'everyMs' ? 'every' : part))
      return { path: [...base, ...inside], message }
    })
  })
}
