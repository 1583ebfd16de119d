/**
 * Prerequisites: a rule asks other features and tests what they serve. A gate that stays shut ends the whole feature,
 * and so does a circle, which every feature on it reports.
 */
import type { Condition, OutcomeSpec } from '../../plan.ts'
import { Tag } from './answers.ts'
import type { Parent } from './document.ts'
import type { Matchers } from './matchers.ts'

/** The answers that prerequisites can end a feature with; one object each, so that they are shared. */
export interface Endings {
  readonly cyclic: OutcomeSpec
  readonly blocked: OutcomeSpec
}

/** `exists` tells whether there is a feature of that key; `at` is where the prerequisite stands. */
export function prerequisite(
  { id, condition, gate }: Parent,
  at: string,
  matchers: Matchers,
  endings: Endings,
  exists: boolean,
): Condition {
  const matches = matchers.object(condition, `${at}.condition`)
  const holds = ({ tag, errorDetails }: OutcomeSpec): boolean => {
    // Without an answer of its own the other feature is quarantined or failed: guessing would open or shut a gate.
    if (!(tag instanceof Tag)) throw new Error(`prerequisite ${id} has no answer: ${errorDetails}`)
    return matches({ value: tag.value })
  }
  const asked: Condition = {
    kind: 'flag',
    key: id,
    name: `prerequisite ${id}`,
    holds,
    onError: endings.cyclic,
    isError: ({ tag }) => tag instanceof Tag && tag.source === 'cyclicPrerequisite',
    onCycle: { kind: 'fail', outcome: endings.cyclic },
  }
  // A feature that does not exist serves null. It is asked all the same, so that its coming and going are noticed.
  const met: Condition = exists ? asked : { kind: 'any', of: [asked, constant(matches({ value: null }))] }
  return gate ? { kind: 'any', of: [met, { kind: 'fail', outcome: endings.blocked }] } : met
}

function constant(holds: boolean): Condition {
  return { kind: holds ? 'always' : 'never' }
}
