/**
 * Regex: what the grammars of all dialects share: a cursor over the pattern, alternation, groups with flags that end
 * with them, quantifiers. Nesting is bounded here, because a recursive reader of user text must not overflow the stack.
 */
import { either, EMPTY, repeat, sequence } from './ast.ts'
import type { Node } from './ast.ts'
import { RegexError, RegexTooLarge } from './error.ts'

const DEEPEST = 250

/** Flags in force at one place of the pattern; which of them a dialect knows is its own business. */
export interface Flags {
  readonly ignoreCase: boolean
  readonly multiline: boolean
  readonly dotAll: boolean
  /** Blanks and `#` comments in the pattern mean nothing. */
  readonly verbose: boolean
  /** `\d \w \s \b` know ASCII only. */
  readonly ascii: boolean
}

/** The flags of the group being read; an inline flag replaces them for the rest of the group. */
export interface Scope {
  flags: Flags
}

/** Walks a pattern by code points, or by UTF-16 units where the dialect does. */
export class Cursor {
  readonly text: string
  readonly byPoints: boolean
  index: number = 0

  constructor(text: string, byPoints: boolean) {
    this.text = text
    this.byPoints = byPoints
  }

  get done(): boolean {
    return this.index >= this.text.length
  }

  /** True when the rest begins with the text. */
  at(text: string): boolean {
    return this.text.startsWith(text, this.index)
  }

  /** Steps over the text if the rest begins with it. */
  take(text: string): boolean {
    if (!this.at(text)) return false
    this.index += text.length
    return true
  }

  /** Steps over what the sticky pattern matches here, and returns it. */
  match(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.index
    const found = sticky.exec(this.text) ?? undefined
    this.index += found?.[0].length ?? 0
    return found
  }

  /** The next character's number; the end of the pattern is an error. */
  next(): number {
    const point = this.byPoints ? this.text.codePointAt(this.index) : this.text.charCodeAt(this.index)
    if (point === undefined || Number.isNaN(point)) throw new RegexError('pattern ends too early')
    this.index += point > 0xffff ? 2 : 1
    return point
  }
}

/** A grammar: dialects say what a term is, the rest is common. */
export abstract class Grammar {
  protected readonly cursor: Cursor
  #depth = 0

  constructor(cursor: Cursor) {
    this.cursor = cursor
  }

  /** Reads one term (an atom with its quantifiers, or something that only changes the scope) onto `items`. */
  protected abstract term(scope: Scope, items: Node[]): void

  /** Reads the whole pattern. */
  parse(flags: Flags): Node {
    const node = this.alternatives({ flags })
    if (!this.cursor.done) throw new RegexError('unmatched )')
    return node
  }

  /** Reads up to, not including, the closing parenthesis or the end. */
  protected alternatives(scope: Scope): Node {
    if (++this.#depth > DEEPEST) throw new RegexTooLarge(`groups nested deeper than ${DEEPEST}`)
    const branches: Node[] = []
    let items: Node[] = []
    while (!this.cursor.done && !this.cursor.at(')')) {
      if (this.cursor.take('|')) {
        branches.push(sequence(items))
        items = []
      } else this.term(scope, items)
    }
    branches.push(sequence(items))
    this.#depth--
    return either(branches)
  }

  /** Reads a group's inside and its closing parenthesis. */
  protected group(flags: Flags): Node {
    const node = this.alternatives({ flags })
    if (!this.cursor.take(')')) throw new RegexError('missing )')
    return node
  }
}

/** Repeats the node as quantifier bounds written in digits say; an absent upper bound is unlimited. */
export function repeatDigits(node: Node, min: string, max: string | undefined): Node {
  const most = max === undefined || max === '' ? Infinity : Number(max)
  if (most < Number(min)) throw new RegexError('numbers out of order in {} quantifier')
  return most === 0 ? EMPTY : repeat(node, Number(min), most)
}
