/**
 * The dialect's options. The same datafile means different things to SDKs 2 and 3, and nothing in it tells which of the
 * two the customer's services run, so that has to be said here; a typo must not silently fall back to a default.
 */
import { own } from '../../context.ts'
import type { Json } from '../../outcome.ts'
import { DocumentError } from '../../problem.ts'
import { isObject, kindOf } from './shape.ts'

/** 3: SDK 3.1. 2: SDK 2.27. They differ in `not` of group segments and in an empty `not`. */
export type Semantics = 2 | 3

/** Fixed answers for one feature, whether or not the datafile has it. */
export interface Sticky {
  readonly enabled?: boolean
  readonly variation?: string
  readonly variables: ReadonlyMap<string, Json>
}

export interface Options {
  /** Default 3. */
  readonly semantics: Semantics
  /** Default none. */
  readonly sticky: ReadonlyMap<string, Sticky>
  /**
   * Repeat a defect of SDKs 2.0 to 3.6: variables of a feature with required features are evaluated as if the feature
   * were disabled, unless every required feature has a variable of the same name. Default false: the correct answer.
   */
  readonly requiredVariableLeak: boolean
}

/** Throws DocumentError naming the option that is wrong. */
export function readOptions(options: Readonly<Record<string, unknown>>): Options {
  const semantics = own(options, 'semantics') ?? 3
  if (semantics !== 2 && semantics !== '2' && semantics !== 3 && semantics !== '3')
    throw wrong('semantics', 'must be 2 or 3', semantics)
  const compat = own(options, 'compat') ?? {}
  if (!isObject(compat)) throw wrong('compat', 'must be an object', compat)
  const leak = own(compat, 'requiredVariableLeak') ?? false
  if (typeof leak !== 'boolean') throw wrong('compat.requiredVariableLeak', 'must be true or false', leak)
  const sticky = own(options, 'sticky') ?? {}
  if (!isObject(sticky)) throw wrong('sticky', 'must be an object: feature → { enabled, variation, variables }', sticky)
  return {
    semantics: Number(semantics) === 2 ? 2 : 3,
    sticky: new Map(Object.entries(sticky).map(([feature, entry]) => [feature, readSticky(feature, entry)])),
    requiredVariableLeak: leak,
  }
}

function readSticky(feature: string, entry: unknown): Sticky {
  const path = `sticky.${feature}`
  if (!isObject(entry)) throw wrong(path, 'must be an object: { enabled, variation, variables }', entry)
  const enabled = own(entry, 'enabled')
  if (enabled !== undefined && typeof enabled !== 'boolean')
    throw wrong(`${path}.enabled`, 'must be true or false', enabled)
  const variation = own(entry, 'variation')
  if (variation !== undefined && typeof variation !== 'string')
    throw wrong(`${path}.variation`, 'must be a text', variation)
  const variables = own(entry, 'variables') ?? {}
  if (!isObject(variables)) throw wrong(`${path}.variables`, 'must be an object', variables)
  return {
    ...(enabled === undefined ? {} : { enabled }),
    ...(variation === undefined ? {} : { variation }),
    variables: new Map(Object.entries(variables as Record<string, Json | undefined>).flatMap(present)),
  }
}

function present([name, value]: [string, Json | undefined]): [string, Json][] {
  return value === undefined ? [] : [[name, value]]
}

function wrong(path: string, rule: string, value: unknown): DocumentError {
  const shown = typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value) : kindOf(value)
  return new DocumentError(`options.${path}`, `${rule}, is ${shown}`)
}
