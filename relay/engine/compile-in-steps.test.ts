/** Compiling in steps gives what compiling in one go gives: the same problems, revision, facts and answers, or the same error. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile, compileInSteps, dialectNames, survey, wrap } from './index.ts'
import type { Compiled, Context } from './index.ts'
import { parseDocument } from './json.ts'
import { assemble, outline } from './outline.ts'

const NOW = Date.UTC(2026, 10, 20)
const CONTEXTS: readonly Context[] = [
  {},
  { targetingKey: 'ada', country: 'NL', email: 'ada@example.com', age: 30, plan: 'pro' },
  { targetingKey: 'user-7', userId: 'user-7', country: 'BE', version: '2.4.0', premium: true },
]

function finish<T>(steps: Generator<void, T>): { readonly result: T; readonly count: number } {
  for (let count = 0; ; count++) {
    const step = steps.next()
    if (step.done === true) return { result: step.value, count }
  }
}

/** Everything that can be seen of it, functions by their presence. */
function seen({ ruleset, problems }: Compiled): unknown {
  const { flags, ...plan } = ruleset.plan
  return {
    problems,
    revision: ruleset.revision,
    keys: ruleset.keys,
    metadata: ruleset.metadata,
    plan: [Object.keys(plan), [...plan.segments.keys()]],
    flags: flags.map((flag) => Object.keys(flag)),
    facts: JSON.stringify(ruleset.facts(), (_, value: unknown) =>
      value instanceof Set ? [...(value as Set<unknown>)] : value,
    ),
    answers: CONTEXTS.map((context) =>
      ruleset.outcomes(context, { now: NOW }).map((one) => [one.evaluation, one.json]),
    ),
  }
}

function attempt(run: () => Compiled): unknown {
  try {
    return seen(run())
  } catch (error) {
    return String(error)
  }
}

/** Every object in the recorded vectors that might be a document; most are not, and must be refused in the same words. */
function* objectsIn(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield value
  for (const member of Object.values(value)) yield* objectsIn(member)
}

/** The documents of all the others, wrapped. */
function envelopes(): string[] {
  return dialectNames
    .filter((name) => name !== 'halyard')
    .flatMap((dialect) =>
      documentsOf(dialect).map((text) => {
        const [sha256, document] = ['0'.repeat(64), new TextEncoder().encode(text)]
        const order = { epoch: 1, version: 1, receivedAt: 1 }
        return new TextDecoder().decode(wrap({ dialect, options: {}, revision: 'r', sha256, ...order, document }))
      }),
    )
}

function documentsOf(dialect: string): string[] {
  if (dialect === 'halyard') return envelopes()
  const demo = join(import.meta.dirname, `../../config/flags/${dialect}.json`)
  const vectors = join(import.meta.dirname, `dialects/${dialect}/testing/vectors.json`)
  const recorded = existsSync(vectors) ? [...objectsIn(JSON.parse(readFileSync(vectors, 'utf8')))] : []
  const texts = recorded.map((object) => JSON.stringify(object)).filter((text) => text.length > 300)
  const chosen = [...new Set(texts)].sort((a, b) => b.length - a.length).slice(0, 60)
  const deep = chosen
    .slice(0, 3)
    .map((text) => text.replace(/:(?=[[{"\d])/, `:${'['.repeat(300)}${']'.repeat(300)},"a":`))
  return [...(existsSync(demo) ? [readFileSync(demo, 'utf8')] : []), ...chosen, ...deep]
}

describe.each(dialectNames)('%s', (dialect) => {
  it('compiles its documents alike', () => {
    const documents = documentsOf(dialect)
    let usable = 0
    for (const text of documents) {
      const document = new TextEncoder().encode(text)
      const sha256 = createHash('sha256').update(document).digest('hex')
      const whole = attempt(() => compile({ dialect, document, sha256, random: () => 0.5 }))
      const stepwise = attempt(() => {
        const input = { dialect, document, sha256, random: () => 0.5, outline: survey(document, 40) }
        return finish(compileInSteps(input)).result
      })
      expect(stepwise).toEqual(whole)
      if (typeof whole === 'object') usable++
    }
    expect(usable, `documents of ${dialect} that compile`).toBeGreaterThan(0)
  })
})

it('pauses about once per flag', () => {
  const flag = { state: 'ENABLED', variants: { on: true }, defaultVariant: 'on', targeting: { if: [true, 'on'] } }
  const entries = Array.from({ length: 1000 }, (_, index) => [`flag-${index}`, flag] as const)
  const document = new TextEncoder().encode(JSON.stringify({ flags: Object.fromEntries(entries) }))
  const steps = compileInSteps({ dialect: 'flagd', document, sha256: '', outline: survey(document) })
  expect(finish(steps).count).toBeGreaterThanOrEqual(2000)
})

describe('pieces put together', () => {
  const number = fc.constantFrom('0', '1.0', '-0', '1e3', '0.0000001', '12345678901234567890', '-2.50', '7')
  const name = fc.oneof(fc.constantFrom('a', '__proto__', 'constructor', '', '1', '10', 'é"\\'), fc.string())
  const space = fc.constantFrom('', ' ', '\n\t', '\r\n  ')
  const { document } = fc.letrec<{ document: string; list: string; object: string }>((tie) => ({
    document: fc.oneof(
      { maxDepth: 5 },
      number,
      fc.string().map((text) => JSON.stringify(text)),
      fc.constantFrom('true', 'false', 'null', '"\\u00e9\\ud83d\\ude00"', '"}],{"'),
      tie('list'),
      tie('object'),
    ),
    list: fc
      .tuple(fc.array(tie('document')), space)
      .map(([items, gap]) => `[${gap}${items.join(`${gap},${gap}`)}${gap}]`),
    // Names may come twice: the last counts.
    object: fc.tuple(fc.array(fc.tuple(name, tie('document'))), space).map(([items, gap]) => {
      const members = items.map(([key, value]) => `${JSON.stringify(key)}${gap}:${gap}${value}`)
      return `{${gap}${members.join(`${gap},${gap}`)}${gap}}`
    }),
  }))

  it('are what JSON.parse gives, numbers spelled as in the document', () => {
    fc.assert(
      fc.property(document, fc.integer({ min: 0, max: 60 }), fc.boolean(), (text, pieceBytes, mark) => {
        const source = `${mark ? '\ufeff' : ''} ${text}\n`
        const bytes = new TextEncoder().encode(source)
        const whole = parseDocument(source)
        const { json, spelling } = finish(assemble(bytes, outline(bytes, source, pieceBytes))).result
        expect(JSON.stringify(json)).toBe(JSON.stringify(whole.json))
        expect(spelling.encode({ json }, 'json')).toBe(whole.spelling.encode({ json: whole.json }, 'json'))
      }),
      { numRuns: 2000 },
    )
  })
})
