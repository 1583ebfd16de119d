/**
 * Which flags may answer differently after a swap of Rulesets.
 *
 * Providers re-render and streams push by this list, so it must be complete (a changed segment changes every flag that
 * uses it, directly or through another flag) and should not be wider than that.
 */
import type { Ruleset } from './ruleset.ts'

export interface Changes {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
}

/** Compares two Rulesets. Without an older one every flag counts as added. */
export function changes(before: Ruleset | undefined, after: Ruleset): Changes {
  if (before === undefined) return { added: after.keys, removed: [], changed: [] }
  if (before.revision === after.revision) return { added: [], removed: [], changed: [] }
  const was = new Set(before.keys)
  const is = new Set(after.keys)
  const altered = alteredDefinitions(before, after)
  return {
    added: after.keys.filter((key) => !was.has(key)),
    removed: before.keys.filter((key) => !is.has(key)),
    changed: after.keys.filter(
      (key) => was.has(key) && (before.dialect !== after.dialect || touched(after, key, altered)),
    ),
  }
}

interface Altered {
  readonly flags: ReadonlySet<string>
  readonly segments: ReadonlySet<string>
  /** The options differ although the document may not: any flag may answer differently. */
  readonly all: boolean
}

function alteredDefinitions(before: Ruleset, after: Ruleset): Altered {
  const flags = differing(
    before.plan.flags.map((flag) => [flag.key, flag.definition]),
    after.plan.flags.map((flag) => [flag.key, flag.definition]),
  )
  const segments = differing(
    [...before.plan.segments].map(([id, segment]) => [id, segment.definition]),
    [...after.plan.segments].map(([id, segment]) => [id, segment.definition]),
  )
  return { flags, segments, all: before.options !== after.options }
}

function differing(before: readonly [string, unknown][], after: readonly [string, unknown][]): Set<string> {
  const texts = new Map(before.map(([name, definition]) => [name, JSON.stringify(definition)]))
  const names = new Set<string>()
  for (const [name, definition] of after) {
    if (texts.get(name) !== JSON.stringify(definition)) names.add(name)
    texts.delete(name)
  }
  for (const removed of texts.keys()) names.add(removed)
  return names
}

function touched(after: Ruleset, key: string, altered: Altered): boolean {
  if (altered.all || altered.flags.has(key)) return true
  if (altered.flags.size === 0 && altered.segments.size === 0) return false
  const { flags, segments } = after.facts(key)
  return overlap(altered.flags, flags) || overlap(altered.segments, segments)
}

/** `isDisjointFrom`, which Node 20 does not have, looks at the smaller set, too. */
function overlap(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  const [smaller, larger] = one.size < other.size ? [one, other] : [other, one]
  for (const name of smaller) if (larger.has(name)) return true
  return false
}
