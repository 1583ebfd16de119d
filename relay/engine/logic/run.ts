/**
 * Logic: the state of one evaluation. A rule is a program that strangers feed with data, and a few nested loops can
 * multiply into hours of work: every loop, copy and built text is paid from one budget, and nesting is counted, so that
 * an evaluation ends within milliseconds with an error instead of stalling everybody behind it.
 */
import { LogicError } from './error.ts'
import type { Node } from './node.ts'
import type { Root } from './root.ts'

/** Loop passes, copied elements and the like per evaluation. Rules that people write need a few dozen. */
export const MAX_STEPS = 200_000

/** Rules inside rules that only turn up at run time, such as a rule sent as data. */
const MAX_NESTING = 50

/** What evaluations of one rule share: its parsed parts and the work that is left. */
export class Run {
  readonly #nodeOf: (rule: unknown, run: Run) => Node
  #left = MAX_STEPS
  #nesting = 0
  #root: Root | undefined

  constructor(nodeOf: (rule: unknown, run: Run) => Node) {
    this.#nodeOf = nodeOf
  }

  /** Begins a new evaluation. */
  reset(root: Root): void {
    this.#root = root
    this.#left = MAX_STEPS
    this.#nesting = 0
  }

  /** The data of the rule itself, as opposed to an element's. */
  get root(): Root | undefined {
    return this.#root
  }

  /** Pays for work. Throws LogicError when nothing is left. */
  spend(steps: number): void {
    this.#left -= steps
    if (this.#left < 0) throw new LogicError('the rule needs too many steps')
  }

  /** Applies a rule that may have been made at run time. */
  apply(rule: unknown, data: unknown): unknown {
    if (++this.#nesting > MAX_NESTING) throw new LogicError('the rule nests too deeply in itself')
    const value = this.#nodeOf(rule, this).evaluate(data, this)
    this.#nesting--
    return value
  }
}
