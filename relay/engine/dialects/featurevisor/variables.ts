/**
 * What a variable is and where its values come from: the schema, rules, forces, variations, and overrides of these by
 * condition. Values of names that the schema does not know can never be served and are not kept.
 */
import { own } from '../../context.ts'
import type { Spelling } from '../../json.ts'
import type { Condition } from '../../plan.ts'
import { groups, strictConditions } from './conditions.ts'
import type { Scope } from './conditions.ts'
import { FlagError } from '../../problem.ts'
import { list, object, optionalList, optionalObject } from './shape.ts'
import type { JsonObject } from './shape.ts'
import { served } from './values.ts'
import type { Served } from './values.ts'

export interface Variable {
  readonly type: string
  readonly fallback: Served
  /** Undefined when the schema has no disabled value; null there is one. */
  readonly whenDisabled: Served | undefined
  readonly useDefault: boolean
}

export type Schema = ReadonlyMap<string, Variable>

export interface Override {
  readonly if: Condition
  readonly served: Served
}

/** Shared: most rules say nothing about variables. */
const NONE: ReadonlyMap<string, never> = new Map<string, never>()

/** The values under `variables`, by name. `path` ends with a dot or is empty. */
export function valuesOf(
  holder: JsonObject,
  path: string,
  schema: Schema,
  spelling: Spelling,
): ReadonlyMap<string, Served> {
  const variables = optionalObject(holder, 'variables', path)
  if (variables === undefined) return NONE
  const values = new Map<string, Served>()
  for (const name of Object.keys(variables)) {
    const variable = schema.get(name)
    const value = variable === undefined ? undefined : served(variables, name, variable.type, spelling)
    if (value !== undefined) values.set(name, value)
  }
  return values
}

/** The overrides under `variableOverrides`, by name. */
export function overridesOf(
  holder: JsonObject,
  path: string,
  { schema, scope, spelling }: { readonly schema: Schema; readonly scope: Scope; readonly spelling: Spelling },
): ReadonlyMap<string, readonly Override[]> {
  const all = optionalObject(holder, 'variableOverrides', path)
  if (all === undefined) return NONE
  const overrides = new Map<string, readonly Override[]>()
  for (const [name, raw] of Object.entries(all)) {
    const variable = schema.get(name)
    if (variable === undefined || raw === null) continue
    const place = `${path}variableOverrides.${name}`
    const entries = list(raw, place).map((each, index) => {
      const at = `${place}[${index}]`
      const entry = object(each, at)
      refuseNewer(entry, `${at}.`)
      return { if: condition(entry, at, scope), served: served(entry, 'value', variable.type, spelling) ?? {} }
    })
    overrides.set(name, entries)
  }
  return overrides
}

/** Members of later versions that change answers: serving a feature without them would be wrong in silence. */
export function refuseNewer(holder: JsonObject, path: string): void {
  if (optionalList(holder, 'requiredFeatures', path).length === 0) return
  throw new FlagError(
    `${path}requiredFeatures`,
    'the datafile uses features newer than this relay: build it without requiredFeatures, or the code default is served',
  )
}

/** Conditions when there are any, else segments. */
function condition(entry: JsonObject, path: string, scope: Scope): Condition {
  const conditions = own(entry, 'conditions')
  if (conditions) return strictConditions(conditions, `${path}.conditions`, scope)
  const segments = own(entry, 'segments')
  return segments ? groups(segments, `${path}.segments`, scope) : { kind: 'never' }
}
