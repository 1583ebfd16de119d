/**
 * Which environment and which route a path means. Everything is served at the root and, when one is configured, under a
 * prefix at the same time, because one client's library drops the path of its base URL; and under
 * `/environments/<name>`, so that a client that can set nothing but a base URL can still choose an environment. Slashes
 * where a base URL ends count once: most clients append their path to it as it is, so a base URL ending in a slash would
 * leave them with defaults only.
 */

export interface Target {
  /** What the router looks up. */
  readonly path: string
  /** The environment named by the path. */
  readonly environment?: string
}

const ENVIRONMENTS = '/environments/'

/** Every reading of the path, the most literal first. */
export function targets(path: string, prefix: string): readonly Target[] {
  const literal = rooted(path)
  const readings = [literal]
  if (prefix !== '' && literal.startsWith(`${prefix}/`)) readings.push(rooted(literal.slice(prefix.length)))
  return readings.flatMap((reading) => {
    const named = namedEnvironment(reading)
    return named === undefined ? [{ path: reading }] : [{ path: reading }, named]
  })
}

/** The prefix as `targets` wants it: empty, or with a leading and without a trailing slash. */
export function normalisePrefix(prefix: string | undefined): string {
  const inner = (prefix ?? '').replace(/^\/+|\/+$/g, '')
  return inner === '' ? '' : `/${inner}`
}

function rooted(path: string): string {
  return path.startsWith('//') ? path.replace(/^\/+/, '/') : path
}

function namedEnvironment(path: string): Target | undefined {
  if (!path.startsWith(ENVIRONMENTS)) return undefined
  const end = path.indexOf('/', ENVIRONMENTS.length)
  if (end < 0) return undefined
  try {
    return { path: rooted(path.slice(end)), environment: decodeURIComponent(path.slice(ENVIRONMENTS.length, end)) }
  } catch {
    return undefined
  }
}
