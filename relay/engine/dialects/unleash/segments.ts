/**
 * Segments: constraints under one id. One that cannot be read costs the flags that ask for it an error; one that is not
 * in the document makes the strategy false, and stays in the plan so that its arrival counts as a change.
 */
import type { Tools } from '../../dialect.ts'
import type { Condition, SegmentPlan } from '../../plan.ts'
import { FlagError } from '../../problem.ts'
import { all, lowerConstraint, Uncompilable } from './conditions.ts'
import type { Rules } from './conditions.ts'
import type { Item } from './document.ts'
import { readSegment } from './feature.ts'

export class Segments {
  readonly plans: Map<string, SegmentPlan> = new Map<string, SegmentPlan>()
  /** What strict rules refuse, with the reason. */
  readonly #refused = new Map<string, string>()
  readonly #strict: boolean

  constructor(items: readonly Item[], rules: Omit<Rules, 'note'>, tools: Tools) {
    this.#strict = rules.strict
    for (const item of items) this.plans.set(item.key, this.#plan(item, rules, tools))
  }

  /** Throws Uncompilable under strict rules. */
  condition(key: string, note: (message: string) => void): Condition {
    const refused = this.#refused.get(key)
    if (refused !== undefined) throw new Uncompilable(refused)
    const reference = this.reference(key)
    if (this.plans.get(key)?.definition === undefined) {
      if (this.#strict) throw new Uncompilable(`segment ${key} is not in the document`)
      note(`is false for everybody: segment ${key} is not in the document`)
    }
    return reference
  }

  /** As `condition`, but only so that a change of the segment counts as a change of the flag. */
  reference(key: string): Condition {
    if (!this.plans.has(key)) this.plans.set(key, { definition: undefined, condition: { kind: 'never' } })
    return { kind: 'segment', id: key }
  }

  #plan(item: Item, rules: Omit<Rules, 'note'>, tools: Tools): SegmentPlan {
    const { key, path, definition } = item
    const noting: Rules = { ...rules, note: (at, message) => tools.warn({ path: `${path}.${at}`, message }) }
    try {
      const parts = readSegment(item).map((each, index) => lowerConstraint(each, `constraints[${index}]`, noting))
      return { definition, condition: all(parts) }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (error instanceof Uncompilable) {
        this.#refused.set(key, `segment ${key}: ${message}`)
        return { definition, condition: { kind: 'never' } }
      }
      const at = error instanceof FlagError ? `${path}.${error.path}` : path
      tools.warn({ path: at, message: `flags that ask for this segment answer an error: ${message}` })
      const errorDetails = `segment ${key} cannot be read`
      return {
        definition,
        condition: { kind: 'fail', outcome: { reason: 'ERROR', errorCode: 'GENERAL', errorDetails } },
      }
    }
  }
}
