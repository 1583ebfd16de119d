/** The recorded cases: what the vendor's two engines answered, and what a relay in JavaScript should where they cannot agree. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { compileWith } from '../../compile.ts'
import type { Context, Evaluation, Json } from '../../outcome.ts'
import { percentage } from './bucketing.ts'
import { flagsmith } from './lower.ts'

interface Flag {
  readonly enabled: boolean
  readonly value: Json
  readonly reason: string
  readonly variant?: string | null
  readonly metadata?: { readonly id: number }
}
interface Result {
  readonly flags: Readonly<Record<string, Flag>>
}
interface Case {
  readonly id: string
  readonly note: string
  readonly expected: Result
  readonly relayExpected?: Result
  readonly flagsmithNodejs?: Result
}
interface ContextCase extends Case {
  readonly context: {
    readonly identity?: { readonly identifier: string; readonly key?: string; readonly traits?: object }
  }
}
interface DocumentCase extends Case {
  readonly document: string
  readonly identifier?: string | null
  readonly traits?: object | null
}
interface Vectors {
  readonly hash: readonly { readonly objectIds: readonly string[]; readonly percentage: number }[]
  readonly documents: Readonly<Record<string, object>>
  readonly documentVectors: readonly DocumentCase[]
  readonly vectors: readonly ContextCase[]
}

const vectors = JSON.parse(readFileSync(new URL('testing/vectors.json', import.meta.url), 'utf8')) as Vectors

const PROFILES: readonly [string, (recorded: Case) => Result][] = [
  ['python', ({ expected, relayExpected }) => relayExpected ?? expected],
  ['node', ({ expected, flagsmithNodejs }) => flagsmithNodejs ?? expected],
]

function check(document: object, profile: string, context: Context, { flags }: Result): void {
  const options = { profile, identityKey: 'key', returnValueForDisabledFlags: true }
  const { ruleset, problems } = compileWith(flagsmith, { document: JSON.stringify(document), options })
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  expect(ruleset.keys.toSorted()).toEqual(Object.keys(flags).sort())
  for (const [name, { enabled, value, variant, reason, metadata }] of Object.entries(flags)) {
    const answer = ruleset.evaluate(name, context)
    expect(answer.value).toEqual(value ?? enabled)
    expect(ruleset.evaluate(name, context, 'boolean').value).toBe(enabled)
    if (value === null) expect(ruleset.evaluate(name, context, 'string').errorCode).toBe('TYPE_MISMATCH')
    if (profile === 'python') expect(answer.variant ?? null).toBe(variant)
    else expect(answer).not.toHaveProperty('variant')
    expect(reasonOf(answer)).toBe(reason)
    expect(answer.metadata?.['featureId']).toBe(metadata?.id)
    expect(answer.metadata?.['enabled']).toBe(enabled)
  }
}

/** The vendor's words for what the metadata says. */
function reasonOf({ metadata = {}, reason }: Evaluation): string {
  const { weight, segment, enabled } = metadata
  const [word, text] =
    weight !== undefined
      ? ['SPLIT', `SPLIT; weight=${weight}`]
      : segment !== undefined
        ? ['TARGETING_MATCH', `TARGETING_MATCH; segment=${segment}`]
        : ['DEFAULT', 'DEFAULT']
  expect([word, word === 'DEFAULT' ? 'STATIC' : word]).toContain(enabled === true ? reason : word)
  if (enabled !== true) expect(reason).toBe('DISABLED')
  return text
}

describe.each(PROFILES)('%s', (profile, expectedOf) => {
  it.each(vectors.vectors)('$id $note', (recorded) => {
    const { identity, ...document } = recorded.context
    const { identifier, key, traits } = identity ?? {}
    const context = identity === undefined ? {} : { targetingKey: identifier, key, traits }
    check(document, profile, context, expectedOf(recorded))
  })

  it.each(vectors.documentVectors)('$id $note', (recorded) => {
    const { document, identifier, traits } = recorded
    const context = typeof identifier === 'string' ? { targetingKey: identifier, traits } : {}
    check(vectors.documents[document] ?? {}, profile, context, expectedOf(recorded))
  })
})

it.each(vectors.hash)('hashes $objectIds', ({ objectIds, percentage: expected }) => {
  expect(percentage(objectIds.join(','))).toBe(expected)
})

it('has all the recorded cases', () => {
  expect([vectors.vectors.length, vectors.documentVectors.length, vectors.hash.length]).toEqual([115, 7, 5])
})
