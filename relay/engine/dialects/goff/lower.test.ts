/** Curated cases: documents and their faults, keys, schedules, the clock, metadata, options, spelling and hostile shapes. */
import { describe, expect, it } from 'vitest'
import { changes } from '../../changes.ts'
import { compileWith } from '../../compile.ts'
import type { Compiled } from '../../compile.ts'
import type { Context, Evaluation } from '../../outcome.ts'
import { DocumentError } from '../../problem.ts'
import { parseRfc3339, parseTimestamp } from './dates.ts'
import { goff } from './lower.ts'

const onOff = { variations: { on: true, off: false }, defaultRule: { variation: 'off' } }
const half = { percentage: { on: 50, off: 50 } }
const NOW = Date.UTC(2026, 5, 15)

const load = (document: unknown, options: object = {}): Compiled =>
  compileWith(goff, { document: JSON.stringify(document), options: { ...options } })

function ask(flag: object, context: Context = {}, options: object = {}, now: number = NOW): Evaluation {
  return load({ f: flag }, options).ruleset.evaluate('f', context, undefined, { now })
}

describe('a document', () => {
  it.each([
    [[], 'must be an object'],
    [null, 'must be an object'],
    ['flags', 'must be an object'],
    [{ f: 1, g: [] }, 'none of the 2 members is a flag'],
    [{ flags: { f: 1 } }, 'flags: none of the 1 members'],
    [{ flags: {}, evaluationContextEnrichment: [] }, 'evaluationContextEnrichment: must be an object'],
    [{ errorCode: 'INVALID_REQUEST', errorDetails: 'x' }, 'errorCode: this is an error of the relay'],
  ])('%j is refused', (document, message) => {
    expect(() => load(document)).toThrow(DocumentError)
    expect(() => load(document)).toThrow(message)
  })

  it('may be empty, and leaves out what is no flag', () => {
    expect(load({}).ruleset.keys).toEqual([])
    const { ruleset, problems } = load({ $schema: 'x', f: onOff })
    expect(ruleset.keys).toEqual(['f'])
    expect(problems).toMatchObject([{ path: '$schema', severity: 'warning' }])
  })

  it('may be what the configuration endpoint answers, with attributes for everybody', () => {
    const flag = { ...onOff, targeting: [{ query: 'env eq "prod"', variation: 'on' }] }
    const wrapped = { flags: { f: flag, flags: onOff }, evaluationContextEnrichment: { env: 'prod' } }
    const { ruleset } = load(wrapped)
    expect(ruleset.keys).toEqual(['f', 'flags'])
    expect(ruleset.evaluate('f', { env: 'mine' }).value).toBe(true)
    expect(ruleset.facts('f').reads).toEqual([])
    const other = load({ ...wrapped, evaluationContextEnrichment: { env: 'test' } }).ruleset
    expect(changes(ruleset, other).changed).toEqual(['f', 'flags'])
  })

  it('may have flags that are called flags and variations', () => {
    expect(load({ flags: onOff }).ruleset.keys).toEqual(['flags'])
    expect(load({ flags: { variations: onOff } }).ruleset.keys).toEqual(['variations'])
  })

  it('keeps names of the object prototype apart', () => {
    const { ruleset } = load(
      JSON.parse(`{"__proto__": ${JSON.stringify(onOff)}, "constructor": ${JSON.stringify(onOff)}}`),
    )
    expect(ruleset.keys).toEqual(['__proto__', 'constructor'])
    expect(ruleset.evaluate('__proto__', {}).variant).toBe('off')
    expect(ruleset.evaluate('toString', {}).errorCode).toBe('FLAG_NOT_FOUND')
  })
})

describe('a flag that is quarantined', () => {
  it.each([
    [{ variations: 5 }, 'f.variations', 'must be an object, not 5'],
    [{ variations: {} }, 'f.variations', 'at least one'],
    [{ variations: { on: 1, off: '0' } }, 'f.variations.off', 'is of type string, others are of type number'],
    [{ variations: { on: [], off: {} } }, 'f.variations.off', 'is of type object'],
    [{ defaultRule: null }, 'f.defaultRule', 'is missing'],
    [{ defaultRule: { variation: 5 } }, 'f.defaultRule.variation', 'must be a text, not 5'],
    [{ defaultRule: { percentage: { on: '5' } } }, 'f.defaultRule.percentage.on', 'must be a number'],
    [{ defaultRule: { percentage: { on: null } } }, 'f.defaultRule.percentage.on', 'not null'],
    [{ defaultRule: { percentage: { on: 0, off: 0 } } }, 'f.defaultRule.percentage', 'add up to 0'],
    [{ defaultRule: { percentage: { __: 100 } } }, 'f.defaultRule.percentage.__', 'there is no variation "__"'],
    [{ targeting: {} }, 'f.targeting', 'must be a list'],
    [{ targeting: [5] }, 'f.targeting[0]', 'must be an object'],
    [{ targeting: [{ variation: 'on' }] }, 'f.targeting[0].query', 'is missing'],
    [{ targeting: [{ query: '', variation: 'gone' }] }, 'f.targeting[0].variation', 'no variation "gone"'],
    [{ experimentation: { start: 'soon' } }, 'f.experimentation.start', 'must be a date'],
    [{ experimentation: { end: '2026-02-30T00:00:00Z' } }, 'f.experimentation.end', 'must be a date'],
    [{ scheduledRollout: [{ date: 5 }] }, 'f.scheduledRollout[0].date', 'must be a text'],
    [{ scheduledRollout: [null] }, 'f.scheduledRollout[0]', 'must be an object'],
    [{ scheduledRollout: [{ targeting: [{ query: [] }] }] }, 'f.scheduledRollout[0].targeting[0].query', 'a list'],
    [{ metadata: 'x' }, 'f.metadata', 'must be an object'],
    [{ disable: 'yes' }, 'f.disable', 'must be true or false'],
    [{ version: {} }, 'f.version', 'must be a text'],
    [{ bucketingKey: 1 }, 'f.bucketingKey', 'must be a text'],
    [
      { defaultRule: { progressiveRollout: { initial: { variation: 'gone' }, end: {} } } },
      'f.defaultRule.progressiveRollout.initial.variation',
      'no variation "gone"',
    ],
  ])('%j says where and why, and costs no other', (part, path, message) => {
    const { ruleset, problems } = load({ f: { ...onOff, ...part }, g: onOff })
    const errors = problems.filter(({ severity }) => severity === 'error')
    expect(errors).toMatchObject([{ flag: 'f', path }])
    expect(errors[0]?.message).toContain(message)
    expect(ruleset.evaluate('f', { targetingKey: 'u' }).errorCode).toBe('PARSE_ERROR')
    expect(ruleset.evaluate('g', {}).value).toBe(false)
  })

  it('is as big or as deep as it likes', () => {
    const deep = `${'['.repeat(150)}${']'.repeat(150)}`
    const { ruleset } = load({
      f: { ...onOff, targeting: Array.from({ length: 100_000 }, () => 5) },
      g: { ...onOff, targeting: [{ query: `{"==": ${deep}}`, variation: 'on' }] },
      h: { ...onOff, targeting: [{ query: `x in [${'"a",'.repeat(50_000)}"b"]`, variation: 'on' }] },
    })
    expect(ruleset.evaluate('f', {}).errorCode).toBe('PARSE_ERROR')
    expect(ruleset.evaluate('g', {}).errorCode).toBe('PARSE_ERROR')
    expect(ruleset.evaluate('h', { x: 'b' }).value).toBe(true)
  })
})

describe('the key that is hashed', () => {
  it('is missing before anything else', () => {
    const flag = { ...onOff, disable: true, scheduledRollout: [{ date: '2999-01-01T00:00:00Z', defaultRule: half }] }
    expect(ask(flag)).toMatchObject({ reason: 'ERROR', errorCode: 'TARGETING_KEY_MISSING' })
    expect(ask(flag)).not.toHaveProperty('value')
    expect(ask(flag, { targetingKey: 'u' }).reason).toBe('DISABLED')
  })

  it('may be any attribute, nested or injected, but must be a text', () => {
    const by = (bucketingKey: string, context: Context): unknown =>
      ask({ ...onOff, bucketingKey }, context).errorCode ?? 'found'
    expect(by('team.id', { team: { id: 'a' } })).toBe('found')
    expect(by('team.id', { team: { id: 5 } })).toBe('TARGETING_KEY_MISSING')
    expect(by('team.id', { 'team.id': 'a' })).toBe('TARGETING_KEY_MISSING')
    expect(by('targetingKey', {})).toBe('found')
    expect(by('team', { team: '' })).toBe('found')
    expect(ask({ ...onOff, bucketingKey: 'team', defaultRule: half }, { team: '' }).errorCode).toBe(
      'TARGETING_KEY_MISSING',
    )
    expect(load({ f: { ...onOff, bucketingKey: 'team.id' } }).ruleset.facts('f').reads).toEqual(['team'])
  })

  it('is not needed by a flag that splits nobody', () => {
    expect(ask({ ...onOff, defaultRule: { variation: 'on', percentage: {} } }, {}, { invalid: 'evaluate' }).value).toBe(
      true,
    )
  })
})

describe('time', () => {
  const window = { start: '2026-01-01T00:00:00Z', end: '2026-02-01T00:00:00Z' }
  const flag = { ...onOff, experimentation: window }
  const end = Date.parse(window.end)

  it('is announced where answers change', () => {
    const { ruleset } = load({ f: flag, g: { ...onOff, scheduledRollout: [{ date: '2026-03-01T00:00:00Z' }] } })
    expect(ruleset.nextTransition(0)).toBe(Date.parse(window.start))
    expect(ruleset.nextTransition(Date.parse(window.start))).toBe(end + 1)
    expect(ruleset.nextTransition(end + 1)).toBe(Date.UTC(2026, 2, 1))
    expect(ask(flag, {}, {}, end).reason).toBe('STATIC')
    expect(ask(flag, {}, {}, end + 1)).toMatchObject({ reason: 'DISABLED' })
    expect(ask(flag, {}, {}, end + 1)).not.toHaveProperty('value')
  })

  it.each([
    ['2026-01-15T00:00:00Z', 'STATIC'],
    ['2026-02-01T01:00:00+01:00', 'STATIC'],
    ['2026-02-01T00:00:00.001Z', 'DISABLED'],
    [new Date('2026-01-15T00:00:00Z'), 'STATIC'],
    ['2026-01-15', 'DISABLED'],
    ['2026-02-30T00:00:00Z', 'DISABLED'],
    [5, 'DISABLED'],
  ])('is what the caller says by %j', (currentDateTime, reason) => {
    expect(ask(flag, { gofeatureflag: { currentDateTime } }).reason).toBe(reason)
  })

  it('on a ramp may change an answer at any moment, but only for whom the ramp reaches in between', () => {
    const progressiveRollout = {
      initial: { variation: 'off', percentage: 20, date: '2026-06-01T00:00:00Z' },
      end: { variation: 'on', percentage: 60, date: '2026-07-01T00:00:00Z' },
    }
    const { ruleset } = load({ f: { ...onOff, defaultRule: { progressiveRollout } } })
    const users = Array.from({ length: 2_000 }, (_, index) => `user-${index}`)
    const on = (day: number): Set<string> =>
      new Set(
        users.filter((targetingKey) => {
          const answer = ruleset.evaluate('f', { targetingKey }, undefined, { now: Date.UTC(2026, 5, day) })
          return answer.value === true
        }),
      )
    const days = [on(0), on(1), on(8), on(16), on(24), on(31)]
    const shares = days.map((each) => each.size / users.length)
    for (const [index, share] of [0, 0.2, 0.293, 0.4, 0.507, 0.6].entries()) expect(shares[index]).toBeCloseTo(share, 1)
    for (const [index, before] of days.slice(0, -1).entries()) {
      expect(before.isSubsetOf(days[index + 1] ?? new Set())).toBe(true)
    }
    const [, first = new Set<string>(), , , , last = new Set<string>()] = days
    for (const targetingKey of users) {
      const settled = first.has(targetingKey) || !last.has(targetingKey)
      expect(ruleset.projection({ targetingKey }, NOW, 'f') !== undefined).toBe(settled)
    }
    const fixed = { targetingKey: 'user-1', gofeatureflag: { currentDateTime: '2026-06-20T00:00:00Z' } }
    expect(ruleset.projection(fixed, NOW, 'f')).toBeDefined()
  })

  it('is read from texts alone that say one moment', () => {
    expect(parseRfc3339('2026-01-31T23:30:00.25-01:00')).toBe(Date.UTC(2026, 1, 1, 0, 30, 0, 250))
    expect(parseRfc3339('0099-01-01T00:00:00Z')).toBe(Date.parse('0099-01-01T00:00:00Z'))
    expect(parseTimestamp('2026-1-2 3:04:05')).toBe(Date.UTC(2026, 0, 2, 3, 4, 5))
    expect(parseTimestamp('2026-01-02')).toBe(Date.UTC(2026, 0, 2))
    for (const text of ['', '2026-01-01', '2026-01-01T24:00:00Z', '2026-01-01T00:00:60Z', '2026-13-01T00:00:00Z']) {
      expect(parseRfc3339(text)).toBeUndefined()
    }
    expect(parseTimestamp('now')).toBeUndefined()
  })
})

describe('schedules', () => {
  it('keep what is not named, and serve null for variations that do not exist', () => {
    const flag = {
      ...onOff,
      defaultRule: half,
      version: '1',
      scheduledRollout: [
        { date: '2026-01-03T00:00:00Z', defaultRule: { percentage: { on: -1, off: -1 }, variation: 'gone' } },
        {
          date: '2026-01-02T00:00:00Z',
          targeting: [{ query: 'x pr', variation: 'on' }],
          trackEvents: false,
          version: '9',
        },
      ],
    }
    const context = { targetingKey: 'u', x: 1 }
    const at = (day: number, of: Context): Evaluation => ask(flag, of, {}, Date.UTC(2026, 0, day))
    expect(at(1, context)).toMatchObject({ reason: 'SPLIT', metadata: { version: '1' } })
    expect(at(1, context).metadata).toEqual({ version: '1' })
    expect(at(2, context)).toMatchObject({ variant: 'on', reason: 'TARGETING_MATCH' })
    expect(at(2, context).metadata).toEqual({ version: '1', trackEvents: false })
    expect(at(3, { targetingKey: 'u' })).toMatchObject({ value: null, variant: 'gone', reason: 'DEFAULT' })
  })

  it('merge each of many rules with its namesake, and warn of a query once however many states share it', () => {
    const names = Array.from({ length: 5_000 }, (_, index) => `r${index}`)
    const rules = (variation: string): object[] => names.map((name) => ({ name, query: `x eq "${name}" `, variation }))
    const flag = {
      ...onOff,
      targeting: [...rules('off'), { query: 'x eq 1 AND y eq 2', variation: 'on' }],
      scheduledRollout: [1, 2, 3].map((day) => ({ date: `2026-01-0${day}T00:00:00Z`, targeting: rules('on') })),
    }
    const { ruleset, problems } = load({ f: flag })
    expect(problems).toHaveLength(1)
    expect(ruleset.evaluate('f', { x: 'r4999' }, undefined, { now: 0 }).value).toBe(false)
    expect(ruleset.evaluate('f', { x: 'r4999' }, undefined, { now: NOW }).value).toBe(true)
  })

  it('have an end', () => {
    const scheduledRollout = Array.from({ length: 1_001 }, () => ({ date: '2026-01-01T00:00:00Z' }))
    expect(ask({ ...onOff, scheduledRollout }).errorCode).toBe('PARSE_ERROR')
  })

  it('are not checked when they are loaded, and what they cannot read never matches', () => {
    const targeting = [{ query: 'x = 1', variation: 'on' }]
    const flag = { ...onOff, scheduledRollout: [{ date: '2026-01-01T00:00:00Z', targeting }] }
    const { ruleset, problems } = load({ f: flag })
    expect(problems).toMatchObject([
      {
        flag: 'f',
        path: 'f.scheduledRollout',
        severity: 'warning',
        message: 'at character 1 cannot be read from here',
      },
      { flag: 'f', path: 'f.scheduledRollout', severity: 'warning', message: 'at character 3 "= " means nothing' },
    ])
    expect(ruleset.evaluate('f', { x: 1 }, undefined, { now: NOW })).toMatchObject({ value: false, reason: 'DEFAULT' })
  })
})

describe('metadata', () => {
  it('are the flag’s own and what the vendor says beside the answer', () => {
    const metadata = { owner: 'me', version: 'mine', nested: { a: 1 } }
    const targeting = [{ name: 'r', query: 'x pr', percentage: { on: 60, off: 40 } }]
    const { ruleset, problems } = load({ f: { ...onOff, version: '3', metadata, targeting } })
    expect(ruleset.evaluate('f', { targetingKey: 'u', x: 1 })).toMatchObject({ reason: 'SPLIT' })
    expect(ruleset.evaluate('f', { targetingKey: 'u', x: 1 }).metadata).toEqual({
      version: 'mine',
      owner: 'me',
      evaluatedRuleName: 'r',
      goffReason: 'TARGETING_MATCH_SPLIT',
      gofeatureflag_cacheable: true,
    })
    expect(problems).toMatchObject([{ path: 'f.metadata.nested', severity: 'warning' }])
  })

  it('tell a wrong configuration by the vendor’s code', () => {
    const rule = { percentage: { on: 0.0001 } }
    expect(ask({ ...onOff, defaultRule: rule }, { targetingKey: 'u' })).toMatchObject({
      errorCode: 'GENERAL',
      metadata: { goffErrorCode: 'FLAG_CONFIG' },
    })
  })
})

describe('options', () => {
  it.each([
    [{ invalid: 'drop' }, 'options.invalid: must be "quarantine" or "evaluate", not "drop"'],
    [{ nestedPaths: true }, 'options.nestedPaths: must be "vendor" or "missing", not true'],
    [{ environment: 5 }, 'options.environment: must be a text'],
    [{ evaluationContextEnrichment: 'x' }, 'options.evaluationContextEnrichment: must be an object'],
  ])('%j are refused', (options, message) => {
    expect(() => load({ f: onOff }, options)).toThrow(message)
  })

  it('add attributes that nobody overrules, but no key', () => {
    const query = 'env eq "prod" and plan eq "pro" and anonymous eq true and key eq "u"'
    const flag = { ...onOff, targeting: [{ query, variation: 'on' }] }
    const enrichment = { plan: 'pro', anonymous: true, key: 'other', targetingKey: 'other' }
    const options = { environment: 'prod', evaluationContextEnrichment: enrichment }
    expect(ask(flag, { targetingKey: 'u', plan: 'free', env: 'x', anonymous: false }, options).value).toBe(true)
    expect(ask(flag, { targetingKey: 'other' }, options).value).toBe(false)
  })
})

describe('values', () => {
  it('keep their spelling, and integers beside fractions get a point', () => {
    const text = (document: string): string => compileWith(goff, { document }).ruleset.outcome('f', {}).json
    const flag = (variations: string): string =>
      `{"f": {"variations": ${variations}, "defaultRule": {"variation": "a"}}}`
    expect(text(flag('{"a": 1.0}'))).toContain('"value":1.0')
    expect(text(flag('{"a": 1, "b": 0.5}'))).toContain('"value":1.0')
    expect(text(flag('{"a": 9007199254740993}'))).toContain('"value":9007199254740993')
    expect(text(flag('{"a": {"n": [1.50, 1]}}'))).toContain('"value":{"n":[1.50,1]}')
  })

  it('of another type than asked for are a mismatch', () => {
    const { ruleset } = load({ f: onOff })
    expect(ruleset.evaluate('f', {}, 'string').errorCode).toBe('TYPE_MISMATCH')
    expect(ruleset.evaluate('f', {}, 'boolean').value).toBe(false)
  })
})
