/**
 * Proves both orders against the packages vendors use: strict SemVer against `semver`, the loose one against the
 * comparison inside Featurevisor's SDK, asked through its own conditions.
 */
import { createRequire } from 'node:module'
import { createInstance } from '@featurevisor/sdk'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareLooseVersions, parseLooseVersion } from './compare-versions.ts'
import { compareSemVer, parseSemVer } from './semver.ts'

/** The package carries no types and comes with the vendors' SDKs. */
const semver = createRequire(import.meta.url)('semver') as {
  valid(text: string): string | null
  compare(left: string, right: string): number
}

const runs = { seed: 20261120, numRuns: 10_000 }

const number = fc.oneof(fc.nat(3).map(String), fc.constantFrom('10', '9', '007', '00', '99999', '', 'x', '*', 'X', 'a'))
const label = fc.constantFrom(
  'alpha',
  'beta',
  'rc',
  '1',
  '2',
  '10',
  '01',
  '1a',
  '-',
  'x',
  'A',
  '0',
  '',
  'é',
  '9007199254740993',
)
const labels = fc.array(label, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('.'))
const version = fc
  .tuple(
    fc.constantFrom('', '', '', 'v', '=', '>=', '^', '~', 'vv', ' '),
    fc.oneof(fc.array(number, { minLength: 3, maxLength: 3 }), fc.array(number, { minLength: 1, maxLength: 5 })),
    fc.option(labels, { nil: undefined }),
    fc.option(labels, { nil: undefined }),
  )
  .map(
    ([prefix, numbers, pre, build]) =>
      `${prefix}${numbers.join('.')}${pre === undefined ? '' : `-${pre}`}${build === undefined ? '' : `+${build}`}`,
  )
const plainVersion = fc
  .tuple(fc.array(fc.nat(2), { minLength: 3, maxLength: 3 }), fc.option(labels, { nil: undefined }))
  .map(([numbers, pre]) => numbers.join('.') + (pre === undefined ? '' : `-${pre}`))
const oneish = fc.constantFrom(
  '1',
  '1.0',
  '1.0.0',
  'v1',
  '1.x',
  '1.*.0',
  '1.0.0+b',
  '1.0.0-1',
  '1.0.0-01',
  '1.0.0-1a',
  '1.0.0.0',
)
const anyVersion = fc.oneof(version, plainVersion, oneish)

describe('strict SemVer', () => {
  it('accepts and orders as npm semver does, v and blanks aside', () => {
    let compared = 0
    fc.assert(
      fc.property(anyVersion, anyVersion, (left, right) => {
        const ours = [parseSemVer(left), parseSemVer(right)] as const
        for (const [index, text] of [left, right].entries()) {
          const strict = /^\d/.test(text) && !text.includes('9007199254740993')
          if (strict) expect(ours[index] !== undefined, text).toBe(semver.valid(text) !== null)
        }
        if (!ours[0] || !ours[1] || `${left}${right}`.includes('9007199254740993')) return
        compared++
        expect(Math.sign(compareSemVer(ours[0], ours[1])), `${left} ${right}`).toBe(semver.compare(left, right))
      }),
      runs,
    )
    expect(compared).toBeGreaterThan(500)
  })

  it('orders numbers beyond 2^53 by their digits', () => {
    const [low, high] = [parseSemVer('1.0.9007199254740992'), parseSemVer('1.0.9007199254740993')]
    expect(low && high && compareSemVer(low, high)).toBeLessThan(0)
    const [few, many] = [parseSemVer('1.0.0-9007199254740993'), parseSemVer('1.0.0-10000000000000000')]
    expect(few && many && compareSemVer(few, many)).toBeLessThan(0)
  })

  it.each([
    ['2', {}, undefined],
    ['2', { padding: 'bare' }, '2.0.0'],
    ['2.1', { padding: 'any' }, '2.1.0'],
    ['2-beta', { padding: 'bare' }, undefined],
    ['2+b', { padding: 'bare' }, undefined],
    ['2-beta', { padding: 'any' }, '2.0.0-beta'],
    ['2.1-beta.1+build', { padding: 'any' }, '2.1.0-beta.1'],
    ['02.1.0', { padding: 'any' }, undefined],
    ['1.2.3.4', { padding: 'any' }, undefined],
    ['v1.2.3', {}, undefined],
    ['v1.2.3', { prefix: 'v' }, '1.2.3'],
    ['V1', { prefix: 'v', padding: 'bare' }, '1.0.0'],
    ['vv1.2.3', { prefix: 'v' }, undefined],
    [' 1.2.3 ', {}, undefined],
    [' 1.2.3 ', { trim: true }, '1.2.3'],
    ['1.0.9007199254740992', { largest: 9007199254740991 }, undefined],
    ['1.0.9007199254740991', { largest: 9007199254740991 }, '1.0.9007199254740991'],
    ['1.2.3\n', {}, undefined],
    ['', { padding: 'any' }, undefined],
  ] as const)('%j with %j is %j', (text, options, expected) => {
    const parsed = parseSemVer(text, options)
    const { major, minor, patch, prerelease = [] } = parsed ?? {}
    const printed = parsed && `${major}.${minor}.${patch}${prerelease.length > 0 ? `-${prerelease.join('.')}` : ''}`
    expect(printed).toBe(expected)
  })
})

const operators = ['semverEquals', 'semverLessThan', 'semverGreaterThan'] as const

/** The SDK's own verdict: -1, 0, 1, or undefined when it refuses a side. */
function askFeaturevisor(left: string, right: string): number | undefined {
  const rules = operators.map((operator) => ({
    key: operator,
    segments: [operator],
    percentage: 100_000,
    allocation: [],
    variation: operator,
  }))
  const instance = createInstance({
    logLevel: 'fatal',
    datafile: {
      schemaVersion: '2',
      revision: '1',
      segments: Object.fromEntries(
        operators.map((operator) => [operator, { conditions: [{ attribute: 'version', operator, value: right }] }]),
      ),
      features: {
        order: { bucketBy: 'version', variations: operators.map((value) => ({ value })), traffic: rules },
      },
    },
  })
  const answer = instance.getVariation('order', { version: left })
  return answer === 'semverEquals'
    ? 0
    : answer === 'semverLessThan'
      ? -1
      : answer === 'semverGreaterThan'
        ? 1
        : undefined
}

describe('loose versions', () => {
  it('accepts and orders as the package inside the SDK does', () => {
    const seen = { before: 0, equal: 0, after: 0, refused: 0 }
    fc.assert(
      fc.property(anyVersion, anyVersion, (leftText, rightText) => {
        const [left, right] = [parseLooseVersion(leftText), parseLooseVersion(rightText)]
        const ours = left && right && compareLooseVersions(left, right)
        seen[ours === undefined ? 'refused' : ours < 0 ? 'before' : ours > 0 ? 'after' : 'equal']++
        expect(ours, `${leftText} ${rightText}`).toBe(askFeaturevisor(leftText, rightText))
      }),
      {
        ...runs,
        examples: [
          ['1.0.0-1a', '1.0.0-1'],
          ['1.x', '1.7'],
          ['1.2.3.4', '1.2.3'],
          ['>=1', '1.0.0+b'],
        ],
      },
    )
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(100)
  })
})
