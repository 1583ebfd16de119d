/**
 * A flag's targeting as a term: the rule's result as the name of a variant. Its data are the evaluation context, and
 * `$flagd` with the flag's key and the time, which replaces whatever the caller sent under that name.
 */
import { own } from '../../context.ts'
import { Root } from '../../logic/root.ts'
import { parseRule } from '../../logic/rule.ts'
import type { ParsedRule, Rule } from '../../logic/rule.ts'
import type { Json } from '../../outcome.ts'
import type { Frame, Reads, Term, Volatile } from '../../plan.ts'
import { operatorsOf } from './operators.ts'
import { variantName } from './result.ts'

const INJECTED = '$flagd'

/** Throws LogicError for rules that are too large. */
export function targetingTerm(key: string, targeting: Json, generation: 2 | 3): Term {
  return new Targeting(key, parseRule(targeting, operatorsOf[generation], new Map([[`${INJECTED}.flagKey`, key]])))
}

class Targeting implements Term {
  readonly name: string = 'targeting'
  readonly reads: Reads
  readonly volatile?: Volatile
  readonly #rule: Rule
  readonly #data: Data

  constructor(key: string, { rule, reads: found }: ParsedRule) {
    const { reads, volatile } = factsOf(found)
    this.reads = reads
    if (volatile !== undefined) this.volatile = volatile
    this.#rule = rule
    this.#data = new Data(key)
  }

  read(frame: Frame): string | null {
    this.#data.frame = frame
    try {
      return variantName(this.#rule.evaluate(this.#data))
    } finally {
      this.#data.frame = undefined
    }
  }
}

class Data extends Root {
  frame: Frame | undefined
  readonly #key: string

  constructor(key: string) {
    super()
    this.#key = key
  }

  member(name: string): unknown {
    return name === INJECTED ? this.#injected() : own(this.frame?.context, name)
  }

  all(): Readonly<Record<string, unknown>> {
    return { ...this.frame?.context, [INJECTED]: this.#injected() }
  }

  #injected(): object {
    return { flagKey: this.#key, timestamp: Math.floor((this.frame?.now ?? 0) / 1000) }
  }
}

/** The time of an evaluation is no listed moment; the flag's key never changes. */
function factsOf(reads: ParsedRule['reads']): { reads: Reads; volatile?: Volatile } {
  if (reads.everything) return { reads: '*', volatile: 'clock' }
  const inside = reads.paths.get(INJECTED) ?? new Set()
  const timed = [...inside].some((member) => member !== 'flagKey')
  const names = [...reads.paths.keys()].filter((name) => name !== INJECTED)
  return { reads: names, ...(timed ? { volatile: 'clock' as const } : {}) }
}
