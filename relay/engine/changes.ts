/**
 * Which flags may answer differently after a swap of Rulesets.
 *
 * Providers re-render and streams push by this list, so it must be complete (a changed segment changes every flag that
 * uses it, directly or through another flag) and should not be wider than that. Of tens of thousands of flags it takes a
 * tenth of a second, so hosts that answer requests work it out in steps beforehand; whoever asks then finds it done.
 */
import { spread } from './inspect-all.ts'
import { isSame } from './same.ts'
import type { Ruleset } from './ruleset.ts'
import { finish } from './steps.ts'

export interface Changes {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly string[]
}

/** By the older Ruleset, then the newer: each pair is compared once. */
const compared = new WeakMap<Ruleset, WeakMap<Ruleset, Changes>>()

/** Compares two Rulesets, unless that was done already. Without an older one every flag counts as added. */
export function changes(before: Ruleset | undefined, after: Ruleset): Changes {
  return finish(changesInSteps(before, after))
}

/** As `changes`, with pauses: a step is mostly one flag. */
export function* changesInSteps(before: Ruleset | undefined, after: Ruleset): Generator<void, Changes> {
  if (before === undefined) return { added: after.keys, removed: [], changed: [] }
  if (before.revision === after.revision) return { added: [], removed: [], changed: [] }
  let byAfter = compared.get(before)
  if (byAfter === undefined) compared.set(before, (byAfter = new WeakMap()))
  const known = byAfter.get(after)
  if (known !== undefined) return known
  const found = yield* compare(before, after)
  byAfter.set(after, found)
  return found
}

function* compare(before: Ruleset, after: Ruleset): Generator<void, Changes> {
  const was = yield* setOf(before.keys)
  const is = yield* setOf(after.keys)
  const may = yield* touched(before, after)
  const added: string[] = []
  const changed: string[] = []
  for (const key of after.keys) {
    if (!was.has(key)) added.push(key)
    else if (may === 'all' || may.has(key)) changed.push(key)
    yield
  }
  const removed: string[] = []
  for (const key of before.keys) {
    if (!is.has(key)) removed.push(key)
    yield
  }
  return { added, removed, changed }
}

function* setOf(keys: readonly string[]): Generator<void, Set<string>> {
  const set = new Set<string>()
  for (const key of keys) {
    set.add(key)
    yield
  }
  return set
}

/** The flags that are defined otherwise, or ask what is; `all` when the options differ although the document may not. */
function* touched(before: Ruleset, after: Ruleset): Generator<void, ReadonlySet<string> | 'all'> {
  if (before.options !== after.options || before.dialect !== after.dialect) return 'all'
  const flags = yield* differing(definitions(before.plan.flags), definitions(after.plan.flags))
  const segments = yield* differing(before.plan.segments, after.plan.segments)
  const { users } = yield* after.inspecting()
  yield* spread(users, { flags, segments })
  return flags
}

type Named = Iterable<readonly [name: string, { readonly definition: unknown }]>

function* definitions<One extends { readonly key: string }>(flags: readonly One[]): Generator<[string, One]> {
  for (const flag of flags) yield [flag.key, flag]
}

function* differing(before: Named, after: Named): Generator<void, Set<string>> {
  const was = new Map<string, unknown>()
  for (const [name, { definition }] of before) {
    was.set(name, definition)
    yield
  }
  const names = new Set<string>()
  for (const [name, { definition }] of after) {
    if (!was.has(name) || !isSame(was.get(name), definition)) names.add(name)
    was.delete(name)
    yield
  }
  for (const removed of was.keys()) names.add(removed)
  return names
}
