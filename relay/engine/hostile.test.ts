/**
 * Nothing that arrives can hurt the engine: a small run of hostile documents (`npm run fuzz -- --documents` makes long
 * ones), documents cut at every byte, references that branch at every step, and contexts made to throw.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from './index.ts'
import type { Context } from './outcome.ts'
import { dialects } from './dialects/index.ts'
import { DocumentError } from './problem.ts'
import { basesOf, hostileDialects } from './testing/hostile-bases.ts'
import { checkRuleset, compiled, NOW } from './testing/hostile-check.ts'
import { HostileRun } from './testing/hostile-run.ts'

const SEED = 20_261_120
const CASES = 80
/** Milliseconds; other work on the machine does not count. */
const processorTime = (): number => process.cpuUsage().user / 1_000

it('knows every dialect', () => expect([...hostileDialects].sort()).toEqual([...dialects.keys()].sort()))

describe.each(hostileDialects)('%s', (dialect) => {
  const demo = basesOf(dialect).demo

  it(`holds against ${CASES} hostile documents (seed ${SEED})`, () => {
    const run = new HostileRun(dialect)
    let taken = 0
    for (let seed = SEED; seed < SEED + CASES; seed++) {
      const verdict = run.check(seed, processorTime)
      expect(verdict.fault, `seed ${seed}`).toBeUndefined()
      if (verdict.taken) taken++
    }
    expect(taken).toBeGreaterThan(CASES / 2)
  })

  it('refuses its document cut at any byte', () => {
    const bytes = new TextEncoder().encode(demo.trimEnd())
    const step = Math.ceil(bytes.length / 1_000)
    for (let end = 0; end < bytes.length; end += step) {
      expect(() => compile({ dialect, document: bytes.subarray(0, end) }), `${end} bytes`).toThrow(DocumentError)
    }
  })

  it('refuses objects that are no documents, or answers for them', () => {
    const circle: Record<string, unknown> = {}
    circle['flags'] = circle
    let deep: unknown = {}
    for (let depth = 0; depth < 100_000; depth++) deep = { flags: deep }
    for (const document of [circle, deep as object, { flags: 1n }, (): void => {}, new Date(NaN), [], /a/]) {
      const taken = attempt(() => compile({ dialect, document }))
      if (taken !== undefined) checkRuleset(taken.ruleset, [{}])
      if (document === circle) expect(taken).toBeUndefined()
    }
  })

  it('answers every context', () => {
    const { ruleset } = compile({ dialect, document: demo, random: () => 0.5 })
    const { reads } = ruleset.facts()
    const names = [...(reads === '*' ? ['user'] : reads), '__proto__', 'constructor', 'toString', '']
    for (const context of [...awkward(names), ...unreadable(names)]) checkRuleset(ruleset, [context])
    const contexts = fc.oneof(
      fc.dictionary(
        fc.constantFrom(...names),
        fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
      ),
      fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...VALUES)),
      fc.object(),
    )
    fc.assert(
      fc.property(contexts, (context) => checkRuleset(ruleset, [context])),
      { seed: SEED, numRuns: 100 },
    )
  })

  it('knows no flag by a hostile key', () => {
    const { ruleset } = compile({ dialect, document: demo })
    const keys = ['__proto__', 'constructor', 'toString', '', ':', 'a:__proto__', '\ud800', '\0', 'k'.repeat(100_000)]
    const [known = ''] = ruleset.keys
    for (const key of [...keys, `${known}:__proto__`, `${known}:constructor`, `${known} `]) {
      for (const type of [undefined, 'boolean', 'string', 'number', 'object'] as const) {
        const { json, evaluation } = ruleset.outcome(key, { targetingKey: 'u1' }, type, { now: NOW })
        expect(JSON.parse(`{${json}}`)).toMatchObject({ reason: evaluation.reason })
        expect(evaluation.errorCode, key.slice(0, 50)).toBeDefined()
        expect(evaluation.value).toBeUndefined()
      }
      expect(ruleset.explain(key, {}).errorCode).toBe('FLAG_NOT_FOUND')
      expect(typeof ruleset.projection({}, NOW, key)).toBe('string')
    }
  })
})

const endless: unknown[] = []
endless.push(endless)
let nested: unknown = 'deep'
for (let depth = 0; depth < 1_000; depth++) nested = [nested]
const trap = (): never => {
  throw new Error('a trap')
}
const VALUES: readonly unknown[] = [
  undefined,
  null,
  NaN,
  Infinity,
  -0,
  1e300,
  10n,
  Symbol('s'),
  trap,
  new Date(NaN),
  new Date(0),
  new Map([[1, 2]]),
  'x'.repeat(100_000),
  `${'a'.repeat(4_095)}!`,
  '\ud800',
  '1e999',
  '[[',
  Object.create(null),
  /a/,
  new Error('e'),
  endless,
  nested,
  { toString: trap },
  { toJSON: trap },
  { valueOf: trap },
  [trap],
  new Proxy({}, { get: trap }),
]

/** Contexts that can be read, though nobody expects them. */
function* awkward(names: readonly string[]): Generator<Context> {
  for (const value of VALUES) yield Object.fromEntries(names.map((name) => [name, value]))
  for (const other of [null, undefined, 1, 'text', [], trap, Object.create(null)]) yield other as Context
  yield Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`m${index}`, index]))
}

/** Contexts that throw when they are read. */
function* unreadable(names: readonly string[]): Generator<Context> {
  const getters = Object.fromEntries(names.map((name) => [name, { get: trap, enumerable: true }]))
  yield Object.defineProperties({}, getters) as Context
  yield new Proxy({}, { get: trap })
  yield new Proxy({}, { getOwnPropertyDescriptor: trap, ownKeys: trap, has: trap, get: trap })
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  yield proxy
}

describe('references that branch at every step', () => {
  it.each(Object.entries(branching()))('%s stays cheap', (name, document) => {
    const dialect = dialects.get(name.split(' ')[0] ?? '')
    if (dialect === undefined) throw new Error(name)
    const start = processorTime()
    const taken = compiled({ dialect, document, options: {}, contexts: [] })
    if (taken !== undefined) checkRuleset(taken.ruleset, [{}, { targetingKey: 'u1', plan: 'x' }])
    expect(processorTime() - start).toBeLessThan(5_000)
  })
})

/** Per dialect with references: everybody asks everybody (circles), and everybody asks all that follow (ladders). */
function branching(): Record<string, object> {
  const size = 24
  const keys = Array.from({ length: size }, (_, index) => `f${index}`)
  const all = (key: string): readonly string[] => keys.filter((other) => other !== key)
  const after = (key: string): readonly string[] => keys.slice(keys.indexOf(key) + 1)
  const flags = (make: (key: string, asked: readonly string[]) => object, of: typeof all): object =>
    Object.fromEntries(keys.map((key) => [key, make(key, of(key))]))
  const documents: Record<string, object> = {}
  for (const [shape, of] of [
    ['circles', all],
    ['ladder', after],
  ] as const) {
    const prerequisite = (key: string): object => ({ key, variation: 0 })
    documents[`launchdarkly flags ${shape}`] = {
      flags: flags(
        (key, asked) => ({
          key,
          on: true,
          variations: [true, false],
          offVariation: 1,
          salt: 's',
          fallthrough: { variation: 0 },
          prerequisites: asked.map(prerequisite),
        }),
        of,
      ),
      segments: {},
    }
    documents[`launchdarkly segments ${shape}`] = {
      flags: {
        f: {
          key: 'f',
          on: true,
          variations: [true, false],
          fallthrough: { variation: 1 },
          salt: 's',
          rules: [{ id: 'r', variation: 0, clauses: [{ attribute: '', op: 'segmentMatch', values: ['f0'] }] }],
        },
      },
      segments: flags(
        (key, asked) => ({
          key,
          salt: 's',
          included: [],
          excluded: [],
          rules: asked.map((other) => ({
            clauses: [{ attribute: '', op: 'segmentMatch', values: [other] }],
          })),
        }),
        of,
      ),
    }
    documents[`growthbook ${shape}`] = {
      features: flags(
        (_, asked) => ({
          defaultValue: false,
          rules: asked.map((id) => ({
            parentConditions: [{ id, condition: { value: true }, gate: false }],
            force: true,
          })),
        }),
        of,
      ),
    }
    documents[`growthbook groups ${shape}`] = {
      features: { f: { defaultValue: 0, rules: [{ condition: { $savedGroups: ['f0'] }, force: 1 }] } },
      savedGroups: flags(
        (_, asked) => ({ type: 'condition', condition: { $or: asked.map((id) => ({ $savedGroups: [id] })) } }),
        of,
      ),
    }
    documents[`featurevisor ${shape}`] = {
      schemaVersion: '2',
      revision: '1',
      segments: {},
      features: flags(
        (_, asked) => ({
          bucketBy: 'userId',
          required: asked,
          traffic: [{ key: 'all', segments: '*', percentage: 100_000 }],
        }),
        of,
      ),
    }
    documents[`unleash ${shape}`] = {
      version: 2,
      features: keys.map((name) => ({
        name,
        enabled: true,
        strategies: [],
        dependencies: of(name).map((feature) => ({ feature, enabled: true })),
      })),
    }
    documents[`flagd evaluators ${shape}`] = {
      $evaluators: flags((_, asked) => ({ or: asked.map((id) => ({ $ref: id })) }), of),
      flags: {
        f: {
          state: 'ENABLED',
          variants: { on: true, off: false },
          defaultVariant: 'off',
          targeting: { if: [{ $ref: 'f0' }, 'on', 'off'] },
        },
      },
    }
  }
  return documents
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof DocumentError) return undefined
    throw error
  }
}
