/**
 * Logic: parses a rule once into nodes. Operators are looked up, constants folded and the reads of the data collected
 * here, so that an evaluation neither looks at a name nor copies a list it already knows.
 *
 * What a rule reads is a promise that caches rest on. A name counts as read wherever the rule can come to look it up in
 * the rule's own data; `everything` is noted where that cannot be listed.
 */
import { LogicError } from './error.ts'
import { CALL, Node, VALUE } from './node.ts'
import type { Evaluate } from './node.ts'
import type { Operands, Operator } from './operator.ts'
import { Run } from './run.ts'
import { isList, isPrimitive } from './values.ts'

/**
 * Which data the variables at a place of the rule are looked up in. `data`: the rule's own. `both`: names in the rule's
 * own first, else in an element (conditions of filter, some, none). `element`: elements only.
 */
export type Scope = 'data' | 'both' | 'element'

const MAX_DEPTH = 100
/** Operations and lists in one rule, shared parts counted as often as they occur. */
const MAX_NODES = 100_000

/** Members of the data, each as the first two segments of a path. */
export class Reads {
  everything = false
  readonly paths: Map<string, Set<string | undefined>> = new Map<string, Set<string | undefined>>()

  note(member: string, inside: string | undefined): void {
    const known = this.paths.get(member)
    if (known === undefined) this.paths.set(member, new Set([inside]))
    else known.add(inside)
  }
}

export class Builder {
  readonly reads: Reads = new Reads()
  readonly operators: ReadonlyMap<string, Operator>
  /** By path: what the rule's data hold in every evaluation. */
  readonly fixed: ReadonlyMap<string, unknown>
  readonly #known: WeakMap<object, Node>
  /** Whether what is built will run many times. */
  readonly lasting: boolean
  /** Whether operations were built that apply parts of the rule as they are written; those are then kept. */
  appliesParts = false
  #scope: Scope = 'data'
  #depth = 0
  #nodes = 0
  /** How many variables were replaced by what is fixed. */
  #replaced = 0

  /** `lasting`: keep the nodes by their source. Only for a rule that nobody changes any more. */
  constructor(
    operators: ReadonlyMap<string, Operator>,
    known: WeakMap<object, Node>,
    lasting: boolean,
    fixed: ReadonlyMap<string, unknown> = NOTHING,
  ) {
    this.operators = operators
    this.fixed = fixed
    this.#known = known
    this.lasting = lasting
  }

  /** How many operations and lists were built so far. */
  get nodes(): number {
    return this.#nodes
  }

  get scope(): Scope {
    return this.#scope
  }

  /** Builds a part of the rule whose variables are looked up elsewhere. */
  within<T>(scope: Scope, build: () => T): T {
    const outer = this.#scope
    this.#scope = scope
    try {
      return build()
    } finally {
      this.#scope = outer
    }
  }

  node(rule: unknown): Node {
    if (rule === null || isPrimitive(rule)) return constant(rule)
    if (typeof rule !== 'object') return constant(null)
    const replaced = this.#replaced
    const node = this.#nested(() => (isList(rule) ? this.#list(rule) : this.#object(rule)))
    // A part that stands in several places may be applied to an element, where nothing is fixed.
    if (this.lasting && this.#replaced === replaced) this.#known.set(rule, node)
    return node
  }

  #nested(build: () => Node): Node {
    if (++this.#nodes > MAX_NODES) throw new LogicError(`the rule has more than ${MAX_NODES} operations`)
    if (++this.#depth > MAX_DEPTH) throw new LogicError(`the rule nests deeper than ${MAX_DEPTH} levels`)
    const node = build()
    this.#depth--
    return node
  }

  #list(rule: readonly unknown[]): Node {
    if (isFlat(rule)) return constant(rule)
    return list(rule.map((element) => this.node(element)))
  }

  #object(rule: object): Node {
    const names = Object.keys(rule)
    const [name] = names
    // Several members are no operation but a value, and what is inside them is not looked at.
    if (names.length > 1 || name === undefined) return constant(rule)
    const operator = this.operators.get(name)
    if (operator === undefined) return called(fail(`the operator ${JSON.stringify(name)} does not exist`))
    const raw: unknown = Object.values(rule)[0]
    const operands = this.#operands(name, raw)
    const built = operator.build(operands)
    if (name === 'var' && typeof raw === 'string' && this.#scope === 'data' && this.fixed.has(raw)) {
      this.#replaced++
      return constant(this.fixed.get(raw))
    }
    const fixed = operator.pure === true && operands.whole.constant !== undefined
    const joins = operator.joins === true ? operands.items : undefined
    const node =
      built instanceof Node ? built : called(built, joins !== undefined && joins.length > 1 ? joins : undefined)
    return fixed ? this.#folded(node) : node
  }

  /** An operation that fails on constants fails when it is reached, not before. */
  #folded(node: Node): Node {
    try {
      return constant(node.evaluate(null, new Run((part) => this.node(part))))
    } catch {
      return node
    }
  }

  #operands(operator: string, raw: unknown): Operands {
    const node = (rule: unknown): Node => this.node(rule)
    // Operands are built on demand, since some operators build theirs in another scope, and only once.
    let items: readonly Node[] | undefined
    let whole: Node | undefined
    return {
      operator,
      raw,
      builder: this,
      get items() {
        if (isList(raw)) items ??= raw.map(node)
        return items
      },
      get whole() {
        whole ??= this.items === undefined ? node(raw) : list(this.items)
        return whole
      },
    }
  }
}

const NOTHING: ReadonlyMap<string, unknown> = new Map()

/** Whether a list holds no rules. */
export function isFlat(rule: readonly unknown[]): boolean {
  return rule.every((element) => element === null || isPrimitive(element))
}

function list(items: readonly Node[]): Node {
  if (items.every((item) => item.constant !== undefined)) return constant(items.map((item) => item.constant?.value))
  return called((data, run) => items.map((item) => item.evaluate(data, run)))
}

export function constant(value: unknown): Node {
  return new Node(VALUE, { value })
}

function called(call: Evaluate, joins?: readonly Node[]): Node {
  return new Node(CALL, joins === undefined ? { call } : { call, joins })
}

function fail(message: string): Evaluate {
  return () => {
    throw new LogicError(message)
  }
}
