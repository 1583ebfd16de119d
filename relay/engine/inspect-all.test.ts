/** One walk over all flags finds what asking each of them finds, over random Plans. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changes, changesInSteps } from './changes.ts'
import { compileWith } from './compile.ts'
import type { Plan } from './plan.ts'
import type { Ruleset } from './ruleset.ts'
import { planDialect, plans } from './testing/plans.ts'

const seed = 20261121
const runs = { seed, numRuns: 1000 }

/** A hash of its own for each: that of a Plan's text would not tell of its segments. */
let hashes = 0
function rulesetOf(plan: Plan): Ruleset {
  return compileWith(planDialect, { document: plan, sha256: String(hashes++), random: () => 0.5 }).ruleset
}

/** The plan with other definitions of the flags and segments of these places. */
function altered(plan: Plan, places: readonly number[]): Plan {
  const another = <One extends { readonly definition: unknown }>(one: One, place: number): One =>
    places.includes(place) ? { ...one, definition: [one.definition, 'altered'] } : one
  const segments = [...plan.segments].map(([id, segment], index) => [id, another(segment, 100 + index)] as const)
  return { ...plan, flags: plan.flags.map(another), segments: new Map(segments) }
}

const somePlaces = fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 100, max: 105 })), {
  maxLength: 2,
})

describe(`random plans (seed ${seed})`, () => {
  it('facts of all flags are those of each together', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const ruleset = rulesetOf(plan)
        const all = ruleset.facts()
        const each = ruleset.plan.flags.map(({ key }) => ruleset.facts(key))
        const together = <Item>(read: (one: (typeof each)[number]) => Iterable<Item>): Set<Item> =>
          new Set(each.flatMap((one) => [...read(one)]))
        expect(all.flags).toEqual(together(({ flags }) => flags))
        expect(all.segments).toEqual(together(({ segments }) => segments))
        expect(new Set(all.boundaries)).toEqual(together(({ boundaries }) => boundaries))
        expect(all.volatile).toEqual(together(({ volatile }) => volatile))
        const reads = each.some((one) => one.reads === '*') ? '*' : [...together(({ reads: names }) => names)].sort()
        expect(all.reads).toEqual(reads)
      }),
      runs,
    )
  })

  it('transitions are those of the flags whose own facts have a moment in between', () => {
    let found = 0
    fc.assert(
      fc.property(plans, fc.nat({ max: 40 }), fc.nat({ max: 40 }), (plan, from, length) => {
        const ruleset = rulesetOf(plan)
        const to = from + length
        const expected = ruleset.keys.filter((key) =>
          ruleset.facts(key).boundaries.some((moment) => from < moment && moment <= to),
        )
        found += expected.length
        expect(ruleset.transitions(from, to)).toEqual(expected)
      }),
      runs,
    )
    expect(found).toBeGreaterThan(100)
  })

  it('changed are the flags that are defined otherwise or depend on what is', () => {
    let depending = 0
    fc.assert(
      fc.property(plans, somePlaces, (plan, places) => {
        const before = rulesetOf(plan)
        const after = rulesetOf(altered(plan, places))
        const names = [...after.plan.flags.keys()].filter((place) => places.includes(place))
        const flags = new Set(names.map((place) => after.plan.flags[place]?.key))
        const segments = new Set([...after.plan.segments.keys()].filter((_, index) => places.includes(100 + index)))
        const expected = after.keys.filter((key) => {
          const facts = after.facts(key)
          return (
            flags.has(key) || [...facts.flags].some((one) => flags.has(one)) || !facts.segments.isDisjointFrom(segments)
          )
        })
        depending += expected.filter((key) => !flags.has(key)).length
        expect(changes(before, after).changed).toEqual(expected)
      }),
      runs,
    )
    expect(depending).toBeGreaterThan(100)
  })
})

it('two Rulesets are compared once, in steps or in one go', () => {
  const plan = (value: number): Plan => ({
    flags: ['a', 'b'].map((key) => ({
      key,
      definition: value,
      decide: { kind: 'serve', outcome: { reason: 'STATIC', value } },
    })),
    segments: new Map(),
  })
  const [before, after] = [rulesetOf(plan(1)), rulesetOf(plan(2))]
  const steps = changesInSteps(before, after)
  let pauses = 0
  let step = steps.next()
  while (step.done !== true) {
    pauses++
    step = steps.next()
  }
  expect(pauses).toBeGreaterThan(4)
  expect(step.value.changed).toEqual(['a', 'b'])
  expect(changes(before, after)).toBe(step.value)
})
