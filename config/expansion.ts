/**
 * Secrets and addresses from the environment: `${NAME}` and `${NAME:-default}` in values, never in names, and
 * `HALYARD_…` variables over the file. A variable that is missing is a problem; an empty key in its place would open a door.
 */
import { nearest } from './nearest.ts'
import type { Finding } from './problems.ts'
import { dotted, valueAt } from './problems.ts'
import { coerce, leaves, tree, variableFor } from './tree.ts'
import type { Path } from './tree.ts'

export type Variables = Readonly<Record<string, string | undefined>>

export interface Expanded {
  readonly value: unknown
  readonly findings: readonly Finding[]
  /** Which variable a setting came from, by dotted path. */
  readonly origins: ReadonlyMap<string, string>
  readonly used: ReadonlySet<string>
}

const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g

/** Replaces references in every text of `value`. `$${` stands for a literal `${`. An empty variable counts as unset for `:-`. */
export function expand(value: unknown, variables: Variables): Expanded {
  const findings: Finding[] = []
  const origins = new Map<string, string>()
  const used = new Set<string>()

  const text = (source: string, path: Path): unknown => {
    if (!source.includes('${')) return source
    const names: string[] = []
    let intact = true
    const result = source.replaceAll(REFERENCE, (match: string, name?: string, fallback?: string) => {
      if (match === '$${') return '${'
      if (name === undefined) {
        intact = false
        findings.push({
          path,
          message: 'has a ${ that is no reference: write ${NAME}, ${NAME:-default}, or $${ for the text itself',
        })
        return match
      }
      names.push(name)
      used.add(name)
      const found = Object.hasOwn(variables, name) ? variables[name] : undefined
      if (fallback !== undefined) return found === undefined || found === '' ? fallback : found
      if (found !== undefined) return found
      intact = false
      findings.push({
        path,
        message: `needs the environment variable ${name}, which is not set: set it, or write \${${name}:-default}`,
      })
      return match
    })
    if (names.length > 0) origins.set(dotted(path), names.join(', '))
    return intact && names.length > 0 ? coerce(result, path) : intact ? result : undefined
  }

  const walk = (at: unknown, path: Path): unknown => {
    if (typeof at === 'string') return text(at, path)
    if (Array.isArray(at)) return at.map((item, index) => walk(item, [...path, index]))
    if (typeof at !== 'object' || at === null) return at
    return Object.fromEntries(Object.entries(at).map(([name, item]) => [name, walk(item, [...path, name])]))
  }
  return { value: walk(value, []), findings, origins, used }
}

/** Read by the command line, or put there by Kubernetes for a Service that is called `halyard`. */
const FOREIGN = /^HALYARD_(CONFIG|DEBUG|KEY|SERVICE_.*|PORT(_.*)?)$/

/** Lays `HALYARD_…` variables over the settings that they name, and reports names that are no setting. */
export function override(value: unknown, variables: Variables, used: ReadonlySet<string>): Expanded {
  const findings: Finding[] = []
  const origins = new Map<string, string>()
  const byName = new Map([...leaves(tree)].map(([path]) => [variableFor(path), path]))
  let result = value
  for (const [name, text] of Object.entries(variables)) {
    if (!name.startsWith('HALYARD_') || text === undefined || used.has(name)) continue
    const path = byName.get(name)
    if (path !== undefined) {
      result = withValue(result, path, coerce(text, path))
      origins.set(dotted(path), name)
    } else if (!FOREIGN.test(name)) {
      const near = nearest(name, byName.keys())
      const fix = near === undefined ? 'the reference lists them' : `did you mean ${near}?`
      findings.push({
        path: [],
        message: `the environment variable ${name} names no setting: ${fix}`,
        severity: 'warning',
      })
    }
  }
  return { value: result, findings, origins, used: new Set(origins.values()) }
}

/** A copy with one member set; a place that holds something else than a mapping is left for the checks to complain about. */
function withValue(value: unknown, path: Path, leaf: unknown): unknown {
  const [segment, ...rest] = path
  if (segment === undefined) return leaf
  if (value !== undefined && value !== null && (typeof value !== 'object' || Array.isArray(value))) return value
  return { ...value, [segment]: withValue(valueAt(value, [segment]), rest, leaf) }
}
