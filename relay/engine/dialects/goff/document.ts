/**
 * The vendor's flag file: an object from flag key to flag, or the answer of its relay's flag-configuration endpoint, which
 * wraps that object. Shapes are checked here and nowhere else; what a flag means is for lower.ts.
 */
import { own } from '../../context.ts'
import type { Tools } from '../../dialect.ts'
import type { Spelling } from '../../json.ts'
import type { Json } from '../../outcome.ts'
import { DocumentError, FlagError } from '../../problem.ts'
import { parseTimestamp } from './dates.ts'
import { flag as bool, isObject, list, member, number, object, show, text, within } from './shape.ts'
import type { Members } from './shape.ts'

export interface Item {
  readonly key: string
  /** Where it stands in the document. */
  readonly path: string
  readonly definition: Members
}

export interface GoffDocument {
  /** In document order. */
  readonly flags: readonly Item[]
  /** Attributes that the endpoint tells its providers to add to every context. */
  readonly enrichment: Members
}

export interface Variation {
  readonly value: Json
  /** The value's JSON text where JavaScript would spell it otherwise. */
  readonly valueText?: string
}

/** One end of a progressive rollout. Dates in ms since the epoch. */
export interface ProgressiveEnd {
  readonly variation?: string
  readonly percentage?: number
  readonly date?: number
}

export interface Progressive {
  readonly initial: ProgressiveEnd
  readonly end: ProgressiveEnd
}

export interface Rule {
  readonly name?: string
  readonly query?: string
  readonly variation?: string
  readonly percentage?: ReadonlyMap<string, number>
  readonly progressive?: Progressive
  readonly disable?: boolean
}

/** Both ends belong to it; ms since the epoch. */
export interface Window {
  readonly start?: number
  readonly end?: number
}

/** What a flag and a scheduled step have in common. */
export interface Part {
  readonly variations: ReadonlyMap<string, Variation>
  readonly targeting: readonly Rule[]
  readonly defaultRule?: Rule
  readonly experimentation?: Window
  readonly trackEvents?: boolean
  readonly disable?: boolean
}

export interface Step extends Part {
  /** Milliseconds since the epoch; without one the step never comes. */
  readonly date?: number
}

export interface Flag extends Part {
  readonly bucketingKey: string
  /** Undefined when the flag has no schedule at all. */
  readonly steps?: readonly Step[]
  readonly version: string
  readonly metadata: Members
}

/** Finds the flags. Throws DocumentError when there is nothing that could be one. */
export function readDocument(json: unknown, tools: Tools): GoffDocument {
  if (!isObject(json)) throw new DocumentError('', 'must be an object from flag key to flag')
  const wrapped = own(json, 'flags')
  if (isConfiguration(json, wrapped)) {
    const enrichment = member(json, 'evaluationContextEnrichment') ?? {}
    if (!isObject(enrichment)) throw new DocumentError('evaluationContextEnrichment', 'must be an object of attributes')
    return { flags: items(wrapped, 'flags', tools), enrichment }
  }
  if (typeof own(json, 'errorCode') === 'string' && !isObject(own(json, 'errorDetails'))) {
    throw new DocumentError('errorCode', `this is an error of the relay: ${show(own(json, 'errorCode'))}`)
  }
  return { flags: items(json, '', tools), enrichment: {} }
}

const WRAPPERS: ReadonlySet<string> = new Set(['flags', 'evaluationContextEnrichment'])

/** A file may well have a flag that is called `flags`: that one has variations, which are no flags. */
function isConfiguration(json: Members, flags: unknown): flags is Members {
  if (!isObject(flags) || !Object.keys(json).every((name) => WRAPPERS.has(name))) return false
  const variations = own(flags, 'variations')
  return variations === undefined || isObject(own(variations, 'variations'))
}

function items(flags: Members, at: string, tools: Tools): Item[] {
  const found: Item[] = []
  const entries = Object.entries(flags)
  for (const [key, definition] of entries) {
    const path = within(at, key)
    if (isObject(definition)) found.push({ key, path, definition })
    else tools.warn({ path, message: `is left out: a flag is an object, not ${show(definition)}` })
  }
  if (found.length > 0 || entries.length === 0) return found
  throw new DocumentError(at, `none of the ${entries.length} members is a flag`)
}

/** Reads one flag. Throws FlagError with a path inside it. */
export function readFlag({ definition }: Item, spelling: Spelling): Flag {
  const steps = list(definition, 'scheduledRollout', '')?.map((step, index) =>
    readStep(step, `scheduledRollout[${index}]`, spelling),
  )
  const version = member(definition, 'version')
  if (version !== undefined && typeof version !== 'string' && typeof version !== 'number') {
    throw new FlagError('version', `must be a text, not ${show(version)}`)
  }
  return {
    ...readPart(definition, '', spelling),
    ...optional('steps', steps),
    bucketingKey: text(definition, 'bucketingKey', '') ?? '',
    // YAML writers leave out the quotes, and the vendor's reader does not mind.
    version: typeof version === 'number' ? spelling.encode(definition, 'version') : (version ?? ''),
    metadata: object(definition, 'metadata', '') ?? {},
  }
}

function readStep(step: unknown, at: string, spelling: Spelling): Step {
  if (!isObject(step)) throw new FlagError(at, `must be an object, not ${show(step)}`)
  return { ...readPart(step, at, spelling), ...optional('date', date(step, 'date', at)) }
}

function readPart(holder: Members, at: string, spelling: Spelling): Part {
  const variations = object(holder, 'variations', at) ?? {}
  const defaultRule = object(holder, 'defaultRule', at)
  const window = object(holder, 'experimentation', at)
  const windowAt = within(at, 'experimentation')
  return {
    variations: new Map(Object.keys(variations).map((name) => [name, variation(variations, name, spelling)])),
    targeting: (list(holder, 'targeting', at) ?? []).map((rule, index) => {
      const path = `${within(at, 'targeting')}[${index}]`
      if (!isObject(rule)) throw new FlagError(path, `must be an object, not ${show(rule)}`)
      return readRule(rule, path)
    }),
    ...(defaultRule === undefined ? {} : { defaultRule: readRule(defaultRule, within(at, 'defaultRule')) }),
    ...(window === undefined
      ? {}
      : {
          experimentation: {
            ...optional('start', date(window, 'start', windowAt)),
            ...optional('end', date(window, 'end', windowAt)),
          },
        }),
    ...optional('trackEvents', bool(holder, 'trackEvents', at)),
    ...optional('disable', bool(holder, 'disable', at)),
  }
}

function variation(variations: Members, name: string, spelling: Spelling): Variation {
  const value = variations[name] as Json
  const valueText = spelling.encode(variations, name)
  return valueText === JSON.stringify(value) ? { value } : { value, valueText }
}

function readRule(rule: Members, at: string): Rule {
  const percentage = object(rule, 'percentage', at)
  const percentageAt = within(at, 'percentage')
  const progressive = object(rule, 'progressiveRollout', at)
  const shares = Object.keys(percentage ?? {}).map((name): [string, number] => {
    const share = number(percentage, name, percentageAt)
    if (share === undefined) throw new FlagError(within(percentageAt, name), 'must be a number, not null')
    return [name, share]
  })
  return {
    ...optional('name', text(rule, 'name', at)),
    ...optional('query', text(rule, 'query', at)),
    ...optional('variation', text(rule, 'variation', at)),
    ...(percentage === undefined ? {} : { percentage: new Map(shares) }),
    ...(progressive === undefined
      ? {}
      : {
          progressive: {
            initial: readEnd(progressive, 'initial', within(at, 'progressiveRollout')),
            end: readEnd(progressive, 'end', within(at, 'progressiveRollout')),
          },
        }),
    ...optional('disable', bool(rule, 'disable', at)),
  }
}

function readEnd(progressive: Members, name: string, at: string): ProgressiveEnd {
  const path = within(at, name)
  const end = object(progressive, name, at)
  return {
    ...optional('variation', text(end, 'variation', path)),
    ...optional('percentage', number(end, 'percentage', path)),
    ...optional('date', date(end, 'date', path)),
  }
}

function date(holder: unknown, name: string, at: string): number | undefined {
  const written = text(holder, name, at)
  if (written === undefined) return undefined
  const moment = parseTimestamp(written)
  if (moment !== undefined) return moment
  throw new FlagError(within(at, name), `must be a date such as 2026-01-31T08:00:00Z, not ${show(written)}`)
}

/** A member that is left out when there is no value. */
function optional<Name extends string, Value>(name: Name, value: Value | undefined): { readonly [K in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [K in Name]?: Value }
}
