/**
 * Regex: assertions look at the characters on both sides of a place. What they may ask is reduced here to one bit mask
 * per letter, so the matcher can decide any assertion from two numbers.
 */
import type { Assertion } from './ast.ts'
import { contains } from './charset.ts'
import type { CharSet } from './charset.ts'

/** Bits of a side: the text ends here; what is here is the line feed that ends the text. Sets take the bits above. */
export const EDGE = 1
export const FINAL_FEED = 2
const FIRST_SET = 4

/** Sets assertions ask about, told apart by identity: dialects use shared ones, so a pattern has at most a few. */
export function assertedSets(assertions: readonly Assertion[]): readonly CharSet[] {
  return [...new Set(assertions.map(setOf).filter((set) => set !== undefined))]
}

/** The mask of a character: one bit for each asserted set that contains it. */
export function maskOf(point: number, sets: readonly CharSet[]): number {
  return sets.reduce((mask, set, index) => (contains(set, point) ? mask | (FIRST_SET << index) : mask), 0)
}

/** Prepares an assertion as a question to the masks before and after a place. */
export function asQuestion(assertion: Assertion, sets: readonly CharSet[]): (before: number, after: number) => boolean {
  const asked = setOf(assertion)
  const bit = asked ? FIRST_SET << sets.indexOf(asked) : 0
  switch (assertion.kind) {
    case 'textStart':
      return (before) => (before & EDGE) !== 0
    case 'textEnd':
      return (_, after) => (after & EDGE) !== 0
    case 'finalEnd':
      return (_, after) => (after & (EDGE | FINAL_FEED)) !== 0
    case 'lineStart':
      return (before) => (before & (EDGE | bit)) !== 0
    case 'lineEnd':
      return (_, after) => (after & (EDGE | bit)) !== 0
    case 'boundary':
      return (before, after) => ((before & bit) !== 0) !== ((after & bit) !== 0)
    case 'notBoundary':
      return (before, after) => ((before & bit) !== 0) === ((after & bit) !== 0)
    case 'notBoundaryInText':
      return (before, after) => ((before & bit) !== 0) === ((after & bit) !== 0) && (before & after & EDGE) === 0
  }
}

function setOf(assertion: Assertion): CharSet | undefined {
  if ('words' in assertion) return assertion.words
  return 'lines' in assertion ? assertion.lines : undefined
}
