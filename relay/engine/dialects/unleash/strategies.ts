/**
 * The built-in strategies as conditions. Their parameters are texts that people typed, so each is read once, here; a
 * percentage that nobody can be below or above needs no bucket at all, which keeps full rollouts cacheable.
 */
import type { Condition } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import { contains, parseIpv4, parseIpv6 } from './addresses.ts'
import type { Units } from './bucketing.ts'
import { Uncompilable } from './conditions.ts'
import type { Parameters } from './feature.ts'
import type { Options } from './profile.ts'
import { termOf } from './subject.ts'
import type { Subject } from './subject.ts'

/** What strategies are lowered with. */
export interface Setting {
  readonly options: Options
  readonly subject: Subject
  readonly units: Units
  /** The flag's name. */
  readonly flag: string
  /** A parameter that can never mean what its author meant. */
  readonly note: (message: string) => void
}

type Lower = (parameters: Parameters, setting: Setting) => Condition

/** The condition of a strategy; undefined when no engine knows it. Throws Uncompilable. */
export function lowerStrategy(name: string, parameters: Parameters, setting: Setting): Condition | undefined {
  return STRATEGIES.get(name)?.(parameters, setting)
}

const NEVER: Condition = { kind: 'never' }
const ALWAYS: Condition = { kind: 'always' }

/** A parameter as a text; empty when it is absent. */
function textOf(parameters: Parameters, name: string): string {
  return String(parameters.get(name) || '')
}

/** The entries of a list written as one text; none in an empty text. */
function entries(parameters: Parameters, name: string, { options: { profile } }: Setting): string[] {
  const list = textOf(parameters, name)
  if (list === '') return []
  return profile.trimsLists ? list.split(',').map((entry) => entry.trim()) : splitList(list)
}

/** Without the blanks around commas; those at the very start and end stay. Splitting by a pattern would be quadratic. */
function splitList(list: string): string[] {
  const parts = list.split(',')
  const last = parts.length - 1
  return parts.map((part, index) => {
    const begun = index === 0 ? part : part.trimStart()
    return index === last ? begun : begun.trimEnd()
  })
}

/** The percentage; NaN when there is none, and nobody is below it. */
function percentage(parameters: Parameters, name: string, { options: { profile }, note }: Setting): number {
  const given = parameters.get(name)
  const value = given === undefined ? Number.NaN : Number(given)
  const whole = /^\+?\d+$/.test(String(given))
  if (Number.isNaN(value) || (profile.wholePercentages && !whole)) {
    note(`${name} ${JSON.stringify(given) ?? 'is absent and'} is not a percentage: nobody is inside`)
    return Number.NaN
  }
  if (profile.wholePercentages && value > 100) throw new Uncompilable(`${name} is more than 100`)
  return value
}

const userWithId: Lower = (parameters, setting) => {
  const ids = entries(parameters, 'userIds', setting)
  if (ids.length === 0) return NEVER
  const set = new Set<unknown>(ids)
  const shown = ids.length > SHOWN ? `${ids.length} ids` : ids
  return {
    kind: 'test',
    term: termOf(setting.subject.userId),
    predicate: predicate('is one of', shown, (id) => set.has(id)),
  }
}

/** Longer lists are shown by their length. */
const SHOWN = 20

function gradualBy(name: 'userId' | 'sessionId'): Lower {
  return (parameters, setting) => {
    const to = percentage(parameters, 'percentage', setting)
    if (!(to >= 1)) return NEVER
    const bucket = setting.units.field(groupOf(parameters, setting), setting.subject[name])
    return { kind: 'bucket', bucket, from: 1, to, ends: 'closed' }
  }
}

const gradualRandom: Lower = (parameters, setting) => {
  const to = percentage(parameters, 'percentage', setting)
  if (!(to >= 1)) return NEVER
  if (to >= 100) return ALWAYS
  const of = ({ random }: { random: () => number }): number => Math.floor(random() * 100) + 1
  return { kind: 'bucket', bucket: { name: 'chance', reads: [], volatile: 'random', of }, from: 1, to, ends: 'closed' }
}

const flexibleRollout: Lower = (parameters, setting) => {
  const to = percentage(parameters, 'rollout', setting)
  if (!(to >= 1)) return NEVER
  const stickiness = textOf(parameters, 'stickiness') || 'default'
  // Nobody is without a unit then, since there is always chance.
  if (to >= 100 && (stickiness === 'default' || stickiness === 'random')) return ALWAYS
  const bucket = setting.units.rollout(groupOf(parameters, setting), stickiness)
  return { kind: 'bucket', bucket, from: 1, to, ends: 'closed' }
}

/** An empty group counts as none only where none is the empty group. */
function groupOf(parameters: Parameters, { options: { profile }, flag }: Setting): string {
  if (profile.rolloutGroup !== undefined) return textOf(parameters, 'groupId') || profile.rolloutGroup
  return String(parameters.get('groupId') ?? flag)
}

const remoteAddress: Lower = (parameters, setting) => {
  const list = entries(parameters, 'IPs', setting)
  if (list.length === 0) return NEVER
  const { comparesAddresses } = setting.options.profile
  const parse = (text: string): ReturnType<typeof parseIpv4> =>
    parseIpv4(text) ?? (comparesAddresses ? parseIpv6(text) : undefined)
  const equal = new Set<unknown>(comparesAddresses ? [] : list)
  const networks = list.flatMap((entry) => parse(entry) ?? [])
  const test = predicate('is in', list.length > SHOWN ? `${list.length} addresses` : list, (text) => {
    if (equal.has(text)) return true
    const address = typeof text === 'string' ? parse(text) : undefined
    return address !== undefined && networks.some((network) => contains(network, address))
  })
  return { kind: 'test', term: termOf(setting.subject.remoteAddress), predicate: test }
}

const applicationHostname: Lower = (parameters, { options: { hostname }, note }) => {
  const names = textOf(parameters, 'hostNames')
  if (names === '') return NEVER
  if (hostname === undefined) {
    note('never holds: it asks for the name of the evaluating host, and the option hostname is not set')
    return NEVER
  }
  const listed = splitList(names.toLowerCase())
  return listed.includes(hostname.toLowerCase()) ? ALWAYS : NEVER
}

const STRATEGIES: ReadonlyMap<string, Lower> = new Map([
  ['default', (): Condition => ALWAYS],
  ['userWithId', userWithId],
  ['gradualRolloutUserId', gradualBy('userId')],
  ['gradualRolloutSessionId', gradualBy('sessionId')],
  ['gradualRolloutRandom', gradualRandom],
  ['remoteAddress', remoteAddress],
  ['applicationHostname', applicationHostname],
  ['flexibleRollout', flexibleRollout],
])
