/**
 * The vendor's npm SDK as the oracle: started from a document, without network and metrics, asked through the mapping
 * that the vendor's OpenFeature provider makes of contexts and variants. Its clock and its dice are the scenario's.
 */
import { InMemStorageProvider, Unleash } from 'unleash-client'
import type { Context as UnleashContext } from 'unleash-client'
import { own } from '../../../context.ts'
import type { Context, ValueType } from '../../../outcome.ts'
import type { Answer, Scenario } from '../../../testing/differential.ts'

type Variant = ReturnType<Unleash['getVariant']>

export async function oracle(scenario: Scenario): Promise<Answer[]> {
  const { document, options = {}, now, random = 0.5, questions } = scenario
  const client = new Unleash({
    appName: textOr(options['appName'], 'app'),
    environment: textOr(options['environment'], 'default'),
    url: 'http://127.0.0.1:9/api',
    refreshInterval: 0,
    disableMetrics: true,
    skipInstanceCountWarning: true,
    storageProvider: new InMemStorageProvider(),
    bootstrap: {},
    bootstrapOverride: true,
    ...bootstrapOf(document),
  })
  client.on('error', () => undefined)
  client.on('warn', () => undefined)
  await new Promise<void>((resolve) => {
    client.once('ready', resolve)
  })
  try {
    return withClock(now, random, () => questions.map(({ key, context, type }) => ask(client, key, context, type)))
  } finally {
    client.destroy()
  }
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback
}

/** A copy, since the SDK keeps what it is given. */
function bootstrapOf(document: object): object {
  const copy = structuredClone(document)
  return { bootstrap: { data: own(copy, 'features'), segments: own(copy, 'segments') } }
}

/** The SDK takes both from the globals, and is asked synchronously. */
function withClock<T>(now: number, random: number, ask: () => T): T {
  const { Date: RealDate, Math } = globalThis
  const drawn = Math.random
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given: unknown[], self) =>
      Reflect.construct(target, given.length === 0 ? [now] : given, self) as object,
  })
  Math.random = (): number => random
  try {
    return ask()
  } finally {
    globalThis.Date = RealDate
    Math.random = drawn
  }
}

function ask(client: Unleash, key: string, of: Context, type: ValueType | undefined): Answer {
  const context = mapped(of)
  if (client.getFeatureToggleDefinition(key) === undefined) return { unknown: true }
  try {
    if (type === 'boolean' || type === undefined) {
      const { name, enabled } = client.getVariant(key, context)
      return { value: client.isEnabled(key, context), variant: enabled ? name : undefined }
    }
    return detail(client.getVariant(key, context), type)
  } catch (error) {
    return { threw: error instanceof Error ? error.message : String(error) }
  }
}

const PAYLOADS: Readonly<Record<string, readonly string[]>> = {
  string: ['string', 'csv'],
  number: ['number'],
  object: ['json'],
}

/** The provider's answer to a typed question. */
function detail({ name, enabled, feature_enabled, payload }: Variant, type: ValueType): Answer {
  if (!feature_enabled) return { reason: 'DISABLED' }
  if (!enabled || payload === undefined || payload === null) return { reason: 'DEFAULT' }
  if (PAYLOADS[type]?.includes(payload.type) !== true) return { errorCode: 'TYPE_MISMATCH' }
  const served = { reason: 'SPLIT', variant: name }
  if (type === 'string') return { ...served, value: payload.value }
  if (type === 'number') {
    const value = Number(payload.value)
    return Number.isNaN(value) ? { errorCode: 'TYPE_MISMATCH' } : { ...served, value }
  }
  try {
    return { ...served, value: JSON.parse(payload.value) as unknown }
  } catch {
    return { errorCode: 'PARSE_ERROR' }
  }
}

const FIELDS: ReadonlySet<string> = new Set(['userId', 'sessionId', 'remoteAddress', 'environment', 'appName'])

/** The provider's mapping, written here on its own: the vendor's fields as texts, all else as properties. */
function mapped(context: Context): UnleashContext {
  const fields: [string, unknown][] = []
  const properties: [string, string | number][] = []
  for (const [name, value] of Object.entries(context)) {
    const kept = plain(value)
    if (name === 'targetingKey' || name === 'currentTime' || kept === undefined) continue
    if (FIELDS.has(name)) fields.push([name, String(kept)])
    else properties.push([name, typeof kept === 'boolean' ? String(kept) : kept])
  }
  const { currentTime: time } = context
  const user = plain(context['targetingKey'])
  if (user !== undefined && (user !== '' || !fields.some(([name]) => name === 'userId'))) {
    fields.push(['userId', String(user)])
  }
  if (time instanceof Date || typeof time === 'string' || typeof time === 'number') {
    const date = new Date(time)
    if (!Number.isNaN(date.getTime())) fields.push(['currentTime', date])
  }
  return { ...Object.fromEntries(fields), properties: Object.fromEntries(properties) }
}

/** What is not dropped. */
function plain(value: unknown): string | number | boolean | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined
}
