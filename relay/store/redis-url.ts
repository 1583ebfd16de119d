/**
 * Reads the Redis addresses of the configuration. By hand, because a list of hosts with ports is no URL, and with error
 * messages that never quote what they reject: these addresses carry passwords.
 *
 *     redis://[user:password@]host[:port][/db]                       rediss:// for TLS
 *     redis+sentinel://[user:password@]host[:port],…/master-name     rediss+sentinel://
 *     redis+cluster://[user:password@]host[:port],…                  rediss+cluster://
 */

/** What to connect to. */
export interface RedisAddress {
  readonly topology: 'single' | 'sentinel' | 'cluster'
  readonly tls: boolean
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
  readonly username?: string
  readonly password?: string
  /** Logical database; `single` only. */
  readonly database: number
  /** The monitored name; `sentinel` only. */
  readonly master?: string
}

const SHAPE = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@]*)@)?([^@/?#]+)(?:\/([^?#]*))?$/

/** Throws a TypeError that is safe to show. */
export function parseRedisUrl(url: string): RedisAddress {
  const match = SHAPE.exec(url)
  if (match === null) throw new TypeError('not a redis url: expected redis[s][+sentinel|+cluster]://host:port')
  const [, scheme, variant, userinfo, list = '', path = ''] = match
  const topology = variant === 'sentinel' || variant === 'cluster' ? variant : 'single'
  const hosts = list.split(',').map((entry) => parseHost(entry, topology === 'sentinel' ? 26_379 : 6_379))
  if (topology === 'single' && hosts.length > 1) throw new TypeError('a redis:// url names one host')
  if (topology === 'sentinel' && path === '') throw new TypeError('a redis+sentinel:// url ends in /master-name')
  if (topology === 'cluster' && path !== '') throw new TypeError('a redis+cluster:// url has no database')
  if (topology === 'single' && !/^\d{0,5}$/.test(path)) throw new TypeError('the database of a redis url is a number')
  return {
    topology,
    tls: scheme === 'rediss',
    hosts,
    ...parseUserinfo(userinfo),
    database: topology === 'single' ? Number(path) : 0,
    ...(topology === 'sentinel' ? { master: decode(path) } : {}),
  }
}

/** The address without its secrets, for logs. */
export function describeRedis(address: RedisAddress): string {
  const scheme = `${address.tls ? 'rediss' : 'redis'}${address.topology === 'single' ? '' : `+${address.topology}`}`
  const master = address.master === undefined ? '' : `/${address.master}`
  return `${scheme}://${address.hosts.map(({ host, port }) => `${host}:${port}`).join(',')}${master}`
}

function parseHost(entry: string, defaultPort: number): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(entry)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3] ?? defaultPort)
  if (host === undefined || port < 1 || port > 65_535) throw new TypeError('a host in the redis url is not readable')
  return { host, port }
}

function parseUserinfo(userinfo: string | undefined): { username?: string; password?: string } {
  if (userinfo === undefined || userinfo === '') return {}
  const colon = userinfo.indexOf(':')
  const username = decode(colon < 0 ? userinfo : userinfo.slice(0, colon))
  return {
    ...(username === '' ? {} : { username }),
    ...(colon < 0 ? {} : { password: decode(userinfo.slice(colon + 1)) }),
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new TypeError('a part of the redis url is not percent-encoded correctly')
  }
}
