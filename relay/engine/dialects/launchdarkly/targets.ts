/** Targets: contexts that get a variation by their key, before any rule. */
import type { Condition, Rule } from '../../plan.ts'
import { predicate } from '../../predicates/predicate.ts'
import type { Answers } from './answers.ts'
import type { Flag, Target } from './document.ts'
import type { Options } from './profile.ts'

/** Longer lists are shown by their length. */
const SHOWN = 20

/** Whether the key of that kind is one of these. */
export function isOneOf(kind: string, keys: readonly unknown[], { subject }: Options): Condition {
  const set: ReadonlySet<unknown> = new Set(keys)
  const texts = keys.filter((key) => typeof key === 'string')
  const shown = texts.length > SHOWN ? `${texts.length} keys` : texts
  return { kind: 'test', term: subject.key(kind), predicate: predicate('is one of', shown, (key) => set.has(key)) }
}

/**
 * All targets in their order. Context targets, where there are any, say the order; one of kind `user` stands for the
 * entry of `targets` with its variation.
 */
export function lowerTargets(flag: Flag, answers: Answers, options: Options): Rule[] {
  const { targets, contextTargets } = flag
  const ordered = contextTargets.length === 0 ? targets : contextTargets.flatMap((target) => meant(target))
  return ordered.map(({ contextKind = 'user', values, variation }) => {
    const kind = contextKind === '' ? options.profile.emptyKind : contextKind
    return {
      name: `targets of variation ${variation ?? 'none'}`,
      if: isOneOf(kind, values, options),
      then: { kind: 'serve', outcome: answers.variation(variation, { kind: 'TARGET_MATCH' }) },
    }
  })

  function meant(target: Target): Target[] {
    const { contextKind = '', values, variation } = target
    if (contextKind !== '' && contextKind !== 'user') return [target]
    if (options.profile.ownUserValues && values.length > 0) return [{ ...target, contextKind: 'user' }]
    const users = targets.find((each) => each.variation === variation)
    return users === undefined ? [] : [users]
  }
}
