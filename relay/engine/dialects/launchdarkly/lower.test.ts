/** Curated cases: document forms, what a flag tells OpenFeature, findings, and documents that mean harm. */
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Compiled } from '../../compile.ts'
import type { Evaluation } from '../../outcome.ts'
import { DocumentError } from '../../problem.ts'
import { launchdarkly } from './lower.ts'

const U1 = { targetingKey: 'u1' }

function compile(document: string | object, options: Record<string, unknown> = {}): Compiled {
  return compileWith(launchdarkly, { document, options })
}

/** The answer of a flag `f` with these members. */
function answer(members: object, context: object = U1, more: object = {}, options = {}): Evaluation {
  const flag = { on: true, variations: ['a', 'b', 'c'], fallthrough: { variation: 0 }, salt: 's', ...members }
  const { ruleset } = compile({ flags: { f: flag }, ...more }, options)
  return ruleset.evaluate('f', { ...context })
}

const clause = (op: string, values: readonly unknown[], attribute = 'x', more: object = {}): object => ({
  op,
  values,
  attribute,
  contextKind: 'user',
  ...more,
})

describe('documents', () => {
  const flags = { f: { on: true, variations: [1], fallthrough: { variation: 0 } } }

  it.each([
    ['a poll', { flags, segments: {} }],
    ['a put event', { path: '/', data: { flags, segments: {} } }],
    ['a put event without a path', { data: { flags } }],
    ['values of a file', { flagValues: { f: 1 } }],
    ['flags and values of a file', { flags, flagValues: { g: 2 }, segments: null }],
  ])('may be %s', (_, document) => {
    const { ruleset, problems } = compile(document)
    expect(problems).toEqual([])
    expect(ruleset.evaluate('f', U1)).toMatchObject({ value: 1, variant: '0', reason: 'DEFAULT' })
  })

  it.each([
    ['a list', [], /must be an object with flags and segments, not a list/],
    ['something else', { features: {} }, /has none of flags, flagValues and segments/],
    ['an empty put', { path: '/', data: {} }, /data: has none of/],
    ['flags in a list', { flags: [] }, /flags: must be an object by key, not a list/],
  ])('are unusable as %s', (_, document, message) => {
    expect(() => compile(document)).toThrow(DocumentError)
    expect(() => compile(document)).toThrow(message)
  })

  it.each([
    [{ profile: 'python' }, 'options.profile must be one of node, go'],
    [{ contexts: 'mobile' }, 'options.contexts must be one of openfeature, launchdarkly'],
  ])('come with options that exist: %j', (options, message) => {
    expect(() => compile({ flags: {} }, options)).toThrow(message)
  })

  it('keep tombstones out', () => {
    const { ruleset } = compile({
      flags: { gone: { version: 3, deleted: true }, f: { on: true, variations: [1], fallthrough: { variation: 0 } } },
      segments: { s: { deleted: true, included: ['u1'] } },
    })
    expect(ruleset.keys).toEqual(['f'])
    expect(ruleset.plan.segments.size).toBe(0)
  })

  it('keep the first meaning of a key that is a flag and a value', () => {
    const { ruleset, problems } = compile({ flags, flagValues: { f: 2 } })
    expect(ruleset.evaluate('f', U1).value).toBe(1)
    expect(problems).toEqual([
      { flag: 'f', path: 'flagValues.f', message: 'is left out: flags has a flag of that key', severity: 'warning' },
    ])
  })

  it('spell numbers as they were', () => {
    const { ruleset } = compile(
      '{"flags":{"f":{"on":false,"offVariation":0,"variations":[1e2,12345678901234567890]},' +
        '"g":{"on":false,"offVariation":0,"variations":[2,0.5]}},"flagValues":{"v":1.0,"w":{"n":2.50}}}',
    )
    const json = (key: string): string => ruleset.outcome(key, U1).json
    expect(json('f')).toContain('"value":1e2,')
    expect(json('g')).toContain('"value":2.0,')
    expect(json('v')).toContain('"value":1.0,')
    expect(json('w')).toContain('"value":{"n":2.50},')
  })
})

describe('answers', () => {
  it.each([
    [
      'off',
      { on: false, offVariation: 2 },
      { value: 'c', variant: '2', reason: 'DISABLED' },
      { launchdarklyReason: 'OFF' },
    ],
    [
      'a target',
      { targets: [{ values: ['u1'], variation: 1 }] },
      { value: 'b', reason: 'TARGETING_MATCH' },
      { launchdarklyReason: 'TARGET_MATCH' },
    ],
    [
      'a rule',
      { rules: [{ id: 'r', clauses: [], variation: 1 }] },
      { value: 'b', reason: 'TARGETING_MATCH' },
      { launchdarklyReason: 'RULE_MATCH', ruleIndex: 0, ruleId: 'r', variationIndex: 1 },
    ],
    [
      'an experiment',
      { fallthrough: { rollout: { kind: 'experiment', variations: [{ variation: 1, weight: 100_000 }] } } },
      { value: 'b', reason: 'SPLIT' },
      { launchdarklyReason: 'FALLTHROUGH', inExperiment: true, variationIndex: 1 },
    ],
    [
      'a missing prerequisite',
      { prerequisites: [{ key: 'p', variation: 0 }], offVariation: 1 },
      { value: 'b', reason: 'DEFAULT' },
      { launchdarklyReason: 'PREREQUISITE_FAILED', prerequisiteKey: 'p', variationIndex: 1 },
    ],
  ])('of %s tell the vendor’s reason beside OpenFeature’s', (_, members, expected, metadata) => {
    expect(answer(members)).toMatchObject(expected)
    expect(answer(members).metadata).toMatchObject(metadata)
  })

  it('leave the value to the caller when there is no off variation', () => {
    expect(answer({ on: false })).toEqual({ key: 'f', reason: 'DISABLED', metadata: { launchdarklyReason: 'OFF' } })
  })

  it('are errors in OpenFeature’s words', () => {
    expect(answer({ fallthrough: { variation: 7 } })).toMatchObject({ reason: 'ERROR', errorCode: 'PARSE_ERROR' })
    expect(answer({}, {})).toMatchObject({ reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' })
    expect(answer({}, { kind: 'multi', org: { name: 'x' } })).toMatchObject({ errorCode: 'TARGETING_KEY_MISSING' })
    const { ruleset } = compile({ flagValues: { f: null } })
    expect(ruleset.evaluate('f', U1, 'object')).toMatchObject({ errorCode: 'TYPE_MISMATCH' })
    expect(ruleset.evaluate('f', U1)).toMatchObject({ value: null, variant: '0' })
  })

  it.each([
    [{ clientSideAvailability: { usingEnvironmentId: true } }, true],
    [{ clientSideAvailability: { usingMobileKey: true }, clientSide: true }, false],
    [{ clientSide: true }, true],
    [{}, false],
  ])('are visible to clients as %j says', (members, visible) => {
    const { ruleset } = compile({ flags: { f: { on: false, variations: [], ...members } } })
    expect(ruleset.visible('f', 'client')).toBe(visible)
    expect(ruleset.outcomes(U1, { now: 0 }, 'client')).toHaveLength(visible ? 1 : 0)
  })

  it('say that big segments have no store, also when a prerequisite came by one', () => {
    const segments = { big: { unbounded: true, generation: 1, rules: [] } }
    const asks = { rules: [{ clauses: [{ op: 'segmentMatch', values: ['big'] }], variation: 1 }] }
    const p = { on: true, variations: [0], fallthrough: { variation: 0 }, ...asks }
    const flags = {
      p,
      f: { ...p, rules: [], prerequisites: [{ key: 'p', variation: 0 }] },
      quiet: { ...p, rules: [] },
    }
    const { ruleset } = compile({ flags, segments })
    const status = ruleset.evaluateAll(U1).map(({ metadata }) => metadata?.['bigSegmentsStatus'])
    expect(status).toEqual(['NOT_CONFIGURED', 'NOT_CONFIGURED', undefined])
    expect(ruleset.evaluate('f', { kind: 'org', targetingKey: 'o' }).metadata).not.toHaveProperty('bigSegmentsStatus')
  })
})

describe('contexts of OpenFeature', () => {
  const rule = (...clauses: object[]): object => ({ rules: [{ clauses, variation: 1 }] })

  it('prefer the targeting key, and know the key by either name', () => {
    const keyed = rule(clause('in', ['u1'], 'key'))
    expect(answer(keyed, { targetingKey: 'u1', key: 'other' }).value).toBe('b')
    expect(answer(keyed, { key: 'u1' }).value).toBe('b')
    expect(answer(rule(clause('in', ['u1'], 'targetingKey')), U1).value).toBe('a')
    expect(answer({}, { targetingKey: '', key: 'u1' }).errorCode).toBe('TARGETING_KEY_MISSING')
  })

  it('may be bundles, in which top-level texts are dropped', () => {
    const org = rule(clause('in', ['NL'], '/address/country', { contextKind: 'org' }))
    const bundle = {
      kind: 'multi',
      targetingKey: 'dropped',
      user: { key: 'u' },
      org: { targetingKey: 'o', address: { country: 'NL' } },
    }
    expect(answer(org, bundle).value).toBe('b')
    expect(answer(org, { kind: 'org', targetingKey: 'o', address: { country: 'NL' } }).value).toBe('b')
    expect(answer(org, { targetingKey: 'o', address: { country: 'NL' } }).value).toBe('a')
  })

  it('lose names that are no text and anonymous that is no boolean; dates become texts', () => {
    expect(answer(rule(clause('in', [5], 'name')), { ...U1, name: 5 }).value).toBe('a')
    expect(answer(rule(clause('in', [true], 'anonymous')), { ...U1, anonymous: 'yes' }).value).toBe('a')
    const moment = new Date('2026-03-01T00:00:00Z')
    expect(answer(rule(clause('in', ['2026-03-01T00:00:00.000Z'])), { ...U1, x: moment }).value).toBe('b')
    expect(answer(rule(clause('in', ['2026-03-01T00:00:00.000Z'], '/x/y')), { ...U1, x: { y: moment } }).value).toBe(
      'b',
    )
  })

  it('are projected onto what is read, bundles whole', () => {
    const { ruleset } = compile({
      flags: { f: { on: true, variations: [1, 2], fallthrough: { variation: 0 }, ...rule(clause('in', ['a'])) } },
    })
    const projection = (context: object): string | undefined => ruleset.projection({ ...context }, 0)
    expect(projection({ ...U1, session: 1 })).toBe(projection({ ...U1, session: 2 }))
    expect(projection({ ...U1, x: 1 })).not.toBe(projection({ ...U1, x: 2 }))
    expect(projection({ kind: 'multi', user: U1, session: 1 })).not.toBe(
      projection({ kind: 'multi', user: U1, session: {} }),
    )
  })
})

describe('circles and errors', () => {
  const asking = (keys: readonly string[], more: object = {}): object => ({
    on: true,
    variations: ['off', 'on'],
    offVariation: 0,
    fallthrough: { variation: 1 },
    prerequisites: keys.map((key) => ({ key, variation: 1 })),
    ...more,
  })

  it('of prerequisites are malformed, unless a later prerequisite fails (node)', () => {
    const flags = { a: asking(['b']), b: asking(['a']), c: asking(['c']), d: asking(['d', 'gone']) }
    const node = compile({ flags }).ruleset
    for (const key of ['a', 'b', 'c']) {
      expect(node.evaluate(key, U1).metadata).toMatchObject({ errorKind: 'MALFORMED_FLAG' })
    }
    // One reference late: d asks itself once more, and what fails there is the prerequisite that is gone.
    const failed = { launchdarklyReason: 'PREREQUISITE_FAILED', prerequisiteKey: 'd' }
    expect(node.evaluate('d', U1).metadata).toMatchObject(failed)
    const go = compile({ flags }, { profile: 'go' }).ruleset
    for (const key of ['a', 'b', 'c', 'd']) {
      expect(go.evaluate(key, U1).metadata).toMatchObject({ errorKind: 'MALFORMED_FLAG' })
    }
  })

  it('of segments are malformed, and forgotten by a clause that follows (node)', () => {
    const segments = { s: { rules: [{ clauses: [{ op: 'segmentMatch', values: ['s'] }] }] } }
    const circle = { op: 'segmentMatch', values: ['s'] }
    const rule = (...clauses: object[]): object => ({ rules: [{ clauses, variation: 1 }] })
    expect(answer(rule(circle), U1, { segments }).errorCode).toBe('PARSE_ERROR')
    expect(answer(rule(circle, clause('in', ['u1'], 'key')), U1, { segments }).value).toBe('b')
    expect(answer(rule(circle, clause('in', ['u1'], 'key')), U1, { segments }, { profile: 'go' }).errorCode).toBe(
      'PARSE_ERROR',
    )
  })
})

describe('harm', () => {
  it.each([
    ['a flag that is null', null, 'flags.bad'],
    ['a flag that is a list', [], 'flags.bad'],
    ['on as a text', { on: 'yes' }, 'flags.bad.on'],
    ['variations as an object', { variations: {} }, 'flags.bad.variations'],
    ['an index as a text', { offVariation: '0' }, 'flags.bad.offVariation'],
    ['half an index', { fallthrough: { variation: 0.5 } }, 'flags.bad.fallthrough.variation'],
    ['a rule that is a text', { rules: ['r'] }, 'flags.bad.rules[0]'],
    ['clauses as an object', { rules: [{ clauses: {} }] }, 'flags.bad.rules[0].clauses'],
    [
      'values as a text',
      { on: true, rules: [{ clauses: [{ op: 'in', values: 'x' }] }] },
      'flags.bad.rules[0].clauses[0].values',
    ],
    [
      'a pattern without a linear-time answer',
      { on: true, rules: [{ clauses: [clause('matches', ['(a)\\1'])] }] },
      'flags.bad.rules[0].clauses[0].values',
    ],
    [
      'weights as texts',
      { fallthrough: { rollout: { variations: [{ weight: '1' }] } } },
      'flags.bad.fallthrough.rollout.variations[0].weight',
    ],
  ])('by %s costs that flag alone', (_, bad, path) => {
    const good = { on: true, variations: [1], fallthrough: { variation: 0 } }
    const { ruleset, problems } = compile({ flags: { bad, good } })
    expect(problems).toMatchObject([{ flag: 'bad', severity: 'error', path }])
    expect(ruleset.evaluate('bad', U1)).toMatchObject({ reason: 'ERROR', errorCode: 'PARSE_ERROR' })
    expect(ruleset.evaluate('good', U1).value).toBe(1)
  })

  it('by a segment costs the flags that ask for it, and is told', () => {
    const rules = [{ clauses: [{ op: 'segmentMatch', values: ['s'] }], variation: 1 }]
    const flag = { on: true, variations: [1, 2], fallthrough: { variation: 0 } }
    const { ruleset, problems } = compile({
      flags: { f: { ...flag, rules }, g: flag },
      segments: { s: { included: 'u1' } },
    })
    expect(problems).toMatchObject([{ path: 'segments.s.included', severity: 'warning' }])
    expect(ruleset.evaluate('f', U1).errorCode).toBe('PARSE_ERROR')
    expect(ruleset.evaluate('g', U1).value).toBe(1)
  })

  it('is named where it only means less than was meant', () => {
    const flag = {
      on: true,
      variations: [1],
      fallthrough: { variation: 0 },
      prerequisites: [{ key: 'gone', variation: 0 }],
      rules: [
        {
          clauses: [
            clause('sideways', []),
            clause('in', [], '//'),
            clause('matches', ['[']),
            { op: 'segmentMatch', values: ['s'] },
          ],
        },
        {},
      ],
    }
    const { problems } = compile({ flags: { f: flag } })
    expect(problems.map(({ path }) => path)).toEqual([
      'flags.f.rules[0].clauses[0].op',
      'flags.f.rules[0].clauses[1]',
      'flags.f.rules[0].clauses[2].values',
      'flags.f.rules[0].clauses[3]',
      'flags.f.rules[1]',
      'flags.f.prerequisites[0]',
    ])
  })

  it('by names of the object prototype does nothing', () => {
    const text =
      '{"flags":{"__proto__":{"on":true,"variations":[1,2],"fallthrough":{"variation":0},' +
      '"rules":[{"clauses":[{"op":"in","attribute":"__proto__","contextKind":"user","values":["x"]}],"variation":1}],' +
      '"prerequisites":[{"key":"constructor","variation":0}]},' +
      '"constructor":{"on":true,"variations":[5],"fallthrough":{"variation":0}}},"segments":{"toString":{}}}'
    const { ruleset, problems } = compile(text)
    expect(problems).toEqual([])
    expect(ruleset.evaluate('__proto__', U1).value).toBe(1)
    expect(
      ruleset.evaluate('__proto__', JSON.parse('{"targetingKey":"u","__proto__":"x"}') as object as never).value,
    ).toBe(2)
    expect(ruleset.evaluate('toString', U1).errorCode).toBe('FLAG_NOT_FOUND')
    expect(ruleset.evaluate('constructor', { kind: 'constructor', targetingKey: 'x' }).value).toBe(5)
  })

  it('by size is slow at most once', () => {
    const values = Array.from({ length: 1_000_000 }, (_, index) => `user-${index}`)
    const { ruleset } = compile({
      flags: {
        f: { on: true, variations: [1, 2], fallthrough: { variation: 0 }, targets: [{ values, variation: 1 }] },
      },
    })
    const started = performance.now()
    for (let index = 0; index < 10_000; index++) ruleset.evaluate('f', { targetingKey: `user-${index * 7}` })
    expect(performance.now() - started).toBeLessThan(1_000)
    expect(ruleset.evaluate('f', { targetingKey: 'user-999999' }).value).toBe(2)
  })

  it.each(['node', 'go'])('by references that branch without end is refused (%s)', (profile) => {
    const names = Array.from({ length: 40 }, (_, index) => `f${index}`)
    const flags = Object.fromEntries(
      names.map((name, index) => [
        name,
        {
          on: true,
          variations: [1],
          fallthrough: { variation: 0 },
          prerequisites: [1, 1].map((step) => ({ key: `f${index + step}`, variation: 0 })),
          rules: [{ clauses: [{ op: 'segmentMatch', values: ['f0'] }], variation: 0 }],
        },
      ]),
    )
    const segments = Object.fromEntries(
      names.map((name) => [name, { rules: [{ clauses: [{ op: 'segmentMatch', negate: true, values: names }] }] }]),
    )
    const started = performance.now()
    const { ruleset, problems } = compile({ flags, segments }, { profile })
    const all = ruleset.evaluateAll(U1)
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(all[0]).toMatchObject({ errorCode: 'PARSE_ERROR' })
    expect(problems.find(({ flag }) => flag === 'f0')?.message).toContain('branch too often')
  })
})
