/**
 * The documents of the suite and their oracle. Document `n` says `n` in several flags, so that the oracle needs no
 * evaluation engine: whatever a relay answers tells which document it came from, and an answer mixed from two tells itself.
 */

/** The environment every relay of the suite serves. */
export const ENVIRONMENT = 'shop'
const TWINS = ['twin-a', 'twin-b', 'twin-c']
/** The flags that tell which document they come from. */
export const WATCHED: ReadonlySet<string> = new Set(['marker', 'plan', ...TWINS])

/** One caller. The plan decides a flag. */
export interface Person {
  readonly targetingKey: string
  readonly plan: 'free' | 'pro'
}

/**
 * The flagd document number `n`, with so many flags more that nobody asks for; `bulky` is the size of one flag more that
 * changes with each document, bytes.
 */
export function documentOf(n: number, filler = 0, bulky = 0): string {
  const flags: Record<string, unknown> = { marker: flag({ v: n }, 'v') }
  for (const twin of TWINS) flags[twin] = flag({ v: `${twin}-${n}` }, 'v')
  flags['plan'] = {
    ...flag({ pro: `pro-${n}`, free: `free-${n}` }, 'free'),
    targeting: { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'pro', 'free'] },
  }
  for (let index = 0; index < filler; index += 1) {
    const targeting = { if: [{ in: [{ var: 'country' }, ['NL', 'BE', 'DE', 'FR']] }, 'on', 'off'] }
    flags[`filler-${index}`] = { ...flag({ on: `enabled-${index}`, off: `disabled-${index}` }, 'off'), targeting }
  }
  if (bulky > 0) flags['bulky'] = flag({ v: `${n}-`.repeat(Math.ceil(bulky / `${n}-`.length)) }, 'v')
  return JSON.stringify({ flags })
}

function flag(variants: Record<string, unknown>, defaultVariant: string): Record<string, unknown> {
  return { state: 'ENABLED', variants, defaultVariant }
}

/** Which document a single answer comes from, or what is wrong with it. */
export function readSingle(key: 'marker' | 'plan', body: string, person: Person): number | string {
  const answer = parse(body)
  if (answer?.['key'] !== key) return `an answer about ${String(answer?.['key'])} instead of ${key}: ${body}`
  const value = answer['value']
  if (key === 'marker') return typeof value === 'number' ? value : `marker is ${String(value)}`
  const [plan, n] = String(value).split('-')
  return plan === person.plan ? Number(n) : `plan is ${String(value)} for a ${person.plan} caller`
}

/** Which one document all flags of a bulk answer come from, or what is wrong with it. */
export function readBulk(body: string, person: Person): number | string {
  return readFlags(parse(body)?.['flags'], person, body)
}

/** As `readBulk`, of the flags alone: streams carry them too. */
export function readFlags(flags: unknown, person: Person, shown = ''): number | string {
  if (!Array.isArray(flags)) return `no list of flags: ${shown.slice(0, 200)}`
  const values = new Map<string, unknown>()
  for (const each of flags as Record<string, unknown>[]) values.set(String(each['key']), each['value'])
  return readValues(values, person)
}

/** Which one document these values come from, or what is wrong with them. */
export function readValues(values: ReadonlyMap<string, unknown>, person: Person): number | string {
  const n = values.get('marker')
  if (typeof n !== 'number') return `marker is ${String(n)}`
  for (const twin of TWINS) {
    if (values.get(twin) !== `${twin}-${n}`) return `${twin} is ${String(values.get(twin))} beside marker ${n}`
  }
  const plan = values.get('plan')
  return plan === `${person.plan}-${n}` ? n : `plan is ${String(plan)} beside marker ${n}, asked as ${person.plan}`
}

function parse(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
