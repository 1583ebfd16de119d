/**
 * flagd against `@openfeature/flagd-core` 4.0.1, the evaluator of in-process providers. It is not the daemon: where the
 * two differ the daemon is right, and the exceptions say where that is.
 */
import { createRequire } from 'node:module'
import type { FlagdCore } from '@openfeature/flagd-core'
import type { Evaluation } from '../../../outcome.ts'
import type { Answer, Differential, Question, Scenario } from '../../../testing/differential.ts'
import { flagd } from '../lower.ts'
import { scenarios } from './grammar.ts'
import { exceptions } from './oracle-exceptions.ts'

// The package has no exports map that a module could be imported through.
const { FlagdCore: Core } = createRequire(import.meta.url)('@openfeature/flagd-core') as {
  readonly FlagdCore: new (storage: undefined, logger: object) => FlagdCore
}

const silent = { error: ignore, warn: ignore, info: ignore, debug: ignore }
function ignore(): void {}

/** Stands for "the caller's own default", which no variant has. */
const NONE = '\u0000none'

export const differential: Differential = { vendor: 'flagd', dialect: flagd, scenarios, oracle, comparable, exceptions }

function oracle({ document, now, questions }: Scenario): Answer[] {
  const clock = Date.now
  Date.now = () => now
  try {
    const core = new Core(undefined, silent)
    core.setConfigurations(JSON.stringify(document))
    return questions.map((question) => ask(core, question))
  } finally {
    Date.now = clock
  }
}

function ask(core: FlagdCore, { key, context, type = 'object' }: Question): Answer {
  const found = core.resolve<string>(type, key, NONE, context as never, silent)
  const { value, variant, reason, errorCode, flagMetadata } = found
  return answer(value === NONE ? undefined : value, variant, reason, errorCode, flagMetadata)
}

function comparable({ value, variant, reason, errorCode, metadata }: Evaluation): Answer {
  return answer(value, variant, reason, errorCode, metadata)
}

function answer(value: unknown, variant: unknown, reason: unknown, errorCode: unknown, metadata: unknown): Answer {
  return {
    ...(value === undefined ? {} : { value, variant }),
    reason,
    ...(errorCode === undefined ? {} : { errorCode }),
    metadata: metadata ?? {},
  }
}
