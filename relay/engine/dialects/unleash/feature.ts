/**
 * One feature or segment, read strictly. What the SDKs tolerate (absent lists, null for absent, numbers as parameters)
 * is tolerated; a shape on which they would throw at evaluation is refused here instead, with its path.
 */
import { own } from '../../context.ts'
import { FlagError } from '../../problem.ts'
import { segmentKey } from './document.ts'
import type { Item } from './document.ts'
import { bool, isAbsent, list, member, number, object, optionalText, show, text, texts } from './shape.ts'
import type { Payload } from './values.ts'

export interface Constraint {
  readonly contextName: string
  readonly operator: string
  readonly values: readonly string[]
  /** As the document has it, because null, absent and empty differ in what they compare as. */
  readonly value: string | number | null | undefined
  readonly inverted: boolean
  readonly caseInsensitive: boolean
}

export interface Variant {
  readonly name: string
  readonly weight: number
  readonly stickiness?: string
  readonly payload?: Payload
  readonly overrides: readonly { readonly contextName: string; readonly values: readonly string[] }[]
}

export type Parameters = ReadonlyMap<string, string | number>

export interface Strategy {
  readonly name: string
  readonly parameters: Parameters
  readonly constraints: readonly Constraint[]
  /** Keys as `segmentKey` writes them. */
  readonly segments: readonly string[]
  readonly variants: readonly Variant[]
}

export interface Dependency {
  readonly feature: string
  readonly enabled: boolean
  readonly variants: readonly string[]
}

export interface Feature {
  readonly name: string
  readonly enabled: boolean
  /** Absent when the document has none, which is not the same as an empty list. */
  readonly strategies?: readonly Strategy[]
  readonly variants: readonly Variant[]
  readonly dependencies: readonly Dependency[]
}

/** Reads one feature. Throws FlagError with a path inside it. */
export function readFeature({ key, definition }: Item): Feature {
  const strategies = list(definition, 'strategies', '', strategy)
  return {
    name: key,
    enabled: bool(definition, 'enabled', '', false),
    ...(isAbsent(own(definition, 'strategies')) ? {} : { strategies }),
    variants: list(definition, 'variants', '', variant),
    dependencies: list(definition, 'dependencies', '', (value, at) => ({
      feature: text(object(value, at), 'feature', at),
      enabled: bool(value, 'enabled', at, true),
      variants: texts(value, 'variants', at),
    })),
  }
}

/** Whether a feature depends on others, which keeps others from depending on it. */
export function hasDependencies({ definition }: Item): boolean {
  const dependencies = own(definition, 'dependencies')
  return Array.isArray(dependencies) && dependencies.length > 0
}

/** Reads a segment's constraints. Throws FlagError with a path inside it. */
export function readSegment({ definition }: Item): Constraint[] {
  return list(definition, 'constraints', '', constraint)
}

function strategy(value: unknown, at: string): Strategy {
  return {
    name: text(object(value, at), 'name', at),
    parameters: parameters(value, at),
    constraints: list(value, 'constraints', at, constraint),
    segments: list(value, 'segments', at, (id, path) => {
      if (typeof id !== 'number' && typeof id !== 'string') {
        throw new FlagError(path, `must be the number of a segment, not ${show(id)}`)
      }
      return segmentKey(id)
    }),
    variants: list(value, 'variants', at, variant),
  }
}

function parameters(holder: unknown, at: string): Parameters {
  const found = own(holder, 'parameters')
  if (isAbsent(found)) return new Map()
  const path = member(at, 'parameters')
  const entries = Object.entries(object(found, path)).filter(([, value]) => !isAbsent(value))
  return new Map(
    entries.map(([name, value]: [string, unknown]): [string, string | number] => {
      if (typeof value === 'string' || typeof value === 'number') return [name, value]
      if (typeof value === 'boolean') return [name, String(value)]
      throw new FlagError(member(path, name), `must be a text or a number, not ${show(value)}`)
    }),
  )
}

function constraint(value: unknown, at: string): Constraint {
  const operand = own(object(value, at), 'value')
  if (!isAbsent(operand) && typeof operand !== 'string' && typeof operand !== 'number') {
    throw new FlagError(member(at, 'value'), `must be a text, not ${show(operand)}`)
  }
  return {
    contextName: text(value, 'contextName', at),
    operator: text(value, 'operator', at),
    values: texts(value, 'values', at),
    value: operand,
    inverted: bool(value, 'inverted', at, false),
    caseInsensitive: bool(value, 'caseInsensitive', at, false),
  }
}

function variant(value: unknown, at: string): Variant {
  const weight = number(object(value, at), 'weight', at)
  if (!Number.isFinite(weight)) throw new FlagError(member(at, 'weight'), 'must be a finite number')
  const stickiness = optionalText(value, 'stickiness', at)
  const found = own(value, 'payload')
  const payload = isAbsent(found) ? undefined : payloadOf(found, member(at, 'payload'))
  return {
    name: text(value, 'name', at),
    weight,
    ...(stickiness === undefined ? {} : { stickiness }),
    ...(payload === undefined ? {} : { payload }),
    overrides: list(value, 'overrides', at, (override, path) => ({
      contextName: text(object(override, path), 'contextName', path),
      values: texts(override, 'values', path),
    })),
  }
}

/** Undefined for a payload that has no value. */
function payloadOf(payload: unknown, at: string): Payload | undefined {
  const value = own(object(payload, at), 'value')
  if (isAbsent(value)) return undefined
  const type = text(payload, 'type', at)
  return { type, value: typeof value === 'number' ? String(value) : text(payload, 'value', at) }
}
