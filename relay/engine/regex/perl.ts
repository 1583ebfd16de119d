/**
 * Regex: the grammar RE2, .NET and Python share, all being children of Perl's. Subclasses fill in what differs. They
 * accept less than their originals where an answer in linear time is impossible, never something else.
 */
import { repeat } from './ast.ts'
import type { Node } from './ast.ts'
import { closeOver } from './casing.ts'
import type { Folding } from './casing.ts'
import { complement, LAST_POINT } from './charset.ts'
import type { CharSet } from './charset.ts'
import { RegexError } from './error.ts'
import { Grammar, repeatDigits } from './parse.ts'
import type { Flags, Scope } from './parse.ts'
import { readClass } from './perl-class.ts'
import { LINE_FEED } from './sets.ts'

export abstract class PerlGrammar extends Grammar {
  /** What `$` means without m. */
  protected abstract readonly dollar: 'textEnd' | 'finalEnd'
  /** `{n}`, `{n,}`, `{n,m}` and what else counts as a counted repeat: groups 1 and 3 the bounds, 2 the comma. */
  protected readonly counted: RegExp = /\{(\d+)(,?)(\d*)\}/y

  /** Whether `^*` is allowed. */
  protected readonly repeatsAssertions: boolean = true
  /** Largest number in a counted repeat. */
  protected readonly largestCount: number = Infinity

  /** Reads what follows `(?`, up to the end of the group; undefined when it only changed the scope. */
  protected abstract specialGroup(scope: Scope): Node | undefined
  /** Reads an assertion letter behind a backslash. */
  protected abstract assertion(flags: Flags): Node | undefined
  /** Reads a set escape behind a backslash: `\d`, `\pL` and so on. */
  abstract escapedSet(flags: Flags): CharSet | undefined
  /** Reads any other escape behind a backslash: the one character it stands for. */
  abstract escapedPoint(inClass: boolean): number
  /** Reads what is special inside a class in this dialect, for example `[:alpha:]`. */
  abstract classExtra(flags: Flags): CharSet | undefined
  /** The folding in force. */
  protected abstract folding(flags: Flags): Folding

  /** Which class members may stand before or behind a hyphen, and whether a class may be subtracted. */
  abstract readonly classRules: { readonly setBeforeHyphen: boolean; readonly subtraction: boolean }

  get reader(): Grammar['cursor'] {
    return this.cursor
  }

  folded(set: CharSet, flags: Flags): CharSet {
    return flags.ignoreCase ? closeOver(set, this.folding(flags)) : set
  }

  protected override term(scope: Scope, items: Node[]): void {
    if (this.skipIgnored(scope.flags)) return
    const grouped = this.cursor.at('(')
    const node = this.#atom(scope, items)
    if (!node) return
    const quantified = this.#quantified(node, scope.flags)
    if (quantified && node.type === 'assert' && !grouped && !this.repeatsAssertions) {
      throw new RegexError('nothing to repeat')
    }
    items.push(quantified ?? node)
  }

  /** Steps over comments and, in verbose mode, blanks; true when there were any. */
  protected skipIgnored(flags: Flags): boolean {
    const start = this.cursor.index
    if (flags.verbose) while (this.cursor.match(/[\t-\r ]+|#[^\n]*/y));
    return this.cursor.index > start
  }

  #quantified(atom: Node, flags: Flags): Node | undefined {
    while (this.skipIgnored(flags));
    const node = this.#quantifier(atom)
    if (!node) return undefined
    this.cursor.take('?')
    while (this.skipIgnored(flags));
    if (this.#quantifier(atom))
      throw new RegexError('quantifier follows quantifier (possessive ones are not supported)')
    return node
  }

  #quantifier(node: Node): Node | undefined {
    const { cursor } = this
    const counted = cursor.match(this.counted)
    if (counted) {
      const [, min = '', comma, max = ''] = counted
      if (Math.max(Number(min), Number(max)) > this.largestCount) throw new RegexError('repeat count is too large')
      return repeatDigits(node, min === '' ? '0' : min, comma === '' ? min : max)
    }
    if (cursor.take('*')) return repeat(node, 0, Infinity)
    if (cursor.take('+')) return repeat(node, 1, Infinity)
    return cursor.take('?') ? repeat(node, 0, 1) : undefined
  }

  #atom(scope: Scope, items: Node[]): Node | undefined {
    const { cursor } = this
    const { flags } = scope
    if (cursor.take('(')) return cursor.take('?') ? this.specialGroup(scope) : this.group(flags)
    if (cursor.take('[')) return { type: 'set', set: readClass(this, flags) }
    if (cursor.take('.'))
      return { type: 'set', set: flags.dotAll ? [0, LAST_POINT] : complement(LINE_FEED, LAST_POINT) }
    if (cursor.take('^')) {
      return flags.multiline
        ? { type: 'assert', kind: 'lineStart', lines: LINE_FEED }
        : { type: 'assert', kind: 'textStart' }
    }
    if (cursor.take('$')) {
      return flags.multiline
        ? { type: 'assert', kind: 'lineEnd', lines: LINE_FEED }
        : { type: 'assert', kind: this.dollar }
    }
    if (cursor.match(/[*+?]/y) ?? cursor.match(this.counted)) throw new RegexError('nothing to repeat')
    if (cursor.take('\\')) return this.escape(flags, items)
    return this.literal(cursor.next(), flags)
  }

  /** Reads an escape outside classes; `items` takes what stands before its last atom. */
  protected escape(flags: Flags, _items: Node[]): Node | undefined {
    const found = this.assertion(flags)
    if (found) return found
    const set = this.escapedSet(flags)
    return set ? { type: 'set', set } : this.literal(this.escapedPoint(false), flags)
  }

  protected literal(point: number, flags: Flags): Node {
    return { type: 'set', set: this.folded([point, point], flags) }
  }

  /** Reads `letters-letters` before `:` or `)`; undefined, and nothing read, when that is not what follows. */
  protected inlineFlags(letters: string, flags: Flags): { flags: Flags; scoped: boolean } | undefined {
    const found = this.cursor.match(new RegExp(`([${letters}]*)(?:-([${letters}]*))?([:)])`, 'y'))
    if (!found) return undefined
    const [, on = '', off = '', end] = found
    return { flags: withLetters(flags, on, off), scoped: end === ':' }
  }
}

/** Flags with the letters i m s x a switched on and off; other letters change no answer. */
export function withLetters(flags: Flags, on: string, off: string = ''): Flags {
  const switched = (letter: string, now: boolean): boolean => (on.includes(letter) || now) && !off.includes(letter)
  return {
    ignoreCase: switched('i', flags.ignoreCase),
    multiline: switched('m', flags.multiline),
    dotAll: switched('s', flags.dotAll),
    verbose: switched('x', flags.verbose),
    ascii: switched('a', flags.ascii) && !on.includes('u'),
  }
}

/** The flags a pattern starts with; a letter the dialect does not know throws. */
export function startingFlags(letters: string, known: string): Flags {
  for (const letter of letters) if (!known.includes(letter)) throw new RegexError(`unknown flag ${letter}`)
  const none = { ignoreCase: false, multiline: false, dotAll: false, verbose: false, ascii: false }
  return withLetters(none, letters)
}
