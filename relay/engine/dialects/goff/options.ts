/**
 * Options of the goff dialect: what the vendor's relay is told in its own configuration, and where its two engines part.
 * Unknown ones are left alone, wrong ones are said to be wrong: a misspelt value must not quietly mean the default.
 */
import { own } from '../../context.ts'
import { DocumentError } from '../../problem.ts'
import { isObject, show } from './shape.ts'

export interface GoffOptions {
  /**
   * What becomes of a flag that the vendor's relay drops when it loads the file. `quarantine` (default): it answers
   * PARSE_ERROR. `evaluate`: it answers as the vendor's in-process providers do, which load without those checks.
   */
  readonly invalid: 'quarantine' | 'evaluate'
  /**
   * What a query compares once a dotted path was missing. `vendor` (default): what the vendor's engine is left with, the
   * operand before. `missing`: nothing, as the author of the query meant.
   */
  readonly nestedPaths: 'vendor' | 'missing'
  /** Attributes that win over those of every caller, by the vendor's name `evaluationContextEnrichment`. Default none. */
  readonly enrichment: Readonly<Record<string, unknown>>
}

/** Throws DocumentError. */
export function readOptions(options: Readonly<Record<string, unknown>>): GoffOptions {
  const enrichment = own(options, 'evaluationContextEnrichment') ?? {}
  if (!isObject(enrichment)) {
    const message = `must be an object of attributes, not ${show(enrichment)}`
    throw new DocumentError('options.evaluationContextEnrichment', message)
  }
  const environment = own(options, 'environment')
  if (environment !== undefined && typeof environment !== 'string') {
    throw new DocumentError('options.environment', `must be a text, not ${show(environment)}`)
  }
  return {
    invalid: choice(options, 'invalid', ['quarantine', 'evaluate']),
    nestedPaths: choice(options, 'nestedPaths', ['vendor', 'missing']),
    enrichment: environment === undefined ? enrichment : { ...enrichment, env: environment },
  }
}

function choice<T extends string>(options: object, name: string, known: readonly [T, ...T[]]): T {
  const value = own(options, name) ?? known[0]
  const found = known.find((each) => each === value)
  if (found !== undefined) return found
  const names = known.map((each) => JSON.stringify(each)).join(' or ')
  throw new DocumentError(`options.${name}`, `must be ${names}, not ${show(value)}`)
}
