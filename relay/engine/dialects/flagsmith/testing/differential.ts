/**
 * Flagsmith's node profile against npm SDK 8.1.2: random environment documents, asked of both. The SDK evaluates
 * offline with a client of its own for each scenario, because one client lets traits leak from call to call.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as fc from 'fast-check'
import { own } from '../../../context.ts'
import type { Evaluation, ValueType } from '../../../outcome.ts'
import type { Answer, Differential, Question, Scenario } from '../../../testing/differential.ts'
import { flagsmith } from '../lower.ts'
import { contexts, documents, FLAGS } from './grammar.ts'
import { exceptions } from './oracle-exceptions.ts'

interface Flag {
  readonly enabled: boolean
  readonly value: unknown
  readonly reason?: string
  readonly isDefault: boolean
}
interface Flags {
  getFlag(name: string): Flag
}
interface Client {
  getIdentityFlags(identifier: string, traits: object): Promise<Flags>
  getEnvironmentFlags(): Promise<Flags>
}
interface Sdk {
  readonly Flagsmith: new (settings: object) => Client
}
interface Models {
  readonly buildEnvironmentModel: (document: object) => object
}

const require = createRequire(import.meta.url)
const sdk = (await import('flagsmith-nodejs')) as unknown as Sdk
// Its own file handler does nothing else with what it read from disk.
const folder = join(dirname(require.resolve('flagsmith-nodejs')), '../esm/flagsmith-engine/environments/util.js')
const models = (await import(pathToFileURL(folder).href)) as Models

const logger = { error: (): void => undefined, warn: (): void => undefined, info: (): void => undefined }

const types = fc.constantFrom<ValueType | undefined>('boolean', 'string', 'number', 'object', undefined, undefined)
const questions = fc.array(
  fc
    .record({
      key: fc.oneof(
        { weight: 40, arbitrary: fc.constantFrom(...FLAGS) },
        { weight: 1, arbitrary: fc.constant('unknown') },
      ),
      context: contexts,
      type: types,
    })
    .map(({ key, context, type }): Question => (type === undefined ? { key, context } : { key, context, type })),
  { minLength: 8, maxLength: 12 },
)
const options = fc
  .record({ returnValueForDisabledFlags: fc.boolean(), useBooleanConfigValue: fc.boolean() })
  .map((some) => Object.assign(some, { profile: 'node' }))

const scenarios: fc.Arbitrary<Scenario> = fc
  .record({ document: documents, questions, options })
  .map((some) => Object.assign(some, { now: 0 }))

async function oracle(scenario: Scenario): Promise<Answer[]> {
  const model = models.buildEnvironmentModel(structuredClone(scenario.document))
  const offlineHandler = { getEnvironment: (): object => model }
  const client = new sdk.Flagsmith({ offlineMode: true, offlineHandler, logger })
  const answers: Answer[] = []
  for (const { key, context, type } of scenario.questions) {
    const { targetingKey, traits } = context
    const given = typeof traits === 'object' && traits !== null ? traits : {}
    const asking =
      typeof targetingKey === 'string' && targetingKey !== ''
        ? client.getIdentityFlags(targetingKey, given)
        : client.getEnvironmentFlags()
    try {
      answers.push(provided((await asking).getFlag(key), type, scenario.options ?? {}))
    } catch {
      answers.push({ error: 'GENERAL' })
    }
  }
  return answers
}

/** What the vendor's OpenFeature provider makes of a flag. */
function provided(flag: Flag, type: ValueType | undefined, settings: Readonly<Record<string, unknown>>): Answer {
  const { enabled, value, reason, isDefault } = flag
  if (isDefault) return { error: 'FLAG_NOT_FOUND' }
  const known = { enabled, reason }
  if (type === 'boolean' && settings['useBooleanConfigValue'] !== true) return { ...known, value: enabled }
  if (type === undefined && value === null) return { ...known, value: enabled }
  if (!enabled && settings['returnValueForDisabledFlags'] !== true) return { ...known, error: 'GENERAL' }
  const converted = type === undefined ? value : CONVERSIONS[type](value)
  return converted === undefined || converted === null
    ? { ...known, error: 'TYPE_MISMATCH' }
    : { ...known, value: converted }
}

const CONVERSIONS: Readonly<Record<ValueType, (value: unknown) => unknown>> = {
  string: (value) => (typeof value === 'string' ? value : value === null ? undefined : JSON.stringify(value)),
  number: (value) => {
    const number = typeof value === 'number' ? value : parseFloat(String(value))
    return Number.isFinite(number) ? number : undefined
  },
  boolean: (value) => {
    const text = typeof value === 'string' ? value.toLowerCase() : value
    return text === 'true' || text === 1 || text === true
      ? true
      : text === 'false' || text === 0 || text === false
        ? false
        : undefined
  },
  object: (value) => {
    try {
      const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : undefined
      return typeof parsed === 'object' ? parsed : undefined
    } catch {
      return undefined
    }
  },
}

function comparable({ value, errorCode, metadata = {} }: Evaluation): Answer {
  const enabled = own(metadata, 'enabled')
  if (errorCode !== undefined && enabled === undefined) return { error: errorCode }
  const { weight, segment } = metadata
  const matched = segment === undefined ? 'DEFAULT' : `TARGETING_MATCH; segment=${segment}`
  const reason = weight === undefined ? matched : `SPLIT; weight=${weight}`
  return { enabled, reason, ...(errorCode === undefined ? { value } : { error: errorCode }) }
}

export const differential: Differential = {
  vendor: 'flagsmith',
  dialect: flagsmith,
  scenarios,
  oracle,
  comparable,
  exceptions,
}
