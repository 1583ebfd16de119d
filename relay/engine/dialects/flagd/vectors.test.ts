/** The recorded cases: the daemon's answers where engines differ, everybody's where they agree. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { changes } from '../../changes.ts'
import { compileWith } from '../../compile.ts'
import type { Context, Evaluation, Json, Metadata, ValueType } from '../../outcome.ts'
import { murmur3Bytes } from '../../splits/murmur3.ts'
import { encodeCbor } from './cbor.ts'
import { flagd } from './lower.ts'

interface Expected {
  readonly value: Json
  readonly variant?: string
  readonly reason: string
  readonly errorCode?: string
  readonly metadata: Metadata
}
interface Vectors {
  readonly vectors: readonly {
    readonly id: string
    readonly note: string
    readonly document: object
    readonly flagKey: string
    readonly requestedType: ValueType
    readonly callerDefault: Json
    readonly context: Context
    readonly expected: Expected
  }[]
  readonly fractionalV3: {
    readonly vectors: readonly { readonly input: Json; readonly cborHex: string; readonly murmur3: number }[]
  }
  readonly load: readonly {
    readonly id: string
    readonly note: string
    readonly document: object | string
    readonly goDaemonFromSource: string
  }[]
  readonly bulk: { readonly document: object; readonly goResolveAll: readonly Partial<Evaluation>[] }
}

const NOW = 1_700_000_000_000
const recorded = JSON.parse(readFileSync(new URL('testing/vectors.json', import.meta.url), 'utf8')) as Vectors

describe('evaluations', () => {
  it.each(recorded.vectors)('$id $note', ({ document, flagKey, requestedType, callerDefault, context, expected }) => {
    const { ruleset, problems } = compileWith(flagd, { document: JSON.stringify(document) })
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
    const { value, variant, reason, errorCode, metadata } = ruleset.evaluate(flagKey, context, requestedType, {
      now: NOW,
    })
    expect({ value: value ?? callerDefault, variant, reason, errorCode, metadata: metadata ?? {} }).toEqual({
      variant: undefined,
      errorCode: undefined,
      ...expected,
    })
    const { trace, ...explained } = ruleset.explain(flagKey, context, { now: NOW })
    expect(explained).toEqual(ruleset.evaluate(flagKey, context, undefined, { now: NOW }))
    expect(trace.length > 0).toBe(errorCode !== 'FLAG_NOT_FOUND')
  })
})

describe('generation 3 of fractional', () => {
  it.each(recorded.fractionalV3.vectors)('encodes $cborHex', ({ input, cborHex, murmur3 }) => {
    const bytes = encodeCbor(input)
    expect(Buffer.from(bytes).toString('hex')).toBe(cborHex)
    expect(murmur3Bytes(bytes, bytes.length, 0)).toBe(murmur3)
  })
})

describe('loading', () => {
  it.each(recorded.load)('$id $note', ({ document, goDaemonFromSource }) => {
    const text = typeof document === 'string' ? document : JSON.stringify(document)
    const accepted = (): boolean => {
      try {
        const { problems } = compileWith(flagd, { document: text })
        return !problems.some(({ message }) => message.includes('the flagd daemon would reject the whole document'))
      } catch {
        return false
      }
    }
    expect(accepted()).toBe(goDaemonFromSource.startsWith('accepted'))
  })

  it('takes a list of flags by their keys', () => {
    const list = recorded.load.find(({ note }) => note.startsWith('flags array'))
    expect(compileWith(flagd, { document: list?.document ?? '' }).ruleset.keys).toEqual(['f'])
  })
})

describe('all flags at once', () => {
  const { ruleset } = compileWith(flagd, { document: recorded.bulk.document })

  it('answers as the daemon', () => {
    const answers = ruleset.evaluateAll({}, { now: NOW })
    expect(answers.map(({ errorDetails: _details, ...answer }) => answer)).toEqual(recorded.bulk.goResolveAll)
  })

  it('changes every flag with the metadata of the set', () => {
    const others = { ...recorded.bulk.document, metadata: { m: 2 } }
    expect(changes(ruleset, compileWith(flagd, { document: others }).ruleset)).toEqual({
      added: [],
      removed: [],
      changed: ['a', 'b', 'c', 'd', 'e', 'g'],
    })
  })
})
