/**
 * The flags of one context at one moment, never changed once made. What is on disk, in another tab or in a page rendered
 * by a server has the same form as `SavedState`, so there is one way in, and it freezes what applications get to hold.
 */
import { deepFreeze } from '../shared/ofrep.ts'
import type { FlagMetadata, OfrepFlag } from '../shared/ofrep.ts'

export interface FlagState {
  /** Of the context that these answers are for. */
  readonly hash: string
  /** Deeply frozen answers. */
  readonly flags: ReadonlyMap<string, OfrepFlag>
  /** Of the whole set: what flags have unless they say otherwise. */
  readonly metadata: FlagMetadata
  readonly revision: string | undefined
  /** Where the stream goes on from; empty when it cannot. */
  readonly id: string
  /** When the relay last said so. Milliseconds since the epoch. */
  readonly at: number
}

/** As plain data, for JSON and `postMessage`. */
export interface SavedState {
  readonly hash: string
  readonly flags: readonly OfrepFlag[]
  readonly metadata?: FlagMetadata
  readonly revision?: string | undefined
  readonly id?: string
  readonly at: number
}

export function save(state: FlagState): SavedState {
  return { ...state, flags: [...state.flags.values()] }
}

export function load({ hash, flags, metadata = {}, revision, id = '', at }: SavedState): FlagState {
  return { hash, flags: byKey(flags), metadata: deepFreeze(metadata), revision, id, at }
}

/** `base` with `flags` put over it. */
export function byKey(
  flags: readonly OfrepFlag[],
  base?: ReadonlyMap<string, OfrepFlag>,
  removed: readonly string[] = [],
): ReadonlyMap<string, OfrepFlag> {
  const map = new Map(base)
  for (const key of removed) map.delete(key)
  for (const flag of flags) map.set(flag.key, deepFreeze(flag))
  return map
}

/** Keys whose value, variant or reason differ, or that only one of the two has. */
export function changedKeys(before: FlagState, after: FlagState): string[] {
  return [...new Set([...before.flags.keys(), ...after.flags.keys()])].filter(
    (key) => shape(before.flags.get(key)) !== shape(after.flags.get(key)),
  )
}

function shape(flag: OfrepFlag | undefined): string | undefined {
  return flag && JSON.stringify([flag.value, flag.variant, flag.reason, flag.errorCode])
}
