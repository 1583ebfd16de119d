/**
 * The datafile as a whole: which versions are understood, and where its segments and features are. Single features are
 * read in feature.ts, each behind its own fence; here only that is refused of which nothing could be used.
 */
import { own } from '../../context.ts'
import type { Tools } from '../../dialect.ts'
import { DocumentError } from '../../problem.ts'
import type { Options } from './options.ts'
import { readOptions } from './options.ts'
import { featureFromSchema1, indexByKey } from './schema1.ts'
import { isObject, kindOf } from './shape.ts'
import type { JsonObject } from './shape.ts'

export interface Datafile {
  readonly schemaVersion: string
  /** The vendor's own revision: opaque, not ordered. */
  readonly revision: string
  /** Unread definitions by key, in document order. */
  readonly segments: ReadonlyMap<string, unknown>
  readonly features: ReadonlyMap<string, unknown>
  readonly options: Options
}

/** Throws DocumentError when the document is no datafile or an option is wrong. */
export function readDatafile(json: unknown, options: Readonly<Record<string, unknown>>, tools: Tools): Datafile {
  if (!isObject(json)) {
    throw new DocumentError('', `not a Featurevisor datafile: must be an object, is ${kindOf(json)}`)
  }
  const schemaVersion = label(json, 'schemaVersion')
  const revision = label(json, 'revision')
  const read = { schemaVersion, revision, options: readOptions(options) }
  if (schemaVersion === '1') {
    const features = indexByKey(json, 'features')
    return {
      ...read,
      segments: indexByKey(json, 'segments'),
      features: new Map([...features].map(([key, feature]) => [key, featureFromSchema1(feature, tools.spelling)])),
    }
  }
  if (schemaVersion !== '2') {
    const message = `is ${JSON.stringify(schemaVersion)}; versions "1" and "2" are known, it is read as "2"`
    tools.warn({ path: 'schemaVersion', message })
  }
  const globals = own(json, 'variables')
  if (isObject(globals) && Object.keys(globals).length > 0) {
    const message = 'the datafile uses features newer than this relay: global variables are not served'
    tools.warn({ path: 'variables', message })
  }
  return { ...read, segments: entries(json, 'segments'), features: entries(json, 'features') }
}

function label(json: JsonObject, member: string): string {
  const value = own(json, member)
  if (typeof value === 'string') return value
  throw new DocumentError(member, `must be a text, is ${kindOf(value)}; is this a Featurevisor datafile?`)
}

function entries(json: JsonObject, member: string): Map<string, unknown> {
  const value = own(json, member)
  if (isObject(value)) return new Map(Object.entries(value))
  throw new DocumentError(member, `must be an object of ${member} by key, is ${kindOf(value)}`)
}
