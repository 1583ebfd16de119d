/**
 * Regex: the syntax of .NET's Regex without options. Text is walked by UTF-16 units, `\d \w \s \b` know Unicode, `$`
 * also matches before a final line feed. Atomic and balancing groups, conditionals and Unicode blocks are refused.
 */
import type { Node } from './ast.ts'
import type { Folding } from './casing.ts'
import { complement, LAST_POINT, ranges, union } from './charset.ts'
import type { CharSet } from './charset.ts'
import { RegexError } from './error.ts'
import { Cursor } from './parse.ts'
import type { Flags, Scope } from './parse.ts'
import { PerlGrammar, startingFlags } from './perl.ts'
import { property } from './unicode.ts'

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['a', 0x07],
  ['e', 0x1b],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
  ['v', 0x0b],
])

/** Built once each: the boundary set must be one object, see context.ts. */
const shared = new Map<string, CharSet>()

function sharedSet(name: string, make: () => CharSet): CharSet {
  const set = shared.get(name) ?? make()
  shared.set(name, set)
  return set
}

const words = (): CharSet => sharedSet('w', () => union(['L', 'Mn', 'Nd', 'Pc'].map(property)))
/** For `\b` the zero-width joiner and non-joiner are word characters too. */
const boundaryWords = (): CharSet => sharedSet('b', () => union([words(), ranges(0x200c, 0x200d)]))

/** Parses a .NET pattern; flags are letters of `imnsx`. */
export function parseDotnet(pattern: string, flags: string): Node {
  return new Dotnet(new Cursor(pattern, false)).parse(startingFlags(flags, 'imnsx'))
}

class Dotnet extends PerlGrammar {
  protected override readonly dollar: 'textEnd' | 'finalEnd' = 'finalEnd'
  override readonly classRules: PerlGrammar['classRules'] = { setBeforeHyphen: false, subtraction: true }

  protected override folding(): Folding {
    return 'lower'
  }

  protected override skipIgnored(flags: Flags): boolean {
    return this.cursor.match(/\(\?#[^)]*\)/y) !== undefined || super.skipIgnored(flags)
  }

  protected override specialGroup(scope: Scope): Node | undefined {
    const { cursor } = this
    if (cursor.match(/<?[=!]/y)) throw new RegexError('lookaround is not supported')
    if (cursor.at('>')) throw new RegexError('atomic groups are not supported')
    if (cursor.at('(')) throw new RegexError('conditionals are not supported')
    if (cursor.match(/<\w*-\w*>|'\w*-\w*'/y)) throw new RegexError('balancing groups are not supported')
    if (cursor.match(/<\w+>|'\w+'/y)) return this.group(scope.flags)
    const inline = this.inlineFlags('imnsx', scope.flags)
    if (!inline) throw new RegexError('unknown group syntax (?')
    if (inline.scoped) return this.group(inline.flags)
    scope.flags = inline.flags
    return undefined
  }

  protected override assertion(): Node | undefined {
    const letter = this.cursor.match(/[AZzbBG]/y)?.[0]
    if (letter === undefined) return undefined
    if (letter === 'G') throw new RegexError('\\G is not supported')
    if (letter === 'A') return { type: 'assert', kind: 'textStart' }
    if (letter === 'z') return { type: 'assert', kind: 'textEnd' }
    if (letter === 'Z') return { type: 'assert', kind: 'finalEnd' }
    return { type: 'assert', kind: letter === 'b' ? 'boundary' : 'notBoundary', words: boundaryWords() }
  }

  override escapedSet(): CharSet | undefined {
    const { cursor } = this
    const named = cursor.match(/([pP])\{([^}]*)\}/y)
    if (named) {
      const name = named[2] ?? ''
      if (name.startsWith('Is')) throw new RegexError(`Unicode blocks are not supported: \\p{${name}}`)
      if (!/^(?:C[cfnos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/.test(name)) {
        throw new RegexError(`unknown Unicode category \\p{${name}}`)
      }
      const set = property(name)
      return named[1] === 'P' ? complement(set, LAST_POINT) : set
    }
    const letter = cursor.match(/[dDwWsS]/y)?.[0]
    if (letter === undefined) return undefined
    const lower = letter.toLowerCase()
    const set = lower === 'd' ? property('Nd') : lower === 'w' ? words() : property('White_Space')
    return letter === lower ? set : complement(set, LAST_POINT)
  }

  override classExtra(): undefined {
    return undefined
  }

  override escapedPoint(inClass: boolean): number {
    const { cursor } = this
    const octal = cursor.match(inClass ? /[0-7]{1,3}/y : /0[0-7]{0,2}/y)
    if (octal) return parseInt(octal[0], 8) & 0xff
    if (!inClass && cursor.match(/[1-9]|k[<'{]/y)) throw new RegexError('backreferences are not supported')
    const control = cursor.match(/c([@-_a-z])/y)
    if (control) return (control[1] ?? '').charCodeAt(0) & 0x1f
    const hex = cursor.match(/x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})/y)
    if (hex) return parseInt(hex[1] ?? hex[2] ?? '', 16)
    if (inClass && cursor.take('b')) return 0x08
    const text = String.fromCharCode(cursor.next())
    const simple = CONTROLS.get(text)
    if (simple !== undefined) return simple
    if (/[\p{L}\p{Mn}\p{Nd}\p{Pc}]/u.test(text)) throw new RegexError(`unknown escape \\${text}`)
    return text.charCodeAt(0)
  }
}
