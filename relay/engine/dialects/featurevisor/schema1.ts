/**
 * Datafiles of schema version 1, brought into the shape of version 2: lists become objects, and the variables of a
 * variation part from their overrides. What does not have the expected shape is passed on as it is, so that the one
 * reader of features names the fault.
 */
import { own } from '../../context.ts'
import type { Spelling } from '../../json.ts'
import { DocumentError } from '../../problem.ts'
import { isObject, kindOf } from './shape.ts'
import type { JsonObject } from './shape.ts'

/** The list under a member as a map by its entries' `key`; entries without a key are left out. */
export function indexByKey(json: JsonObject, member: string): Map<string, unknown> {
  const value = own(json, member)
  if (Array.isArray(value)) return new Map(keyed(value).map(([key, entry]) => [key, entry]))
  throw new DocumentError(member, `must be a list in schema version 1, is ${kindOf(value)}`)
}

/** One feature of version 1 as version 2 writes it. */
export function featureFromSchema1(feature: unknown, spelling: Spelling): unknown {
  if (!isObject(feature)) return feature
  const schema = own(feature, 'variablesSchema')
  const variations = own(feature, 'variations')
  return {
    ...feature,
    ...(Array.isArray(schema) ? { variablesSchema: Object.fromEntries(keyed(schema)) } : {}),
    ...(Array.isArray(variations) ? { variations: variations.map((each) => variation(each, spelling)) } : {}),
  }
}

function variation(from: unknown, spelling: Spelling): unknown {
  const listed = own(from, 'variables')
  if (!isObject(from) || !Array.isArray(listed)) return from
  const entries = keyed(listed).filter(([, entry]) => own(entry, 'value') !== undefined)
  const variables = Object.fromEntries(entries.map(([key, entry]) => [key, own(entry, 'value')]))
  for (const [key, entry] of entries) {
    const source = spelling.of(entry, 'value')
    if (source !== undefined) spelling.note(variables, key, source)
  }
  const overrides = keyed(listed).flatMap(([key, entry]) => {
    const listed = own(entry, 'overrides')
    return listed === undefined || listed === null ? [] : [[key, listed] as const]
  })
  return { ...from, variables, variableOverrides: Object.fromEntries(overrides) }
}

function keyed(list: readonly unknown[]): [string, JsonObject][] {
  return list.flatMap((entry): [string, JsonObject][] => {
    const key = own(entry, 'key')
    return isObject(entry) && typeof key === 'string' ? [[key, entry]] : []
  })
}
