/**
 * The Python engine's rules, read straight from the environment document on every question: no plan, no preparation.
 * It is slow and knows well-formed documents only, which is what makes it a second opinion on lowering.
 */
import type { Context } from '../../../outcome.ts'
import { bucket } from './grammar.ts'

interface State {
  readonly django_id: number | null
  readonly featurestate_uuid: string
  readonly enabled: boolean
  readonly feature_state_value: unknown
  readonly feature: { readonly name: string }
  readonly feature_segment: { readonly priority: number } | null
  readonly multivariate_feature_state_values: readonly {
    readonly id: number | null
    readonly mv_fs_value_uuid: string
    readonly percentage_allocation: number
    readonly multivariate_feature_option: { readonly value: unknown; readonly key: string | null }
  }[]
}
interface Condition {
  readonly property_: string | null
  readonly operator: string
  readonly value: string | readonly string[] | null
}
interface Rule {
  readonly type: string
  readonly conditions: readonly Condition[]
  readonly rules: readonly Rule[]
}
interface Segment {
  readonly id: number
  readonly name: string
  readonly rules: readonly Rule[]
  readonly feature_states: readonly State[]
}
export interface Environment {
  readonly api_key: string
  readonly name: string
  readonly project: { readonly segments: readonly Segment[] }
  readonly feature_states: readonly State[]
  readonly identity_overrides: readonly { readonly identifier: string; readonly identity_features: readonly State[] }[]
}

/** What the engine tells about one flag. */
export interface Result {
  readonly enabled: boolean
  readonly value: unknown
  readonly reason: string
  readonly variant: string | null
}
interface Identity {
  readonly identifier: string
  readonly key: string
  readonly traits: ReadonlyMap<string, unknown>
}

type Number_ = { readonly kind: 'int' | 'float' | 'either'; readonly size: number | bigint }
type Value =
  | Number_
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'bool'; readonly is: boolean }

export function evaluateAsPython(environment: Environment, name: string, context: Context): Result | undefined {
  const base = environment.feature_states.find(({ feature }) => feature.name === name)
  if (base === undefined) return undefined
  const { targetingKey, traits } = context
  if (typeof targetingKey !== 'string' || targetingKey === '') return result(base, 'DEFAULT', undefined)
  const identity: Identity = {
    identifier: targetingKey,
    key: `${environment.api_key}_${targetingKey}`,
    traits: new Map(Object.entries(typeof traits === 'object' && traits !== null ? traits : {})),
  }
  for (const { identifier, identity_features } of environment.identity_overrides) {
    const own = identity_features.find(({ feature }) => feature.name === name)
    if (identifier !== targetingKey || own === undefined) continue
    const plain = { ...own, multivariate_feature_state_values: [] }
    return result(plain, 'TARGETING_MATCH; segment=identity_overrides', identity)
  }
  let kept: { readonly state: State; readonly segment: string } | undefined
  for (const segment of environment.project.segments) {
    if (segment.rules.length === 0) continue
    if (!segment.rules.every((rule) => matches(rule, segment, identity, environment))) continue
    for (const state of segment.feature_states) {
      if (state.feature.name !== name) continue
      if (kept === undefined || priority(state) < priority(kept.state)) kept = { state, segment: segment.name }
    }
  }
  if (kept === undefined) return result(base, 'DEFAULT', identity)
  return result(kept.state, `TARGETING_MATCH; segment=${kept.segment}`, identity)
}

function priority({ feature_segment }: State): number {
  return feature_segment?.priority ?? Infinity
}

function result(state: State, reason: string, identity: Identity | undefined): Result {
  const { enabled, feature_state_value: value, django_id, featurestate_uuid } = state
  const variants = state.multivariate_feature_state_values
    .map((each) => ({
      each,
      order: each.id === null ? BigInt(`0x${each.mv_fs_value_uuid.replaceAll('-', '')}`) : each.id,
    }))
    .sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
  if (identity === undefined || variants.length === 0) return { enabled, value, reason, variant: null }
  const at = bucket(django_id === null ? featurestate_uuid : String(django_id), identity.key)
  let start = 0
  for (const { each } of variants) {
    const end = start + each.percentage_allocation
    if (start <= at && at < end) {
      const { value: chosen, key } = each.multivariate_feature_option
      return { enabled, value: chosen, reason: `SPLIT; weight=${each.percentage_allocation}`, variant: key }
    }
    start = end
  }
  return { enabled, value, reason, variant: 'control' }
}

function matches(rule: Rule, segment: Segment, identity: Identity, environment: Environment): boolean {
  const sides = [
    rule.conditions.map((condition) => holds(condition, segment, identity, environment)),
    rule.rules.map((inner) => matches(inner, segment, identity, environment)),
  ]
  return sides.every((side) => {
    if (side.length === 0) return true
    if (rule.type === 'ALL') return !side.includes(false)
    return side.includes(true) === (rule.type === 'ANY')
  })
}

function holds(condition: Condition, segment: Segment, identity: Identity, environment: Environment): boolean {
  const { operator, value } = condition
  const name = condition.property_ ?? ''
  if (operator === 'PERCENTAGE_SPLIT') {
    const share = pythonFloat(String(value))
    const found = name === '' ? identity.key : printed(look(name, identity, environment))
    return found !== undefined && share !== undefined && bucket(String(segment.id), found) <= share
  }
  const found = look(name, identity, environment)
  if (operator === 'IS_NOT_SET') return found === undefined
  if (found === undefined) return false
  if (operator === 'IS_SET') return true
  if (operator === 'IN') {
    const listed = typeof value === 'string' ? items(value) : (value ?? [])
    return (found.kind === 'text' || isInteger(found)) && listed.includes(printed(found) ?? '')
  }
  if (typeof value !== 'string') return false
  if (operator === 'CONTAINS') return found.kind === 'text' && found.text.includes(value)
  if (operator === 'NOT_CONTAINS') return found.kind === 'text' && !found.text.includes(value)
  if (operator === 'REGEX') return matchesFromStart(value, printed(found) ?? '')
  if (operator === 'MODULO') return leaves(value, found)
  return compares(operator, found, value)
}

function look(name: string, identity: Identity, environment: Environment): Value | undefined {
  const trait = (of: string): Value | undefined => valued(unwrapped(identity.traits.get(of)))
  const raw = unwrapped(identity.traits.get(name))
  if (raw !== undefined && raw !== null) return valued(raw)
  switch (name) {
    case '$.identity.identifier':
      return valued(identity.identifier)
    case '$.identity.key':
      return valued(identity.key)
    case '$.environment.key':
      return valued(environment.api_key)
    case '$.environment.name':
      return valued(environment.name)
    case '$.identity.traits.p':
      return trait('p')
    case "$.identity.traits['a b']":
      return trait('a b')
    case '$.identity.traits.p.x': {
      const outer = unwrapped(identity.traits.get('p'))
      return typeof outer === 'object' && outer !== null ? valued((outer as { x?: unknown }).x) : undefined
    }
    default:
      return undefined
  }
}

function unwrapped(trait: unknown): unknown {
  if (typeof trait !== 'object' || trait === null || Array.isArray(trait) || !('value' in trait)) return trait
  return trait.value
}

function valued(raw: unknown): Value | undefined {
  if (typeof raw === 'boolean') return { kind: 'bool', is: raw }
  if (typeof raw === 'number') return { kind: Number.isInteger(raw) ? 'either' : 'float', size: raw }
  if (typeof raw !== 'string') return undefined
  if (/^-?[0-9]+$/.test(raw)) return { kind: 'int', size: BigInt(raw) }
  if (/^-?[0-9]+\.[0-9]+$/.test(raw)) return { kind: 'float', size: parseFloat(raw) }
  return { kind: 'text', text: raw }
}

function isInteger({ kind }: Value): boolean {
  return kind === 'int' || kind === 'either'
}

function printed(value: Value | undefined): string | undefined {
  if (value === undefined) return undefined
  if (value.kind === 'text') return value.text
  if (value.kind === 'bool') return value.is ? 'True' : 'False'
  if (isInteger(value)) return BigInt(value.size).toString()
  return Number.isInteger(value.size) ? `${value.size}.0` : String(value.size)
}

function compares(operator: string, found: Value, text: string): boolean {
  const order = orderOf(found, text)
  if (order === undefined) return false
  switch (operator) {
    case 'EQUAL':
      return order === 0
    case 'NOT_EQUAL':
      return order !== 0
    case 'GREATER_THAN':
      return order > 0
    case 'GREATER_THAN_INCLUSIVE':
      return order >= 0
    case 'LESS_THAN':
      return order < 0
    case 'LESS_THAN_INCLUSIVE':
      return order <= 0
    default:
      return false
  }
}

function orderOf(found: Value, text: string): number | undefined {
  if (found.kind === 'bool') return Number(found.is) - Number(text !== 'False' && text !== 'false')
  if (found.kind === 'text') {
    if (text.endsWith(':semver')) return versionOrder(found.text, text.replace(/:semver$/, ''))
    const [a, b] = [found.text, text].map((each) => Array.from(each, (point) => point.codePointAt(0) ?? 0))
    return listOrder(a ?? [], b ?? [])
  }
  const integer = /^\s*[+-]?\d+(_\d+)*\s*$/.test(text) ? BigInt(text.replaceAll('_', '').trim()) : undefined
  const wanted =
    found.kind === 'int' || (found.kind === 'either' && integer !== undefined) ? integer : pythonFloat(text)
  if (wanted === undefined) return undefined
  if (Number.isNaN(wanted)) return NaN
  return found.size < wanted ? -1 : found.size > wanted ? 1 : 0
}

function listOrder(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((each, index) => each !== b[index])
  if (at === -1) return a.length - b.length
  return at < b.length ? (a[at] ?? 0) - (b[at] ?? 0) : 1
}

function pythonFloat(text: string): number | undefined {
  const plain = text
    .trim()
    .replaceAll(/(?<=\d)_(?=\d)/g, '')
    .toLowerCase()
  if (plain === 'nan') return NaN
  if (/^[+-]?inf(inity)?$/.test(plain)) return plain.startsWith('-') ? -Infinity : Infinity
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(plain) ? Number(plain) : undefined
}

/** Enough for the versions of the grammar. */
function versionOrder(a: string, b: string): number | undefined {
  const shape = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-rc\.(\d+))?(?:\+build)?$/
  const [left, right] = [shape.exec(a), shape.exec(b)]
  if (left === null || right === null) return undefined
  const numbers = (found: RegExpExecArray): number[] => [1, 2, 3, 4].map((group) => Number(found[group] ?? Infinity))
  return listOrder(
    numbers(left),
    numbers(right).map((each) => each),
  )
}

function items(text: string): string[] {
  if (!text.startsWith('[')) return text.split(',')
  try {
    const words: Record<string, string> = { true: 'True', false: 'False', null: 'None' }
    return (JSON.parse(text) as unknown[]).map((item) =>
      typeof item === 'string' ? item : (words[JSON.stringify(item)] ?? JSON.stringify(item)),
    )
  } catch {
    return text.split(',')
  }
}

function matchesFromStart(pattern: string, text: string): boolean {
  try {
    return new RegExp(`^(?:${pattern})`, 'u').test(text)
  } catch {
    return false
  }
}

function leaves(text: string, found: Value): boolean {
  const parts = text.split('|').map(pythonFloat)
  const [divisor, remainder] = parts
  if (parts.length !== 2 || divisor === undefined || remainder === undefined || divisor === 0) return false
  if (found.kind === 'text') return false
  const number = found.kind === 'bool' ? Number(found.is) : Number(found.size)
  return ((number % divisor) + divisor) % divisor === remainder
}
