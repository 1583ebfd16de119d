/**
 * The facts of all flags together, and who asks whom: flag by flag, with pauses, in one walk. Tens of thousands of flags
 * take tens of milliseconds; asked one by one for what they depend on, each would walk and keep what they all share.
 */
import { Collector, factsOf, merge } from './inspect.ts'
import type { Facts, Flags } from './inspect.ts'
import type { Plan } from './plan.ts'

export interface Whole {
  readonly facts: Facts
  readonly users: Users
  /** The flags and segments with moments of their own at which answers may change by themselves. */
  readonly timed: readonly Timed[]
}

interface Timed {
  readonly kind: keyof Names
  readonly name: string
  readonly boundaries: ReadonlySet<number>
}

/** Keys of flags and ids of segments. */
export interface Names {
  readonly flags: Set<string>
  readonly segments: Set<string>
}

/** Who asks a flag or a segment directly; those nobody asks are absent. */
export interface Users {
  readonly ofFlag: ReadonlyMap<string, Names>
  readonly ofSegment: ReadonlyMap<string, Names>
}

/** The facts are those of `inspect` for all flags. A step is one flag or one segment. */
export function* inspectAll(plan: Plan, flags: Flags): Generator<void, Whole> {
  const all = new Collector()
  const ofFlag = new Map<string, Names>()
  const ofSegment = new Map<string, Names>()
  const timed: Timed[] = []
  for (const [key, flag] of flags) {
    const own = new Collector()
    own.decision(flag.plan.decide)
    for (const name of own.flags) usersOf(ofFlag, name).flags.add(key)
    for (const id of own.segments) usersOf(ofSegment, id).flags.add(key)
    if (own.boundaries.size > 0) timed.push({ kind: 'flags', name: key, boundaries: own.boundaries })
    merge(all, own)
    yield
  }
  // A map tells of what is added to it meanwhile: segments that only other segments ask.
  for (const id of ofSegment.keys()) {
    const own = new Collector()
    const segment = plan.segments.get(id)
    if (segment !== undefined) own.condition(segment.condition)
    for (const name of own.flags) usersOf(ofFlag, name).segments.add(id)
    for (const name of own.segments) usersOf(ofSegment, name).segments.add(id)
    if (own.boundaries.size > 0) timed.push({ kind: 'segments', name: id, boundaries: own.boundaries })
    merge(all, own)
    yield
  }
  for (const key of ofFlag.keys()) all.flags.add(key)
  for (const id of ofSegment.keys()) all.segments.add(id)
  return { facts: factsOf(plan, all), users: { ofFlag, ofSegment }, timed }
}

function usersOf(users: Map<string, Names>, name: string): Names {
  let names = users.get(name)
  if (names === undefined) users.set(name, (names = { flags: new Set(), segments: new Set() }))
  return names
}

/** Adds to the names everything that asks them, directly or through others. */
export function* spread({ ofFlag, ofSegment }: Users, { flags, segments }: Names): Generator<void, void> {
  const pending: (Names | undefined)[] = []
  for (const key of flags) if (ofFlag.has(key)) pending.push(ofFlag.get(key))
  for (const id of segments) if (ofSegment.has(id)) pending.push(ofSegment.get(id))
  while (pending.length > 0) {
    const users = pending.pop()
    for (const key of users?.flags ?? []) {
      if (flags.has(key)) continue
      flags.add(key)
      pending.push(ofFlag.get(key))
    }
    for (const id of users?.segments ?? []) {
      if (segments.has(id)) continue
      segments.add(id)
      pending.push(ofSegment.get(id))
    }
    yield
  }
}
