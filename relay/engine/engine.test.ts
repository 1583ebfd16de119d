/** The shared engine's promises, over random Plans: no vendor is involved. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { changes } from './changes.ts'
import { Circles } from './circles.ts'
import { compileWith } from './compile.ts'
import type { Dialect } from './dialect.ts'
import type { Context } from './outcome.ts'
import type { Condition, FlagPlan, Frame, OutcomeSpec, Plan } from './plan.ts'
import { FlagError } from './problem.ts'
import type { Ruleset } from './ruleset.ts'
import { contexts, planDialect, plans } from './testing/plans.ts'

const seed = 20261120
const runs = { seed, numRuns: 2000 }
const at = { now: 15 }

function rulesetOf(plan: Plan): Ruleset {
  return compileWith(planDialect, { document: plan, random: () => 0.5 }).ruleset
}

function single(decide: FlagPlan['decide'], more: Partial<FlagPlan> = {}): Ruleset {
  return rulesetOf({ flags: [{ key: 'f', decide, definition: null, ...more }], segments: new Map() })
}

const serve = (outcome: OutcomeSpec): FlagPlan['decide'] => ({ kind: 'serve', outcome })

describe(`random plans (seed ${seed})`, () => {
  it('explain reaches the outcome of evaluate', () => {
    fc.assert(
      fc.property(plans, contexts, (plan, context) => {
        const ruleset = rulesetOf(plan)
        for (const key of ruleset.keys) {
          const { trace, ...explained } = ruleset.explain(key, context, at)
          expect(explained).toEqual(ruleset.evaluate(key, context, undefined, at))
          expect(trace.length).toBeGreaterThan(0)
        }
      }),
      runs,
    )
  })

  it('evaluateAll answers as evaluate does, in document order', () => {
    fc.assert(
      fc.property(plans, contexts, (plan, context) => {
        const ruleset = rulesetOf(plan)
        expect(ruleset.evaluateAll(context, at)).toEqual(
          ruleset.keys.map((key) => ruleset.evaluate(key, context, undefined, at)),
        )
      }),
      runs,
    )
  })

  it('equal projections mean equal answers, for one flag and for all', () => {
    fc.assert(
      fc.property(plans, contexts, contexts, fc.constantFrom(5, 15, 25, 35), (plan, one, two, now) => {
        const ruleset = rulesetOf(plan)
        if (ruleset.projection(one, 15) === ruleset.projection(two, now)) {
          expect(ruleset.evaluateAll(one, at)).toEqual(ruleset.evaluateAll(two, { now }))
        }
        for (const key of ruleset.keys) {
          if (ruleset.projection(one, 15, key) !== ruleset.projection(two, now, key)) continue
          expect(ruleset.evaluate(key, one, undefined, at)).toEqual(ruleset.evaluate(key, two, undefined, { now }))
        }
      }),
      runs,
    )
  })

  it('an answer does not depend on what was asked before', () => {
    fc.assert(
      fc.property(plans, contexts, contexts, (plan, one, two) => {
        const ruleset = rulesetOf(plan)
        const before = ruleset.evaluateAll(one, at)
        ruleset.evaluateAll(two, at)
        expect(ruleset.evaluateAll(one, at)).toEqual(before)
      }),
      runs,
    )
  })
})

describe('outcomes', () => {
  it('are shared, frozen objects', () => {
    const ruleset = single(serve({ value: { colour: { name: 'red' } }, variant: 'v', reason: 'STATIC' }))
    const answer = ruleset.evaluate('f', {})
    expect(ruleset.evaluate('f', { targetingKey: 'other' })).toBe(answer)
    expect(Object.isFrozen(answer)).toBe(true)
    expect(() => Object.assign(Object(Object(answer.value)['colour']), { name: 'blue' })).toThrow(TypeError)
  })

  it('of another type become TYPE_MISMATCH', () => {
    const ruleset = single(serve({ value: 'text', variant: 'v', reason: 'STATIC' }))
    expect(ruleset.evaluate('f', {}, 'string')).toMatchObject({ value: 'text' })
    expect(ruleset.evaluate('f', {}, 'number')).toMatchObject({ reason: 'ERROR', errorCode: 'TYPE_MISMATCH' })
    expect(ruleset.evaluate('f', {}, 'number')).not.toHaveProperty('value')
  })

  it('convert as the dialect says', () => {
    const ruleset = single(serve({ value: '5', valueText: '"5"', variant: 'v', reason: 'STATIC' }), {
      coerce: ({ value }, type) => (type === 'number' ? { value: Number(value) } : undefined),
    })
    expect(ruleset.outcome('f', {}, 'number').json).toBe('"key":"f","reason":"STATIC","variant":"v","value":5')
    expect(ruleset.evaluate('f', {}, 'boolean')).toMatchObject({ errorCode: 'TYPE_MISMATCH' })
  })

  it('answer each type on their own where the value is converted from text', () => {
    const error: OutcomeSpec = { reason: 'ERROR', errorCode: 'PARSE_ERROR' }
    const spec: OutcomeSpec = {
      ...error,
      as: (type) => (type === 'string' ? { value: '{', variant: 'v', reason: 'STATIC' } : error),
    }
    const ruleset = single(serve(spec))
    expect(ruleset.evaluate('f', {})).toEqual({ key: 'f', ...error })
    expect(ruleset.evaluate('f', {}, 'object')).toEqual({ key: 'f', ...error })
    expect(ruleset.evaluate('f', {}, 'string')).toEqual({ key: 'f', value: '{', variant: 'v', reason: 'STATIC' })
  })

  it('spell their value as the document did', () => {
    expect(single(serve({ value: 1, valueText: '1.0', reason: 'STATIC' })).outcome('f', {}).json).toBe(
      '"key":"f","reason":"STATIC","variant":"","value":1.0',
    )
  })

  it('without a value leave it out', () => {
    const ruleset = single(serve({ reason: 'DISABLED', metadata: { set: 'a' } }))
    expect(ruleset.evaluate('f', {}, 'number')).toEqual({ key: 'f', reason: 'DISABLED', metadata: { set: 'a' } })
    expect(ruleset.outcome('f', {}).json).toBe('"key":"f","reason":"DISABLED","variant":"","metadata":{"set":"a"}')
  })
})

describe('decisions that are shared', () => {
  it('are linked and inspected once, so that nesting does not multiply them', () => {
    let shared = serve({ reason: 'STATIC', value: true })
    for (let depth = 0; depth < 60; depth++) {
      const inner = shared
      shared = {
        kind: 'rules',
        rules: [
          { name: 'one', if: { kind: 'never' }, then: inner },
          { name: 'two', if: { kind: 'never' }, then: inner },
        ],
        otherwise: inner,
      }
    }
    const document: Plan = { flags: [{ key: 'f', decide: shared, definition: null }], segments: new Map() }
    const { ruleset } = compileWith(planDialect, { document, sha256: 'given, as JSON text has no sharing' })
    expect(ruleset.evaluate('f', {}).value).toBe(true)
    expect(ruleset.facts('f').reads).toEqual([])
  })
})

describe('references', () => {
  const asks = (keys: readonly string[]): FlagPlan['decide'] => ({
    kind: 'rules',
    rules: [
      {
        name: 'prerequisites',
        if: {
          kind: 'all',
          of: keys.map((key) => ({ kind: 'flag', key, name: key, holds: () => true, onCycle: { kind: 'never' } })),
        },
        then: serve({ value: true, reason: 'TARGETING_MATCH' }),
      },
    ],
    otherwise: serve({ value: false, reason: 'DEFAULT' }),
  })
  const rung = (index: number): FlagPlan => ({
    key: `r${index}`,
    definition: index,
    decide: asks([`r${index + 1}`, `r${index + 1}`]),
  })

  it('that double at each rung of a ladder are followed once', () => {
    const rungs = Array.from({ length: 60 }, (_, index) => rung(index))
    const bottom: FlagPlan = { key: 'r60', definition: 60, decide: serve({ value: true, reason: 'STATIC' }) }
    const ruleset = rulesetOf({ flags: [...rungs, bottom], segments: new Map() })
    expect(ruleset.evaluate('r0', {})).toMatchObject({ value: true })
    expect(ruleset.explain('r0', {})).toMatchObject({ value: true })
    expect(ruleset.evaluateAll({})).toHaveLength(61)
  })

  it('in a long chain cost one pass', () => {
    const chain = Array.from({ length: 3000 }, (_, index): FlagPlan => ({
      key: `r${index}`,
      definition: index,
      decide: asks([`r${index + 1}`]),
    }))
    let walked = 0
    const circles = new Circles((key) => {
      walked++
      const index = Number(key.slice(1))
      return index < chain.length ? [`r${index + 1}`] : []
    })
    for (const { key } of chain) expect(circles.has(key)).toBe(false)
    expect(walked).toBe(chain.length + 1)
  })

  it('in circles are told from those beside them', () => {
    const graph: Record<string, string[]> = {
      a: ['b'],
      b: ['c', 'd'],
      c: ['a'],
      d: ['e'],
      e: [],
      s: ['s'],
      u: ['a', 'nowhere'],
    }
    const circles = new Circles((key) => graph[key] ?? [])
    expect(Object.keys(graph).filter((key) => circles.has(key))).toEqual(['a', 'b', 'c', 's'])
  })
})

describe('failures', () => {
  it('in a leaf give the fault of the flag', () => {
    const fault: OutcomeSpec = { reason: 'ERROR', errorCode: 'PARSE_ERROR' }
    const on = {
      name: 'broken',
      reads: [],
      read: (): never => {
        throw new Error('boom')
      },
    }
    const decide: FlagPlan['decide'] = {
      kind: 'switch',
      on,
      cases: new Map(),
      none: { kind: 'pass' },
      otherwise: { kind: 'pass' },
    }
    expect(single(decide).evaluate('f', {})).toMatchObject({ errorCode: 'GENERAL' })
    expect(single(decide, { fault }).evaluate('f', {})).toEqual({ key: 'f', ...fault })
    expect(single(decide, { fault }).explain('f', {})).toMatchObject({ key: 'f', ...fault })
  })

  it('answer FLAG_NOT_FOUND for names of the object prototype', () => {
    const ruleset = single(serve({ value: true, reason: 'STATIC' }))
    for (const key of ['__proto__', 'constructor', 'toString', '']) {
      expect(ruleset.evaluate(key, {})).toMatchObject({ key, errorCode: 'FLAG_NOT_FOUND' })
      expect(ruleset.explain(key, {})).toMatchObject({ errorCode: 'FLAG_NOT_FOUND', trace: [] })
    }
  })

  it('while lowering quarantine one flag and say where', () => {
    const dialect: Dialect = {
      name: 'half-broken',
      read: (json) => json,
      lower: (_, __, tools) => ({
        segments: new Map(),
        flags: [
          tools.flag('good', 'flags.good', null, () => ({
            key: 'good',
            definition: 1,
            decide: serve({ value: 1, reason: 'STATIC' }),
          })),
          tools.flag('bad', 'flags.bad', null, () => {
            throw new FlagError('rules[0]', 'no such operator')
          }),
        ],
      }),
    }
    const { ruleset, problems } = compileWith(dialect, { document: {} })
    expect(problems).toEqual([
      { flag: 'bad', path: 'flags.bad.rules[0]', message: 'no such operator', severity: 'error' },
    ])
    expect(ruleset.evaluate('good', {})).toMatchObject({ value: 1 })
    expect(ruleset.evaluate('bad', {})).toMatchObject({ errorCode: 'PARSE_ERROR' })
  })
})

describe('aliases and hidden flags', () => {
  const plan: Plan = {
    segments: new Map(),
    keyOf: (key) => (key.endsWith(':') ? key.slice(0, -1) : key),
    flags: [
      { key: 'seen', definition: 1, decide: serve({ value: 1, reason: 'STATIC' }) },
      {
        key: 'helper',
        definition: 1,
        decide: serve({ value: 2, reason: 'STATIC' }),
        hidden: true,
        clientVisible: false,
      },
    ],
  }

  it('have the facts of the flag they mean', () => {
    const plan: Plan['segments'] = new Map()
    const term = { name: 'c', reads: ['c'], read: (frame: { context: object }): unknown => frame.context }
    const decide: FlagPlan['decide'] = {
      kind: 'switch',
      on: term,
      cases: new Map(),
      none: serve({ reason: 'STATIC', value: 1 }),
      otherwise: serve({ reason: 'STATIC', value: 2 }),
    }
    const aliased = rulesetOf({
      flags: [{ key: 'f', decide, definition: null }],
      segments: plan,
      keyOf: (key) => key.replace(/:$/, ''),
    })
    expect(aliased.projection({ c: 1 }, 0, 'f:')).toBe(aliased.projection({ c: 1 }, 0, 'f'))
    expect(aliased.projection({ c: 1 }, 0, 'f:')).not.toBe(aliased.projection({ c: 2 }, 0, 'f:'))
  })

  it('leave room for the dialect to say what is missing', () => {
    const ruleset = rulesetOf({
      flags: [],
      segments: new Map(),
      missing: (key, type) => ({ reason: 'ERROR', errorCode: 'GENERAL', errorDetails: `${key} as ${type}` }),
    })
    expect(ruleset.evaluate('x', {}, 'string')).toEqual({
      key: 'x',
      reason: 'ERROR',
      errorCode: 'GENERAL',
      errorDetails: 'x as string',
    })
    expect(ruleset.explain('x', {}).errorDetails).toBe('x as undefined')
  })

  it('answer by name without being listed', () => {
    const ruleset = rulesetOf(plan)
    expect(ruleset.keys).toEqual(['seen'])
    expect(ruleset.evaluate('seen:', {})).toMatchObject({ key: 'seen', value: 1 })
    expect(ruleset.evaluate('helper', {})).toMatchObject({ value: 2 })
    expect(ruleset.visible('helper', 'client')).toBe(false)
    expect(ruleset.visible('seen:', 'client')).toBe(true)
  })
})

describe('changes', () => {
  const flag = (key: string, definition: unknown, condition: 'segment' | 'flag' | 'none'): FlagPlan => ({
    key,
    definition,
    decide: {
      kind: 'rules',
      rules: [
        {
          name: 'r',
          if:
            condition === 'segment'
              ? { kind: 'segment', id: 's' }
              : condition === 'flag'
                ? { kind: 'flag', key: 'base', name: 'base', holds: () => true, onCycle: { kind: 'never' } }
                : { kind: 'always' },
          then: serve({ value: 1, reason: 'STATIC' }),
        },
      ],
      otherwise: serve({ value: 2, reason: 'STATIC' }),
    },
  })
  const build = (base: unknown, segment: unknown, extra: FlagPlan[] = [], options = {}): Ruleset =>
    compileWith(planDialect, {
      document: {
        segments: new Map([['s', { condition: { kind: 'always' }, definition: segment }]]),
        flags: [flag('base', base, 'none'), flag('by-segment', 0, 'segment'), flag('by-flag', 0, 'flag'), ...extra],
        salt: [base, segment, extra.length],
      },
      options,
    }).ruleset

  it('name what is added, removed and changed, through segments and other flags', () => {
    const before = build(1, 1)
    expect(changes(undefined, before).added).toEqual(['base', 'by-segment', 'by-flag'])
    expect(changes(before, build(1, 1))).toEqual({ added: [], removed: [], changed: [] })
    expect(changes(before, build(1, 2)).changed).toEqual(['by-segment'])
    expect(changes(before, build(2, 1)).changed).toEqual(['base', 'by-flag'])
    expect(changes(before, build(1, 1, [flag('new', 0, 'none')]))).toEqual({ added: ['new'], removed: [], changed: [] })
    expect(changes(build(1, 1, [flag('old', 0, 'none')]), before).removed).toEqual(['old'])
  })

  it('are everything when the options differ', () => {
    expect(changes(build(1, 1), build(1, 1, [], { profile: 'other' })).changed).toHaveLength(3)
  })
})

describe('revision', () => {
  it('is the same for the same bytes and options, and for nothing else', () => {
    const of = (document: string, options = {}): string =>
      compileWith({ ...planDialect, lower: () => ({ flags: [], segments: new Map() }) }, { document, options }).ruleset
        .revision
    expect(of('{"a":1}')).toBe(of('{"a":1}'))
    expect(of('{"a":1}')).not.toBe(of('{"a":2}'))
    expect(of('{"a":1}')).not.toBe(of('{"a":1}', { profile: 'x' }))
    expect(of('{"a":1}')).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('transitions', () => {
  it('are announced, and end the validity of a projection', () => {
    const ruleset = single({
      kind: 'rules',
      rules: [
        { name: 'window', if: { kind: 'time', from: 10, until: 20 }, then: serve({ value: 1, reason: 'STATIC' }) },
      ],
      otherwise: serve({ value: 0, reason: 'STATIC' }),
    })
    expect([0, 10, 19, 20].map((now) => ruleset.nextTransition(now))).toEqual([10, 20, 20, undefined])
    expect([9, 10, 19, 20].map((now) => ruleset.evaluate('f', {}, undefined, { now }).value)).toEqual([0, 1, 1, 0])
    expect(ruleset.projection({}, 9)).not.toBe(ruleset.projection({}, 10))
    expect(ruleset.projection({}, 10)).toBe(ruleset.projection({}, 19))
  })

  it('are asked at the moment that the caller names, where the vendor lets callers name one', () => {
    const clock = {
      reads: ['moment'],
      at: ({ moment }: Context) => (typeof moment === 'number' ? moment : undefined),
    }
    const timed: FlagPlan = {
      key: 'f',
      definition: null,
      decide: {
        kind: 'rules',
        rules: [{ name: 'later', if: { kind: 'time', from: 20 }, then: serve({ value: 'late', reason: 'STATIC' }) }],
        otherwise: serve({ value: 'early', reason: 'STATIC' }),
      },
    }
    const plain: FlagPlan = { key: 'g', definition: null, decide: serve({ value: 1, reason: 'STATIC' }) }
    const ruleset = rulesetOf({ flags: [timed, plain], segments: new Map(), clock })
    expect(ruleset.evaluate('f', {}, undefined, at).value).toBe('early')
    expect(ruleset.evaluate('f', { moment: 20 }, undefined, at).value).toBe('late')
    expect(ruleset.explain('f', { moment: 20 }, at).value).toBe('late')
    expect(ruleset.evaluateAll({ moment: 20 }, at)[0]?.value).toBe('late')
    expect(ruleset.evaluate('f', { moment: 19 }, undefined, { now: 30 }).value).toBe('early')
    expect(ruleset.projection({ moment: 20 }, 15, 'f')).not.toBe(ruleset.projection({}, 15, 'f'))
    expect(ruleset.projection({ moment: 20 }, 15, 'g')).toBe(ruleset.projection({}, 15, 'g'))
  })

  it('of unknown moments and of chance have no projection', () => {
    const bucket = {
      name: 'dice',
      reads: [],
      volatile: 'random' as const,
      of: (frame: { random: () => number }) => frame.random(),
    }
    expect(
      single({ kind: 'split', bucket, ranges: [], ends: 'closed', otherwise: serve({ reason: 'STATIC' }) }).projection(
        {},
        0,
      ),
    ).toBe(undefined)
  })

  it('of chance that only some contexts are left to have no projection for those', () => {
    const bucket = {
      name: 'unit, else dice',
      reads: ['unit'],
      volatile: 'random' as const,
      volatileFor: (context: Context) => !Object.hasOwn(context, 'unit'),
      of: ({ context, random }: Frame) => (Object.hasOwn(context, 'unit') ? 0.5 : random()),
    }
    const otherwise = serve({ reason: 'STATIC' })
    const ruleset = single({ kind: 'split', bucket, ranges: [], ends: 'closed', otherwise })
    expect(ruleset.projection({ other: 1 }, 0)).toBe(undefined)
    expect(ruleset.projection({ unit: 1 }, 0)).toBe(ruleset.projection({ unit: 1, other: 1 }, 0))
    expect(ruleset.projection({ unit: 1 }, 0)).not.toBe(ruleset.projection({ unit: 2 }, 0))
    expect(ruleset.facts('f').volatile).toEqual(new Set(['random']))
  })
})

describe('circles, notes and second chances', () => {
  const asks = (key: string): Condition => ({
    kind: 'flag',
    key,
    name: `asks ${key}`,
    holds: ({ value }) => value === 'yes',
    onCycle: { kind: 'never' },
  })
  const rules = (condition: Condition): FlagPlan['decide'] => ({
    kind: 'rules',
    rules: [{ name: 'r', if: condition, then: serve({ reason: 'STATIC', value: 'yes' }) }],
    otherwise: serve({ reason: 'STATIC', value: 'no' }),
  })
  const ask = (plan: Omit<Plan, 'segments'>, key: string, segments: Plan['segments'] = new Map()): unknown => {
    const ruleset = rulesetOf({ ...plan, segments })
    const { trace: _trace, ...explained } = ruleset.explain(key, {})
    expect(explained).toEqual(ruleset.evaluate(key, {}))
    return { value: explained.value, ...explained.metadata }
  }

  it('are found at the flag that the caller asked, or one reference later', () => {
    const self: Condition = { kind: 'flag', key: 'f', name: 'itself', holds: () => false, onCycle: { kind: 'always' } }
    const flags = [{ key: 'f', decide: rules(self), definition: 0 }]
    expect(ask({ flags }, 'f')).toEqual({ value: 'yes' })
    expect(ask({ flags, circlesFrom: 'references' }, 'f')).toEqual({ value: 'no' })
  })

  it('may be asked about without asking the flag', () => {
    const flags = [
      { key: 'f', decide: rules(asks('g')), definition: 0 },
      { key: 'g', decide: rules({ kind: 'asking', key: 'f' }), definition: 0 },
    ]
    expect(ask({ flags }, 'f')).toEqual({ value: 'yes' })
    expect(ask({ flags }, 'g')).toEqual({ value: 'no' })
  })

  it('of segments end where they close', () => {
    const flags = [{ key: 'f', decide: rules({ kind: 'segment', id: 's' }), definition: 0 }]
    const circle = (onCycle: Condition): Plan['segments'] =>
      new Map([['s', { condition: { kind: 'segment', id: 's', onCycle }, definition: 0 }]])
    expect(ask({ flags }, 'f', circle({ kind: 'always' }))).toEqual({ value: 'yes' })
    expect(ask({ flags }, 'f', circle({ kind: 'never' }))).toEqual({ value: 'no' })
  })

  it('recover from failures alone', () => {
    const fail: Condition = { kind: 'fail', outcome: { reason: 'ERROR', errorCode: 'GENERAL' } }
    const recovering = (of: Condition): unknown =>
      ask(
        { flags: [{ key: 'f', decide: rules({ kind: 'recover', of, instead: { kind: 'always' } }), definition: 0 }] },
        'f',
      )
    expect(recovering(fail)).toEqual({ value: 'yes' })
    expect(recovering({ kind: 'never' })).toEqual({ value: 'no' })
  })

  it('tell a note asked anywhere on the way, also through an answer that was reused', () => {
    const noted = (spec: OutcomeSpec): OutcomeSpec => ({ ...spec, metadata: { noted: true } })
    const flags = [
      { key: 'quiet', decide: rules({ kind: 'never' }), definition: 0, noted },
      { key: 'loud', decide: rules({ kind: 'note', name: 'n', of: { kind: 'always' } }), definition: 0, noted },
      { key: 'f', decide: rules(asks('loud')), definition: 0, noted },
    ]
    expect(ask({ flags }, 'f')).toEqual({ value: 'yes', noted: true })
    expect(ask({ flags }, 'quiet')).toEqual({ value: 'no' })
    const all = rulesetOf({ flags, segments: new Map() }).evaluateAll({})
    expect(all.map(({ metadata }) => metadata)).toEqual([undefined, { noted: true }, { noted: true }])
  })

  it('of bundled contexts look at every member', () => {
    const ruleset = rulesetOf({ flags: [], segments: new Map(), readsAll: (context) => context['kind'] === 'multi' })
    expect(ruleset.projection({ a: 1 }, 0)).toBe(ruleset.projection({ a: 2 }, 0))
    expect(ruleset.projection({ kind: 'multi', a: 1 }, 0)).not.toBe(ruleset.projection({ kind: 'multi', a: 2 }, 0))
  })
})
