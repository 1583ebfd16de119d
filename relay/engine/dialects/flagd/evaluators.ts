/**
 * Reusable rules: an object whose only member is `$ref` stands for the evaluator of that name. The daemon replaces texts,
 * in any order; replacing in the tree until nothing changes gives the same wherever its answer is certain. What is
 * referred to many times is shared and never copied, else a few lines could unfold into gigabytes.
 */
import { FlagError } from '../../problem.ts'
import type { Json } from '../../outcome.ts'
import { isMembers } from './document.ts'

/** References inside references, and levels of nesting. */
const MAX_DEPTH = 200

export class Evaluators {
  readonly #rules: ReadonlyMap<string, Json>
  readonly #expanded = new Map<string, Json>()

  constructor(rules: ReadonlyMap<string, Json>) {
    this.#rules = rules
  }

  /**
   * The value with all references replaced, the same object when there are none, and the evaluators it came to use.
   * Unknown names stay. Throws FlagError for evaluators that refer to each other in a circle.
   */
  expand(value: Json): { readonly value: Json; readonly used: Readonly<Record<string, Json>> } {
    if (this.#rules.size === 0) return { value, used: {} }
    const used = new Map<string, Json>()
    const expanded = this.#expand(value, [], used, 0)
    return { value: expanded, used: Object.fromEntries(used) }
  }

  #expand(value: Json, within: readonly string[], used: Map<string, Json>, depth: number): Json {
    if (typeof value !== 'object' || value === null) return value
    if (depth > MAX_DEPTH) throw new FlagError('', `nests deeper than ${MAX_DEPTH} levels`)
    if (Array.isArray(value)) {
      const list = (value as readonly Json[]).map((element) => this.#expand(element, within, used, depth + 1))
      return list.every((element, index) => element === value[index]) ? value : list
    }
    if (!isMembers(value)) return value
    const entries = Object.entries(value)
    const [[name, target] = ['', null]] = entries
    if (entries.length === 1 && name === '$ref' && typeof target === 'string' && this.#rules.has(target)) {
      return this.#refer(target, within, used, depth)
    }
    const members = entries.map(([key, part]): [string, Json] => [key, this.#expand(part, within, used, depth + 1)])
    return members.every(([key, part]) => part === value[key]) ? value : Object.fromEntries(members)
  }

  #refer(name: string, within: readonly string[], used: Map<string, Json>, depth: number): Json {
    if (within.includes(name)) {
      throw new FlagError('', `evaluators refer to each other in a circle: ${[...within, name].join(' → ')}`)
    }
    const rule = this.#rules.get(name) ?? null
    const seen = used.has(name)
    used.set(name, rule)
    const known = this.#expanded.get(name)
    if (known !== undefined && seen) return known
    const expanded = this.#expand(rule, [...within, name], used, depth + 1)
    const shared = known ?? expanded
    this.#expanded.set(name, shared)
    return shared
  }
}
