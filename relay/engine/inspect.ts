/**
 * What a flag depends on, read off its Plan: context members, other flags, segments, the clock, chance.
 *
 * Caches, ETags, streams and the comparison of two documents all rest on these facts; a node kind that is forgotten here
 * would let a cached answer outlive its truth, so the walk is exhaustive by type.
 */
import type { Context } from './outcome.ts'
import type { Bucket, Condition, Decision, Plan, Reads, Term, Volatile } from './plan.ts'

export interface Facts {
  /** Top-level context members read, sorted; `'*'` when any may matter. */
  readonly reads: Reads
  /** Keys of the flags asked, directly or through others, without the flag itself unless it is in a cycle. */
  readonly flags: ReadonlySet<string>
  readonly segments: ReadonlySet<string>
  /** Moments (ms since the epoch) at which the answer may change without a change of context, ascending. */
  readonly boundaries: readonly number[]
  /** What the answer may depend on besides context and boundaries, for some contexts at least. */
  readonly volatile: ReadonlySet<Volatile>
  /** For which contexts it does: those that any of these accepts. */
  readonly volatileFor: ReadonlySet<(context: Context) => boolean>
}

const everybody = (): boolean => true

export class Collector {
  readonly reads: Set<string> = new Set()
  everything: boolean = false
  readonly flags: Set<string> = new Set()
  readonly segments: Set<string> = new Set()
  readonly boundaries: Set<number> = new Set()
  readonly volatile: Set<Volatile> = new Set()
  readonly volatileFor: Set<(context: Context) => boolean> = new Set()
  notes: boolean = false
  /** Decisions and conditions may be shared within a plan; each is walked once. */
  readonly #walked = new Set<Decision | Condition>()

  leaf(leaf: Term | Bucket): void {
    if (leaf.reads === '*') this.everything = true
    else for (const name of leaf.reads) this.reads.add(name)
    if (leaf.volatile === undefined) return
    this.volatile.add(leaf.volatile)
    this.volatileFor.add(leaf.volatileFor ?? everybody)
  }

  decision(decision: Decision): void {
    if (this.#walked.has(decision)) return
    this.#walked.add(decision)
    switch (decision.kind) {
      case 'serve':
      case 'pass':
        return
      case 'rules':
        for (const rule of decision.rules) {
          this.condition(rule.if)
          this.decision(rule.then)
        }
        return this.decision(decision.otherwise)
      case 'split':
        this.leaf(decision.bucket)
        for (const range of decision.ranges) this.decision(range.then)
        return this.decision(decision.otherwise)
      case 'switch':
        this.leaf(decision.on)
        for (const then of decision.cases.values()) this.decision(then)
        this.decision(decision.none)
        return this.decision(decision.otherwise)
      default:
        return decision satisfies never
    }
  }

  condition(condition: Condition): void {
    if (this.#walked.has(condition)) return
    this.#walked.add(condition)
    switch (condition.kind) {
      case 'always':
      case 'never':
      case 'fail':
        return
      case 'all':
      case 'any':
        for (const part of condition.of) this.condition(part)
        return
      case 'not':
        return this.condition(condition.of)
      case 'test':
        return this.leaf(condition.term)
      case 'bucket':
        return this.leaf(condition.bucket)
      case 'segment':
        this.segments.add(condition.id)
        if (condition.onCycle !== undefined) this.condition(condition.onCycle)
        return
      case 'asking':
        this.flags.add(condition.key)
        return
      case 'recover':
        this.condition(condition.of)
        return this.condition(condition.instead)
      case 'note':
        this.notes = true
        return this.condition(condition.of)
      case 'flag':
        this.flags.add(condition.key)
        return this.condition(condition.onCycle)
      case 'time':
        if (condition.from !== undefined) this.boundaries.add(condition.from)
        if (condition.until !== undefined) this.boundaries.add(condition.until)
        return
      default:
        return condition satisfies never
    }
  }
}

/** The flags of a Ruleset by key. */
export type Flags = ReadonlyMap<string, { readonly plan: { readonly decide: Decision } }>

/** Facts of all the given flags together, following references to segments and other flags to their end. */
export function inspect(plan: Plan, byKey: Flags, keys: Iterable<string>): Facts {
  const all = new Collector()
  const seen = new Set<string>()
  const pending = [...keys]
  while (pending.length > 0) {
    const key = pending.pop()
    const flag = key === undefined || seen.has(key) ? undefined : byKey.get(key)
    if (key === undefined || flag === undefined) continue
    seen.add(key)
    const own = new Collector()
    own.decision(flag.plan.decide)
    for (const id of own.segments) segment(plan, own, id, all.segments)
    for (const referenced of own.flags) {
      all.flags.add(referenced)
      pending.push(referenced)
    }
    merge(all, own)
  }
  return factsOf(plan, all)
}

/** What was collected of flags and of everything they ask. */
export function factsOf(plan: Plan, all: Collector): Facts {
  if (plan.clock !== undefined && (all.boundaries.size > 0 || all.volatile.has('clock'))) {
    for (const name of plan.clock.reads) all.reads.add(name)
  }
  return {
    reads: all.everything ? '*' : [...all.reads].sort(),
    flags: all.flags,
    segments: all.segments,
    boundaries: [...all.boundaries].sort((a, b) => a - b),
    volatile: all.volatile,
    volatileFor: all.volatileFor,
  }
}

/** The flags that a decision asks directly, in itself or in the segments it uses. */
export function references(plan: Plan, decide: Decision): ReadonlySet<string> {
  const own = new Collector()
  own.decision(decide)
  if (own.segments.size > 0) {
    const seen = new Set<string>()
    for (const id of own.segments) segment(plan, own, id, seen)
  }
  return own.flags
}

/**
 * Whether a flag's answer to a caller is nothing but its decision: it asks no flag, notes nothing, and comes out the same
 * as often as it is asked within one question.
 */
export function standsAlone(plan: Plan, decide: Decision): boolean {
  const own = new Collector()
  own.decision(decide)
  const seen = new Set<string>()
  for (const id of own.segments) segment(plan, own, id, seen)
  return own.flags.size === 0 && !own.notes && !own.volatile.has('random')
}

function segment(plan: Plan, into: Collector, id: string, seen: Set<string>): void {
  const pending = [id]
  while (pending.length > 0) {
    const next = pending.pop()
    if (next === undefined || seen.has(next)) continue
    seen.add(next)
    const found = plan.segments.get(next)
    if (found === undefined) continue
    const own = new Collector()
    own.condition(found.condition)
    pending.push(...own.segments)
    for (const key of own.flags) into.flags.add(key)
    merge(into, own)
  }
}

export function merge(into: Collector, from: Collector): void {
  into.everything ||= from.everything
  for (const name of from.reads) into.reads.add(name)
  for (const moment of from.boundaries) into.boundaries.add(moment)
  for (const kind of from.volatile) into.volatile.add(kind)
  for (const contexts of from.volatileFor) into.volatileFor.add(contexts)
  into.notes ||= from.notes
}
