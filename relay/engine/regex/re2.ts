/**
 * Regex: the syntax of RE2 as Go's regexp reads it. Text is walked by code points; `\d \w \s \b` are ASCII, `$` is the
 * very end, classes and properties fold before they are complemented.
 */
import type { Node } from './ast.ts'
import type { Folding } from './casing.ts'
import { complement, LAST_POINT, ranges } from './charset.ts'
import type { CharSet } from './charset.ts'
import { RegexError } from './error.ts'
import { Cursor } from './parse.ts'
import type { Flags, Scope } from './parse.ts'
import { PerlGrammar, startingFlags } from './perl.ts'
import { ASCII_DIGITS, ASCII_WORDS } from './sets.ts'
import { property } from './unicode.ts'

const BLANKS: CharSet = ranges(0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20)
const UPPER: readonly number[] = [0x41, 0x5a]
const LOWER: readonly number[] = [0x61, 0x7a]

const POSIX: ReadonlyMap<string, CharSet> = new Map([
  ['alnum', ranges(...ASCII_DIGITS, ...UPPER, ...LOWER)],
  ['alpha', ranges(...UPPER, ...LOWER)],
  ['ascii', [0, 0x7f]],
  ['blank', ranges(0x09, 0x09, 0x20, 0x20)],
  ['cntrl', ranges(0, 0x1f, 0x7f, 0x7f)],
  ['digit', ASCII_DIGITS],
  ['graph', [0x21, 0x7e]],
  ['lower', LOWER],
  ['print', [0x20, 0x7e]],
  ['punct', ranges(0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e)],
  ['space', ranges(0x09, 0x0d, 0x20, 0x20)],
  ['upper', UPPER],
  ['word', ASCII_WORDS],
  ['xdigit', ranges(0x30, 0x39, 0x41, 0x46, 0x61, 0x66)],
])

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
])

/** Parses an RE2 pattern; flags are letters of `imsU`. */
export function parseRe2(pattern: string, flags: string): Node {
  return new Re2(new Cursor(pattern, true)).parse(startingFlags(flags, 'imsU'))
}

class Re2 extends PerlGrammar {
  protected override readonly dollar: 'textEnd' | 'finalEnd' = 'textEnd'
  override readonly classRules: PerlGrammar['classRules'] = { setBeforeHyphen: true, subtraction: false }

  protected override readonly largestCount: number = 1000

  protected override folding(): Folding {
    return 'unicode'
  }

  protected override specialGroup(scope: Scope): Node | undefined {
    const { cursor } = this
    if (cursor.match(/P?<[A-Za-z0-9_]+>/y)) return this.group(scope.flags)
    if (cursor.match(/<?[=!]/y)) throw new RegexError('lookaround is not supported')
    if (cursor.at(')') || cursor.at('-)') || cursor.at('-:')) throw new RegexError('missing flags after (?')
    const inline = this.inlineFlags('imsU', scope.flags)
    if (!inline) throw new RegexError('unknown group syntax (?')
    if (inline.scoped) return this.group(inline.flags)
    scope.flags = inline.flags
    return undefined
  }

  protected override escape(flags: Flags, items: Node[]): Node | undefined {
    if (!this.cursor.take('Q')) return super.escape(flags, items)
    const { cursor } = this
    const end = cursor.text.indexOf('\\E', cursor.index)
    const stop = end < 0 ? cursor.text.length : end
    while (cursor.index < stop) items.push(this.literal(cursor.next(), flags))
    cursor.take('\\E')
    return items.pop()
  }

  protected override assertion(): Node | undefined {
    const letter = this.cursor.match(/[AzbB]/y)?.[0]
    if (letter === 'A') return { type: 'assert', kind: 'textStart' }
    if (letter === 'z') return { type: 'assert', kind: 'textEnd' }
    if (letter === undefined) return undefined
    return { type: 'assert', kind: letter === 'b' ? 'boundary' : 'notBoundary', words: ASCII_WORDS }
  }

  override escapedSet(flags: Flags): CharSet | undefined {
    const { cursor } = this
    const named = cursor.match(/([pP])(?:\{(\^?)([^}]*)\}|(\w))/y)
    if (named) {
      const [, letter, caret = '', name = '', single = ''] = named
      const set = this.folded(unicodeTable(name + single), flags)
      return (letter === 'P') !== (caret === '^') ? complement(set, LAST_POINT) : set
    }
    const letter = cursor.match(/[dDwWsS]/y)?.[0]
    if (letter === undefined) return undefined
    const lower = letter.toLowerCase()
    const set = this.folded(lower === 'd' ? ASCII_DIGITS : lower === 'w' ? ASCII_WORDS : BLANKS, flags)
    return letter === lower ? set : complement(set, LAST_POINT)
  }

  override classExtra(flags: Flags): CharSet | undefined {
    const found = this.cursor.match(/\[:(\^?)(\w+):\]/y)
    if (!found) return undefined
    const set = POSIX.get(found[2] ?? '')
    if (!set) throw new RegexError(`unknown class [:${found[2] ?? ''}:]`)
    return found[1] === '^' ? complement(this.folded(set, flags), LAST_POINT) : this.folded(set, flags)
  }

  override escapedPoint(): number {
    const { cursor } = this
    const octal = cursor.match(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y)
    if (octal) return parseInt(octal[0], 8)
    if (cursor.match(/[1-9]/y)) throw new RegexError('backreferences are not supported')
    const hex = cursor.match(/x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]+)\})/y)
    const point = hex ? parseInt(hex[1] ?? hex[2] ?? '', 16) : cursor.next()
    if (point > LAST_POINT) throw new RegexError('character beyond Unicode')
    if (hex) return point
    const text = String.fromCodePoint(point)
    const control = CONTROLS.get(text)
    if (control !== undefined) return control
    if (point >= 0x80 || /[a-z0-9]/i.test(text)) throw new RegexError(`unknown escape \\${text}`)
    return point
  }
}

/** General categories and scripts by the names Go knows: exact in case, without `Script=`. */
function unicodeTable(name: string): CharSet {
  if (name === 'Any') return [0, LAST_POINT]
  if (/^(?:C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/.test(name)) return property(name)
  return property(`Script=${name}`)
}
