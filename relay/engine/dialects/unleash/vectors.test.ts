/** The recorded cases: what the npm SDK 6.12.1 answered, and where Yggdrasil is said to answer otherwise. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Ruleset } from '../../ruleset.ts'
import { murmur3, murmur3CodeUnits } from '../../splits/murmur3.ts'
import { contextOf, expectedVariant, variantOf } from './testing/answers.ts'
import type { UnleashContext, VariantAnswer } from './testing/answers.ts'
import { unleash } from './lower.ts'

interface Vector {
  readonly id: string
  readonly description: string
  readonly state: object
  readonly flag: string
  readonly context: UnleashContext
  readonly expected: { readonly isEnabled: boolean; readonly getVariant: VariantAnswer }
  readonly otherEngines?: string
}
interface HashVector {
  readonly group: string
  readonly id: string
  readonly seed: number
  readonly modulus: number
  readonly expected: number
  readonly utf8EngineWouldGive?: number
}
const { vectors, hashVectors } = JSON.parse(readFileSync(new URL('testing/vectors.json', import.meta.url), 'utf8')) as {
  vectors: readonly Vector[]
  hashVectors: readonly HashVector[]
}

function compiled(state: object, profile: string): Ruleset {
  const options = { profile, appName: 'vector-app', environment: 'default' }
  return compileWith(unleash, { document: JSON.stringify(state), options, random: () => 0.5 }).ruleset
}

function answers({ state, flag, context }: Vector, profile: string): object {
  const ruleset = compiled(state, profile)
  const asked = contextOf(context)
  if (!ruleset.keys.includes(flag)) {
    expect(ruleset.evaluate(flag, asked)).toMatchObject({ reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' })
  }
  const { value = false } = ruleset.evaluate(flag, asked, 'boolean', { now: 0 })
  return { isEnabled: value, getVariant: variantOf(ruleset, flag, asked, 0) }
}

const recorded = ({ expected }: Vector): object => ({
  isEnabled: expected.isEnabled,
  getVariant: expectedVariant(expected.getVariant),
})

describe('node', () => {
  it.each(vectors)('$id $description', (vector) => {
    expect(answers(vector, 'node')).toEqual(recorded(vector))
  })
})

/** Spec §5 over the same cases: `isEnabled`, and the variant where it is another. */
const YGGDRASIL: Readonly<Record<string, readonly [isEnabled: boolean, variant?: string]>> = {
  U009: [true],
  U036: [false],
  U037: [false],
  U038: [true],
  U041: [false],
  U046: [true],
  U057: [false],
  U064: [false],
  U066: [false],
  U067: [false],
  U070: [false],
  U089: [false],
  U095: [true, 'a'],
  U098: [true, 'a'],
  U105: [true, 'sb'],
}

describe('yggdrasil', () => {
  it.each(vectors.filter(({ id }) => !Object.hasOwn(YGGDRASIL, id)))('$id $description', (vector) => {
    expect(vector.otherEngines).toBeUndefined()
    expect(answers(vector, 'yggdrasil')).toEqual(recorded(vector))
  })

  it.each(vectors.filter(({ id }) => Object.hasOwn(YGGDRASIL, id)))('$id $otherEngines', (vector) => {
    const [isEnabled, name = 'disabled'] = YGGDRASIL[vector.id] ?? []
    expect(answers(vector, 'yggdrasil')).toMatchObject({
      isEnabled,
      getVariant: { name, enabled: name !== 'disabled', feature_enabled: isEnabled },
    })
  })

  it('leaves a caller with nothing but an address to chance, where node does not', () => {
    const vector = vectors.find(({ id }) => id === 'U095')
    const context = contextOf(vector?.context ?? {})
    expect(compiled(vector?.state ?? {}, 'node').projection(context, 0)).toBeDefined()
    expect(compiled(vector?.state ?? {}, 'yggdrasil').projection(context, 0)).toBeUndefined()
  })
})

describe('hashes', () => {
  it.each(hashVectors)('$group : $id', ({ group, id, seed, modulus, expected, utf8EngineWouldGive = expected }) => {
    const text = `${group}:${id}`
    expect((murmur3CodeUnits(text, seed) % modulus) + 1).toBe(expected)
    expect((murmur3(text, seed) % modulus) + 1).toBe(utf8EngineWouldGive)
  })
})
