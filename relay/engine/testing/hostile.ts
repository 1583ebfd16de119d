/**
 * Documents as an enemy, a broken disk or a half-finished editor would make them: real ones with a few places spoiled.
 * Random bytes never get past the parser; a real document with one rotten member reaches every corner behind it. Each
 * document comes from one seed alone, so that a fault found among millions can be made again by itself.
 */
import { pick, randomFrom } from '../regex/testing/random.ts'
import type { Random } from '../regex/testing/random.ts'
import { EVIL_PATTERNS } from './evil-patterns.ts'

/** A place in a document: `holder[name]`. */
interface Slot {
  readonly holder: object
  readonly name: string
}

const LONG = 100_000
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'length', 'then', '', '0', '\ud800']
const NUMBERS = [-1, 0.5, 1, 100, 101, 100_000, 2 ** 31, 2 ** 32, 2 ** 53, 1e21, 1e300, -1e300, 5e-324, 1e-7]
/** Put into the text afterwards: no value prints like these. */
const SPELLINGS = ['1e999', '-1e999', '-0', '-0.0', '1.0', '1E5', '9007199254740993', '0.1000000000000000055', '1e-999']
const TEXTS = [
  '',
  ' ',
  'NaN',
  'Infinity',
  'null',
  'true',
  '{',
  '[1',
  '{"a":1}',
  '\0',
  '\u2028',
  '😀',
  '\ud83d',
  '%',
  '1e999',
]
const DATES = ['2026-02-30T00:00:00Z', '9999999999999-01-01', 'now', '2026-11-20T00:00:00+99:99', '0000-00-00']
const VERSIONS = ['1.2', '1.2.3-', '99999999999999999999.0.0', '1..2', 'v1.2.3+é']

/** What stands for a piece of text that JSON.stringify cannot write; no document holds it. */
const MARK = '\u0001raw:'

/** The document of a seed: text, or bytes when no text would have them. */
export function hostileDocument(seed: number, bases: readonly string[]): string | Uint8Array {
  const random = randomFrom(seed)
  const base = pick(random, bases)
  if (random(8) === 0) return damagedText(random, base)
  return printed(mutated(random, JSON.parse(base)))
}

/** JSON text of a document out of `mutated`. */
export function printed(document: unknown): string {
  return (JSON.stringify(document) ?? 'null').replaceAll(/"\\u0001raw:(-?\d[\d.eE-]*|\[+\]+)"(?!:)/g, '$1')
}

/** Spoils one to four places of a parsed document, which is changed, and gives it back. */
export function mutated(random: Random, document: unknown): unknown {
  const top = { document }
  for (let times = 1 + random(4); times > 0; times--) {
    const slots = slotsOf(top)
    // Rarely the whole document: what replaces it hides all other mutations.
    const slot = slots[random(40) === 0 ? 0 : random(slots.length)]
    if (slot !== undefined) spoil(random, slot, slots)
  }
  return top.document
}

function spoil(random: Random, slot: Slot, slots: readonly Slot[]): void {
  const value = valueOf(slot)
  switch (random(12)) {
    case 0:
    case 1:
    case 2:
      return put(slot.holder, slot.name, poison(random))
    case 3:
      return put(slot.holder, slot.name, nearby(random, value, slots))
    case 4: {
      const other = pick(random, slots)
      if (contains(value, other.holder) || contains(valueOf(other), slot.holder)) return
      put(slot.holder, slot.name, valueOf(other))
      return put(other.holder, other.name, value)
    }
    case 5:
      return put(slot.holder, slot.name, structuredClone(valueOf(pick(random, slots))))
    case 6:
      if (Array.isArray(slot.holder)) slot.holder.splice(Number(slot.name), 1)
      else Reflect.deleteProperty(slot.holder, slot.name)
      return
    case 7:
      if (Array.isArray(slot.holder)) slot.holder.splice(Number(slot.name), 0, structuredClone(value))
      else put(slot.holder, pick(random, random(2) === 0 ? NAMES : namesOf(slots)), structuredClone(value))
      return
    case 8:
      return put(slot.holder, slot.name, shuffled(random, value))
    case 9:
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        return put(value, pick(random, random(2) === 0 ? NAMES : namesOf(slots)), poison(random))
      }
      return put(slot.holder, slot.name, pick(random, EVIL_PATTERNS))
    case 10:
      return put(slot.holder, slot.name, pick(random, [[value], { [pick(random, NAMES)]: value }, slot.name]))
    default:
      return put(slot.holder, slot.name, pick(random, namesOf(slots)))
  }
}

/** Something that does not belong there. Costly things are rare. */
function poison(random: Random): unknown {
  if (random(2_000) === 0) return pick(random, HUGE)(random)
  const kind = random(11)
  if (kind === 0) return null
  if (kind === 1) return random(2) === 0
  if (kind === 2) return pick(random, NUMBERS) * (random(3) === 0 ? -1 : 1)
  if (kind === 3) return MARK + pick(random, SPELLINGS)
  if (kind === 4) return pick(random, TEXTS)
  if (kind === 5) return pick(random, [...DATES, ...VERSIONS])
  if (kind === 6) return pick(random, EVIL_PATTERNS)
  if (kind === 7) return []
  if (kind === 8) return {}
  if (kind === 9) return pick(random, NAMES)
  return nested(random, 1 + random(250))
}

const HUGE: readonly ((random: Random) => unknown)[] = [
  (random) => pick(random, ['a', '(', '[', 'é', '1', '.', '\\', '😀']).repeat(LONG),
  () => Array.from({ length: LONG }, (_, index) => index),
  () => '['.repeat(5_000) + ']'.repeat(5_000),
  () => `{"and":`.repeat(2_000) + '1' + '}'.repeat(2_000),
  () => Array.from({ length: LONG }, (_, index) => `user-${index}`),
  (random) => Array.from({ length: LONG }, () => pick(random, TEXTS)),
  () => Object.fromEntries(Array.from({ length: LONG / 10 }, (_, index) => [`m${index}`, index])),
  () => `${MARK}${'['.repeat(LONG)}${']'.repeat(LONG)}`,
]

function nested(random: Random, depth: number): unknown {
  let value: unknown = pick(random, NUMBERS)
  const kind = random(3)
  for (let level = 0; level < depth; level++) {
    value =
      kind === 0 || (kind === 2 && random(2) === 0) ? [value] : { [pick(random, ['a', 'and', 'not', '$and'])]: value }
  }
  return value
}

/** The same kind of value, at another border. */
function nearby(random: Random, value: unknown, slots: readonly Slot[]): unknown {
  if (typeof value === 'number') {
    return pick(random, [
      value + 1,
      value - 1,
      -value,
      value * 1e6,
      value / 3,
      String(value),
      MARK + pick(random, SPELLINGS),
    ])
  }
  if (typeof value === 'boolean') return pick(random, [!value, String(value), Number(value)])
  if (typeof value === 'string') {
    return pick(random, [
      value + value,
      value.slice(1),
      value.toUpperCase(),
      `${value}\0`,
      pick(random, namesOf(slots)),
    ])
  }
  return shuffled(random, value)
}

function shuffled(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return poison(random)
  if (Array.isArray(value)) return [...(value as unknown[])].sort(() => random(3) - 1)
  const names = Object.keys(value).sort(() => random(3) - 1)
  const result = {}
  for (const name of names) put(result, name, valueOf({ holder: value, name: pick(random, names) }))
  return result
}

/** What happens to bytes on their way: cut, flipped, doubled, of another encoding; and bombs. */
function damagedText(random: Random, base: string): string | Uint8Array {
  const bytes = new TextEncoder().encode(base)
  const kind = random(100)
  if (kind < 30) return bytes.subarray(0, random(bytes.length))
  if (kind < 70) {
    for (let times = 1 + random(3); times > 0; times--) bytes[random(bytes.length)] = random(256)
    return bytes
  }
  if (kind < 75) return `\ufeff${base}`
  if (kind < 90) {
    const names = [...base.matchAll(/"([a-zA-Z$]+)"\s*:/g)].map((match) => match[1] ?? '')
    const name = names.length === 0 ? 'a' : pick(random, names)
    const value = printed(poison(random))
    return base.replace(`"${name}"`, () => `"${name}":${value},"${random(2) === 0 ? name : '__proto__'}"`)
  }
  if (kind < 98) return base.slice(random(base.length)) + base.slice(0, random(base.length))
  if (random(10) > 0) return base + base
  const depth = 1_000_000
  return pick(random, [
    '['.repeat(depth),
    '{"a":'.repeat(depth),
    `${'['.repeat(depth)}${']'.repeat(depth)}`,
    base + base,
  ])
}

/** All places of a document, the document itself first. Iterative: documents may nest deeper than the stack allows. */
function slotsOf(top: object): readonly Slot[] {
  const slots: Slot[] = []
  const pending: object[] = [top]
  for (let holder = pending.pop(); holder !== undefined && slots.length < 20_000; holder = pending.pop()) {
    const names = Object.keys(holder)
    for (const name of names.length > 1000 ? names.slice(0, 1000) : names) {
      slots.push({ holder, name })
      const value = valueOf({ holder, name })
      if (typeof value === 'object' && value !== null) pending.push(value)
    }
  }
  return slots
}

/** Names and short texts of the document: with them it refers to itself. */
function namesOf(slots: readonly Slot[]): readonly string[] {
  const texts = slots.flatMap((slot) => {
    const value = valueOf(slot)
    return typeof value === 'string' && value.length < 100 && !value.startsWith(MARK) ? [slot.name, value] : [slot.name]
  })
  return texts.length === 0 ? NAMES : texts
}

function contains(tree: unknown, wanted: object): boolean {
  return tree === wanted || slotsOf({ tree }).some((slot) => valueOf(slot) === wanted)
}

function valueOf({ holder, name }: Slot): unknown {
  return Object.getOwnPropertyDescriptor(holder, name)?.value as unknown
}

/** As JSON.parse does it: `__proto__` is a name like any other. */
function put(holder: object, name: string, value: unknown): void {
  Object.defineProperty(holder, name, { value, writable: true, enumerable: true, configurable: true })
}
