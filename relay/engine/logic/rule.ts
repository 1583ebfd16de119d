/**
 * Logic: JSONLogic as the Go library understands it (diegoholiveira/jsonlogic 3.9), for every vendor whose engine is
 * built on it. A vendor brings its own operators and data; what is shared is the language.
 */
import { Builder, constant } from './builder.ts'
import type { Reads } from './builder.ts'
import { evaluate } from './node.ts'
import type { Node } from './node.ts'
import type { Operator } from './operator.ts'
import { arithmeticOperators } from './operators/arithmetic.ts'
import { comparison } from './operators/comparison.ts'
import { control } from './operators/control.ts'
import { lists } from './operators/lists.ts'
import { memberships } from './operators/membership.ts'
import { text } from './operators/text.ts'
import { variables } from './operators/variables.ts'
import type { Root } from './root.ts'
import { Run } from './run.ts'

const STANDARD: readonly (readonly [string, Operator])[] = [
  ...variables,
  ...comparison,
  ...control,
  ...arithmeticOperators,
  ...text,
  ...memberships,
  ...lists,
]

/** The standard operators and a vendor's own, which win over standard ones of the same name. */
export function operatorsWith(own: Iterable<readonly [string, Operator]>): ReadonlyMap<string, Operator> {
  return new Map([...STANDARD, ...own])
}

/**
 * A rule that was parsed once and can be applied to any data. A class and no bundle of functions: one method of one class
 * is compiled into its callers, a function made anew for every rule is not.
 */
export class Rule {
  readonly #node: Node
  readonly #run: Run

  /** See `parseRule`. */
  constructor(node: Node, run: Run) {
    this.#node = node
    this.#run = run
  }

  /** The result as JSON would have it. Throws LogicError. */
  evaluate(data: Root): unknown {
    this.#run.reset(data)
    return evaluate(this.#node, data, this.#run)
  }
}

export interface ParsedRule {
  readonly rule: Rule
  /** What it can come to read of the data. */
  readonly reads: Reads
}

/**
 * Parses a rule. Throws LogicError when it is too large; an unknown operator fails only when it is reached. `fixed` says
 * by path what the data hold in every evaluation, which must be texts, numbers or booleans.
 */
export function parseRule(
  json: unknown,
  operators: ReadonlyMap<string, Operator>,
  fixed?: ReadonlyMap<string, unknown>,
): ParsedRule {
  const known = new WeakMap<object, Node>()
  const builder = new Builder(operators, known, true, fixed)
  const node = builder.node(json)
  const run = builder.appliesParts ? new Run(nodesOf(operators, known)) : sharedRun(operators)
  return { rule: new Rule(node, run), reads: builder.reads }
}

/** Finds the node of a part that is applied while the rule runs, or builds one for what only turned up then. */
function nodesOf(
  operators: ReadonlyMap<string, Operator>,
  known: WeakMap<object, Node>,
): (part: unknown, run: Run) => Node {
  return (part, run) => {
    if (typeof part !== 'object' || part === null) return constant(part ?? null)
    const written = known.get(part)
    if (written !== undefined) return written
    const late = new Builder(operators, known, false)
    const made = late.node(part)
    run.spend(late.nodes)
    return made
  }
}

/** By their operators: evaluations never overlap, so rules that keep no parts of their own need no run of their own. */
const runs: WeakMap<ReadonlyMap<string, Operator>, Run> = new WeakMap()

function sharedRun(operators: ReadonlyMap<string, Operator>): Run {
  let run = runs.get(operators)
  if (run === undefined) runs.set(operators, (run = new Run(nodesOf(operators, new WeakMap()))))
  return run
}
