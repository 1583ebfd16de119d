/**
 * Histories of one vendor's changes as networks deliver them: shuffled, dropped, repeated, with whole documents between,
 * held against a model that is too plain to be wrong. Case i of seed S is the first of seed S + i.
 */
import { FakeTimers } from '../fake-timers.ts'
import { PatchedDocument } from '../patched-document.ts'

const KEYS = ['a', 'b', '__proto__', 'constructor', '7', '']
const COLLECTIONS = ['flags', 'segments']

/** `value` undefined deletes. `whole`: what comes is everything there is. */
type Step =
  | { readonly name: string; readonly version: number; readonly value: unknown }
  | { readonly whole: readonly { readonly name: string; readonly version: number; readonly value: unknown }[] }

/** By collection and key: the version that is known, and the value unless it was deleted. */
class Model {
  #known = new Map<string, { readonly version: number; readonly value: unknown }>()
  readonly #ties: 'repeat' | 'later'

  constructor(ties: 'repeat' | 'later') {
    this.#ties = ties
  }

  /** Whether anything is different now. */
  take(step: Step): boolean {
    if ('whole' in step) {
      this.#known = new Map(step.whole.map((one) => [one.name, one]))
      return true
    }
    const known = this.#known.get(step.name)?.version ?? -Infinity
    if (step.version < known || (step.version === known && this.#ties === 'repeat')) return false
    this.#known.set(step.name, step)
    return true
  }

  content(): string {
    const there = [...this.#known].filter(([, { value }]) => value !== undefined)
    return sorted(there.map(([name, { value }]) => [name, value]))
  }
}

/** What is wrong after this case; undefined when nothing is. `Tested`: by default the real thing. */
export function patchFault(seed: number, Tested: typeof PatchedDocument = PatchedDocument): string | undefined {
  const chance = new FakeTimers({ seed })
  const below = (n: number): number => Math.floor(chance.random() * n)
  const ties = below(2) === 0 ? 'repeat' : 'later'
  const document = new Tested(COLLECTIONS, undefined, ties)
  const model = new Model(ties)
  const steps = historyOf(below)
  for (const [index, step] of steps.entries()) {
    const took = apply(document, step)
    const expected = model.take(step)
    if (took !== expected) return told(seed, steps, `step ${index} was ${took ? '' : 'not '}taken`)
  }
  const found = contentOf(document)
  return found === model.content() ? undefined : told(seed, steps, `${found} instead of ${model.content()}`)
}

function historyOf(below: (n: number) => number): Step[] {
  const name = (): string => `${COLLECTIONS[below(2)]}/${KEYS[below(KEYS.length)]}`
  const value = (version: number): unknown => (below(3) === 0 ? undefined : { v: version })
  const history = Array.from({ length: 1 + below(10) }, (_, index): Step => {
    const version = 5 + Math.floor(index / (1 + below(2)))
    if (below(12) > 0) return { name: name(), version, value: value(version) }
    const names = new Set(Array.from({ length: below(4) }, name))
    return { whole: [...names].map((one) => ({ name: one, version: 3 + below(index + 2), value: { v: version } })) }
  })
  const delivered = history.filter(() => below(5) > 0).flatMap((step) => (below(4) === 0 ? [step, step] : [step]))
  for (let at = delivered.length - 1; at > 0; at -= 1) {
    const other = below(at + 1)
    const [a, b] = [delivered[at], delivered[other]]
    if (a !== undefined && b !== undefined) [delivered[at], delivered[other]] = [b, a]
  }
  return delivered
}

function apply(document: PatchedDocument, step: Step): boolean {
  if ('whole' in step) {
    const collections = COLLECTIONS.map((collection) => {
      const objects = step.whole.flatMap(({ name, version, value }) =>
        name.startsWith(`${collection}/`) ? [{ key: keyOf(name), version, value }] : [],
      )
      return [collection, objects] as const
    })
    document.replace(new Map(collections))
    return true
  }
  const { name, version, value } = step
  const collection = name.slice(0, name.indexOf('/'))
  if (value === undefined) return document.remove(collection, keyOf(name), version)
  return document.put(collection, { key: keyOf(name), version, value })
}

function contentOf(document: PatchedDocument): string {
  const json = JSON.parse(new TextDecoder().decode(document.toBytes('mapping'))) as Record<string, object>
  return sorted(
    COLLECTIONS.flatMap((collection) =>
      Object.entries(json[collection] ?? {}).map(([key, value]): [string, unknown] => [`${collection}/${key}`, value]),
    ),
  )
}

function keyOf(name: string): string {
  return name.slice(name.indexOf('/') + 1)
}

function sorted(entries: [string, unknown][]): string {
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function told(seed: number, steps: readonly Step[], what: string): string {
  return [`seed ${seed}: ${what}`, ...steps.map((step) => `  ${JSON.stringify(step)}`)].join('\n')
}
