/**
 * A flag's targeting as a term: the rule's result as the name of a variant. Its data are the evaluation context, and
 * `$flagd` with the flag's key and the time, which replaces whatever the caller sent under that name.
 */
import { own } from '../../context.ts'
import { Root } from '../../logic/root.ts'
import { parseRule } from '../../logic/rule.ts'
import type { Rule } from '../../logic/rule.ts'
import type { Json } from '../../outcome.ts'
import type { Frame, Reads, Term, Volatile } from '../../plan.ts'
import { operatorsOf } from './operators.ts'
import { variantName } from './result.ts'

const INJECTED = '$flagd'

/** Throws LogicError for rules that are too large. */
export function targetingTerm(key: string, targeting: Json, generation: 2 | 3): Term {
  const rule = parseRule(targeting, operatorsOf[generation])
  return {
    name: 'targeting',
    ...factsOf(rule),
    read: reader(key, rule),
  }
}

function reader(key: string, rule: Rule): (frame: Frame) => string | null {
  let frame: Frame | undefined
  const injected = (): object => ({ flagKey: key, timestamp: Math.floor((frame?.now ?? 0) / 1000) })
  const data = new Root(
    (name) => (name === INJECTED ? injected() : own(frame?.context, name)),
    () => ({ ...frame?.context, [INJECTED]: injected() }),
  )
  return (current) => {
    frame = current
    try {
      return variantName(rule.evaluate(data))
    } finally {
      frame = undefined
    }
  }
}

/** The time of an evaluation is no listed moment; the flag's key never changes. */
function factsOf({ reads }: Rule): { reads: Reads; volatile?: Volatile } {
  if (reads.everything) return { reads: '*', volatile: 'clock' }
  const inside = reads.paths.get(INJECTED) ?? new Set()
  const timed = [...inside].some((member) => member !== 'flagKey')
  const names = [...reads.paths.keys()].filter((name) => name !== INJECTED)
  return { reads: names, ...(timed ? { volatile: 'clock' as const } : {}) }
}
