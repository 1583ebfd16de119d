/**
 * Regex tests: grows ECMAScript patterns from the grammar together with a way to grow texts that nearly match them.
 * Random texts would almost never match; a text assembled along the pattern's own tree reaches the interesting places.
 */
import { pick } from './random.ts'
import type { Random } from './random.ts'

/** A pattern's source and how to write a text for it. */
export interface Grown {
  readonly source: string
  write(random: Random): string
}

const LITERALS = ['a', 'b', 'B', 'k', 'K', 's', '0', '9', '_', ' ', '-', 'é', 'ß', 'ſ', 'σ', 'Σ', 'ς', 'Å', 'ǆ', 'я']
const RARE = [
  '😀',
  '𐐨',
  '\u212a',
  '\u2126',
  '\u1e9e',
  'ı',
  'İ',
  '\u2028',
  '\ufeff',
  '\u00b5',
  'ͅ',
  '\ufb05',
  '\u{1e900}',
]
const ODD = ['\ud83d', '\ude00', '\n', '\r', '\t', '\0']
const TEXTS = [...LITERALS, ...LITERALS, ...RARE, ...ODD]
const escapes: readonly [string, readonly string[]][] = [
  ['\\d', ['0', '7']],
  ['\\D', ['a', '\n', '😀']],
  ['\\w', ['a', 'K', '_', '\u212a']],
  ['\\W', [' ', 'ſ', 'é', '\ud83d']],
  ['\\s', [' ', '\u2028', '\ufeff']],
  ['\\S', ['a', '😀']],
  ['\\n', ['\n']],
  ['\\t', ['\t']],
  ['\\x41', ['A', 'a']],
  ['\\u00e9', ['é', 'É']],
  ['\\ud83d\\ude00', ['😀']],
  ['\\ud83d', ['\ud83d', '😀']],
  ['\\0', ['\0']],
  ['\\cA', ['\u0001']],
  ['\\.', ['.']],
  ['\\/', ['/']],
]
const unicodeEscapes: readonly [string, readonly string[]][] = [
  ['\\u{1F600}', ['😀']],
  ['\\p{L}', ['é', 'a', '𐐨']],
  ['\\P{L}', ['1', '😀']],
  ['\\p{Lu}', ['K', 'Σ', '\u1e9e']],
  ['\\P{Lu}', ['a', 'K', 'ß']],
  ['\\p{Script=Greek}', ['σ', '\u2126']],
  ['\\p{ASCII}', ['a', '~']],
  ['\\p{Nd}', ['5']],
]
const lenientEscapes: readonly [string, readonly string[]][] = [
  ['\\c', ['\\c']],
  ['\\x4', ['x4']],
  ['\\u{3}', ['uuu']],
  ['\\101', ['A']],
  ['\\8', ['8']],
  ['\\p{L}', ['p{L}']],
  ['\\k', ['k']],
  ['\\a', ['a']],
  ['\\377', ['ÿ', 'Ÿ']],
  ['{', ['{']],
  ['}', ['}']],
  [']', [']']],
  ['a{,3}', ['a{,3}']],
]

/** Grows a pattern for the flags. */
export function growPattern(random: Random, flags: string): Grown {
  const unicode = /[uv]/.test(flags)
  return growEither(random, { unicode, sets: flags.includes('v') }, 3)
}

/** A text for the pattern: along its tree, mostly with something around it or one place spoiled. */
export function growSubject(random: Random, grown: Grown): string {
  let text = grown.write(random)
  const kind = random(8)
  if (kind === 1 || kind === 5) text = pick(random, TEXTS) + text
  if (kind === 2 || kind === 5) text += pick(random, TEXTS)
  if (kind === 3) text = text.slice(0, random(text.length + 1))
  if (kind === 4) text = text.toUpperCase()
  if (kind >= 5 && text.length > 0) {
    const at = random(text.length)
    text = text.slice(0, at) + pick(random, TEXTS) + text.slice(at + random(2))
  }
  return text.length > 60 ? text.slice(0, 60) : text
}

interface Mode {
  readonly unicode: boolean
  readonly sets: boolean
}

function fixed(source: string, texts: readonly string[]): Grown {
  return { source, write: (random) => (texts.length === 0 ? '' : pick(random, texts)) }
}

function growEither(random: Random, mode: Mode, depth: number): Grown {
  const branches = Array.from({ length: random(4) === 0 ? 2 + random(2) : 1 }, () => growSequence(random, mode, depth))
  return {
    source: branches.map((branch) => branch.source).join('|'),
    write: (random) => pick(random, branches).write(random),
  }
}

function growSequence(random: Random, mode: Mode, depth: number): Grown {
  const items = Array.from({ length: random(5) }, () => growTerm(random, mode, depth))
  return {
    source: items.map((item) => item.source).join(''),
    write: (random) => items.map((item) => item.write(random)).join(''),
  }
}

const quantifiers: readonly [string, number, number][] = [
  ['*', 0, 4],
  ['+', 1, 4],
  ['?', 0, 1],
  ['{2}', 2, 2],
  ['{0}', 0, 0],
  ['{1,}', 1, 3],
  ['{0,2}', 0, 2],
  ['{1,3}', 1, 3],
]

const mildQuantifiers = quantifiers.filter(([, , max]) => max <= 2)

function growTerm(random: Random, mode: Mode, depth: number): Grown {
  if (random(7) === 0) return fixed(pick(random, ['^', '$', '\\b', '\\B']), random(3) === 0 ? ['\n', ' '] : [])
  const atom = growAtom(random, mode, depth)
  if (random(3) > 0) return atom
  // Repeats of repeats are mild: the native engine backtracks, and would never come back from some of ours.
  const nested = atom.source.startsWith('(') && /[*+?{]/.test(atom.source.replace(/^\(\?/, ''))
  const [quantifier, min, max] = pick(random, nested ? mildQuantifiers : quantifiers)
  return {
    source: atom.source + quantifier + (random(4) === 0 ? '?' : ''),
    write: (random) => Array.from({ length: min + random(max - min + 1) }, () => atom.write(random)).join(''),
  }
}

function growAtom(random: Random, mode: Mode, depth: number): Grown {
  const kind = random(10)
  if (kind <= 1 && depth > 0) return growGroup(random, mode, depth - 1)
  if (kind === 2) return fixed('.', TEXTS)
  if (kind <= 4) return growClass(random, mode)
  if (kind <= 6) return fixed(...growEscape(random, mode))
  const literal = pick(random, kind === 7 ? RARE : kind === 8 ? ODD : LITERALS)
  return fixed(literal, [literal, literal, literal.toUpperCase(), literal.toLowerCase()])
}

function growGroup(random: Random, mode: Mode, depth: number): Grown {
  const inner = growEither(random, mode, depth)
  // No (?i:…) or (?-i:…): V8 lets a group's i leak into a class right behind the group, so answers differ by its bug.
  const opening = pick(random, ['(', '(?:', '(?m:', '(?s-m:'])
  return { source: `${opening}${inner.source})`, write: (random) => inner.write(random) }
}

function growEscape(random: Random, mode: Mode): [string, readonly string[]] {
  if (random(3) > 0) return [...pick(random, escapes)]
  return [...pick(random, mode.unicode ? unicodeEscapes : lenientEscapes)]
}

function growClass(random: Random, mode: Mode): Grown {
  const texts: string[] = []
  let source = random(3) === 0 ? '[^' : '['
  for (let count = random(4); count > 0; count--) {
    const kind = random(4)
    if (kind === 0) {
      const [low, high, inside] = pick(random, [
        ['a', 'f', 'c'],
        ['A', 'Z', 'K'],
        ['0', '5', '3'],
        ['α', 'ω', 'σ'],
        ['\u00c0', '\u017f', 'ſ'],
        ['\u2100', '\u2130', '\u212a'],
        ['\u{10400}', '\u{10450}', '𐐨'],
      ] as const)
      if (mode.unicode || high.length === 1) source += `${low}-${high}`
      texts.push(inside)
    } else if (kind === 1) {
      const [escape, inside] = growEscape(random, mode)
      if (/^[{}\]]|\{,/.test(escape)) continue
      source += escape
      texts.push(...inside)
    } else {
      const literal = pick(random, [...LITERALS, ...RARE, ...ODD])
      source += literal === '-' ? (mode.unicode ? '\\-' : '-') : literal
      texts.push(literal)
    }
  }
  if (!mode.unicode && random(6) === 0) source += pick(random, ['-', '\\b', '\\c', '\\c1', '\\B'])
  return fixed(`${source}]`, texts.length === 0 ? TEXTS : [...texts, pick(random, TEXTS)])
}
