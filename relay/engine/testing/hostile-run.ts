/**
 * One case of the hostile run: a seed gives the document, the options and the contexts. Every third case puts one hostile
 * flag among the good ones of the demo document instead, and then all good flags must answer to the byte as without it.
 */
import { dialects } from '../dialects/index.ts'
import { pick, randomFrom } from '../regex/testing/random.ts'
import type { Random } from '../regex/testing/random.ts'
import { compileWith } from '../compile.ts'
import type { Dialect } from '../dialect.ts'
import type { Context } from '../outcome.ts'
import type { Ruleset } from '../ruleset.ts'
import { basesOf, at } from './hostile-bases.ts'
import type { Bases } from './hostile-bases.ts'
import { checkDocument, NOW } from './hostile-check.ts'
import { hostileDocument, mutated, printed } from './hostile.ts'

/** What one case came to. */
export interface Verdict {
  /** Whether the document was taken; a run in which few are proves little. */
  readonly taken: boolean
  /** What does not hold, with the document; undefined when all does. */
  readonly fault?: string
}

const SLOW_MS = 1_000
const SUBJECTS = [
  '',
  'u1',
  'user-7',
  'NL',
  '2.1.0',
  'ada@example.com',
  '__proto__',
  `${'a'.repeat(4095)}!`,
  'é😀\ud83d',
]
const ATTRIBUTES = ['country', 'plan', 'email', 'userId', 'appVersion', 'orders', 'company', 'traits', 'key', 'kind']

/** The hostile documents of one dialect. */
export class HostileRun {
  readonly #dialect: Dialect
  readonly #bases: Bases
  readonly #contexts: readonly Context[]

  /** Throws for a dialect that is unknown or has no documents to start from. */
  constructor(name: string) {
    const dialect = dialects.get(name)
    if (dialect === undefined) throw new Error(`unknown dialect ${name}`)
    this.#dialect = dialect
    this.#bases = basesOf(name)
    this.#contexts = contextsFor(dialect, this.#bases)
  }

  /** The case of a seed, the same every time. `monotonic` in milliseconds. */
  check(seed: number, monotonic: () => number): Verdict {
    const random = randomFrom(seed)
    const options = pick(random, this.#bases.options)
    const contexts = [pick(random, this.#contexts), pick(random, this.#contexts)]
    const isolating = random(3) === 0
    const document = isolating ? this.#among(random) : hostileDocument(seed, this.#bases.documents)
    const run = (): boolean => {
      const hostile = { dialect: this.#dialect, document, options, contexts }
      const taken = checkDocument(hostile)
      if (isolating) this.#othersUnmoved(document, options, contexts)
      return taken
    }
    try {
      const start = monotonic()
      const taken = run()
      const took = monotonic() - start
      // A busy machine may be slow once; a document that is slow is slow every time.
      const slow = took > SLOW_MS && [1, 2].every(() => timed(run, monotonic) > SLOW_MS)
      return slow ? { taken, fault: described(`took ${Math.round(took)} ms`, document, options) } : { taken }
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
      return { taken: true, fault: described(message, document, options) }
    }
  }

  /** The demo document with one more flag: a spoiled copy of one of its own. */
  #among(random: Random): string {
    const { demo, flags: path, key } = this.#bases
    const document: unknown = JSON.parse(demo)
    const flags = at(document, path)
    const names = Object.keys(flags as object)
    const copy: unknown = structuredClone(at(flags, [pick(random, names)]))
    if (Array.isArray(flags)) {
      rename(copy, key, 'hostile')
      const flag = mutated(random, copy)
      // A flag that takes a good one's name is no longer another flag.
      const taken = names.map((name) => at(flags, [name, ...key]))
      if (taken.includes(at(flag, key))) rename(flag, key, 'hostile')
      flags.splice(random(flags.length + 1), 0, flag)
    } else {
      const name = pick(random, ['hostile', 'hostile', '__proto__', 'constructor', '', '0', 'a:b', '\ud800'])
      const value = mutated(random, copy)
      Object.defineProperty(flags, name, { value, writable: true, enumerable: true, configurable: true })
    }
    return printed(document)
  }

  #survivor(document: string | Uint8Array, options: Readonly<Record<string, unknown>>): Ruleset {
    try {
      return compileWith(this.#dialect, { document, options, random: () => 0.5 }).ruleset
    } catch (error) {
      throw new Error(`one hostile flag made the whole document unusable: ${String(error)}`, { cause: error })
    }
  }

  #othersUnmoved(
    document: string | Uint8Array,
    options: Readonly<Record<string, unknown>>,
    contexts: readonly Context[],
  ): void {
    const before = compileWith(this.#dialect, { document: this.#bases.demo, options, random: () => 0.5 }).ruleset
    const after = this.#survivor(document, options)
    for (const context of contexts) {
      for (const key of before.keys) {
        const was = before.outcome(key, context, undefined, { now: NOW }).json
        const is = after.outcome(key, context, undefined, { now: NOW }).json
        if (was !== is) throw new Error(`one hostile flag moved another:\n  was ${was}\n  is  ${is}`)
      }
    }
  }
}

function rename(flag: unknown, path: readonly string[], name: string): void {
  const holder = at(flag, path.slice(0, -1))
  if (typeof holder === 'object' && holder !== null) Object.assign(holder, { [path.at(-1) ?? '']: name })
}

function timed(run: () => unknown, monotonic: () => number): number {
  const start = monotonic()
  run()
  return monotonic() - start
}

function described(message: string, document: string | Uint8Array, options: object): string {
  const text = typeof document === 'string' ? document : `bytes ${Buffer.from(document).toString('base64')}`
  const shown = text.length > 4_000 ? `${text.slice(0, 4_000)}… (${text.length} characters)` : text
  return `${message}\noptions: ${JSON.stringify(options)}\ndocument: ${shown}`
}

/** Contexts that the demo document's rules read, with the values they compare to and some nobody expects. */
function contextsFor(dialect: Dialect, { demo }: Bases): readonly Context[] {
  const { reads } = compileWith(dialect, { document: demo }).ruleset.facts()
  const names = [...(reads === '*' ? [] : reads), ...ATTRIBUTES].filter((name) => name !== 'targetingKey')
  const texts = [...demo.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => JSON.parse(`"${match[1] ?? ''}"`) as string)
  const random = randomFrom(1)
  const value = (): unknown => {
    const kind = random(10)
    if (kind < 5) return pick(random, texts)
    if (kind < 7) return pick(random, SUBJECTS)
    return pick<unknown>(random, [0, -0, 18, 1e21, NaN, true, false, null, [], ['NL', 1], { a: { b: 'c' } }])
  }
  return Array.from({ length: 64 }, (_, index): Context => {
    if (index === 0) return {}
    const some = names.filter(() => random(3) > 0).map((name): [string, unknown] => [name, value()])
    const unit = random(8) === 0 ? {} : { targetingKey: pick(random, [...SUBJECTS, 'u2', 'u3', 'u4']) }
    return { ...Object.fromEntries(some), ...unit }
  })
}
