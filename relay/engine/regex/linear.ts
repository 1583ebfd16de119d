/**
 * Regex: the way in. Rules carry patterns written by people and are tested against texts sent by strangers; with a
 * backtracking engine one such pair can stop the whole process. Here every accepted pattern answers in time linear in
 * the text, and what has no linear-time answer (backreferences, lookaround) is refused when the rule is loaded.
 */
import { isAnchored } from './ast.ts'
import type { Node } from './ast.ts'
import { parseDotnet } from './dotnet.ts'
import { parseEcmascript } from './ecmascript.ts'
import { Search } from './match.ts'
import { isSafeNatively } from './native.ts'
import { assemble } from './program.ts'
import { parsePython } from './python.ts'
import { parseRe2 } from './re2.ts'

export { RegexError, RegexTooLarge } from './error.ts'

/** Whose rules a pattern follows: the runtime's RegExp, Go's regexp, .NET's Regex with default options, Python's re. */
export type RegexSyntax = 'ecmascript' | 're2' | 'dotnet' | 'python'

export interface RegexOptions {
  /** Most instructions a pattern may become; beyond: RegexError. Default 10,000 (about a 5,000-character literal × 2). */
  readonly maxStates?: number
  /**
   * Texts with more UTF-16 units never match. Default: as many as take about 20 ms at worst, which is 4,096 for a pattern
   * of 400 instructions and more for a smaller one, but never fewer than 256.
   */
  readonly maxSubject?: number
  /** Whether safe ECMAScript patterns may run on the native engine. Default true; the answers are the same. */
  readonly native?: boolean
}

/** Instructions looked at within about 20 ms. */
const WORK = 1_600_000
const LEAST_SUBJECT = 256

/** A compiled pattern. */
export interface LinearRegex {
  /** True when the pattern matches somewhere in the text, as RegExp.prototype.test with lastIndex 0. */
  test(subject: string): boolean
  /** What runs it. */
  readonly engine: 'native' | 'automaton'
  /** Work done so far in instructions; 0 on the native engine. */
  readonly steps: number
}

/**
 * Compiles a pattern. `flags`: ECMAScript's (g and d change nothing, y allows a match at the start only); for the
 * other syntaxes the letters of their inline flags. Throws RegexError naming what is invalid, unsupported or too large.
 */
export function linearRegex(
  pattern: string,
  flags: string = '',
  syntax: RegexSyntax = 'ecmascript',
  options: RegexOptions = {},
): LinearRegex {
  const node = PARSERS[syntax](pattern, flags)
  const { maxStates = 10_000, native = true } = options
  const program = assemble(node, maxStates)
  const { maxSubject = Math.max(LEAST_SUBJECT, Math.floor(WORK / program.operation.length)) } = options
  const sticky = syntax === 'ecmascript' && flags.includes('y')
  if (native && syntax === 'ecmascript' && !sticky && isSafeNatively(node)) {
    const regex = new RegExp(pattern, flags.replace(/[gd]/g, ''))
    return { test: (subject) => subject.length <= maxSubject && regex.test(subject), engine: 'native', steps: 0 }
  }
  const byPoints = syntax === 'ecmascript' ? /[uv]/.test(flags) : syntax !== 'dotnet'
  const search = new Search(program, { byPoints, anchored: sticky || isAnchored(node) })
  const insidePairs = syntax === 'ecmascript' && byPoints && !sticky && search.matchesBetweenOthers()
  return {
    test: (subject) =>
      subject.length <= maxSubject && (search.test(subject) || (insidePairs && SURROGATE_PAIR.test(subject))),
    engine: 'automaton',
    get steps() {
      return search.steps
    },
  }
}

/** V8 also looks for empty matches between the halves of a surrogate pair, against the standard; we answer as it does. */
const SURROGATE_PAIR = /[\ud800-\udbff][\udc00-\udfff]/

const PARSERS: Readonly<Record<RegexSyntax, (pattern: string, flags: string) => Node>> = {
  ecmascript: parseEcmascript,
  re2: parseRe2,
  dotnet: parseDotnet,
  python: parsePython,
}
