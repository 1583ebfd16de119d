/**
 * Which flags a caller may know of. A flag outside the view answers exactly as one that does not exist, in single and
 * in bulk, else a client key could find out the names of server-only flags by asking.
 */
import type { Context, Outcome, Ruleset, Scope } from '@halyard/engine'
import { matchesGlob } from '../glob.ts'

export interface Globs {
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
}

export class FlagView {
  readonly scope: Scope
  /** Text that differs between views that show different flags. */
  readonly identity: string
  readonly #globs: Globs | undefined
  readonly #verdicts = new WeakMap<Ruleset, Map<string, boolean>>()

  constructor(scope: Scope, globs: Globs | undefined) {
    this.scope = scope
    this.identity = JSON.stringify([scope, globs?.include ?? null, globs?.exclude ?? null])
    this.#globs = globs
  }

  /** The answer of one flag; undefined for flags that do not exist or may not be known of. */
  outcome(ruleset: Ruleset, key: string, context: Context, now: number): Outcome | undefined {
    if (!ruleset.visible(key, this.scope)) return undefined
    const outcome = ruleset.outcome(key, context, undefined, { now })
    return this.#passes(ruleset, outcome.evaluation.key) ? outcome : undefined
  }

  /** The answers of all flags that may be known of, in document order. */
  outcomes(ruleset: Ruleset, context: Context, now: number): readonly Outcome[] {
    const outcomes = ruleset.outcomes(context, { now }, this.scope)
    if (this.#globs === undefined) return outcomes
    return outcomes.filter((outcome) => this.#passes(ruleset, outcome.evaluation.key))
  }

  #passes(ruleset: Ruleset, key: string): boolean {
    const globs = this.#globs
    if (globs === undefined) return true
    let verdicts = this.#verdicts.get(ruleset)
    if (verdicts === undefined) this.#verdicts.set(ruleset, (verdicts = new Map()))
    let passes = verdicts.get(key)
    if (passes === undefined) {
      const listed = (patterns: readonly string[]): boolean => patterns.some((pattern) => matchesGlob(pattern, key))
      passes = (globs.include === undefined || listed(globs.include)) && !listed(globs.exclude ?? [])
      verdicts.set(key, passes)
    }
    return passes
  }
}
