/**
 * What must hold for every document, however hostile, and for every context: nothing is thrown but DocumentError, every
 * flag answers, the explanation agrees with the answer, the answer is one that OpenFeature knows, no prototype changes.
 */
import { isDeepStrictEqual } from 'node:util'
import { compileWith } from '../compile.ts'
import type { Compiled } from '../compile.ts'
import type { Dialect } from '../dialect.ts'
import type { Context, Metadata, ValueType } from '../outcome.ts'
import type { Outcome } from '../outcome.ts'
import { DocumentError } from '../problem.ts'
import type { Ruleset } from '../ruleset.ts'

export interface Hostile {
  readonly dialect: Dialect
  readonly document: string | Uint8Array | object
  readonly options: Readonly<Record<string, unknown>>
  readonly contexts: readonly Context[]
}

export const NOW: number = Date.UTC(2026, 10, 20, 12)
const TYPES: readonly ValueType[] = ['boolean', 'string', 'number', 'object']
const REASONS: ReadonlySet<string> = new Set(
  'STATIC DEFAULT TARGETING_MATCH SPLIT CACHED DISABLED UNKNOWN STALE ERROR'.split(' '),
)
const CODES: ReadonlySet<string | undefined> = new Set([
  undefined,
  'PROVIDER_NOT_READY',
  'FLAG_NOT_FOUND',
  'PARSE_ERROR',
  'TYPE_MISMATCH',
  'TARGETING_KEY_MISSING',
  'INVALID_CONTEXT',
  'GENERAL',
])
const PROTOTYPES: readonly object[] = [Object, Array, Function, String, Number, Boolean, Map, Set, RegExp, Date].map(
  (known) => known.prototype as object,
)
const inherited = (): string => PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).map(String).join()).join(';')
const CLEAN = inherited()

/** Compiles with chance taken out, so that two answers can be compared; undefined when the document is refused. */
export function compiled({ dialect, document, options }: Hostile): Compiled | undefined {
  try {
    return compileWith(dialect, { document, options, random: () => 0.5 })
  } catch (error) {
    if (error instanceof DocumentError) return undefined
    throw error
  }
}

/** Checks everything that must hold. Throws an Error that says what does not. True when the document was taken. */
export function checkDocument(hostile: Hostile): boolean {
  const result = compiled(hostile)
  if (result !== undefined) {
    for (const problem of result.problems) {
      if (typeof problem.message !== 'string' || typeof problem.path !== 'string')
        throw new Error('a problem is no text')
    }
    checkRuleset(result.ruleset, hostile.contexts)
  }
  if (inherited() !== CLEAN) throw new Error('a prototype was changed')
  return result !== undefined
}

/** Checks all answers for these contexts. */
export function checkRuleset(ruleset: Ruleset, contexts: readonly Context[]): void {
  const seen = new Set<Outcome>()
  checkMetadata(ruleset.metadata)
  ruleset.nextTransition(NOW)
  for (const context of contexts) {
    const all = ruleset.outcomes(context, { now: NOW })
    if (all.length !== ruleset.keys.length) throw new Error('not every flag answered')
    ruleset.projection(context, NOW)
    for (const [index, key] of ruleset.keys.entries()) {
      const outcome = ruleset.outcome(key, context, undefined, { now: NOW })
      if (outcome.json !== all[index]?.json) throw new Error(`${show(key)} answers otherwise among all flags`)
      const { trace, ...explained } = ruleset.explain(key, context, { now: NOW })
      if (!isDeepStrictEqual(explained, { ...outcome.evaluation })) {
        throw new Error(`${show(key)} is explained as ${show(explained)}, answers ${show(outcome.evaluation)}`)
      }
      if (trace.some(({ what, result }) => typeof what !== 'string' || typeof result !== 'string')) {
        throw new Error(`${show(key)} is explained with something that is no text`)
      }
      for (const type of [undefined, ...TYPES]) {
        const typed = ruleset.outcome(key, context, type, { now: NOW })
        if (!seen.has(typed)) checkOutcome(key, typed)
        seen.add(typed)
      }
    }
  }
}

function checkOutcome(key: string, { evaluation, json }: Outcome): void {
  const wrong = (what: string): Error => new Error(`${show(key)} ${what}: ${show(evaluation)} as ${json.slice(0, 500)}`)
  const { value, variant, reason, errorCode, errorDetails, metadata } = evaluation
  if (evaluation.key !== key) throw wrong('answers for another key')
  if (!REASONS.has(reason)) throw wrong('has an unknown reason')
  if (!CODES.has(errorCode)) throw wrong('has an unknown error code')
  if ((reason === 'ERROR') !== (errorCode !== undefined)) throw wrong('has an error without a code or the reverse')
  if (variant !== undefined && typeof variant !== 'string') throw wrong('has a variant that is no text')
  if (errorDetails !== undefined && typeof errorDetails !== 'string') throw wrong('has details that are no text')
  checkMetadata(metadata)
  let sent: unknown
  try {
    sent = JSON.parse(`{${json}}`)
  } catch (error) {
    throw wrong(`is sent as invalid JSON (${String(error)})`)
  }
  const expected: Record<string, unknown> = { key, reason }
  if (errorCode === undefined) expected['variant'] = variant ?? ''
  for (const [name, member] of Object.entries({ errorCode, errorDetails, value, metadata })) {
    if (member !== undefined) expected[name] = member
  }
  if (!isDeepStrictEqual(unsigned(sent), unsigned(expected))) throw wrong('is sent otherwise than it is answered')
}

/** Without the sign of zeros, which JSON.stringify forgets. */
function unsigned(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(unsigned)
  return new Map(Object.entries(value).map(([name, member]) => [name, unsigned(member)]))
}

function checkMetadata(metadata: Metadata | undefined): void {
  for (const [name, member] of Object.entries(metadata ?? {})) {
    const fits = typeof member === 'string' || typeof member === 'boolean' || Number.isFinite(member)
    if (!fits) throw new Error(`metadata ${show(name)} is ${show(member)}`)
  }
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 500)
}
