/**
 * A plain second reading of the vendor's rules, written for being checked by eye: it works on the document as it is
 * written, copies and merges at every question, and reads queries by the book with none of the parser's repairs. It shares
 * nothing with the dialect but the semantic version and the JSONLogic library, which have tests of their own.
 */
import { compareSemVer, parseSemVer } from '../../../versions/semver.ts'

type Members = Record<string, unknown>
/** What the caller can tell of an answer. */
export interface Verdict {
  readonly value?: unknown
  readonly variant?: string
  readonly reason: string
  readonly errorCode?: string
}

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const get = (holder: unknown, name: string): unknown =>
  isObject(holder) && Object.hasOwn(holder, name) ? (holder[name] ?? undefined) : undefined
const rulesOf = (flag: unknown): Members[] => (get(flag, 'targeting') ?? []) as Members[]
const stepsOf = (flag: unknown): Members[] => (get(flag, 'scheduledRollout') ?? []) as Members[]
const moment = (text: unknown): number | undefined => {
  const parsed = typeof text === 'string' ? Date.parse(text) : NaN
  return Number.isNaN(parsed) ? undefined : parsed
}

/** `now` in ms since the epoch. */
export function evaluateByTheBook(flagKey: string, flag: Members, context: Members, clock: number): Verdict {
  const now = moment(get(get(context, 'gofeatureflag'), 'currentDateTime')) ?? clock
  const targetingKey = typeof get(context, 'targetingKey') === 'string' ? String(context['targetingKey']) : ''
  const attributes = { ...context, key: targetingKey, targetingKey, anonymous: get(context, 'anonymous') === true }

  const path = (get(flag, 'bucketingKey') ?? '') as string
  const key = path === '' ? targetingKey : path.split('.').reduce<unknown>(get, attributes)
  const missing = { reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' }
  if (typeof key !== 'string') return missing
  if (key === '' && [flag, ...stepsOf(flag)].some(needsKey)) return missing

  const current = scheduled(flag, now)
  const window = get(current, 'experimentation')
  const start = moment(get(window, 'start')) ?? -Infinity
  const end = moment(get(window, 'end')) ?? Infinity
  if (get(current, 'disable') === true || now < start || now > end) return { reason: 'DISABLED' }

  const served = (rule: Members, dynamic: string, plain: string): Verdict => {
    const variant = variationOf(rule, flagKey, key, now)
    if (variant === undefined) return { reason: 'ERROR', errorCode: 'GENERAL' }
    const shares = Object.values((get(rule, 'percentage') ?? {}) as Members)
    const isDynamic = get(rule, 'progressiveRollout') !== undefined || (shares.length > 0 && !shares.includes(100))
    return { value: get(get(current, 'variations'), variant) ?? null, variant, reason: isDynamic ? dynamic : plain }
  }
  for (const rule of rulesOf(current)) {
    if (get(rule, 'disable') === true || !queryHolds((get(rule, 'query') ?? '') as string, attributes)) continue
    return served(rule, 'SPLIT', 'TARGETING_MATCH')
  }
  const otherwise = get(current, 'defaultRule')
  if (!isObject(otherwise)) return { reason: 'ERROR', errorCode: 'GENERAL' }
  return served(otherwise, 'SPLIT', rulesOf(current).length > 0 ? 'DEFAULT' : 'STATIC')
}

function needsKey(part: Members): boolean {
  return [...rulesOf(part), get(part, 'defaultRule')].some(
    (rule) => get(rule, 'progressiveRollout') !== undefined || Object.keys(get(rule, 'percentage') ?? {}).length > 0,
  )
}

function scheduled(flag: Members, now: number): Members {
  const copy = structuredClone(flag)
  const due = stepsOf(copy).filter((step) => (moment(get(step, 'date')) ?? Infinity) <= now)
  due.sort((a, b) => (moment(a['date']) ?? 0) - (moment(b['date']) ?? 0))
  for (const step of due) {
    for (const rule of rulesOf(step)) {
      const same = rulesOf(copy).find((known) => get(known, 'name') !== undefined && known['name'] === rule['name'])
      if (same !== undefined) merge(same, rule)
      else copy['targeting'] = [...rulesOf(copy), rule]
    }
    if (get(step, 'defaultRule') !== undefined) {
      if (get(copy, 'defaultRule') === undefined) copy['defaultRule'] = step['defaultRule']
      else merge(copy['defaultRule'] as Members, step['defaultRule'] as Members)
    }
    copy['variations'] = { ...(copy['variations'] as Members), ...(get(step, 'variations') as Members) }
    for (const name of ['disable', 'experimentation']) {
      if (get(step, name) !== undefined) copy[name] = step[name]
    }
  }
  return copy
}

function merge(rule: Members, change: Members): void {
  for (const name of ['query', 'variation', 'disable']) {
    if (get(change, name) !== undefined) rule[name] = change[name]
  }
  if (get(change, 'percentage') !== undefined) {
    const shares = { ...(get(rule, 'percentage') as Members) }
    for (const [name, share] of Object.entries(change['percentage'] as Record<string, number>)) {
      if (share < 0) delete shares[name]
      else shares[name] = share
    }
    rule['percentage'] = shares
  }
  const [before, after] = [get(rule, 'progressiveRollout'), get(change, 'progressiveRollout')]
  if (before === undefined && after !== undefined) rule['progressiveRollout'] = after
  else if (after !== undefined) {
    rule['progressiveRollout'] = Object.fromEntries(
      ['initial', 'end'].map((name) => [name, { ...(get(before, name) as Members), ...(get(after, name) as Members) }]),
    )
  }
}

/** FNV-1a on big integers. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5n
  for (const byte of Buffer.from(text)) hash = ((hash ^ BigInt(byte)) * 0x01000193n) % 2n ** 32n
  return Number(hash)
}

function variationOf(rule: Members, flagKey: string, key: string, now: number): string | undefined {
  const progressive = get(rule, 'progressiveRollout')
  if (progressive !== undefined) return progressiveVariation(progressive, hashOf(flagKey + key) % 100_000, now)
  const shares = (get(rule, 'percentage') ?? {}) as Record<string, number>
  const names = Object.keys(shares).sort((a, b) => Buffer.compare(Buffer.from(b), Buffer.from(a)))
  if (names.length === 0) return get(rule, 'variation') as string | undefined
  let sum = 0
  for (const name of names) sum += shares[name] ?? 0
  const modulus = Math.trunc(sum * 1000)
  const hash = modulus === 0 ? 0 : hashOf(flagKey + key) % modulus
  let start = 0
  for (const name of names) {
    const end = start + (shares[name] ?? 0) * 1000
    if (Math.trunc(start) <= hash && hash < Math.trunc(end)) return name
    start = end
  }
  return undefined
}

function progressiveVariation(progressive: unknown, hash: number, now: number): string | undefined {
  const [initial, end] = [get(progressive, 'initial'), get(progressive, 'end')]
  const [from, to] = [get(initial, 'variation'), get(end, 'variation')] as (string | undefined)[]
  const [begin, finish] = [moment(get(initial, 'date')), moment(get(end, 'date'))]
  if (from === undefined || to === undefined || begin === undefined || finish === undefined) return undefined
  if (finish <= begin) return undefined
  if (now < begin) return from
  const wanted = Number(get(end, 'percentage') ?? 0)
  const ip = Number(get(initial, 'percentage') ?? 0) * 1000
  const ep = (wanted === 0 || wanted > 100 ? 100 : wanted) * 1000
  const unix = (ms: number): number => Math.floor(ms / 1000)
  const reached = now >= finish ? ep : ip + (unix(now) - unix(begin)) * ((ep - ip) / (unix(finish) - unix(begin)))
  return hash < Math.trunc(reached) ? to : from
}

class Fails extends Error {}

/** A query without mistakes, whose dotted paths are missing as a whole where they end early. */
export function queryHolds(query: string, attributes: Members): boolean {
  const text = query
    .split('\n')
    .map((line) => line.replace(/^ +/, ''))
    .join('')
  if (text === '') return true
  try {
    return new Reader(text, attributes).expression()
  } catch (error) {
    if (error instanceof Fails) return false
    throw error
  }
}

/** Reads and evaluates at once; what is skipped by `and` and `or` is read with `live` off and never fails. */
class Reader {
  #rest: string
  readonly #attributes: Members
  #live = true

  constructor(text: string, attributes: Members) {
    this.#rest = text
    this.#attributes = attributes
  }

  expression(): boolean {
    let holds = this.#operand()
    for (;;) {
      const by = this.#take(/^ (and|or) /)
      if (by === undefined) return holds
      const live = this.#live
      this.#live = live && holds === (by === ' and ')
      const right = this.#operand()
      if (this.#live) holds = right
      this.#live = live
    }
  }

  #operand(): boolean {
    const open = this.#take(/^(?:not|NOT)? ?\( ?/)
    if (open !== undefined) {
      const inner = this.expression()
      this.#take(/^ ?\)/)
      return /^not/i.test(open) ? !inner : inner
    }
    const path = (this.#take(/^[A-Za-z][\w:.-]*/) ?? '').split('.')
    if (this.#take(/^ pr/) !== undefined) return this.#attribute(path) !== undefined
    const operator = (this.#take(/^ (?:[A-Za-z]{2}|[=!<>]=?) /) ?? '').trim().toLowerCase()
    const names: Record<string, string> = { '==': 'eq', '!=': 'ne', '>': 'gt', '<': 'lt', '>=': 'ge', '<=': 'le' }
    return this.#compare(path, names[operator] ?? operator)
  }

  #compare(path: string[], operator: string): boolean {
    const list = this.#take(/^\[[^\]]*\]/)
    const left = this.#attribute(path)
    if (list !== undefined) {
      const items = JSON.parse(list) as unknown[]
      if (operator !== 'in') {
        if (typeof items[0] === 'number' && ['co', 'sw', 'ew'].includes(operator)) return this.#fail()
        return false
      }
      const integers = /^\[\d+[,\]]/.test(list)
      return items.includes(left) && !(integers && path.length > 1)
    }
    const version = this.#take(/^\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?/)
    if (version !== undefined) {
      const [own, bound] = [typeof left === 'string' ? parseSemVer(left) : undefined, parseSemVer(version)]
      const order = own === undefined || bound === undefined ? NaN : compareSemVer(own, bound)
      return this.#ordered(operator, order, false)
    }
    const word = this.#take(/^(?:"(?:[^"\\]|\\.)*"|-?[\d.]+(?:[eE][+-]?\d+)?|true|false|null)/) ?? ''
    if (word.startsWith('"')) return this.#texts(operator, left, word.slice(1, -1).toLowerCase())
    if (word === 'true' || word === 'false') {
      if (operator !== 'eq' && operator !== 'ne') return this.#fail()
      return typeof left === 'boolean' && (left === (word === 'true')) === (operator === 'eq')
    }
    if (word === 'null') {
      if (operator !== 'eq' && operator !== 'ne') return this.#fail()
      return (left === undefined) === (operator === 'eq')
    }
    const number = typeof left === 'number' ? left : NaN
    // What 64 bits cannot hold becomes the smallest integer.
    const whole = Math.abs(number) >= 2 ** 63 ? -(2 ** 63) : Math.trunc(number)
    const operand = word.includes('.') ? number : whole
    return this.#ordered(operator, operand === Number(word) ? 0 : operand - Number(word), true)
  }

  #texts(operator: string, left: unknown, operand: string): boolean {
    if (typeof left !== 'string' || operator === 'in') return false
    const own = left.toLowerCase()
    if (operator === 'co') return own.includes(operand)
    if (operator === 'sw') return own.startsWith(operand)
    if (operator === 'ew') return own.endsWith(operand)
    return this.#ordered(operator, Buffer.compare(Buffer.from(own), Buffer.from(operand)), true)
  }

  #ordered(operator: string, order: number, knowsIn: boolean): boolean {
    if (operator === 'in' && knowsIn) return false
    const tests: Record<string, boolean> = {
      eq: order === 0,
      ne: Math.abs(order) > 0,
      gt: order > 0,
      lt: order < 0,
      ge: order >= 0,
      le: order <= 0,
    }
    return tests[operator] ?? this.#fail()
  }

  #fail(): boolean {
    if (this.#live) throw new Fails()
    return false
  }

  #attribute(path: string[]): unknown {
    let value: unknown = this.#attributes
    for (const name of path) {
      if (value !== undefined && !isObject(value)) {
        this.#fail()
        return undefined
      }
      value = get(value, name)
    }
    return value
  }

  #take(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.#rest)?.[0]
    if (found !== undefined) this.#rest = this.#rest.slice(found.length)
    return found
  }
}
