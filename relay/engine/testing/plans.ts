/**
 * Plans made at random, and a dialect that takes a Plan as its document. They hold the shared engine to its promises
 * without any vendor: every node kind, references in cycles, leaves that throw.
 */
import fc from 'fast-check'
import { own } from '../context.ts'
import type { Dialect } from '../dialect.ts'
import type { Bucket, Condition, Decision, FlagPlan, OutcomeSpec, Plan, Term } from '../plan.ts'

/** The document is the Plan itself. */
export const planDialect: Dialect<Plan> = {
  name: 'plan',
  read: (json) => json as Plan,
  lower: (plan) => plan,
}

const MEMBERS = ['targetingKey', 'country', 'plan', '__proto__'] as const
const KEYS = ['a', 'b', 'c', 'd'] as const
const SEGMENTS = ['s', 't'] as const

const term: fc.Arbitrary<Term> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .constantFrom(...MEMBERS)
      .map((name): Term => ({ name, reads: [name], read: (frame) => own(frame.context, name) })),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Term>({
      name: 'throws on numbers',
      reads: ['plan'],
      read: (frame) => {
        const value = own(frame.context, 'plan')
        if (typeof value === 'number') throw new Error('a number')
        return value
      },
    }),
  },
)

const bucket: fc.Arbitrary<Bucket> = fc.constantFrom(...MEMBERS).map((name) => ({
  name: `length of ${name}`,
  reads: [name],
  of: (frame): number => {
    const value = own(frame.context, name)
    return typeof value === 'string' ? value.length : NaN
  },
}))

const outcome: fc.Arbitrary<OutcomeSpec> = fc.oneof(
  fc.record({
    value: fc.oneof(fc.boolean(), fc.string(), fc.integer()),
    variant: fc.string(),
    reason: fc.constantFrom('STATIC', 'SPLIT', 'TARGETING_MATCH'),
  }),
  fc.constant<OutcomeSpec>({ reason: 'ERROR', errorCode: 'GENERAL', errorDetails: 'made to fail' }),
)

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constantFrom('always', 'never') }),
    fc.record({
      kind: fc.constant('test'),
      term,
      predicate: fc.constantFrom('NL', 'pro', 5, undefined).map((operand) => ({
        name: 'is',
        test: (value: unknown): boolean => value === operand,
      })),
    }),
    fc.record({
      kind: fc.constant('bucket'),
      bucket,
      from: fc.integer({ min: 0, max: 3 }),
      to: fc.integer({ min: 0, max: 6 }),
      ends: fc.constantFrom('closed', 'half-open'),
    }),
    fc.record({ kind: fc.constant('time'), from: fc.constantFrom(10, 20), until: fc.constantFrom(20, 30) }),
    fc.record(
      {
        kind: fc.constant('segment'),
        id: fc.constantFrom(...SEGMENTS, 'missing'),
        onCycle: fc.record({ kind: fc.constantFrom('always', 'never') }),
      },
      { requiredKeys: ['kind', 'id'] },
    ),
    fc.record({ kind: fc.constantFrom('all', 'any'), of: fc.array(tie('condition'), { maxLength: 3 }) }),
    fc.record({ kind: fc.constant('not'), of: tie('condition') }),
    fc.record(
      {
        kind: fc.constant('flag'),
        key: fc.constantFrom(...KEYS, 'missing'),
        name: fc.constant('another flag'),
        holds: fc.constantFrom(
          (spec: OutcomeSpec) => spec.value === true,
          (spec: OutcomeSpec) => spec.errorCode === undefined,
        ),
        onError: outcome,
        isError: fc.constant((spec: OutcomeSpec) => spec.reason === 'SPLIT'),
        onCycle: fc.record({ kind: fc.constantFrom('always', 'never') }),
      },
      { requiredKeys: ['kind', 'key', 'name', 'holds', 'onCycle'] },
    ),
    fc.record({ kind: fc.constant('asking'), key: fc.constantFrom(...KEYS, 'missing') }),
    fc.record({ kind: fc.constant('recover'), of: tie('condition'), instead: tie('condition') }),
    fc.record({ kind: fc.constant('note'), name: fc.constant('a note'), of: tie('condition') }),
    fc.record({ kind: fc.constant('fail'), outcome }),
  ) as fc.Arbitrary<Condition>,
}))

const { decision } = fc.letrec<{ decision: Decision }>((tie) => ({
  decision: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('serve'), outcome }),
    fc.record({ kind: fc.constant('pass') }),
    fc.record({
      kind: fc.constant('rules'),
      rules: fc.array(fc.record({ name: fc.constant('a rule'), if: condition, then: tie('decision') }), {
        maxLength: 3,
      }),
      otherwise: tie('decision'),
    }),
    fc.record({
      kind: fc.constant('split'),
      bucket,
      ranges: fc.array(
        fc.record({ from: fc.integer({ min: 0, max: 3 }), to: fc.integer({ min: 0, max: 6 }), then: tie('decision') }),
        { maxLength: 3 },
      ),
      ends: fc.constantFrom('closed', 'half-open'),
      otherwise: tie('decision'),
    }),
    fc.record({
      kind: fc.constant('switch'),
      on: term,
      cases: fc
        .array(fc.tuple(fc.constantFrom('NL', 'pro', 'u1'), tie('decision')), { maxLength: 2 })
        .map((cases) => new Map(cases)),
      none: tie('decision'),
      otherwise: tie('decision'),
    }),
  ) as fc.Arbitrary<Decision>,
}))

const flags: fc.Arbitrary<FlagPlan[]> = fc
  .tuple(
    ...KEYS.map((key) =>
      fc
        .tuple(decision, fc.boolean())
        .map(([decide, tells]): FlagPlan => ({ key, decide, definition: key, noted: tells ? noted : same })),
    ),
  )
  .map((made): FlagPlan[] => made)

const noted = (spec: OutcomeSpec): OutcomeSpec => ({ ...spec, metadata: { noted: true } })
const same = (spec: OutcomeSpec): OutcomeSpec => spec

/** Four flags and two segments that refer to each other at random, in circles too. */
export const plans: fc.Arbitrary<Plan> = fc
  .record({
    flags,
    segment: fc.array(condition, { minLength: 2, maxLength: 2 }),
    circlesFrom: fc.constantFrom('caller', 'references'),
    bundles: fc.boolean(),
  })
  .map(({ flags: made, segment, circlesFrom, bundles }) => ({
    flags: made,
    segments: new Map(SEGMENTS.map((id, index) => [id, { condition: segment[index] ?? NEVER, definition: id }])),
    circlesFrom,
    readsAll: (context) => bundles && own(context, 'country') === 'NL',
  }))

const NEVER: Condition = { kind: 'never' }

/** Contexts near the constants of `plans`. */
export const contexts: fc.Arbitrary<Record<string, unknown>> = fc.record(
  {
    targetingKey: fc.constantFrom('u1', 'user-2', ''),
    country: fc.constantFrom('NL', 'DE', 5, null),
    plan: fc.constantFrom('pro', 'free', 5),
    other: fc.anything(),
  },
  { requiredKeys: [] },
)
