/** Every row in which the two engines differ, asked of both profiles. Rows of the Go engine are by its published rules. */
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import { goDate, nodeDate } from './dates.ts'
import { launchdarkly } from './lower.ts'
import { goReference, nodeReference } from './reference.ts'
import { goVersion, nodeVersion } from './semver.ts'

const U1 = { targetingKey: 'u1', x: 'v1.2', m: 'abc', moment: '2026-03-01T9:00:00Z' }

/** `off` is the off variation, `in` what a rule serves, `out` the fallthrough; else the vendor's error. */
function served(profile: string, members: object, segment: object = {}, context: object = U1): unknown {
  const flag = { on: true, salt: 's', variations: ['off', 'in', 'out'], offVariation: 0, fallthrough: { variation: 2 } }
  const flags = { f: { ...flag, ...members }, broken: { ...flag, fallthrough: { variation: 9 } } }
  const { ruleset } = compileWith(launchdarkly, { document: { flags, segments: { s: segment } }, options: { profile } })
  const { value, metadata } = ruleset.evaluate('f', { ...context })
  const status = metadata?.['bigSegmentsStatus']
  const answer = typeof value === 'string' ? value : metadata?.['errorKind']
  return [answer, ...(status === undefined ? [] : [status])].join(' ')
}

const rule = (...clauses: object[]): object => ({ rules: [{ clauses, variation: 1 }] })
const is = (attribute: string, op: string, values: unknown[], contextKind = 'user'): object => ({
  attribute,
  op,
  values,
  contextKind,
})
const inSegment = rule({ op: 'segmentMatch', values: ['s'] })
const mine = is('key', 'in', ['u1'])

describe('where the engines differ', () => {
  it.each<[string, object, object, string, string]>([
    ['an error before another clause', rule(is('//', 'in', []), mine), {}, 'in', 'MALFORMED_FLAG'],
    [
      'an error in a segment before another clause',
      inSegment,
      { rules: [{ clauses: [is('//', 'in', []), mine] }] },
      'in',
      'MALFORMED_FLAG',
    ],
    ['values of a user context target', { contextTargets: [{ values: ['u1'], variation: 1 }] }, {}, 'out', 'in'],
    ['a malformed prerequisite', { prerequisites: [{ key: 'broken', variation: 1 }] }, {}, 'MALFORMED_FLAG', 'off'],
    [
      'a weighted segment rule without the kind',
      inSegment,
      { rules: [{ clauses: [], weight: 1, rolloutContextKind: 'org' }] },
      'in',
      'out',
    ],
    [
      'a weighted segment rule without the attribute',
      inSegment,
      { rules: [{ clauses: [], weight: 1, bucketBy: 'gone' }] },
      'in',
      'in',
    ],
    ['a rule without clauses', { rules: [{ variation: 1 }] }, {}, 'out', 'in'],
    ['a segment rule without clauses', inSegment, { rules: [{}] }, 'out', 'in'],
    [
      'a big segment of another kind without generation',
      inSegment,
      { unbounded: true, unboundedContextKind: 'org' },
      'out',
      'out NOT_CONFIGURED',
    ],
    [
      'a big segment of generation 0',
      inSegment,
      { unbounded: true, generation: 0, rules: [{ clauses: [] }] },
      'out NOT_CONFIGURED',
      'in NOT_CONFIGURED',
    ],
    ['a pattern of RE2 alone', rule(is('m', 'matches', ['(?i)ABC'])), {}, 'out', 'in'],
    ['an hour of one digit', rule(is('moment', 'after', ['2026-01-01T00:00:00Z'])), {}, 'out', 'in'],
    ['a reference with a slash at the end', rule(is('/x/', 'in', ['a'])), {}, 'out', 'MALFORMED_FLAG'],
    ['a plain name with two slashes', rule(is('a//b', 'in', ['a'])), {}, 'MALFORMED_FLAG', 'out'],
    ['an empty kind', rule(is('key', 'in', ['u1'], '')), {}, 'out', 'in'],
  ])('%s', (_, members, segment, node, go) => {
    expect([served('node', members, segment), served('go', members, segment)]).toEqual([node, go])
  })

  it('seed 0', () => {
    const rollout = (seed?: number): object => ({
      fallthrough: {
        rollout: {
          ...(seed === undefined ? {} : { seed }),
          variations: [
            { variation: 1, weight: 50_000 },
            { variation: 2, weight: 50_000 },
          ],
        },
      },
    })
    const answers = (profile: string, seed?: number): unknown[] =>
      Array.from({ length: 30 }, (_, user) => served(profile, rollout(seed), {}, { targetingKey: `z${user}` }))
    expect(answers('node', 0)).toEqual(answers('node'))
    expect(answers('go', 0)).not.toEqual(answers('go'))
    expect(answers('go')).toEqual(answers('node'))
    expect(answers('go', 61)).toEqual(answers('node', 61))
  })
})

describe('references', () => {
  it.each<[string, readonly string[] | undefined, readonly string[] | undefined]>([
    ['a', ['a'], ['a']],
    ['/a', ['a'], ['a']],
    ['/a/b', ['a', 'b'], ['a', 'b']],
    ['/a~1b/c~0d', ['a/b', 'c~d'], ['a/b', 'c~d']],
    ['/~0x', ['~0x'], ['~x']],
    ['/a/', ['a', ''], undefined],
    ['/a~2', undefined, undefined],
    ['/a~', undefined, undefined],
    ['a~', undefined, ['a~']],
    ['a~2', ['a~2'], ['a~2']],
    ['/a~|', ['a~|'], undefined],
    ['', undefined, undefined],
    ['/', undefined, undefined],
    ['//', undefined, undefined],
    ['_meta', undefined, ['_meta']],
    ['/_meta/x', undefined, ['_meta', 'x']],
  ])('%j', (text, node, go) => {
    expect([nodeReference(text), goReference(text)]).toEqual([node, go])
  })
})

describe('dates', () => {
  const at = Date.UTC(2026, 2, 1, 9)

  it.each<[string, number | undefined, number | undefined]>([
    ['2026-03-01T09:00:00Z', at, at],
    ['2026-03-01T09:00:00.5Z', at + 500, at + 500],
    ['2026-03-01T10:00:00+01:00', at, at],
    ['2026-03-01T07:30:00-01:30', at, at],
    ['2026-03-01T9:00:00Z', undefined, at],
    ['2026-03-01T09:00:00.0001Z', at, at + 0.1],
    ['2026-03-01T09:00:00.1234567891Z', at + 123, undefined],
    ['2026-03-01T09:00:00Zjunk', NaN, undefined],
    ['2026-02-30T09:00:00Z', Date.parse('2026-02-30T09:00:00Z'), undefined],
    ['2026-03-01T24:00:00Z', Date.parse('2026-03-01T24:00:00Z'), undefined],
    ['2026-03-01T09:00:00', undefined, undefined],
    ['2026-03-01', undefined, undefined],
    ['0000-01-01T00:00:00Z', -62167219200000, -62167219200000],
  ])('%s', (text, node, go) => {
    expect(nodeDate(text)).toBe(node)
    if (go === undefined) expect(goDate(text)).toBeUndefined()
    else expect(goDate(text)).toBeCloseTo(go, 3)
  })
})

describe('versions', () => {
  it.each<[string, string | undefined, string | undefined]>([
    ['2', '2.0.0', '2.0.0'],
    ['2-beta', '2.0.0', '2.0.0'],
    ['v2.0.0', undefined, undefined],
    [' v2.0.0', '2.0.0', undefined],
    ['2 ', '2.0.0', undefined],
    ['02.0.0', undefined, undefined],
    ['9007199254740992.0.0', undefined, '9007199254740992.0.0'],
    [`1.0.0-${'x'.repeat(250)}`, '1.0.0', '1.0.0'],
    [`1.0.0-${'x'.repeat(251)}`, undefined, '1.0.0'],
  ])('%s', (text, node, go) => {
    const numbers = [nodeVersion(text), goVersion(text)].map((found) =>
      found === undefined ? undefined : `${found.major}.${found.minor}.${found.patch}`,
    )
    expect(numbers).toEqual([node, go])
  })
})
