/**
 * From a file to Settings: YAML, then `${NAME}`, then `HALYARD_…` variables, then the schema, then what concerns several
 * settings at once. All problems are gathered, since fixing them one start at a time is how an evening goes by.
 */
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Vendor } from '../relay/vendors/vendor.ts'
import { check } from './checks.ts'
import { environmentSchema } from './environment.ts'
import type { EnvironmentSettings } from './environment.ts'
import { expand, override } from './expansion.ts'
import type { Variables } from './expansion.ts'
import { listenSchema } from './listen.ts'
import { dotted, findingsOf, valueAt } from './problems.ts'
import type { ConfigProblem, Finding } from './problems.ts'
import { settingsSchema } from './settings.ts'
import type { Settings } from './settings.ts'
import { checkTls } from './tls.ts'
import { readYaml } from './yaml.ts'

export interface LoadTools {
  readonly variables: Variables
  /** Lets vendors check their own settings; without it only the shape is checked. */
  readonly vendors?: ReadonlyMap<string, Vendor>
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface Loaded {
  /** Present exactly when no problem is an error. */
  readonly settings?: Settings
  /** In the order of the file. */
  readonly problems: readonly ConfigProblem[]
}

const LARGEST_FILE = 8 * 1024 * 1024

/** Reads a configuration file. Never rejects: a file that cannot be read is a problem too. */
export async function loadSettings(path: string, tools: LoadTools): Promise<Loaded> {
  let text: string
  try {
    const bytes = await readFile(path)
    if (bytes.length > LARGEST_FILE) return failed(`${path} is larger than 8 MiB and no configuration`)
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reasons: Record<string, string> = {
      ENOENT: 'does not exist',
      EACCES: 'may not be read by this user',
      EISDIR: 'is a folder',
      ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8',
    }
    return failed(`${path} ${Object.hasOwn(reasons, code) ? reasons[code] : `cannot be read (${code})`}`)
  }
  return readSettings(text, dirname(resolve(path)), tools)
}

/** Reads a configuration text. Relative paths in it start at `folder`. */
export function readSettings(text: string, folder: string, { variables, vendors, now }: LoadTools): Loaded {
  const yaml = readYaml(text)
  if (yaml.problems.some(({ severity }) => severity === 'error')) {
    return { problems: yaml.problems.map((problem) => ({ ...problem, path: '' })) }
  }
  const expanded = expand(yaml.value ?? {}, variables)
  const overridden = override(expanded.value, variables, expanded.used)
  const input = overridden.value
  const findings: Finding[] = [...expanded.findings, ...overridden.findings, ...forbiddenNames(input)]

  const parsed = settingsSchema.safeParse(input)
  if (!parsed.success) findings.push(...findingsOf(parsed.error.issues, input))
  findings.push(...check(readable(input), { vendors, now }))
  const trusted = parsed.success ? certificates(parsed.data, folder, findings) : new Map<string, string>()
  if (parsed.success) findings.push(...checkTls(parsed.data.listen.tls, folder))

  const origins = new Map([...expanded.origins, ...overridden.origins])
  const problems = distinct(findings).map(({ path, message, severity = 'error' }): ConfigProblem => {
    const text = dotted(path)
    const origin = origins.get(text)
    const position = overridden.origins.has(text) ? undefined : yaml.position(path)
    const from = origin === undefined || message.includes(origin) ? '' : ` (from ${origin})`
    const problem = { path: text, message: `${message}${from}`, severity }
    return position === undefined || path.length === 0 ? problem : Object.assign(problem, position)
  })
  problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0))
  if (!parsed.success || problems.some(({ severity }) => severity === 'error')) return { problems }
  return { settings: rooted(parsed.data, folder, trusted), problems }
}

/** The parts that can be read on their own, so that checks on them need not wait until everything else is right. */
function readable(input: unknown): Parameters<typeof check>[0] {
  const environments = new Map<string, EnvironmentSettings>()
  const written = valueAt(input, ['environments'])
  for (const [name, value] of Object.entries(typeof written === 'object' ? (written ?? {}) : {})) {
    const parsed = environmentSchema.safeParse(value)
    if (parsed.success) environments.set(name, parsed.data)
  }
  return { listen: listenSchema.safeParse(valueAt(input, ['listen']) ?? {}).data, environments }
}

/** Objects cannot be trusted with this name on their way through libraries, and nobody needs it. */
function forbiddenNames(value: unknown, path: readonly (string | number)[] = []): Finding[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => {
    const at = [...path, Array.isArray(value) ? Number(name) : name]
    return name === '__proto__' ? [{ path: at, message: 'is not a possible name' }] : forbiddenNames(member, at)
  })
}

/** One finding per place and message, and none below a place whose value is not known yet. */
function distinct(findings: readonly Finding[]): Finding[] {
  const unknown = new Set<string>()
  const seen = new Set<string>()
  return findings.filter(({ path, message }) => {
    const at = dotted(path)
    if (message.startsWith('needs the environment variable')) unknown.add(at)
    else if (unknown.has(at)) return false
    const identity = `${at}\n${message}`
    return !seen.has(identity) && seen.add(identity) !== undefined
  })
}

/** The contents of the files that environments name as `ca`, by environment. */
function certificates(settings: Settings, folder: string, findings: Finding[]): Map<string, string> {
  const read = new Map<string, string>()
  for (const [name, { upstream }] of settings.environments) {
    if (upstream.ca === undefined) continue
    const path = ['environments', name, 'upstream', 'ca']
    try {
      const pem = readFileSync(resolve(folder, upstream.ca), 'utf8')
      if (/-----BEGIN (?:TRUSTED )?CERTIFICATE-----/.test(pem)) read.set(name, pem)
      else findings.push({ path, message: 'is a file without certificates (BEGIN CERTIFICATE)' })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
      findings.push({ path, message: `is a file that cannot be read (${code})` })
    }
  }
  return read
}

/** With every path absolute, and the certificates themselves in place of the path to them. */
function rooted(settings: Settings, folder: string, trusted: ReadonlyMap<string, string>): Settings {
  const { disk } = settings.store
  const environments = new Map(
    [...settings.environments].map(([name, environment]) => {
      const { file } = environment.upstream
      const ca = trusted.get(name)
      const upstream = {
        ...environment.upstream,
        ...(file === undefined ? {} : { file: resolve(folder, file) }),
        ...(ca === undefined ? {} : { ca }),
      }
      return [name, { ...environment, upstream }]
    }),
  )
  const store = { ...settings.store, disk: disk === false ? disk : resolve(folder, disk) }
  const { tls } = settings.listen
  if (tls === undefined) return { ...settings, environments, store }
  const files = { cert: resolve(folder, tls.cert), key: resolve(folder, tls.key) }
  return { ...settings, listen: { ...settings.listen, tls: { ...tls, ...files } }, environments, store }
}

function failed(message: string): Loaded {
  return { problems: [{ path: '', message, severity: 'error' }] }
}
