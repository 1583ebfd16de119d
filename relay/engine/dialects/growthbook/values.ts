/**
 * The values of one feature, spelled alike: a feature with the values 0.5 and 1 is a float to typed clients whichever of
 * them is served.
 */
import { own } from '../../context.ts'
import type { Spelling } from '../../json.ts'
import { spellNumbers } from '../../numbers.ts'
import type { Spelled } from '../../numbers.ts'
import type { Json } from '../../outcome.ts'
import type { Rule } from './document.ts'

export interface Values {
  readonly defaultValue: Spelled
  /** The forced value of each rule; null where a rule forces none. */
  readonly forced: ReadonlyMap<Rule, Spelled>
  readonly variations: ReadonlyMap<Rule, readonly Spelled[]>
}

/** Reads every value of a feature. An absent default is null. */
export function readValues(definition: object, rules: readonly Rule[], spelling: Spelling): Values {
  const places: { readonly holder: object; readonly name: string | number }[] = [
    { holder: definition, name: 'defaultValue' },
  ]
  for (const { force, definition: rule, variations } of rules) {
    if (force) places.push({ holder: rule, name: 'force' })
    else
      for (const index of variations?.holder.keys() ?? [])
        places.push({ holder: variations?.holder ?? [], name: index })
  }
  const read = places.map(({ holder, name }): Spelled => {
    const value = (own(holder, String(name)) ?? null) as Json
    const valueText = spelling.encode(holder, name)
    return value === null || valueText === JSON.stringify(value) ? { value } : { value, valueText }
  })
  const texts = spellNumbers(read)
  const spelled = read.map(({ value }, index): Spelled => {
    const valueText = texts[index]
    return valueText === undefined ? { value } : { value, valueText }
  })
  let next = 1
  const take = (count: number): readonly Spelled[] => spelled.slice(next, (next += count))
  const forced = new Map<Rule, Spelled>()
  const variations = new Map<Rule, readonly Spelled[]>()
  for (const rule of rules) {
    if (rule.force) forced.set(rule, take(1)[0] ?? NULL)
    else variations.set(rule, take(rule.variations?.holder.length ?? 0))
  }
  return { defaultValue: spelled[0] ?? NULL, forced, variations }
}

const NULL: Spelled = { value: null }
