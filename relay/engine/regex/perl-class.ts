/** Regex: bracketed classes of RE2, .NET and Python: a first `]` is ordinary, ranges fold before the complement. */
import { complement, LAST_POINT, subtract, union } from './charset.ts'
import type { CharSet } from './charset.ts'
import { RegexError } from './error.ts'
import type { Flags } from './parse.ts'
import type { PerlGrammar } from './perl.ts'

/** Most classes inside classes (.NET's subtraction). */
const DEEPEST = 20

/** Reads a class behind its opening bracket, up to and including the closing one. */
export function readClass(grammar: PerlGrammar, flags: Flags, depth: number = 0): CharSet {
  if (depth > DEEPEST) throw new RegexError('classes nested too deeply')
  const { reader, classRules } = grammar
  const negated = reader.take('^')
  const parts: CharSet[] = []
  let taken: CharSet | undefined
  for (let first = true; first || !reader.at(']'); first = false) {
    if (reader.done) throw new RegexError('missing ]')
    if (classRules.subtraction && !first && reader.take('-[')) {
      taken = readClass(grammar, flags, depth + 1)
      if (!reader.at(']')) throw new RegexError('a subtracted class must come last')
      break
    }
    parts.push(readMember(grammar, flags))
  }
  reader.take(']')
  const set = union(parts)
  const whole = negated ? complement(set, LAST_POINT) : set
  return taken ? subtract(whole, taken) : whole
}

function readMember(grammar: PerlGrammar, flags: Flags): CharSet {
  const { reader, classRules } = grammar
  const from = readAtom(grammar, flags)
  const isRange = reader.at('-') && !reader.at('-]') && !(classRules.subtraction && reader.at('-['))
  if (typeof from !== 'number') {
    if (isRange && !classRules.setBeforeHyphen) throw new RegexError('a class escape cannot begin a range')
    return from
  }
  if (!isRange) return grammar.folded([from, from], flags)
  reader.take('-')
  const to = readEscaped(grammar, flags)
  if (typeof to !== 'number') throw new RegexError('a class escape cannot end a range')
  if (to < from) throw new RegexError('range out of order in class')
  return grammar.folded([from, to], flags)
}

function readAtom(grammar: PerlGrammar, flags: Flags): number | CharSet {
  return grammar.classExtra(flags) ?? readEscaped(grammar, flags)
}

function readEscaped(grammar: PerlGrammar, flags: Flags): number | CharSet {
  const { reader } = grammar
  if (!reader.take('\\')) return reader.next()
  return grammar.escapedSet(flags) ?? grammar.escapedPoint(true)
}
