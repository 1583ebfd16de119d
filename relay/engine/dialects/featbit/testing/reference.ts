/**
 * The evaluation server's rules, read straight from the document on every question: no plan, no preparation, no
 * pruning. It is slow and knows well-formed documents only, which is what makes it a second opinion on lowering.
 */
import { createHash } from 'node:crypto'
import type { Context } from '../../../outcome.ts'

interface Condition {
  readonly property: string
  readonly op: string | null
  readonly value: string | null
}
interface Rollout {
  readonly dispatchKey: string | null
  readonly includedInExpt: boolean
  readonly variations: readonly {
    readonly id: string
    readonly rollout: readonly number[]
    readonly exptRollout: number
  }[]
}
interface Rule extends Rollout {
  readonly name: string
  readonly conditions: readonly Condition[]
}
interface Flag {
  readonly key: string
  readonly variations: readonly { readonly id: string; readonly value: string }[]
  readonly isEnabled: boolean
  readonly isArchived: boolean
  readonly disabledVariationId: string
  readonly targetUsers: readonly { readonly keyIds: readonly string[]; readonly variationId: string }[]
  readonly rules: readonly Rule[]
  readonly fallthrough: Rollout | null
  readonly exptIncludeAllTargets: boolean
}
interface Segment {
  readonly id: string
  readonly included: readonly string[]
  readonly excluded: readonly string[]
  readonly rules: readonly { readonly conditions: readonly Condition[] }[]
}
export interface Data {
  readonly featureFlags: readonly Flag[]
  readonly segments: readonly Segment[]
}

/** What the server sends for a flag; `failed` where its evaluation throws or the user is rejected. */
export type Verdict =
  | { readonly failed: true }
  | {
      readonly value: string | null
      readonly id: string | null
      readonly matchReason: string
      readonly send: boolean
    }

export function evaluateAsServer(data: Data, key: string, context: Context): Verdict | undefined {
  const flag = data.featureFlags.find((each) => each.key === key)
  if (flag === undefined) return undefined
  try {
    return evaluate(data, flag, context)
  } catch {
    return { failed: true }
  }
}

function evaluate(data: Data, flag: Flag, context: Context): Verdict {
  const key = userKey(context)
  const verdict = (id: string, matchReason: string, send: boolean): Verdict => {
    const variation = flag.variations.find((each) => each.id === id)
    return { value: variation?.value ?? null, id: variation?.id ?? null, matchReason, send }
  }
  if (key.trim() === '') throw new Error('the user is rejected')
  if (flag.isArchived) return { value: null, id: null, matchReason: 'flag archived', send: false }
  if (!flag.isEnabled) return verdict(flag.disabledVariationId, 'flag disabled', false)
  const target = flag.targetUsers.find(({ keyIds }) => keyIds.includes(key))
  if (target !== undefined) return verdict(target.variationId, 'targeted', flag.exptIncludeAllTargets)
  const rule = flag.rules.find(({ conditions }) => conditions.every((each) => holds(data, each, context)))
  const rollout = rule ?? flag.fallthrough
  if (rollout === null) throw new Error('there is no default rule')
  const matchReason = rule?.name ?? 'default'
  const by = rollout.dispatchKey?.trim() ?? ''
  const text = flag.key + (by === '' ? key : (attribute(rollout.dispatchKey ?? '', context) ?? ''))
  const chosen = rollout.variations.find(({ rollout: [a, b] }) => inRollout(text, a, b))
  if (chosen === undefined) return { value: '', id: '', matchReason, send: flag.exptIncludeAllTargets }
  return verdict(chosen.id, matchReason, flag.exptIncludeAllTargets || (rollout.includedInExpt && sends(text, chosen)))
}

function sends(text: string, { rollout, exptRollout }: Rollout['variations'][number]): boolean {
  const [a = NaN, b = NaN] = rollout
  const width = rollout.length === 2 ? b - a : 0
  if (exptRollout === 0 || width === 0) return false
  return inRollout(`expt${text}`, 0, Math.min(1, exptRollout / width))
}

function inRollout(text: string, a: number = NaN, b: number = NaN): boolean {
  if (a === 0 && 1 - b < 1e-5) return true
  if (a === 0 && b === 0) return false
  const bucket = Math.abs(createHash('md5').update(text).digest().readInt32LE(0) / 2 ** 31)
  return a <= bucket && bucket <= b
}

function holds(data: Data, condition: Condition, context: Context): boolean {
  const { property, value } = condition
  if (property !== 'User is in segment' && property !== 'User is not in segment') return test(condition, context)
  const ids = textList(value ?? 'null') ?? []
  if (ids.includes(null)) throw new Error('null is no segment')
  const inside = ids.some((id) => {
    const segment = data.segments.find((each) => each.id === id)
    if (segment === undefined) throw new Error('the segment is missing')
    const key = userKey(context)
    if (segment.excluded.includes(key)) return false
    if (segment.included.includes(key)) return true
    return segment.rules.some(({ conditions }) => conditions.every((each) => test(each, context)))
  })
  return inside === (property === 'User is in segment')
}

function test({ property, op, value }: Condition, context: Context): boolean {
  const user = attribute(property, context)
  if (user === null || value === null) return false
  switch (op) {
    case 'LessThan':
      return double(user) < double(value)
    case 'LessEqualThan':
      return double(user) <= double(value)
    case 'BiggerThan':
      return double(user) > double(value)
    case 'BiggerEqualThan':
      return double(user) >= double(value)
    case 'Equal':
    case 'NotEqual':
      return (user === value) === (op === 'Equal')
    case 'Contains':
    case 'NotContain':
      return user.includes(value) === (op === 'Contains')
    case 'StartsWith':
      return user.startsWith(value)
    case 'EndsWith':
      return user.endsWith(value)
    case 'MatchRegex':
    case 'NotMatchRegex':
      // The only text of the grammar that .NET reads otherwise: there a class cannot be empty.
      if (value === '[]') throw new Error('the pattern is invalid')
      return new RegExp(value).test(user) === (op === 'MatchRegex')
    case 'IsOneOf':
    case 'NotOneOf':
      return (textList(value) ?? []).includes(user) === (op === 'IsOneOf')
    case 'IsTrue':
      return user.toLowerCase() === 'true'
    case 'IsFalse':
      return user.toLowerCase() === 'false'
    default:
      return false
  }
}

function textList(json: string): (string | null)[] | null {
  const list: unknown = JSON.parse(json)
  if (list === null) return null
  const isText = (item: unknown): item is string | null => item === null || typeof item === 'string'
  if (!Array.isArray(list) || !list.every(isText)) throw new Error('is no list of texts')
  return list
}

function double(text: string): number {
  const plain = text.trim().replaceAll(',', '').toLowerCase()
  if (plain === '' || plain.startsWith('0x')) return NaN
  return Number(plain.replace('infinity', 'Infinity'))
}

function userKey({ targetingKey }: Context): string {
  return typeof targetingKey === 'string' ? targetingKey : ''
}

/** Every attribute as a text: the user's properties in the order the vendor's provider makes them, the first counts. */
function attribute(property: string, context: Context): string | null {
  if (property === 'keyId') return userKey(context)
  const { key: _key, name, custom, targetingKey: _targetingKey, ...rest } = context
  if (property === 'name') return textOf(name) ?? null
  if (property.trim() === '') return ''
  const given: unknown[] = Array.isArray(custom) ? custom : listed(custom)
  const properties = [...given, ...listed(rest)].filter((each) => typeof each === 'object' && each !== null)
  for (const entry of properties as { name?: unknown; value?: unknown }[]) {
    const text = textOf(entry.value)
    if (entry.name === property && text !== undefined) return text
  }
  return ''
}

function listed(members: unknown): { name: string; value: unknown }[] {
  const holder = typeof members === 'object' && members !== null ? members : {}
  return Object.entries(holder).map(([name, value]) => ({ name, value }))
}

function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined
  return typeof value === 'string' ? value : JSON.stringify(value)
}
