/**
 * Regex: a pattern as a flat machine. Each instruction is a row in parallel arrays; there is no recursion and no
 * backtracking left. Counted repeats are written out, so the number of instructions is bounded before memory is spent.
 */
import type { Assertion, Node } from './ast.ts'
import type { CharSet } from './charset.ts'
import { RegexTooLarge } from './error.ts'

/** What an instruction does: take one character, go two ways, go on if an assertion holds, report a match. */
export const TAKE = 0
export const FORK = 1
export const CHECK = 2
export const FOUND = 3

/** `next` is the instruction that follows; `operand` the other way (FORK), the set's or the assertion's index. */
export interface Program {
  readonly operation: Int32Array
  readonly next: Int32Array
  readonly operand: Int32Array
  readonly sets: readonly CharSet[]
  readonly assertions: readonly Assertion[]
  readonly start: number
}

/** Translates a parsed pattern; more than `limit` instructions throw RegexError. */
export function assemble(node: Node, limit: number): Program {
  const assembler = new Assembler(limit)
  const found = assembler.push(FOUND, 0, 0)
  const start = assembler.emit(node, found)
  return {
    operation: Int32Array.from(assembler.operation),
    next: Int32Array.from(assembler.next),
    operand: Int32Array.from(assembler.operand),
    sets: assembler.sets,
    assertions: assembler.assertions,
    start,
  }
}

/** Works from the end to the beginning: whoever emits a node already knows where it goes on. */
class Assembler {
  readonly operation: number[] = []
  readonly next: number[] = []
  readonly operand: number[] = []
  readonly sets: CharSet[] = []
  readonly assertions: Assertion[] = []
  readonly #limit: number
  readonly #setIndex = new Map<CharSet | string, number>()
  readonly #assertionIndex = new Map<Assertion, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  push(operation: number, next: number, operand: number): number {
    const address = this.operation.length
    if (address >= this.#limit) throw new RegexTooLarge(`pattern is too large: more than ${this.#limit} states`)
    this.operation.push(operation)
    this.next.push(next)
    this.operand.push(operand)
    return address
  }

  emit(node: Node, next: number): number {
    if (node.type === 'set') return this.push(TAKE, next, this.#internSet(node.set))
    if (node.type === 'sequence') return node.items.reduceRight((after, item) => this.emit(item, after), next)
    if (node.type === 'either') {
      const entries = node.items.map((item) => this.emit(item, next))
      return entries.reduceRight((others, entry) => this.push(FORK, entry, others))
    }
    if (node.type === 'repeat') return this.#repeat(node.item, node.min, node.max, next)
    if (node.type === 'assert') return this.push(CHECK, next, this.#internAssertion(node))
    return next
  }

  #repeat(item: Node, min: number, max: number, next: number): number {
    let entry = next
    if (max === Infinity) {
      entry = this.push(FORK, next, next)
      this.next[entry] = this.emit(item, entry)
    } else {
      for (let optional = min; optional < max; optional++) entry = this.push(FORK, this.emit(item, entry), next)
    }
    for (let required = 0; required < min; required++) entry = this.emit(item, entry)
    return entry
  }

  /** By identity first: a set written out thousands of times by a counted repeat is printed once. */
  #internSet(set: CharSet): number {
    let index = this.#setIndex.get(set)
    if (index !== undefined) return index
    const key = set.join()
    index = this.#setIndex.get(key) ?? this.sets.push(set) - 1
    this.#setIndex.set(set, index).set(key, index)
    return index
  }

  #internAssertion(assertion: Assertion): number {
    let index = this.#assertionIndex.get(assertion)
    if (index === undefined) {
      index = this.assertions.push(assertion) - 1
      this.#assertionIndex.set(assertion, index)
    }
    return index
  }
}
