/** Shortcuts of this folder's tests: a compiled datafile, and the vendor's evaluation record read back from an answer. */
import { compileWith } from '../../../compile.ts'
import type { Compiled } from '../../../compile.ts'
import type { Context, Evaluation, Json } from '../../../outcome.ts'
import type { Ruleset } from '../../../ruleset.ts'
import { featurevisor } from '../lower.ts'
import { tagOf } from '../outcomes.ts'

/** Compiles with this dialect. */
export function compiled(document: object | string, options: Readonly<Record<string, unknown>> = {}): Compiled {
  return compileWith(featurevisor, { document, options })
}

/** A datafile of schema version 2 around the given features and segments. */
export function datafile(features: object, segments: object = {}): Record<string, unknown> {
  return { schemaVersion: '2', revision: '1', segments, features }
}

/** What the vendor's SDK would tell about the same evaluation, as far as our answers carry it. */
export interface EvaluationRecord {
  readonly value: Json
  readonly reason: unknown
  readonly enabled?: boolean
  readonly ruleKey?: unknown
  readonly forceIndex?: unknown
  readonly variableOverrideIndex?: unknown
}

/** Our answer as the vendor's record. Flags that cannot be evaluated are off, as `isEnabled` reports them. */
export function record(ruleset: Ruleset, key: string, context: Context): EvaluationRecord {
  const outcome = ruleset.outcome(key, context, undefined, { now: 0 })
  return { ...recordOf(outcome.evaluation), ...tagOf(outcome.spec) }
}

/** The members of a record that an answer shows to everybody. */
export function recordOf(evaluation: Evaluation): EvaluationRecord {
  const { key, value, metadata = {} } = evaluation
  return {
    value: value ?? (key.includes(':') ? null : false),
    reason: metadata['featurevisorReason'],
    ...pick(metadata, 'ruleKey'),
    ...pick(metadata, 'forceIndex'),
    ...pick(metadata, 'variableOverrideIndex'),
  }
}

function pick(metadata: object, name: string): object {
  return Object.hasOwn(metadata, name) ? { [name]: Reflect.get(metadata, name) as unknown } : {}
}
